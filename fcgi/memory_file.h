/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_MEMORY_FILE_H
#define PELIHOOK_FCGI_MEMORY_FILE_H

#include <stddef.h>

#include "base/rc.h"

/*
 * A file in memory for a library that reads and writes descriptors; we see its
 * bytes in place.  It is as long as its map: who reads it meets its end where
 * the map ends.
 */
struct memory_file {
	int fd; /* -1: closed; its owner may set it so */
	char *map;
	size_t size;
	size_t at; /* where its descriptor reads or writes next */
};

enum {
	MEMORY_FILE_SIZE = 64 * 1024,  /* at least, and at first */
	MEMORY_FILE_KEPT = 256 * 1024, /* most that is kept from use to use */
	/* What is written begins anew after so many bytes, as each page that
	 * is used takes memory. */
	MEMORY_FILE_USED = 8 * 1024,
};

/* RC_SYSTEM with errno set; nothing is to be closed then. */
enum rc memory_file_open(struct memory_file *file);
void memory_file_close(struct memory_file *file);
/* Another in its place, for one whose descriptor was closed, or is nobody
 * knows where; if that fails now it is tried again when it is used. */
void memory_file_renew(struct memory_file *file);
/*
 * Makes room for n bytes and sets the descriptor to their beginning, file->map
 * + file->at: room at the end, for what is to be read up to the end, or
 * anywhere, for what is to be written.  What it held is lost.  RC_SYSTEM.
 */
enum rc memory_file_at_end(struct memory_file *file, size_t n);
enum rc memory_file_anywhere(struct memory_file *file, size_t n);
/* Gives back the memory of an unusually long use. */
void memory_file_trim(struct memory_file *file);

#endif
