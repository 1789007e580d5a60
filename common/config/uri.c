/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "config/uri.h"

#include "base/bytes.h"
#include "base/codec.h"

#define SCHEME "postgresql:"
#define FORM "postgresql://USER@HOST/DATABASE"
#define ELSEWHERE                                                              \
	"goes into a passfile or a service file (passfile=, service=), never " \
	"into this file"

static const char has_password[] =
    "the URI of the journal holds a password: the password " ELSEWHERE;
static const char has_secret[] =
    "the URI of the journal holds a secret, as `sslpassword' is: write it "
    "into a service file (service=), never into this file";
static const char has_mark[] =
    "the URI of the journal has a `@' or a `?' where none can be: write %40 "
    "and %3F for those of a name; a password " ELSEWHERE;
static const char has_no_port[] =
    "a port in the URI of the journal is not a number: write it as "
    "in " FORM "; a password " ELSEWHERE;
static const char is_other_scheme[] =
    "the URI of the journal has to begin with `postgresql://': write it as "
    "in " FORM;
static const char is_neither[] =
    "the journal is neither a path nor a URI: write its whole path, from / "
    "on, or " FORM;

/* What libpq reads as a secret, of any of its releases. */
static const struct {
	const char *key;
	const char *fault;
} secrets[] = {
	{ "password", has_password },
	{ "sslpassword", has_secret },
	{ "oauth_client_secret", has_secret },
	{ "scram_client_key", has_secret },
	{ "scram_server_key", has_secret },
};

bool
uri_is(const char *journal)
{
	return strncmp(journal, SCHEME, strlen(SCHEME)) == 0;
}

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* The next character of a key, decoded; what is no escape is as it is. */
static char
next_char(struct bytes *text)
{
	char c = text->data[0];
	size_t n = 1;

	if (c == '%' && text->len >= 3 && hex_value(text->data[1]) >= 0 &&
	    hex_value(text->data[2]) >= 0) {
		c = (char)(hex_value(text->data[1]) * 16 +
		    hex_value(text->data[2]));
		n = 3;
	}
	*text = bytes_skip(*text, n);
	return c;
}

/* In any case of letters, and with blanks round it: libpq may refuse such a key,
 * but what comes after it is a secret all the same. */
static bool
is_key(struct bytes text, const char *key)
{
	text = bytes_trim(text);
	while (text.len > 0 && *key != '\0') {
		const char c[2] = { next_char(&text), '\0' };
		const char other[2] = { *key++, '\0' };

		if (strcasecmp(c, other) != 0)
			return false;
	}
	return text.len == 0 && *key == '\0';
}

static const char *
judge_query(struct bytes query)
{
	struct bytes pair;

	while (bytes_split(&query, "&", &pair)) {
		const char *equals = memchr(pair.data, '=', pair.len);
		struct bytes key = pair;

		if (equals != NULL)
			key.len = (size_t)(equals - pair.data);
		for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
			if (is_key(key, secrets[i].key))
				return secrets[i].fault;
	}
	return NULL;
}

/* What is taken for a port may be the password of a URI without a host. */
static const char *
judge_host(struct bytes host)
{
	size_t at = 0;

	/* An address of IPv6. */
	if (host.len > 0 && host.data[0] == '[')
		while (at < host.len && host.data[at] != ']')
			at++;
	while (at < host.len && host.data[at] != ':')
		at++;
	for (at++; at < host.len; at++)
		if (host.data[at] < '0' || host.data[at] > '9')
			return has_no_port;
	return NULL;
}

static const char *
judge_hosts(struct bytes hosts)
{
	const char *fault = NULL;
	struct bytes host;

	while (fault == NULL && bytes_split(&hosts, ",", &host))
		fault = judge_host(host);
	return fault;
}

/* As libpq cuts it: the user is what is before the first @, if no / is. */
static const char *
judge_uri(const char *at)
{
	size_t user = strcspn(at, "@/");
	size_t hosts;
	const char *fault;

	if (at[user] == '@') {
		if (memchr(at, ':', user) != NULL)
			return has_password;
		if (memchr(at, '?', user) != NULL)
			return has_mark;
		at += user + 1;
	}
	if (memchr(at, '@', strcspn(at, "?")) != NULL)
		return has_mark;
	hosts = strcspn(at, "/?");
	fault = judge_hosts((struct bytes){ at, hosts });
	at += strcspn(at, "?");
	return fault != NULL || *at == '\0' ? fault :
					      judge_query(bytes_of(at + 1));
}

const char *
uri_fault(const char *journal)
{
	if (journal[0] == '/')
		return NULL;
	if (bytes_begin(bytes_of(journal), SCHEME "//"))
		return judge_uri(journal + strlen(SCHEME "//"));
	if (has_prefix(journal, SCHEME) || has_prefix(journal, "postgres:"))
		return is_other_scheme;
	/* Another scheme, or libpq's form of keys and values. */
	if (strpbrk(journal, ":=@") != NULL)
		return is_neither;
	return NULL;
}
