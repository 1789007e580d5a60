/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "recipe_search.h"

#include "base/bytes.h"
#include "base/pool.h"
#include "base/timestamp.h"
#include "http/header_name.h"
#include "http/request.h"
#include "signature/candidate.h"
#include "signature/recipe.h"

enum {
	SEARCH_PREFIX = 64, /* most bytes of a prefix */
	SEARCH_VARIES = 5,  /* so many digits in a row are no prefix */
	SEARCH_TIMESTAMPS = 8,
	SEARCH_IDS = 6,
	SEARCH_MAX = 20000, /* recipes, for hostile requests */
};

/* Nobody refuses a capture for its age. */
static const int64_t any_age = INT64_MAX / 4;

static const char *const splits[] = { "", " ", ",", ";" };

static const char *const over_timestamp[] = { "{timestamp}.{body}",
	"{timestamp}:{body}", "v0:{timestamp}:{body}", "v1:{timestamp}:{body}",
	"{timestamp},{body}", "{timestamp}|{body}", "{timestamp}-{body}",
	"{timestamp}_{body}", "{timestamp} {body}", "{timestamp};{body}",
	"{body}.{timestamp}", "{body}:{timestamp}", "{body}|{timestamp}",
	"{body},{timestamp}" };

/* Only a date and time tells where it ends. */
static const char *const over_date[] = { "{timestamp}{body}",
	"{body}{timestamp}" };

static const char *const over_id[] = { "{id}.{body}", "{id}:{body}",
	"{id}|{body}", "{body}.{id}" };

static const char *const over_both[] = { "{id}.{timestamp}.{body}",
	"{timestamp}.{id}.{body}", "{id}:{timestamp}:{body}",
	"{timestamp}:{id}:{body}", "{id}|{timestamp}|{body}",
	"{timestamp}|{id}|{body}" };

/* Where a timestamp may be. */
struct timestamp {
	enum recipe_timestamp kind;
	struct header_name header;
	const char *item;
	enum recipe_unit unit;
};

struct search {
	const struct request *request;
	struct pool *pool;
	bool (*try)(const struct recipe *, void *);
	void *context;
	unsigned *tried;
	struct timestamp timestamps[SEARCH_TIMESTAMPS];
	size_t timestamps_len;
	struct header_name ids[SEARCH_IDS];
	size_t ids_len;
};

static bool
try_recipe(struct search *search, const struct recipe *recipe)
{
	struct recipe copy = *recipe;

	if (*search->tried == SEARCH_MAX)
		return false;
	++*search->tried;
	if (copy.timestamp != RECIPE_TIMESTAMP_NONE)
		copy.tolerance = any_age;
	return search->try(&copy, search->context);
}

static bool
try_each(struct search *search, struct recipe *recipe, const char *const *over,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		recipe->over = over[i];
		if (try_recipe(search, recipe))
			return true;
	}
	return false;
}

#define TRY_EACH(search, recipe, list)                                         \
	try_each((search), (recipe), (list), sizeof(list) / sizeof((list)[0]))

/* The header of a variable, or false where it is none. */
static bool
header_of(struct search *search, const char *variable,
    struct header_name *header, struct bytes *value)
{
	size_t n = strcspn(variable, "=");
	char name[HEADER_VARIABLE_SIZE];

	if (strncmp(variable, "HTTP_", 5) != 0 || variable[n] != '=' ||
	    n >= sizeof(name))
		return false;
	header_name_print(variable, name);
	*value = candidate_value(variable + n + 1);
	return header_name_parse(name, search->pool, header) == RC_OK;
}

/* A text that looks like a moment: seconds, milliseconds or RFC 3339. */
static bool
is_timestamp(struct bytes text, enum recipe_unit *unit)
{
	unsigned long long number;
	int64_t wall;

	*unit = RECIPE_RFC3339;
	if (timestamp_parse(text, &wall) == RC_OK)
		return true;
	*unit = text.len < 12 ? RECIPE_SECONDS : RECIPE_MILLISECONDS;
	return text.len >= 9 && text.len <= 15 &&
	    bytes_number(text, INT64_MAX, &number) == RC_OK;
}

