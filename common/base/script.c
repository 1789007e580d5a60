/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/script.h"

enum {
	HEAD = 256,    /* of a file, which the kernel looks at */
	SEGMENTS = 64, /* looked at of an ELF file */
};

static const char mark[] = "\xef\xbb\xbf";
static const char mark_little[] = "\xff\xfe"; /* of UTF-16 */
static const char mark_big[] = "\xfe\xff";
static const char blanks[] = " \t";

/* Where the fields of an ELF file are, of either class (elf(5)). */
struct layout {
	size_t width;	 /* of an offset or a size */
	size_t table;	 /* the program headers' offset */
	size_t entry;	 /* the size of one of them */
	size_t entries;	 /* how many there are */
	size_t p_offset; /* in one of them */
	size_t p_size;
};

#define LAYOUT(class)                                                          \
	{                                                                      \
		sizeof(class##_Off), offsetof(class##_Ehdr, e_phoff),          \
		    offsetof(class##_Ehdr, e_phentsize),                       \
		    offsetof(class##_Ehdr, e_phnum),                           \
		    offsetof(class##_Phdr, p_offset),                          \
		    offsetof(class##_Phdr, p_filesz)                           \
	}

static const struct layout layouts[] = {
	[ELFCLASS32] = LAYOUT(Elf32),
	[ELFCLASS64] = LAYOUT(Elf64),
};

/* A sentence about something that the file names. */
static enum rc
tell(struct buf *error, const char *what, struct bytes name, const char *fault)
{
	(void)buf_printf(error, "has the %s ", what);
	for (size_t i = 0; i < name.len; i++)
		(void)buf_char(error,
		    (unsigned char)name.data[i] < ' ' ? '?' : name.data[i]);
	(void)buf_text(error, fault);
	return RC_CONFIG;
}

static enum rc
complain(struct buf *error, const char *fault)
{
	(void)buf_text(error, fault);
	return RC_CONFIG;
}

static bool
is_executable(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* The interpreter, or the loader, that the kernel starts. */
static enum rc
check_named(const char *what, struct bytes name, struct buf *error)
{
	char path[PATH_MAX];
	struct stat file;

	if (name.len >= sizeof(path))
		return RC_OK;
	memcpy(path, name.data, name.len);
	path[name.len] = '\0';
	if (stat(path, &file) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return tell(error, what, name, ", which is missing");
	if (!is_executable(path))
		return tell(error, what, name, ", which cannot be executed");
	return RC_OK;
}

/* Whether one of the directories of a PATH has a program. */
static bool
is_found(struct bytes name, const char *search)
{
	struct bytes rest = bytes_of(search);
	struct bytes directory;
	char path[PATH_MAX];
	size_t len;

	while (bytes_split(&rest, ":", &directory)) {
		len = directory.len;
		if (len + name.len + 2 > sizeof(path))
			continue;
		memcpy(path, directory.data, len);
		if (len > 0)
			path[len++] = '/';
		memcpy(path + len, name.data, name.len);
		path[len + name.len] = '\0';
		if (is_executable(path))
			return true;
	}
	return false;
}

static bool
has_name(struct bytes path, const char *name)
{
	const char *slash = memrchr(path.data, '/', path.len);

	if (slash != NULL)
		path = bytes_skip(path, (size_t)(slash + 1 - path.data));
	return bytes_is(path, name);
}

/* Options, quotes, escapes and variables are left to env. */
static bool
is_plain(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if (strchr("\"'\\$", word.data[i]) != NULL)
			return false;
	return !bytes_begin(word, "-");
}

/*
 * What `env` is to start: all that follows it is one argument, which only -S
 * takes apart.  Empty where that takes more to know.
 */
static struct bytes
started_by_env(struct bytes argument)
{
	static const struct bytes none = { NULL, 0 };
	struct bytes word;

	if (!bytes_begin(argument, "-S"))
		return bytes_begin(argument, "-") ? none : argument;
	argument = bytes_skip(argument, 2);
	while (bytes_split(&argument, blanks, &word)) {
		if (word.len == 0 || memchr(word.data, '=', word.len) != NULL)
			continue;
		return is_plain(word) ? word : none;
	}
	return none;
}

static enum rc
check_env(struct bytes argument, const char *search, struct buf *error)
{
	struct bytes name = started_by_env(argument);

	if (name.len == 0 || memchr(name.data, '=', name.len) != NULL)
		return RC_OK;
	if (memchr(name.data, '/', name.len) != NULL)
		return check_named("interpreter", name, error);
	if (is_found(name, search))
		return RC_OK;
	return tell(error, "interpreter", name,
	    ", which is not in the PATH of commands");
}

/* head begins with #!. */
static enum rc
check_line(struct bytes head, const char *search, struct buf *error)
{
	struct bytes line = bytes_skip(head, 2);
	const char *end = memchr(line.data, '\n', line.len);
	bool whole = end != NULL || head.len < HEAD;
	struct bytes name;
	enum rc rc;

	if (end != NULL)
		line.len = (size_t)(end - line.data);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		return complain(error,
		    "has a first line that ends in CR, which becomes part of "
		    "the interpreter's name or argument: write it with LF "
		    "alone (sed -i 's/\\r$//')");
	line = bytes_trim(line);
	(void)bytes_split(&line, blanks, &name);
	if (name.len == 0)
		return complain(error, "names no interpreter after #!");
	/* The kernel takes no name that it sees only a part of. */
	if (line.data == NULL && !whole)
		return complain(error,
		    "has an interpreter with a name of over 250 bytes, which "
		    "no kernel takes");
	rc = check_named("interpreter", name, error);
	if (rc == RC_OK && search != NULL && has_name(name, "env"))
		rc = check_env(bytes_trim(line), search, error);
	return rc;
}

static size_t
number_at(const char *at, size_t width)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (width) {
	case sizeof(u64):
		memcpy(&u64, at, sizeof(u64));
		return (size_t)u64;
	case sizeof(u32):
		memcpy(&u32, at, sizeof(u32));
		return u32;
	default:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	}
}

/* Of this machine's byte order; what does not fit the format has no loader. */
static const struct layout *
layout_of(struct bytes head)
{
	const int little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	unsigned char class;

	if (head.len < sizeof(Elf64_Ehdr) ||
	    head.data[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB))
		return NULL;
	class = (unsigned char)head.data[EI_CLASS];
	return class == ELFCLASS32 || class == ELFCLASS64 ? &layouts[class] :
							    NULL;
}

/* A statically linked program has none. */
static enum rc
check_loader(int fd, struct bytes head, struct buf *error)
{
	const struct layout *layout = layout_of(head);
	char entry[sizeof(Elf64_Phdr)];
	char name[PATH_MAX];
	size_t at, step, n, size;

	if (layout == NULL)
		return RC_OK;
	at = number_at(head.data + layout->table, layout->width);
	step = number_at(head.data + layout->entry, sizeof(uint16_t));
	n = number_at(head.data + layout->entries, sizeof(uint16_t));
	for (size_t i = 0; i < n && i < SEGMENTS; i++, at += step) {
		if (pread(fd, entry, sizeof(entry), (off_t)at) != sizeof(entry))
			return RC_OK;
		if (number_at(entry, sizeof(uint32_t)) != PT_INTERP)
			continue;
		size = number_at(entry + layout->p_size, layout->width);
		at = number_at(entry + layout->p_offset, layout->width);
		if (size == 0 || size > sizeof(name) ||
		    pread(fd, name, size, (off_t)at) != (ssize_t)size)
			return RC_OK;
		return check_named("loader",
		    (struct bytes){ name, strnlen(name, size) }, error);
	}
	return RC_OK;
}

static enum rc
check_open(int fd, const char *search, struct buf *error)
{
	char text[HEAD];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	struct bytes head = { text, n > 0 ? (size_t)n : 0 };

	if (n < 0)
		return RC_OK;
	if (bytes_begin(head, "#!"))
		return check_line(head, search, error);
	if (bytes_begin(head, ELFMAG))
		return check_loader(fd, head, error);
	if (bytes_begin(head, mark) &&
	    bytes_begin(bytes_skip(head, strlen(mark)), "#!"))
		return complain(error,
		    "has a byte order mark before its #!, with which no "
		    "interpreter is found: write it without");
	if (bytes_begin(head, mark_little) || bytes_begin(head, mark_big))
		return complain(error,
		    "is text in UTF-16, which no kernel starts: write it in "
		    "UTF-8, without a byte order mark");
	if (memchr(text, '\0', head.len) != NULL)
		return RC_OK;
	return complain(error,
	    "is no program and has no #! line: begin it with one, such as "
	    "#!/bin/sh");
}

enum rc
script_check(const char *path, const char *search, struct buf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat file;
	enum rc rc = RC_OK;

	if (fd < 0)
		return RC_OK;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
		rc = check_open(fd, search, error);
	close(fd);
	return rc;
}
