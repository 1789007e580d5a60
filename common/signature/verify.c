/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "signature/verify.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/timestamp.h"
#include "http/request.h"
#include "signature/candidate.h"
#include "signature/content.h"
#include "signature/recipe.h"
#include "signature/secret.h"

enum {
	VERIFY_CANDIDATES = 16, /* most that are compared */
	VERIFY_DIGITS = 15,	/* most digits of a timestamp */
	VERIFY_PREFIX = 64,	/* of a MAC, with a NUL */
};

/* An item that could be the MAC, and the header it was found in. */
struct candidate {
	struct mac_candidate item;
	const char *variable; /* NAME=value it came in */
	struct bytes value;   /* the whole header */
};

/* What a request shows for itself, gathered before any MAC is computed. */
struct credentials {
	struct candidate candidates[VERIFY_CANDIDATES];
	size_t n;
	struct bytes timestamp;
	struct bytes id;
};

/* What verify() was given. */
struct verify_input {
	const struct recipe *recipe;
	const struct secret *secrets;
	size_t n;
	const struct request *request;
};

/* The candidate that a secret made, and that secret. */
struct match {
	const struct candidate *candidate;
	const struct secret *secret;
};

static enum rc
refuse(struct verification *result, const char *reason)
{
	result->reason = reason;
	return RC_SIGNATURE;
}

static void
add_candidate(struct credentials *credentials,
    const struct candidate *candidate)
{
	if (credentials->n < VERIFY_CANDIDATES)
		credentials->candidates[credentials->n++] = *candidate;
}

static void
gather_header(struct credentials *credentials, const char *variable)
{
	const char *equals = strchr(variable, '=');
	struct candidate candidate = { .variable = variable };
	struct bytes rest;

	if (equals == NULL)
		return;
	candidate.value = candidate_value(equals + 1);
	rest = candidate.value;
	while (candidate_next(&rest, &candidate.item))
		add_candidate(credentials, &candidate);
}

static void
gather_auto(const struct request *request, struct credentials *credentials)
{
	for (size_t i = 0; request->variables[i] != NULL; i++)
		if (strncmp(request->variables[i], "HTTP_", 5) == 0)
			gather_header(credentials, request->variables[i]);
}

/* False where the signature's header holds two timestamps. */
static bool
gather_items(const struct recipe *recipe, struct bytes value,
    struct credentials *credentials)
{
	struct candidate candidate = {
		.item.prefix = strlen(recipe->prefix),
		.item.encoding = recipe->encoding,
	};
	struct bytes *text = &candidate.item.text;
	struct bytes rest = value;

	while (candidate_split(&rest, recipe->split, text)) {
		if (bytes_begin(*text, recipe->prefix) &&
		    candidate_decode(&candidate.item))
			add_candidate(credentials, &candidate);
		if (recipe->timestamp != RECIPE_TIMESTAMP_ITEM ||
		    !bytes_begin(*text, recipe->timestamp_item))
			continue;
		if (credentials->timestamp.data != NULL)
			return false;
		credentials->timestamp = bytes_skip(*text,
		    strlen(recipe->timestamp_item));
	}
	return true;
}

/* A header that the recipe needs: there, once, and not blank. */
static enum rc
need_header(const struct request *request, const struct header_name *header,
    struct bytes *out, struct verification *result)
{
	enum rc rc = request_header(request, header->variable, out);

	if (rc != RC_OK) {
		snprintf(result->header, sizeof(result->header), "%s",
		    header->name);
		return rc;
	}
	if (out->len == 0)
		return refuse(result, "a header of the recipe is missing");
	return RC_OK;
}

/* One whose value is signed: as a whole, or else not at all. */
static enum rc
need_field(const struct request *request, const struct header_name *header,
    struct bytes *out, struct verification *result)
{
	enum rc rc = need_header(request, header, out, result);

	if (rc == RC_OK && out->len > CANDIDATE_HEADER)
		return refuse(result, "a header of the recipe is over 8 KiB");
	return rc;
}

