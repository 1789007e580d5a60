/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "page/access.h"

#include "base/bytes.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "http/request.h"

#define VARIABLE "PELIHOOK_PAGE"

enum { PORT_MAX = 65535 };

static const char bad_right[] =
    "The web server sets PELIHOOK_PAGE to something else than view or "
    "operate: in the location of this page, write one of these two.";
static const char no_user[] =
    "The web server names nobody who has logged in: protect the location of "
    "this page by a password (auth_basic in nginx, AuthType and Require in "
    "Apache, auth.require in lighttpd), and pass REMOTE_USER or "
    "PELIHOOK_PAGE_USER.";
static const char contradicted[] =
    "The web server sets a variable twice, with different values: the log of "
    "pelihook names it.";

/* Any of several that is not empty, as the one that is may be the wrong one. */
bool
access_is_asked(const struct request *request)
{
	static const size_t n = sizeof(VARIABLE "=") - 1;

	for (const char *const *at = request->variables; *at != NULL; at++)
		if (strncmp(*at, VARIABLE "=", n) == 0 && (*at)[n] != '\0')
			return true;
	return false;
}

/* HTTP_AUTHORIZATION, REDIRECT_HTTP_AUTHORIZATION, HTTP_PROXY_AUTHORIZATION. */
bool
access_is_password(struct bytes name)
{
	static const struct bytes end = { "AUTHORIZATION", 13 };

	return name.len >= end.len &&
	    bytes_equal(bytes_skip(name, name.len - end.len), end);
}

void
access_forget_passwords(char *const *variables)
{
	size_t n;

	for (; *variables != NULL; variables++) {
		n = strcspn(*variables, "=");
		if (access_is_password((struct bytes){ *variables, n }))
			explicit_bzero(*variables + n, strlen(*variables + n));
	}
}

static enum rc
find_user(const struct request *request, const char **user)
{
	enum rc rc = request_setting(request, "PELIHOOK_PAGE_USER", user);

	if (rc == RC_OK && (*user)[0] == '\0')
		rc = request_setting(request, "REMOTE_USER", user);
	return rc;
}

static enum access_right
right_of(const char *text)
{
	if (strcmp(text, "view") == 0)
		return ACCESS_VIEW;
	return strcmp(text, "operate") == 0 ? ACCESS_OPERATE : ACCESS_NONE;
}

enum rc
access_judge(const struct request *request, struct access *access)
{
	const char *text = "";
	const char *user = "";
	enum rc rc = request_setting(request, VARIABLE, &text);
	enum access_right right = right_of(text);

	*access = (struct access){ .user = "", .error = contradicted };
	if (rc == RC_OK)
		rc = find_user(request, &user);
	if (rc != RC_OK)
		return rc;
	access->error = NULL;
	if (right == ACCESS_NONE)
		access->error = bad_right;
	else if (user[0] == '\0')
		access->error = no_user;
	if (access->error != NULL)
		return RC_OK;
	access->right = right;
	access->user = user;
	return RC_OK;
}

/* As many bytes of it as are text; 0: the first one is none. */
static size_t
text_length(struct bytes rest)
{
	size_t len = utf8_length(rest);

	return utf8_is_text((struct bytes){ rest.data, len }) ? len : 0;
}

const char *
access_user_text(const struct access *access, struct pool *pool)
{
	char *into = pool_alloc(pool, ACCESS_USER + 1, 1);
	struct bytes rest = bytes_of(access->user);
	char piece[8];
	size_t n = 0;
	size_t len;
	size_t taken;

	if (into == NULL)
		return NULL;
	for (; rest.len > 0; rest = bytes_skip(rest, taken)) {
		taken = len = text_length(rest);
		if (len > 0)
			memcpy(piece, rest.data, len);
		else
			len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
			    (unsigned char)rest.data[0]);
		if (taken == 0)
			taken = 1;
		if (n + len > ACCESS_USER)
			break;
		memcpy(into + n, piece, len);
		n += len;
	}
	return into;
}

/* An authority without a user (RFC 3986 section 3.2); no port: -1. */
struct authority {
	struct bytes host;
	int port;
};

static bool
is_host(struct bytes host, bool bracketed)
{
	if (host.len == 0)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.data[i];

		if (bracketed ? !hex_is_digit(c) && c != ':' && c != '.' :
				!isalnum((unsigned char)c) && c != '.' &&
			    c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Nothing, ":" or ":" and a port. */
static bool
parse_port(struct bytes text, int *port)
{
	unsigned long long number;

	*port = -1;
	if (text.len == 0 || bytes_is(text, ":"))
		return true;
	if (text.data[0] != ':' ||
	    bytes_number(bytes_skip(text, 1), PORT_MAX, &number) != RC_OK)
		return false;
	*port = (int)number;
	return true;
}

/* The host of IPv6 without its brackets. */
static bool
parse_authority(struct bytes text, struct authority *out)
{
	bool bracketed = text.len > 0 && text.data[0] == '[';
	struct bytes rest = bracketed ? bytes_skip(text, 1) : text;
	const char *end;

	if (text.len == 0)
		return false;
	end = memchr(rest.data, bracketed ? ']' : ':', rest.len);
	if (end == NULL && bracketed)
		return false;
	out->host = rest;
	if (end != NULL)
		out->host.len = (size_t)(end - rest.data);
	rest = bytes_skip(rest, out->host.len + (bracketed ? 1 : 0));
	return is_host(out->host, bracketed) && parse_port(rest, &out->port);
}

/* What a browser sends of a page: http or https, and an authority; "null"
 * where it does not tell. */
static bool
parse_origin(struct bytes text, struct authority *out)
{
	static const char *const schemes[] = { "http://", "https://" };
	size_t n;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		n = strlen(schemes[i]);
		if (text.len > n && strncasecmp(text.data, schemes[i], n) == 0)
			return parse_authority(bytes_skip(text, n), out);
	}
	return false;
}

static bool
is_same_host(struct bytes origin, struct bytes host)
{
	struct authority from = { 0 };
	struct authority to = { 0 };

	return parse_origin(origin, &from) && parse_authority(host, &to) &&
	    from.host.len == to.host.len &&
	    strncasecmp(from.host.data, to.host.data, to.host.len) == 0 &&
	    (from.port < 0 || to.port < 0 || from.port == to.port);
}

bool
access_is_same_origin(const struct request *request)
{
	unsigned sites;
	struct bytes site;
	struct bytes origin;
	struct bytes host;

	(void)request_variable(request, "HTTP_SEC_FETCH_SITE", &sites);
	if (sites > 0)
		return request_header(request, "HTTP_SEC_FETCH_SITE", &site) ==
		    RC_OK &&
		    bytes_is(site, "same-origin");
	return request_header(request, "HTTP_ORIGIN", &origin) == RC_OK &&
	    request_header(request, "HTTP_HOST", &host) == RC_OK &&
	    is_same_host(origin, host);
}