/* A word of the name, between hyphens: X-Request-Id. */
static bool
names_an_id(const char *name)
{
	static const char *const words[] = { "Id", "Nonce", "Delivery", "Uuid",
		"Guid" };
	struct bytes rest = bytes_of(name);
	struct bytes word;

	while (bytes_split(&rest, "-", &word))
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (bytes_is(word, words[i]))
				return true;
	return false;
}

/* Headers that are a timestamp or an id as a whole. */
static void
gather(struct search *search)
{
	struct header_name header;
	struct bytes value;
	struct timestamp timestamp = { .kind = RECIPE_TIMESTAMP_HEADER,
		.item = "" };
	const char *variable;

	for (size_t i = 0; search->request->variables[i] != NULL; i++) {
		variable = search->request->variables[i];
		if (!header_of(search, variable, &header, &value))
			continue;
		timestamp.header = header;
		if (search->timestamps_len < SEARCH_TIMESTAMPS &&
		    is_timestamp(value, &timestamp.unit))
			search
			    ->timestamps[search->timestamps_len++] = timestamp;
		if (search->ids_len < SEARCH_IDS && value.len > 0 &&
		    names_an_id(header.name))
			search->ids[search->ids_len++] = header;
	}
}

static bool
try_timestamp(struct search *search, const struct recipe *spot,
    const struct timestamp *timestamp)
{
	struct recipe recipe = *spot;

	recipe.timestamp = timestamp->kind;
	recipe.timestamp_header = timestamp->header;
	recipe.timestamp_item = timestamp->item;
	recipe.unit = timestamp->unit;
	if (TRY_EACH(search, &recipe, over_timestamp))
		return true;
	if (timestamp->unit == RECIPE_RFC3339 &&
	    TRY_EACH(search, &recipe, over_date))
		return true;
	for (size_t i = 0; i < search->ids_len; i++) {
		recipe.id = search->ids[i];
		if (TRY_EACH(search, &recipe, over_both))
			return true;
	}
	return false;
}

static bool
try_ids(struct search *search, const struct recipe *spot)
{
	struct recipe recipe = *spot;

	for (size_t i = 0; i < search->ids_len; i++) {
		recipe.id = search->ids[i];
		if (TRY_EACH(search, &recipe, over_id))
			return true;
	}
	return false;
}

/* Timestamps beside the MAC in its own header: t=1614265330. */
static bool
try_items(struct search *search, const struct recipe *spot, struct bytes value)
{
	struct timestamp timestamp = { .kind = RECIPE_TIMESTAMP_ITEM };
	struct bytes rest = value;
	struct bytes item;
	size_t n;

	while (spot->split[0] != '\0' &&
	    candidate_split(&rest, spot->split, &item)) {
		n = 0;
		while (n < item.len && item.data[n] != '=')
			n++;
		if (n == item.len ||
		    !is_timestamp(bytes_skip(item, n + 1), &timestamp.unit))
			continue;
		timestamp.item = pool_copy(search->pool,
		    (struct bytes){ item.data, n + 1 });
		if (timestamp.item != NULL &&
		    try_timestamp(search, spot, &timestamp))
			return true;
	}
	return false;
}

static bool
try_spot(struct search *search, const struct recipe *spot, struct bytes value)
{
	if (try_recipe(search, spot) || try_items(search, spot, value))
		return true;
	for (size_t i = 0; i < search->timestamps_len; i++)
		if (try_timestamp(search, spot, &search->timestamps[i]))
			return true;
	return try_ids(search, spot);
}

