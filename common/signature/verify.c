/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "signature/verify.h"

#include "config/conf.h"
#include "base/crypto.h"
#include "signature/candidate.h"
#include "http/request.h"
#include "signature/recipe.h"

enum {
	VERIFY_ITEMS = 16,		/* most that are compared */
	VERIFY_STAMP = 15,		/* most digits of a timestamp */
	VERIFY_PARTS = SCHEME_OVER + 1
};

/* An item that could be the MAC, and where it stands. */
struct candidate {
	struct item item;
	const char *variable;		/* NAME=value it came in */
	struct bytes value;		/* the whole header */
};

/* Everything that vouches for one request, gathered before any MAC. */
struct evidence {
	struct candidate candidates[VERIFY_ITEMS];
	size_t n;
	struct bytes stamp;
	struct bytes id;
};

/* What is signed, in pieces. */
struct content {
	struct bytes parts[VERIFY_PARTS];
	size_t n;
};

/* Who signed it, and what says so. */
struct match {
	const struct candidate *candidate;
	const struct conf_secret *secret;
};

static enum rc
refuse(struct proof *proof, const char *why)
{
	proof->why = why;
	return RC_SIGNATURE;
}

/*
 * The template's pieces in order: what stands between the fields, and the
 * fields' values.
 */
static void
fill_template(const char *over, struct bytes body,
    const struct evidence *evidence, struct content *content)
{
	const struct {
		const char *name;
		struct bytes value;
	} fields[] = {
		{ "{body}", body },
		{ "{timestamp}", evidence->stamp },
		{ "{id}", evidence->id }
	};
	struct bytes rest = bytes_of(over);
	size_t field;

	content->n = 0;
	while (rest.len > 0 && content->n < VERIFY_PARTS) {
		field = 0;
		while (field < 3 && !bytes_begin(rest, fields[field].name))
			field++;
		content->parts[content->n++] = field < 3 ?
		    fields[field].value : (struct bytes){ rest.data, 1 };
		rest = bytes_skip(rest,
		    field < 3 ? strlen(fields[field].name) : 1);
	}
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
	candidate.value = item_value(equals + 1);
	rest = candidate.value;
	while (item_next(&rest, &candidate.item))
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
gather_items(const struct scheme *scheme, struct bytes value,
    struct evidence *evidence)
{
	struct candidate candidate = {
		.item.prefix = strlen(scheme->prefix),
		.item.encoding = scheme->encoding
	};
	struct bytes *text = &candidate.item.text;
	struct bytes rest = value;

	while (split_item(&rest, scheme->split, text)) {
		if (bytes_begin(*text, scheme->prefix) &&
		    item_decode(&candidate.item))
			add_candidate(evidence, &candidate);
		if (scheme->stamp != SCHEME_STAMP_ITEM ||
		    !bytes_begin(*text, scheme->stamp_item))
			continue;
		if (evidence->stamp.data != NULL)
			return false;
		evidence->stamp = bytes_skip(*text,
		    strlen(scheme->stamp_item));
	}
	return true;
}

/* A header that the recipe needs: there, once, and not blank. */
static enum rc
need_header(const struct request *request, const struct header_name *header,
    struct bytes *out, struct proof *proof)
{
	enum rc rc = request_header(request, header->variable, out);

	if (rc != RC_OK) {
		snprintf(proof->header, sizeof(proof->header), "%s",
		    header->name);
		return rc;
	}
	if (out->len == 0)
		return refuse(proof, "a header of the recipe is missing");
	return RC_OK;
}

/* One whose value is signed: as a whole, or else not at all. */
static enum rc
need_field(const struct request *request, const struct header_name *header,
    struct bytes *out, struct proof *proof)
{
	enum rc rc = need_header(request, header, out, proof);

	if (rc == RC_OK && out->len > ITEM_HEADER)
		return refuse(proof, "a header of the recipe is over 8 KiB");
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
id_is_whole(const struct scheme *scheme, struct bytes id)
{
	static const char field[] = "{id}";
	const char *body = strstr(scheme->over, "{body}");
	const char *at = scheme->over;

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
gather_recipe(const struct scheme *scheme, const struct request *request,
    struct evidence *evidence, struct proof *proof)
{
	struct bytes value;
	enum rc rc = need_header(request, &scheme->header, &value, proof);

	if (rc == RC_OK && scheme->stamp == SCHEME_STAMP_HEADER)
		rc = need_field(request, &scheme->stamp_header,
		    &evidence->stamp, proof);
	if (rc == RC_OK && scheme->id.name != NULL)
		rc = need_field(request, &scheme->id, &evidence->id, proof);
	if (rc != RC_OK)
		return rc;
	if (value.len > ITEM_HEADER)
		value.len = ITEM_HEADER;
	if (scheme->id.name != NULL && !id_is_whole(scheme, evidence->id))
		return refuse(proof, "the id holds what separates it");
	if (!gather_items(scheme, value, evidence))
		return refuse(proof, "two timestamps");
	return RC_OK;
}

static enum rc
read_stamp(const struct scheme *scheme, struct bytes text, int64_t *stamp)
{
	unsigned long long number;
	enum rc rc;

	if (scheme->unit == SCHEME_RFC3339)
		return decode_time(text, stamp);
	if (text.len > VERIFY_STAMP)
		return RC_RANGE;
	rc = bytes_number(text, INT64_MAX, &number);
	if (rc == RC_OK)
		*stamp = (int64_t)number *
		    (scheme->unit == SCHEME_SECONDS ? 1000 : 1);
	return rc;
}

/* Whether the request's timestamp is near enough; why not is in proof. */
static bool
is_fresh(const struct scheme *scheme, const struct evidence *evidence,
    int64_t now, struct proof *proof)
{
	int64_t stamp;

	if (scheme->kind != SCHEME_HEADER ||
	    scheme->stamp == SCHEME_UNSTAMPED)
		return true;
	if (read_stamp(scheme, evidence->stamp, &stamp) != RC_OK) {
		proof->why = "the timestamp is missing or malformed";
		return false;
	}
	proof->skew = now - stamp;
	if (proof->skew <= scheme->tolerance &&
	    proof->skew >= -scheme->tolerance)
		return true;
	proof->why = "the timestamp is stale or ahead of the clock";
	return false;
}

/* Every candidate is compared, whatever the others came to. */
static enum rc
match_key(const struct evidence *evidence, const struct content *content,
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
match_any(const struct hook *hook, const struct request *request,
    const struct evidence *evidence, struct match *match)
{
	const char *over = hook->signature.kind == SCHEME_HEADER ?
	    hook->signature.over : "{body}";
	const struct candidate *found;
	struct content content;
	enum rc failure = RC_OK;
	enum rc rc;

	fill_template(over, buf_view(&request->body), evidence, &content);
	for (size_t i = 0; i < hook->secrets_len; i++) {
		rc = match_key(evidence, &content, hook->secrets[i].key,
		    &found);
		if (rc != RC_OK)
			failure = rc;
		if (found == NULL || match->candidate != NULL)
			continue;
		match->candidate = found;
		match->secret = &hook->secrets[i];
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
describe_pin(const struct candidate *candidate, struct proof *proof)
{
	char prefix[64];
	struct scheme scheme = {
		.kind = SCHEME_HEADER,
		.header = { proof->header, candidate->variable },
		.split = separator_of(candidate),
		.prefix = prefix,
		.encoding = candidate->item.encoding,
		.over = "{body}"
	};
	struct buf line = { .max = sizeof(proof->pin) - 1 };

	if (candidate->item.prefix >= sizeof(prefix))
		return;
	memcpy(prefix, candidate->item.text.data, candidate->item.prefix);
	prefix[candidate->item.prefix] = '\0';
	if (scheme_print(&scheme, &line) == RC_OK)
		memcpy(proof->pin, line.data, line.len + 1);
	buf_free(&line);
}

static void
describe(const struct hook *hook, const struct candidate *match,
    struct proof *proof)
{
	char variable[ENCODE_VARIABLE];
	size_t n;

	if (hook->signature.kind == SCHEME_HEADER) {
		snprintf(proof->header, sizeof(proof->header), "%s",
		    hook->signature.header.name);
		return;
	}
	n = strcspn(match->variable, "=");
	snprintf(variable, sizeof(variable), "%.*s",
	    (int)(n < ENCODE_VARIABLE ? n : 0), match->variable);
	decode_variable(variable, proof->header);
	describe_pin(match, proof);
}

static enum rc
judge(const struct hook *hook, const struct request *request,
    const struct evidence *evidence, struct proof *proof)
{
	struct match match = { 0 };
	bool fresh = is_fresh(&hook->signature, evidence, request->received,
	    proof);
	enum rc rc;

	if (evidence->n == 0)
		return refuse(proof, "nothing in the headers could be the "
		    "signature");
	rc = match_any(hook, request, evidence, &match);
	if (rc != RC_OK)
		return rc;
	if (match.candidate == NULL)
		return refuse(proof, "no secret made this signature");
	if (!fresh)
		return RC_SIGNATURE;
	proof->secret = match.secret;
	describe(hook, match.candidate, proof);
	return RC_OK;
}

enum rc
verify(const struct hook *hook, const struct request *request,
    struct proof *proof)
{
	struct evidence evidence = { 0 };
	enum rc rc = RC_OK;

	*proof = (struct proof){ 0 };
	switch (hook->signature.kind) {
	case SCHEME_NONE:
		return RC_OK;
	case SCHEME_AUTO:
		gather_auto(request, &evidence);
		break;
	case SCHEME_HEADER:
		rc = gather_recipe(&hook->signature, request, &evidence,
		    proof);
		break;
	}
	if (rc == RC_OK)
		rc = judge(hook, request, &evidence, proof);
	if (rc != RC_OK)
		proof->secret = NULL;
	return rc;
}

static enum rc
print_stamp(const struct scheme *scheme, int64_t now, struct buf *into)
{
	char text[ENCODE_TIME];

	switch (scheme->unit) {
	case SCHEME_SECONDS:
		return buf_printf(into, "%lld", (long long)(now / 1000));
	case SCHEME_MILLISECONDS:
		return buf_printf(into, "%lld", (long long)now);
	case SCHEME_RFC3339:
		encode_time(now, text);
		return buf_text(into, text);
	}
	return RC_SYNTAX;
}

static enum rc
print_mac(const struct scheme *scheme, struct bytes key,
    const struct content *content, struct buf *into)
{
	uint8_t mac[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	enum rc rc = crypto_hmac(key, content->parts, content->n, mac);

	if (rc != RC_OK)
		return rc;
	if (scheme->encoding == SCHEME_BASE64)
		return encode_base64((struct bytes){ (const char *)mac,
		    sizeof(mac) }, into);
	encode_hex(mac, sizeof(mac), hex);
	return buf_text(into, hex);
}

static enum rc
print_signature(const struct scheme *scheme, const struct evidence *evidence,
    struct bytes key, struct bytes body, struct buf *into)
{
	struct content content;
	enum rc rc = buf_printf(into, "%s: ", scheme->header.name);

	fill_template(scheme->over, body, evidence, &content);
	if (rc == RC_OK && scheme->stamp == SCHEME_STAMP_ITEM)
		rc = buf_printf(into, "%s%.*s%s", scheme->stamp_item,
		    (int)evidence->stamp.len, evidence->stamp.data,
		    scheme->split);
	if (rc == RC_OK)
		rc = buf_text(into, scheme->prefix);
	if (rc == RC_OK)
		rc = print_mac(scheme, key, &content, into);
	return rc != RC_OK ? rc : buf_char(into, '\n');
}

enum rc
verify_sign(const struct scheme *scheme, struct bytes key, struct bytes body,
    int64_t now, const char *id, struct buf *into)
{
	static const struct scheme plain = {
		.kind = SCHEME_HEADER,
		.header = { "X-Signature", "HTTP_X_SIGNATURE" },
		.split = "",
		.prefix = "sha256=",
		.over = "{body}"
	};
	struct evidence evidence = { .id = bytes_of(id) };
	struct buf stamp = { 0 };
	enum rc rc;

	if (scheme->kind != SCHEME_HEADER)
		scheme = &plain;
	rc = print_stamp(scheme, now, &stamp);
	evidence.stamp = buf_view(&stamp);
	if (rc == RC_OK)
		rc = print_signature(scheme, &evidence, key, body, into);
	if (rc == RC_OK && scheme->stamp == SCHEME_STAMP_HEADER)
		rc = buf_printf(into, "%s: %s\n", scheme->stamp_header.name,
		    stamp.data);
	if (rc == RC_OK && scheme->id.name != NULL)
		rc = buf_printf(into, "%s: %s\n", scheme->id.name, id);
	buf_free(&stamp);
	return rc;
}
