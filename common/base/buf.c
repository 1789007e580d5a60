/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct bytes
buf_view(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

static size_t
buf_ceiling(const struct buf *buf)
{
	return buf->max != 0 ? buf->max : SIZE_MAX - 1;
}

enum rc
buf_reserve(struct buf *buf, size_t n)
{
	size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
	char *data;

	if (buf->len > buf_ceiling(buf) || n > buf_ceiling(buf) - buf->len)
		return RC_RANGE;
	if (buf->data != NULL && buf->len + n < buf->capacity)
		return RC_OK;
	while (capacity <= buf->len + n)
		capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
	data = realloc(buf->data, capacity);
	if (data == NULL)
		return RC_MEMORY;
	if (buf->data == NULL)
		data[0] = '\0';
	buf->data = data;
	buf->capacity = capacity;
	return RC_OK;
}

/* The first failure stays. */
static enum rc
keep(struct buf *buf, enum rc rc)
{
	if (buf->rc == RC_OK)
		buf->rc = rc;
	return rc;
}

enum rc
buf_add(struct buf *buf, struct bytes bytes)
{
	enum rc rc = keep(buf, buf_reserve(buf, bytes.len));

	if (rc != RC_OK)
		return rc;
	if (bytes.len > 0)
		memcpy(buf->data + buf->len, bytes.data, bytes.len);
	buf->len += bytes.len;
	buf->data[buf->len] = '\0';
	return RC_OK;
}

enum rc
buf_text(struct buf *buf, const char *text)
{
	return buf_add(buf, bytes_of(text));
}

enum rc
buf_char(struct buf *buf, char c)
{
	return buf_add(buf, (struct bytes){ &c, 1 });
}

/* The length of the text, whether it fits or not; -1. */
static int
print_into(struct buf *buf, const char *format, va_list args)
{
	size_t left = buf->data == NULL ? 0 : buf->capacity - buf->len;

	return vsnprintf(left == 0 ? NULL : buf->data + buf->len, left, format,
	    args);
}

/* Printed twice only where it did not fit at first. */
enum rc
buf_printf(struct buf *buf, const char *format, ...)
{
	size_t left = buf->data == NULL ? 0 : buf->capacity - buf->len;
	va_list args;
	enum rc rc;
	int n;

	va_start(args, format);
	n = print_into(buf, format, args);
	va_end(args);
	rc = keep(buf, n < 0 ? RC_RANGE : buf_reserve(buf, (size_t)n));
	if (rc == RC_OK && (size_t)n >= left) {
		va_start(args, format);
		n = print_into(buf, format, args);
		va_end(args);
	}
	if (rc == RC_OK)
		buf->len += (size_t)n;
	else if (buf->data != NULL)
		buf->data[buf->len] = '\0';
	return rc;
}

void
buf_free(struct buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
	buf->capacity = 0;
	buf->rc = RC_OK;
}

void
buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->capacity);
	buf_free(buf);
}