/* v1, belongs to the lists of Standard Webhooks, which blanks separate. */
static bool
is_version(struct bytes prefix)
{
	return prefix.len == 3 && prefix.data[0] == 'v' &&
	    isdigit((unsigned char)prefix.data[1]) && prefix.data[2] == ',';
}

/*
 * What stands before a MAC is the same every time: no number of any size,
 * and no other item, which may be missing or different in the next request.
 */
static bool
is_prefix(struct bytes prefix)
{
	unsigned digits = 0;

	if (is_version(prefix))
		return true;
	if (prefix.len >= SEARCH_PREFIX ||
	    memchr(prefix.data, ',', prefix.len) ||
	    memchr(prefix.data, ';', prefix.len))
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		digits = isdigit((unsigned char)prefix.data[i]) ? digits + 1 :
								  0;
		if (digits == SEARCH_VARIES)
			return false;
	}
	return true;
}

static bool
try_candidate(struct search *search, struct recipe *spot, struct bytes text,
    struct bytes value)
{
	static const size_t lengths[] = {
		[RECIPE_HEX] = 64,
		[RECIPE_BASE64] = 44,
	};
	struct mac_candidate candidate = {
		.text = text,
		.encoding = spot->encoding,
	};
	const char *split = spot->split;
	bool found;

	if (text.len < lengths[spot->encoding])
		return false;
	candidate.prefix = text.len - lengths[spot->encoding];
	text.len = candidate.prefix;
	if (!candidate_decode(&candidate) || !is_prefix(text))
		return false;
	spot->prefix = pool_copy(search->pool, text);
	if (split[0] == '\0' && is_version(text))
		spot->split = " ";
	found = spot->prefix != NULL && try_spot(search, spot, value);
	spot->split = split;
	return found;
}

static bool
try_value(struct search *search, struct recipe *spot, struct bytes value)
{
	struct bytes rest = value;
	struct bytes item;

	while (candidate_split(&rest, spot->split, &item)) {
		spot->encoding = RECIPE_HEX;
		if (try_candidate(search, spot, item, value))
			return true;
		spot->encoding = RECIPE_BASE64;
		if (try_candidate(search, spot, item, value))
			return true;
	}
	return false;
}

/* Blanks separate nothing where they only follow a comma or semicolon. */
static bool
separates(const char *split, struct bytes value)
{
	if (split[0] == '\0')
		return true;
	if (split[0] == ' ' &&
	    (memmem(value.data, value.len, ", ", 2) ||
		memmem(value.data, value.len, "; ", 2)))
		return false;
	return memchr(value.data, split[0], value.len) != NULL;
}

static bool
try_header(struct search *search, const char *variable)
{
	struct recipe spot = {
		.kind = RECIPE_HEADER,
		.timestamp_item = "",
		.over = "{body}",
	};
	struct bytes value;

	if (!header_of(search, variable, &spot.header, &value) ||
	    value.len == 0)
		return false;
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		spot.split = splits[i];
		if (separates(splits[i], value) &&
		    try_value(search, &spot, value))
			return true;
	}
	return false;
}

static bool
try_presets(struct search *search)
{
	struct recipe recipe;
	const char *name;
	const char *why;

	for (size_t i = 0; (name = recipe_preset(i)) != NULL; i++)
		if (recipe_parse(&name, 1, search->pool, &recipe, &why) ==
			RC_OK &&
		    try_recipe(search, &recipe))
			return true;
	return false;
}

bool
recipe_search(const struct request *request, struct pool *pool,
    bool (*try)(const struct recipe *recipe, void *context), void *context,
    unsigned *tried)
{
	struct search search = {
		.request = request,
		.pool = pool,
		.try = try,
		.context = context,
		.tried = tried,
	};

	*tried = 0;
	gather(&search);
	if (try_presets(&search))
		return true;
	for (size_t i = 0; request->variables[i] != NULL; i++)
		if (try_header(&search, request->variables[i]))
			return true;
	return false;
}