static bool
holds(struct bytes text, char c)
{
	return c != '\0' && memchr(text.data, c, text.len) != NULL;
}

/*
 * Whether the id could not have been cut elsewhere under the same MAC: it
 * may not hold what follows it in the template, and after the body, which
 * may hold anything, not what precedes it either.
 */
static bool
id_is_whole(const struct recipe *recipe, struct bytes id)
{
	static const char field[] = "{id}";
	const char *body = strstr(recipe->over, "{body}");
	const char *at = recipe->over;

	while ((at = strstr(at, field)) != NULL) {
		if (at > body && holds(id, at[-1]))
			return false;
		at += strlen(field);
		if (holds(id, at[0]))
			return false;
	}
	return true;
}

static enum rc
gather_recipe(const struct recipe *recipe, const struct request *request,
    struct credentials *credentials, struct verification *result)
{
	struct bytes value;
	enum rc rc = need_header(request, &recipe->header, &value, result);

	if (rc == RC_OK && recipe->timestamp == RECIPE_TIMESTAMP_HEADER)
		rc = need_field(request, &recipe->timestamp_header,
		    &credentials->timestamp, result);
	if (rc == RC_OK && recipe->id.name != NULL)
		rc = need_field(request, &recipe->id, &credentials->id, result);
	if (rc != RC_OK)
		return rc;
	if (value.len > CANDIDATE_HEADER)
		value.len = CANDIDATE_HEADER;
	if (recipe->id.name != NULL && !id_is_whole(recipe, credentials->id))
		return refuse(result, "the id holds what separates it");
	if (!gather_items(recipe, value, credentials))
		return refuse(result, "two timestamps");
	return RC_OK;
}

static enum rc
read_timestamp(const struct recipe *recipe, struct bytes text,
    int64_t *timestamp)
{
	unsigned long long number;
	enum rc rc;

	if (recipe->unit == RECIPE_RFC3339)
		return timestamp_parse(text, timestamp);
	if (text.len > VERIFY_DIGITS)
		return RC_RANGE;
	rc = bytes_number(text, INT64_MAX, &number);
	if (rc == RC_OK)
		*timestamp = (int64_t)number *
		    (recipe->unit == RECIPE_SECONDS ? 1000 : 1);
	return rc;
}

/* Whether the timestamp is near enough; if not, result has the reason. */
static bool
is_fresh(const struct recipe *recipe, const struct credentials *credentials,
    int64_t now, struct verification *result)
{
	int64_t timestamp;

	if (recipe->kind != RECIPE_HEADER ||
	    recipe->timestamp == RECIPE_TIMESTAMP_NONE)
		return true;
	if (read_timestamp(recipe, credentials->timestamp, &timestamp) !=
	    RC_OK) {
		result->reason = "the timestamp is missing or malformed";
		return false;
	}
	result->skew = now - timestamp;
	if (result->skew <= recipe->tolerance &&
	    result->skew >= -recipe->tolerance)
		return true;
	result->reason = "the timestamp is stale or ahead of the clock";
	return false;
}

/* Every candidate is compared, whatever the others came to. */
static enum rc
match_key(const struct credentials *credentials,
    const struct signed_content *content, struct bytes key,
    const struct candidate **match)
{
	uint8_t mac[CRYPTO_DIGEST];
	enum rc rc;

	*match = NULL;
	/* Anyone can sign with a secret that is empty or was not loaded. */
	if (key.len == 0)
		return RC_OK;
	rc = crypto_hmac(key, content->parts, content->n, mac);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < credentials->n; i++)
		if (crypto_equal(mac, credentials->candidates[i].item.mac))
			*match = &credentials->candidates[i];
	crypto_wipe(mac, sizeof(mac));
	return RC_OK;
}

/*
 * The match is empty where no secret made any.  RC_SYSTEM where that is not
 * known, as a MAC could not be computed: the sender may be right.
 */
