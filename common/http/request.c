/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "http/request.h"

#include "base/log.h"

enum {
	REQUEST_CHUNK = 16 * 1024, /* how much is asked for at once */
};

/* The value of a variable's next entry, from *at on, or NULL. */
static const char *
next_value(const struct request *request, const char *name, size_t *at)
{
	size_t n = strlen(name);
	const char *entry;

	while ((entry = request->variables[*at]) != NULL) {
		++*at;
		if (entry[0] == name[0] && strncmp(entry, name, n) == 0 &&
		    entry[n] == '=')
			return entry + n + 1;
	}
	return NULL;
}

const char *
request_variable(const struct request *request, const char *name,
    unsigned *count)
{
	size_t at = 0;
	const char *value = next_value(request, name, &at);
	const char *next = value;

	for (*count = 0; next != NULL; ++*count)
		next = next_value(request, name, &at);
	return value;
}

/* What the server says of a request, or ""; also where it says several. */
static const char *
find_setting(const struct request *request, const char *name, bool *one)
{
	size_t at = 0;
	const char *value = next_value(request, name, &at);
	const char *next;

	*one = true;
	while ((next = next_value(request, name, &at)) != NULL)
		if (strcmp(next, value) != 0)
			*one = false;
	return value != NULL ? value : "";
}

static enum rc
refuse_contradiction(const char *name)
{
	log_say(LOG_LEVEL_ERROR,
	    "%s is there twice, with different "
	    "values: the web server has to set it once",
	    name);
	return RC_CONFIG;
}

enum rc
request_check(const struct request *request)
{
	return request->contradicted == NULL ?
	    RC_OK :
	    refuse_contradiction(request->contradicted);
}

enum rc
request_setting(const struct request *request, const char *name,
    const char **value)
{
	bool one;
	const char *found = find_setting(request, name, &one);

	if (!one)
		return refuse_contradiction(name);
	*value = found;
	return RC_OK;
}

enum rc
request_single(const struct request *request, const char *name,
    const char **value)
{
	unsigned count;
	const char *found = request_variable(request, name, &count);

	if (count > 1)
		return RC_REPEATED;
	*value = found;
	return RC_OK;
}

enum rc
request_header(const struct request *request, const char *name,
    struct bytes *value)
{
	const char *found;
	enum rc rc = request_single(request, name, &found);

	if (rc == RC_OK)
		*value = bytes_trim(bytes_of(found != NULL ? found : ""));
	return rc;
}

static const char *
server_variable(struct request *request, const char *name)
{
	bool one;
	const char *value = find_setting(request, name, &one);

	if (!one)
		request->contradicted = name;
	return value;
}

/* Absent, empty and -1 (Caddy) all mean a body of unknown length. */
static enum rc
read_length(struct request *request)
{
	unsigned long long length;
	const char *text = server_variable(request, "CONTENT_LENGTH");
	enum rc rc;

	if (request->contradicted != NULL)
		return RC_LENGTH;
	if (text[0] == '\0' || strcmp(text, "-1") == 0)
		return RC_OK;
	rc = bytes_number(bytes_of(text), INT64_MAX, &length);
	if (rc == RC_RANGE)
		length = INT64_MAX;
	else if (rc != RC_OK)
		return RC_LENGTH;
	request->length = (int64_t)length;
	return RC_OK;
}

void
request_open(struct request *request, const struct gateway *gateway,
    int64_t received)
{
	*request = (struct request){
		.variables = gateway->variables,
		.received = received,
		.length = -1,
	};
	/* First, while nothing else is contradicted. */
	request->length_rc = read_length(request);
	request->method = server_variable(request, "REQUEST_METHOD");
	request->path_info = server_variable(request, "PATH_INFO");
	request->remote_addr = server_variable(request, "REMOTE_ADDR");
}

static enum rc
check_encoding(const struct request *request)
{
	static const char plain[] = "identity";
	struct bytes coding;
	enum rc rc = request_header(request, "HTTP_CONTENT_ENCODING", &coding);

	if (rc != RC_OK)
		return rc;
	if (coding.len == 0 ||
	    (coding.len == strlen(plain) &&
		strncasecmp(coding.data, plain, coding.len) == 0))
		return RC_OK;
	return RC_ENCODED;
}

enum rc
request_admit(const struct request *request, size_t max_body)
{
	if (request->length_rc != RC_OK)
		return request->length_rc;
	if (request->length > 0 && (uint64_t)request->length > max_body)
		return RC_LARGE;
	return check_encoding(request);
}

/* Reads up to n more bytes into the body; *got 0 at the end. */
static enum rc
read_some(struct request *request, const struct gateway *gateway, size_t n,
    int64_t deadline, size_t *got)
{
	enum rc rc;

	if (n > REQUEST_CHUNK)
		n = REQUEST_CHUNK;
	rc = buf_reserve(&request->body, n);
	if (rc != RC_OK)
		return rc;
	rc = gateway->read(gateway->context,
	    request->body.data + request->body.len, n, deadline, got);
	if (rc != RC_OK)
		return rc;
	request->body.len += *got;
	request->body.data[request->body.len] = '\0';
	return RC_OK;
}

enum rc
request_read(struct request *request, const struct gateway *gateway,
    size_t max_body, int64_t deadline)
{
	/* One byte more than allowed tells a body that is too large. */
	size_t end = request->length >= 0 ? (size_t)request->length :
					    max_body + 1;
	size_t got = 1;
	enum rc rc = buf_reserve(&request->body,
	    end < REQUEST_CHUNK ? end : REQUEST_CHUNK);

	while (rc == RC_OK && got > 0 && request->body.len < end)
		rc = read_some(request, gateway, end - request->body.len,
		    deadline, &got);
	if (rc != RC_OK)
		return rc;
	if (request->body.len > max_body)
		return RC_LARGE;
	if (request->length >= 0 && request->body.len < end)
		return RC_SHORT;
	return RC_OK;
}

void
request_close(struct request *request)
{
	buf_free(&request->body);
}
