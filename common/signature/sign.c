/* SPDX-License-Identifier: ISC */
#include "signature/sign.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/timestamp.h"
#include "signature/content.h"
#include "signature/recipe.h"

static enum rc
print_timestamp(const struct recipe *recipe, int64_t now, struct buf *into)
{
	char text[TIMESTAMP_SIZE];

	switch (recipe->unit) {
	case RECIPE_SECONDS:
		return buf_printf(into, "%lld", (long long)(now / 1000));
	case RECIPE_MILLISECONDS:
		return buf_printf(into, "%lld", (long long)now);
	case RECIPE_RFC3339:
		timestamp_print(now, text);
		return buf_text(into, text);
	}
	return RC_SYNTAX;
}

static enum rc
print_mac(const struct recipe *recipe, struct bytes key,
    const struct signed_content *content, struct buf *into)
{
	uint8_t mac[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	enum rc rc = crypto_hmac(key, content->parts, content->n, mac);

	if (rc != RC_OK)
		return rc;
	if (recipe->encoding == RECIPE_BASE64)
		return encode_base64((struct bytes){ (const char *)mac,
					 sizeof(mac) },
		    into);
	encode_hex(mac, sizeof(mac), hex);
	return buf_text(into, hex);
}

static enum rc
print_signature(const struct recipe *recipe, const struct signed_fields *fields,
    struct bytes key, struct buf *into)
{
	struct signed_content content;
	enum rc rc;

	content_fill(recipe->over, fields, &content);
	buf_printf(into, "%s: ", recipe->header.name);
	if (recipe->timestamp == RECIPE_TIMESTAMP_ITEM)
		buf_printf(into, "%s%.*s%s", recipe->timestamp_item,
		    (int)fields->timestamp.len, fields->timestamp.data,
		    recipe->split);
	buf_text(into, recipe->prefix);
	rc = print_mac(recipe, key, &content, into);
	buf_char(into, '\n');
	return rc != RC_OK ? rc : into->rc;
}

enum rc
sign(const struct recipe *recipe, struct bytes key, struct bytes body,
    int64_t now, const char *id, struct buf *into)
{
	static const struct recipe plain = {
		.kind = RECIPE_HEADER,
		.header = { "X-Signature", "HTTP_X_SIGNATURE" },
		.split = "",
		.prefix = "sha256=",
		.over = "{body}",
	};
	struct signed_fields fields = { .body = body, .id = bytes_of(id) };
	struct buf timestamp = { 0 };
	enum rc rc;

	if (recipe->kind != RECIPE_HEADER)
		recipe = &plain;
	rc = print_timestamp(recipe, now, &timestamp);
	fields.timestamp = buf_view(&timestamp);
	if (rc == RC_OK)
		rc = print_signature(recipe, &fields, key, into);
	if (rc == RC_OK && recipe->timestamp == RECIPE_TIMESTAMP_HEADER)
		buf_printf(into, "%s: %s\n", recipe->timestamp_header.name,
		    timestamp.data);
	if (rc == RC_OK && recipe->id.name != NULL)
		buf_printf(into, "%s: %s\n", recipe->id.name, id);
	buf_free(&timestamp);
	return rc != RC_OK ? rc : into->rc;
}