static enum rc
match_any(const struct verify_input *input,
    const struct credentials *credentials, struct match *match)
{
	const char *over = input->recipe->kind == RECIPE_HEADER ?
	    input->recipe->over :
	    "{body}";
	const struct candidate *found;
	struct signed_content content;
	enum rc failure = RC_OK;
	enum rc rc;

	content_fill(over,
	    &(struct signed_fields){ .body = buf_view(&input->request->body),
		.timestamp = credentials->timestamp,
		.id = credentials->id },
	    &content);
	for (size_t i = 0; i < input->n; i++) {
		rc = match_key(credentials, &content, input->secrets[i].key,
		    &found);
		if (rc != RC_OK)
			failure = rc;
		if (found == NULL || match->candidate != NULL)
			continue;
		match->candidate = found;
		match->secret = &input->secrets[i];
	}
	return match->candidate != NULL ? RC_OK : failure;
}

/* The separator on one side of the item, "" where there is none. */
static const char *
separator_of(const struct candidate *candidate)
{
	const struct bytes *text = &candidate->item.text;
	const char *at = text->data + text->len;
	const char *end = candidate->value.data + candidate->value.len;

	if (text->len == candidate->value.len)
		return "";
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at == end)
		at = text->data - 1;
	while (at > candidate->value.data && (*at == ' ' || *at == '\t'))
		at--;
	return *at == ',' ? "," : *at == ';' ? ";" : " ";
}

static void
describe(const struct recipe *recipe, const struct candidate *match,
    struct verification *result)
{
	if (recipe->kind == RECIPE_HEADER) {
		snprintf(result->header, sizeof(result->header), "%s",
		    recipe->header.name);
		return;
	}
	/* A longer name is no header's. */
	if (strcspn(match->variable, "=") < HEADER_VARIABLE_SIZE)
		header_name_print(match->variable, result->header);
	if (match->item.prefix >= VERIFY_PREFIX)
		return;
	result->found = (struct verify_found){
		.variable = match->variable,
		.prefix = { match->item.text.data, match->item.prefix },
		.split = separator_of(match),
		.encoding = match->item.encoding,
	};
}

enum rc
verify_suggest(const struct verification *result, struct buf *into)
{
	const struct verify_found *found = &result->found;
	char prefix[VERIFY_PREFIX] = { 0 };
	struct recipe recipe = {
		.kind = RECIPE_HEADER,
		.header = { result->header, found->variable },
		.split = found->split,
		.prefix = prefix,
		.encoding = found->encoding,
		.over = "{body}",
	};

	memcpy(prefix, found->prefix.data, found->prefix.len);
	return recipe_print(&recipe, into);
}

static enum rc
check_credentials(const struct verify_input *input,
    const struct credentials *credentials, struct verification *result)
{
	struct match match = { 0 };
	bool fresh = is_fresh(input->recipe, credentials,
	    input->request->received, result);
	enum rc rc;

	if (credentials->n == 0)
		return refuse(result,
		    "nothing in the headers could be the "
		    "signature");
	rc = match_any(input, credentials, &match);
	if (rc != RC_OK)
		return rc;
	if (match.candidate == NULL)
		return refuse(result, "no secret made this signature");
	if (!fresh)
		return RC_SIGNATURE;
	result->secret = match.secret;
	describe(input->recipe, match.candidate, result);
	return RC_OK;
}

enum rc
verify(const struct recipe *recipe, const struct secret *secrets, size_t n,
    const struct request *request, struct verification *result)
{
	struct verify_input input = { recipe, secrets, n, request };
	struct credentials credentials = { 0 };
	enum rc rc = RC_OK;

	*result = (struct verification){ 0 };
	switch (recipe->kind) {
	case RECIPE_NONE:
		return RC_OK;
	case RECIPE_AUTO:
		gather_auto(request, &credentials);
		break;
	case RECIPE_HEADER:
		rc = gather_recipe(recipe, request, &credentials, result);
		break;
	}
	if (rc == RC_OK)
		rc = check_credentials(&input, &credentials, result);
	if (rc != RC_OK)
		result->secret = NULL;
	return rc;
}
