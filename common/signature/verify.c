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
	VERIFY_ITEMS = 16, /* most that are compared */
	VERIFY_STAMP = 15, /* most digits of a timestamp */
};

/* An item that could be the MAC, and where it stands. */
struct candidate {
	struct mac_candidate item;
	const char *variable; /* NAME=value it came in */
	struct bytes value;   /* the whole header */
};

/* Everything that vouches for one request, gathered before any MAC. */
struct evidence {
	struct candidate candidates[VERIFY_ITEMS];
	size_t n;
	struct bytes stamp;
	struct bytes id;
};

/* By what a request is judged. */
struct question {
	const struct recipe *recipe;
	const struct secret *secrets;
	size_t n;
	const struct request *request;
};

/* Who signed it, and what says so. */
struct match {
	const struct candidate *candidate;
	const struct secret *secret;
};

static enum rc
refuse(struct verification *result, const char *why)
{
	result->why = why;
	return RC_SIGNATURE;
}

static void
add_candidate(struct evidence *evidence, const struct candidate *candidate)
{
	if (evidence->n < VERIFY_ITEMS)
		evidence->candidates[evidence->n++] = *candidate;
}

static void
gather_header(struct evidence *evidence, const char *variable)
{
	const char *equals = strchr(variable, '=');
	struct candidate candidate = { .variable = variable };
	struct bytes rest;

	if (equals == NULL)
		return;
	candidate.value = candidate_value(equals + 1);
	rest = candidate.value;
	while (candidate_next(&rest, &candidate.item))
		add_candidate(evidence, &candidate);
}

static void
gather_auto(const struct request *request, struct evidence *evidence)
{
	for (size_t i = 0; request->variables[i] != NULL; i++)
		if (strncmp(request->variables[i], "HTTP_", 5) == 0)
			gather_header(evidence, request->variables[i]);
}

/* Cuts off the next item at the whole separator; no separator: all. */
static bool
split_item(struct bytes *rest, const char *split, struct bytes *item)
{
	size_t n = strlen(split);
	const char *at = NULL;

	if (rest->data == NULL)
		return false;
	if (n > 0 && rest->len > 0)
		at = memmem(rest->data, rest->len, split, n);
	item->data = rest->data;
	item->len = at == NULL ? rest->len : (size_t)(at - rest->data);
	if (at == NULL)
		*rest = (struct bytes){ NULL, 0 };
	else
		*rest = bytes_skip(*rest, item->len + n);
	*item = bytes_trim(*item);
	return true;
}

/* False where the signature's header holds two timestamps. */
static bool
gather_items(const struct recipe *recipe, struct bytes value,
    struct evidence *evidence)
{
	struct candidate candidate = {
		.item.prefix = strlen(recipe->prefix),
		.item.encoding = recipe->encoding,
	};
	struct bytes *text = &candidate.item.text;
	struct bytes rest = value;

	while (split_item(&rest, recipe->split, text)) {
		if (bytes_begin(*text, recipe->prefix) &&
		    candidate_decode(&candidate.item))
			add_candidate(evidence, &candidate);
		if (recipe->stamp != RECIPE_STAMP_ITEM ||
		    !bytes_begin(*text, recipe->stamp_item))
			continue;
		if (evidence->stamp.data != NULL)
			return false;
		evidence->stamp = bytes_skip(*text, strlen(recipe->stamp_item));
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
 * may not hold what follows it in the template, and behind the body, which
 * may hold anything, not what stands before it either.
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
    struct evidence *evidence, struct verification *result)
{
	struct bytes value;
	enum rc rc = need_header(request, &recipe->header, &value, result);

	if (rc == RC_OK && recipe->stamp == RECIPE_STAMP_HEADER)
		rc = need_field(request, &recipe->stamp_header,
		    &evidence->stamp, result);
	if (rc == RC_OK && recipe->id.name != NULL)
		rc = need_field(request, &recipe->id, &evidence->id, result);
	if (rc != RC_OK)
		return rc;
	if (value.len > CANDIDATE_HEADER)
		value.len = CANDIDATE_HEADER;
	if (recipe->id.name != NULL && !id_is_whole(recipe, evidence->id))
		return refuse(result, "the id holds what separates it");
	if (!gather_items(recipe, value, evidence))
		return refuse(result, "two timestamps");
	return RC_OK;
}

static enum rc
read_stamp(const struct recipe *recipe, struct bytes text, int64_t *stamp)
{
	unsigned long long number;
	enum rc rc;

	if (recipe->unit == RECIPE_RFC3339)
		return timestamp_parse(text, stamp);
	if (text.len > VERIFY_STAMP)
		return RC_RANGE;
	rc = bytes_number(text, INT64_MAX, &number);
	if (rc == RC_OK)
		*stamp = (int64_t)number *
		    (recipe->unit == RECIPE_SECONDS ? 1000 : 1);
	return rc;
}

/* Whether the request's timestamp is near enough; why not is in result. */
static bool
is_fresh(const struct recipe *recipe, const struct evidence *evidence,
    int64_t now, struct verification *result)
{
	int64_t stamp;

	if (recipe->kind != RECIPE_HEADER || recipe->stamp == RECIPE_UNSTAMPED)
		return true;
	if (read_stamp(recipe, evidence->stamp, &stamp) != RC_OK) {
		result->why = "the timestamp is missing or malformed";
		return false;
	}
	result->skew = now - stamp;
	if (result->skew <= recipe->tolerance &&
	    result->skew >= -recipe->tolerance)
		return true;
	result->why = "the timestamp is stale or ahead of the clock";
	return false;
}

/* Every candidate is compared, whatever the others came to. */
static enum rc
match_key(const struct evidence *evidence, const struct signed_content *content,
    struct bytes key, const struct candidate **match)
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
	for (size_t i = 0; i < evidence->n; i++)
		if (crypto_equal(mac, evidence->candidates[i].item.mac))
			*match = &evidence->candidates[i];
	crypto_wipe(mac, sizeof(mac));
	return RC_OK;
}

