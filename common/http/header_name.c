/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "http/header_name.h"

static bool
is_token(char c)
{
	return isalnum((unsigned char)c) ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

enum rc
header_name_variable(struct bytes header, char into[HEADER_VARIABLE_SIZE])
{
	char *at = into + 5;

	if (header.len == 0 || header.len > 250)
		return RC_SYNTAX;
	for (size_t i = 0; i < header.len; i++)
		if (!is_token(header.data[i]))
			return RC_SYNTAX;
	memcpy(into, "HTTP_", 5);
	for (size_t i = 0; i < header.len; i++)
		*at++ = header.data[i] == '-' ?
		    '_' :
		    (char)toupper((unsigned char)header.data[i]);
	*at = '\0';
	return RC_OK;
}

void
header_name_print(const char *variable, char into[HEADER_VARIABLE_SIZE])
{
	bool first = true;
	size_t n = 0;
	char c;

	if (strncmp(variable, "HTTP_", 5) == 0)
		variable += 5;
	for (; (c = *variable) != '\0' && c != '=' &&
	     n < HEADER_VARIABLE_SIZE - 1;
	     variable++) {
		if (c == '_')
			into[n++] = '-';
		else if (first)
			into[n++] = (char)toupper((unsigned char)c);
		else
			into[n++] = (char)tolower((unsigned char)c);
		first = c == '_';
	}
	into[n] = '\0';
}

enum rc
header_name_parse(const char *name, struct pool *pool, struct header_name *out)
{
	char variable[HEADER_VARIABLE_SIZE];
	struct header_name header;

	if (header_name_variable(bytes_of(name), variable) != RC_OK)
		return RC_SYNTAX;
	header.name = pool_text(pool, name);
	header.variable = pool_text(pool, variable);
	if (header.name == NULL || header.variable == NULL)
		return RC_MEMORY;
	*out = header;
	return RC_OK;
}
