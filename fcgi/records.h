/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_RECORDS_H
#define PELIHOOK_FCGI_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The records of FastCGI 1.0 (sections 3.3 and 8), as a web server's bytes
 * arrive on one connection.  Only the contents of a request's own streams are
 * kept, those of PARAMS and then those of STDIN, so that neither framing nor
 * what belongs to nothing takes memory; and only records that are written here
 * reach libfcgi (records_write).
 */

enum {
	RECORDS_PARAMS_MAX = 1024 * 1024, /* bytes of a request's variables */
	RECORDS_ANSWERS_MAX = 4096,	  /* bytes that wait to be sent */
	RECORDS_CONTENT = 65535,	  /* most bytes of one record */
	RECORDS_HEADER = 8,
	RECORDS_BEGIN = 16, /* what BEGIN_REQUEST takes */
	/* The roles of a request. */
	RECORDS_RESPONDER = 1,
	RECORDS_AUTHORIZER = 2,
	RECORDS_FILTER = 3,
};

/* One request, as far as it has come.  Zeroes are one that has not begun. */
struct records {
	bool begun;
	bool head_whole; /* all of its variables have come */
	bool ended;	 /* all of its input has come */
	bool aborted;	 /* by the server: no more will come */
	uint16_t id;
	uint16_t role;
	bool keep;	   /* the server wants to go on with the connection */
	size_t params_len; /* bytes of PARAMS */
	uint64_t body_len; /* bytes of STDIN */
	/* Records for the server, of what is not the request's: to be sent,
	 * then freed. */
	struct buf answers;
	/* The record that is being read, and what is left of it. */
	bool within;
	bool empty;   /* it has no content */
	uint8_t type; /* of one of the request's own; else 0 */
	size_t content;
	size_t padding;
};

/* What records_scan made of some bytes. */
struct scanned {
	size_t kept; /* so many at their beginning are the request's */
	size_t rest; /* those from here on were not looked at */
};

/*
 * Takes what is there of a request, up to its end; the contents of PARAMS and
 * STDIN are moved to the beginning of data.  The rest is what comes after the
 * request, or the beginning of a header: it is to be given again, with what
 * comes after it.  RC_SYNTAX: this is not FastCGI; RC_RANGE: the variables, or
 * the answers, are too long.  Both end the connection.
 */
enum rc records_scan(struct records *records, char *data, size_t len,
    struct scanned *out);

/*
 * Whether the names and values of PARAMS are as long as they claim to be.
 * *memory is how many bytes libfcgi allocates for them.  RC_SYNTAX.
 */
enum rc records_check_params(struct bytes params, size_t *memory);

/* A variable of PARAMS; its value may be written over. */
struct records_param {
	struct bytes name;
	char *value;
	size_t value_len;
};

/* The next variable of PARAMS that were checked, from *at on, which is 0 at
 * first.  False: there are no more. */
bool records_next_param(char *params, size_t len, size_t *at,
    struct records_param *out);

/* How many bytes the records of a stream take, with its end. */
size_t records_size(size_t len);
/*
 * Writes the records of a request's head, RECORDS_BEGIN bytes and those of
 * its stream; returns how many.
 */
size_t records_write_head(const struct records *records, struct bytes params,
    char *into);
/*
 * Where in a request's output, which may have anything after it, the records
 * that end it begin, an empty STDOUT and END_REQUEST; *len becomes the length
 * of it all.  RC_SYNTAX.
 */
enum rc records_find_end(struct bytes written, size_t *end, size_t *len);

#endif