/*
 * *match is NULL where no secret made any.  RC_SYSTEM where that is not
 * known, as a MAC could not be computed: the sender may be right.
 */
static enum rc
match_any(const struct question *asked, const struct evidence *evidence,
    struct match *match)
{
	const char *over = asked->recipe->kind == RECIPE_HEADER ?
	    asked->recipe->over :
	    "{body}";
	const struct candidate *found;
	struct signed_content content;
	enum rc failure = RC_OK;
	enum rc rc;

	signed_content(over,
	    &(struct signed_fields){ .body = buf_view(&asked->request->body),
		.timestamp = evidence->stamp,
		.id = evidence->id },
	    &content);
	for (size_t i = 0; i < asked->n; i++) {
		rc = match_key(evidence, &content, asked->secrets[i].key,
		    &found);
		if (rc != RC_OK)
			failure = rc;
		if (found == NULL || match->candidate != NULL)
			continue;
		match->candidate = found;
		match->secret = &asked->secrets[i];
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

/* The line that pins what auto has found; empty where it does not fit. */
static void
describe_pin(const struct candidate *candidate, struct verification *result)
{
	char prefix[64];
	struct recipe recipe = {
		.kind = RECIPE_HEADER,
		.header = { result->header, candidate->variable },
		.split = separator_of(candidate),
		.prefix = prefix,
		.encoding = candidate->item.encoding,
		.over = "{body}",
	};
	struct buf line = { .max = sizeof(result->pin) - 1 };

	if (candidate->item.prefix >= sizeof(prefix))
		return;
	memcpy(prefix, candidate->item.text.data, candidate->item.prefix);
	prefix[candidate->item.prefix] = '\0';
	if (recipe_print(&recipe, &line) == RC_OK)
		memcpy(result->pin, line.data, line.len + 1);
	buf_free(&line);
}

static void
describe(const struct recipe *recipe, const struct candidate *match,
    struct verification *result)
{
	char variable[HEADER_VARIABLE_SIZE];
	size_t n;

	if (recipe->kind == RECIPE_HEADER) {
		snprintf(result->header, sizeof(result->header), "%s",
		    recipe->header.name);
		return;
	}
	n = strcspn(match->variable, "=");
	snprintf(variable, sizeof(variable), "%.*s",
	    (int)(n < HEADER_VARIABLE_SIZE ? n : 0), match->variable);
	header_name_print(variable, result->header);
	describe_pin(match, result);
}

static enum rc
judge(const struct question *asked, const struct evidence *evidence,
    struct verification *result)
{
	struct match match = { 0 };
	bool fresh = is_fresh(asked->recipe, evidence, asked->request->received,
	    result);
	enum rc rc;

	if (evidence->n == 0)
		return refuse(result,
		    "nothing in the headers could be the "
		    "signature");
	rc = match_any(asked, evidence, &match);
	if (rc != RC_OK)
		return rc;
	if (match.candidate == NULL)
		return refuse(result, "no secret made this signature");
	if (!fresh)
		return RC_SIGNATURE;
	result->secret = match.secret;
	describe(asked->recipe, match.candidate, result);
	return RC_OK;
}

enum rc
verify(const struct recipe *recipe, const struct secret *secrets, size_t n,
    const struct request *request, struct verification *result)
{
	struct question asked = { recipe, secrets, n, request };
	struct evidence evidence = { 0 };
	enum rc rc = RC_OK;

	*result = (struct verification){ 0 };
	switch (recipe->kind) {
	case RECIPE_NONE:
		return RC_OK;
	case RECIPE_AUTO:
		gather_auto(request, &evidence);
		break;
	case RECIPE_HEADER:
		rc = gather_recipe(recipe, request, &evidence, result);
		break;
	}
	if (rc == RC_OK)
		rc = judge(&asked, &evidence, result);
	if (rc != RC_OK)
		result->secret = NULL;
	return rc;
}
