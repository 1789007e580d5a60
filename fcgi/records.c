/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "records.h"

enum {
	/* FastCGI 1.0, section 8. */
	VERSION = 1,
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11,
	KEEP_CONNECTION = 1,
	CANNOT_MULTIPLEX = 1,
	FIXED_CONTENT = 8, /* of BEGIN_REQUEST, END_REQUEST, UNKNOWN_TYPE */
	/* What malloc and the list of variables add to each, at most. */
	PARAM_MEMORY = 64,
};

/* A record's header. */
struct header {
	uint8_t version;
	uint8_t type;
	uint16_t id;
	uint16_t content;
	uint8_t padding;
};

static uint16_t
number16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static struct header
read_header(const char *data)
{
	const uint8_t *bytes = (const uint8_t *)data;

	return (struct header){ .version = bytes[0],
		.type = bytes[1],
		.id = number16(bytes + 2),
		.content = number16(bytes + 4),
		.padding = bytes[6] };
}

static size_t
write_header(char *into, uint8_t type, uint16_t id, size_t content)
{
	const uint8_t header[RECORDS_HEADER] = { VERSION, type,
		(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(content >> 8),
		(uint8_t)content };

	memcpy(into, header, sizeof(header));
	return sizeof(header);
}

/* A record with the content of fixed length, of which some bytes are set. */
static size_t
write_fixed(char *into, uint8_t type, uint16_t id,
    const uint8_t content[FIXED_CONTENT])
{
	size_t len = write_header(into, type, id, FIXED_CONTENT);

	memcpy(into + len, content, FIXED_CONTENT);
	return len + FIXED_CONTENT;
}

static enum rc
add_answer(struct records *records, const char *record, size_t len)
{
	records->answers.max = RECORDS_ANSWERS_MAX;
	return buf_add(&records->answers, (struct bytes){ record, len });
}

/*
 * What is asked for as a whole is not told: libfcgi's own answers would be of
 * use to nobody, and it overflows a buffer where it is asked for one value
 * several times.
 */
static enum rc
answer_management(struct records *records, uint8_t type)
{
	char record[RECORDS_HEADER + FIXED_CONTENT];
	size_t len;

	if (type == GET_VALUES)
		len = write_header(record, GET_VALUES_RESULT, 0, 0);
	else
		len = write_fixed(record, UNKNOWN_TYPE, 0,
		    (const uint8_t[FIXED_CONTENT]){ type });
	return add_answer(records, record, len);
}

/* There is one request at a time on a connection. */
static enum rc
refuse_second(struct records *records, uint16_t id)
{
	char record[RECORDS_HEADER + FIXED_CONTENT];
	size_t len = write_fixed(record, END_REQUEST, id,
	    (const uint8_t[FIXED_CONTENT]){ 0, 0, 0, 0, CANNOT_MULTIPLEX });

	return add_answer(records, record, len);
}

/* content: the whole of it. */
static enum rc
begin(struct records *records, const struct header *header, const char *content)
{
	const uint8_t *bytes = (const uint8_t *)content;

	if (header->id == 0 || header->content != FIXED_CONTENT)
		return RC_SYNTAX;
	if (records->begun)
		return header->id == records->id ?
		    RC_SYNTAX :
		    refuse_second(records, header->id);
	records->begun = true;
	records->id = header->id;
	records->role = number16(bytes);
	records->keep = (bytes[2] & KEEP_CONNECTION) != 0;
	return RC_OK;
}

/* A record of the request itself. */
static enum rc
enter_own(struct records *records, const struct header *header)
{
	switch (header->type) {
	case PARAMS:
		if (records->head_whole)
			return RC_SYNTAX;
		if (records->params_len + header->content > RECORDS_PARAMS_MAX)
			return RC_RANGE;
		break;
	case STDIN:
		if (!records->head_whole)
			return RC_SYNTAX;
		break;
	case ABORT_REQUEST:
		break;
	default:
		/* Not for a responder. */
		return RC_OK;
	}
	records->type = header->type;
	return RC_OK;
}

/*
 * Begins a record whose header has come, or, of BEGIN_REQUEST, the content as
 * well.
 */
static enum rc
enter(struct records *records, const struct header *header, const char *content)
{
	enum rc rc = RC_OK;

	if (header->version != VERSION)
		return RC_SYNTAX;
	records->type = 0;
	if (header->type == BEGIN_REQUEST)
		rc = begin(records, header, content);
	else if (header->id == 0)
		rc = answer_management(records, header->type);
	else if (records->begun && header->id == records->id)
		rc = enter_own(records, header);
	records->content = header->content;
	records->padding = header->padding;
	return rc;
}

/* The record is over: an empty one of a stream is the stream's end. */
static void
leave(struct records *records, bool is_empty)
{
	if (records->type == ABORT_REQUEST)
		records->aborted = true;
	else if (records->type == PARAMS && is_empty)
		records->head_whole = true;
	else if (records->type == STDIN && is_empty)
		records->ended = true;
}

/*
 * The header at data, with what has to be seen with it.  RC_MISSING: it is
 * not all there yet.
 */
static enum rc
scan_header(struct records *records, const char *data, size_t len)
{
	struct header header;
	size_t needed = RECORDS_HEADER;

	if (len < needed)
		return RC_MISSING;
	header = read_header(data);
	if (header.type == BEGIN_REQUEST)
		needed += FIXED_CONTENT;
	if (header.version == VERSION && len < needed)
		return RC_MISSING;
	return enter(records, &header, data + RECORDS_HEADER);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes content that is there; returns how many bytes. */
static size_t
take_content(struct records *records, char *into, const char *from, size_t len)
{
	size_t n = least(records->content, len);
	bool params = records->type == PARAMS;

	records->content -= n;
	if (!params && records->type != STDIN)
		return n;
	if (into != from)
		memmove(into, from, n);
	if (params)
		records->params_len += n;
	else
		records->body_len += n;
	return n;
}

static bool
is_kept(const struct records *records)
{
	return records->type == PARAMS || records->type == STDIN;
}

/* One that was given partly before, or its header just now. */
static void
scan_record(struct records *records, char *data, size_t len,
    struct scanned *out)
{
	size_t n = take_content(records, data + out->kept, data + out->rest,
	    len - out->rest);

	out->rest += n;
	if (is_kept(records))
		out->kept += n;
	n = least(records->padding, len - out->rest);
	if (records->content > 0)
		return;
	records->padding -= n;
	out->rest += n;
}

enum rc
records_scan(struct records *records, char *data, size_t len,
    struct scanned *out)
{
	struct scanned at = { 0 };
	enum rc rc = RC_OK;

	while (!records->ended && !records->aborted) {
		if (!records->within) {
			rc = scan_header(records, data + at.rest,
			    len - at.rest);
			if (rc != RC_OK)
				break;
			at.rest += RECORDS_HEADER;
			records->within = true;
			records->empty = records->content == 0;
		}
		scan_record(records, data, len, &at);
		if (records->content > 0 || records->padding > 0)
			break;
		records->within = false;
		leave(records, records->empty);
	}
	*out = at;
	return rc == RC_MISSING ? RC_OK : rc;
}

/*
 * A length of one byte or of four, at the beginning of left bytes; returns how
 * many it takes, 0 where they are not all there.
 */
static size_t
read_length(const uint8_t *bytes, size_t left, size_t *out)
{
	if (left > 0 && bytes[0] < 0x80) {
		*out = bytes[0];
		return 1;
	}
	if (left < 4)
		return 0;
	*out = (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 |
	    (size_t)bytes[2] << 8 | bytes[3];
	return 4;
}

/* Where a variable is: its name, and its value right after it. */
struct place {
	size_t name;
	size_t name_len;
	size_t value_len;
};

/* RC_SYNTAX: it is not as long as it claims to be. */
static enum rc
find_param(struct bytes params, size_t *at, struct place *out)
{
	const uint8_t *bytes = (const uint8_t *)params.data;
	size_t first, second;

	first = read_length(bytes + *at, params.len - *at, &out->name_len);
	*at += first;
	second = read_length(bytes + *at, params.len - *at, &out->value_len);
	*at += second;
	if (first == 0 || second == 0 ||
	    out->name_len + out->value_len > params.len - *at)
		return RC_SYNTAX;
	out->name = *at;
	*at += out->name_len + out->value_len;
	return RC_OK;
}

bool
records_next_param(char *params, size_t len, size_t *at,
    struct records_param *out)
{
	struct place place;

	if (*at >= len ||
	    find_param((struct bytes){ params, len }, at, &place) != RC_OK)
		return false;
	*out = (struct records_param){
		.name = { params + place.name, place.name_len },
		.value = params + place.name + place.name_len,
		.value_len = place.value_len,
	};
	return true;
}

enum rc
records_check_params(struct bytes params, size_t *memory)
{
	struct place place;
	size_t at = 0;
	size_t sum = 0;

	while (at < params.len) {
		if (find_param(params, &at, &place) != RC_OK)
			return RC_SYNTAX;
		sum += place.name_len + place.value_len + PARAM_MEMORY;
	}
	*memory = sum;
	return RC_OK;
}

size_t
records_size(size_t len)
{
	size_t records = (len + RECORDS_CONTENT - 1) / RECORDS_CONTENT;

	return len + (records + 1) * RECORDS_HEADER;
}

static size_t
write_stream(char *into, uint8_t type, uint16_t id, struct bytes bytes)
{
	size_t len = 0;
	size_t n;

	do {
		n = least(bytes.len, RECORDS_CONTENT);
		len += write_header(into + len, type, id, n);
		if (n > 0)
			memcpy(into + len, bytes.data, n);
		len += n;
		bytes = bytes_skip(bytes, n);
	} while (n > 0);
	return len;
}

size_t
records_write_head(const struct records *records, struct bytes params,
    char *into)
{
	const uint8_t content[FIXED_CONTENT] = { (uint8_t)(records->role >> 8),
		(uint8_t)records->role, KEEP_CONNECTION };
	size_t len = write_fixed(into, BEGIN_REQUEST, records->id, content);

	return len + write_stream(into + len, PARAMS, records->id, params);
}

enum rc
records_find_end(struct bytes written, size_t *end, size_t *len)
{
	size_t at = 0;
	size_t last = 0;
	struct header header = { 0 };

	while (header.type != END_REQUEST) {
		if (written.len - at < RECORDS_HEADER)
			return RC_SYNTAX;
		header = read_header(written.data + at);
		if (header.type == STDOUT && header.content == 0)
			last = at;
		if (written.len - at - RECORDS_HEADER <
		    (size_t)header.content + header.padding)
			return RC_SYNTAX;
		at += RECORDS_HEADER + (size_t)header.content + header.padding;
	}
	*end = last;
	*len = at;
	return RC_OK;
}
