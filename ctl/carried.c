/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "carried.h"

#include "base/crypto.h"
#include "http/header_name.h"
#include "signature/candidate.h"

/* Parts of names, between hyphens. */
static const char *const of_tokens[] = { "Token", "Secret", "Password",
	"Authorization", "Auth", "Apikey", "Api-Key" };
static const char *const of_signatures[] = { "Signature", "Sign", "Hmac" };

#define IS_NAMED(name, parts)                                                  \
	is_named((name), (parts), sizeof(parts) / sizeof((parts)[0]))

static bool
has_part(const char *name, const char *part)
{
	size_t n = strlen(part);

	for (const char *at = name; (at = strstr(at, part)) != NULL; at++)
		if ((at == name || at[-1] == '-') &&
		    (at[n] == '\0' || at[n] == '-'))
			return true;
	return false;
}

static bool
is_named(const char *name, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_part(name, parts[i]))
			return true;
	return false;
}

/* Whole, or behind what says what it is: "Bearer s", "token=s". */
static bool
is_secret(struct bytes value, struct bytes secret)
{
	struct bytes before = value;

	if (secret.len == 0 || value.len < secret.len)
		return false;
	before.len -= secret.len;
	if (!bytes_equal(bytes_skip(value, before.len), secret))
		return false;
	return before.len == 0 ||
	    memchr(" =:", before.data[before.len - 1], 3) != NULL;
}

enum carried
carried_by(const char *variable, const struct bytes *secrets, size_t n)
{
	struct bytes value = candidate_value(strchr(variable, '=') + 1);
	char name[HEADER_VARIABLE_SIZE];

	for (size_t i = 0; i < n; i++)
		if (is_secret(value, secrets[i]))
			return CARRIED_SECRET;
	if (candidate_of_size(value, CRYPTO_DIGEST))
		return CARRIED_MAC;
	if (candidate_of_size(value, CANDIDATE_SHA1))
		return CARRIED_SHA1;
	if (candidate_of_size(value, CANDIDATE_SHA512))
		return CARRIED_SHA512;
	if (value.len == 0)
		return CARRIED_NOTHING;
	header_name_print(variable, name);
	if (IS_NAMED(name, of_tokens))
		return CARRIED_TOKEN;
	return IS_NAMED(name, of_signatures) ? CARRIED_ODD : CARRIED_NOTHING;
}
