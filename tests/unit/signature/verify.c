/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include <json-c/json.h>

#include "../signing.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/pool.h"
#include "base/tokens.h"
#include "config/conf.h"
#include "http/header_name.h"
#include "http/request.h"
#include "signature/recipe.h"
#include "signature/verify.h"

/* Neither the right MAC nor the secret, in any form, is in what is told. */
static unsigned
check_silence(const char *name, const struct trial *trial,
    const struct mac *mac)
{
	const struct verification *verification = &trial->verification;
	struct bytes told = { (const char *)verification,
		sizeof(*verification) };
	struct bytes raw = { (const char *)mac->raw, CRYPTO_DIGEST };
	unsigned wrong = 0;

	wrong += case_true(name, "no MAC told",
	    memmem(told.data, told.len, raw.data, raw.len) == NULL &&
		!holds_text(told, mac->hex) && !holds_text(told, mac->upper) &&
		!holds_text(told, mac->base64));
	wrong += case_true(name, "no secret told", !holds_text(told, SECRET));
	if (verification->reason != NULL)
		wrong += case_true(name, "no secret in the reason",
		    strstr(verification->reason, mac->hex) == NULL &&
			strstr(verification->reason, mac->base64) == NULL &&
			strstr(verification->reason, SECRET) == NULL);
	return wrong;
}

enum { LINE_SIZE = 512 };

/* The line that auto suggests, "" for none. */
static const char *
suggested(const struct trial *trial, char line[LINE_SIZE])
{
	struct buf text = { .max = LINE_SIZE - 1 };

	line[0] = '\0';
	if (trial->verification.found.variable == NULL)
		return line;
	assert_int_equal(verify_suggest(&trial->verification, &text), RC_OK);
	memcpy(line, text.data, text.len + 1);
	buf_free(&text);
	return line;
}

/* Headers of any shape, under auto. */
static const struct {
	const char *variable; /* $H... stand for the MAC: see expand() */
	enum rc rc;
} shapes[] = {
	{ "HTTP_X_SIGNATURE=$H", RC_OK },
	{ "HTTP_X_SIGNATURE=$U", RC_OK },
	{ "HTTP_X_SIGNATURE=$B", RC_OK },
	{ "HTTP_X_SIGNATURE=sha256=$H", RC_OK },
	{ "HTTP_X_SIGNATURE=SHA256=$U", RC_OK },
	{ "HTTP_X_SIGNATURE=sha256:$H", RC_OK },
	{ "HTTP_X_SIGNATURE=sha256=$B", RC_OK },
	{ "HTTP_X_SIGNATURE=hmac-sha256:$B", RC_OK },
	{ "HTTP_X_SIGNATURE==$H", RC_OK },
	{ "HTTP_X_SIGNATURE=v1,$B", RC_OK },
	{ "HTTP_X_SIGNATURE=v1,$V v1,$B", RC_OK },
	{ "HTTP_X_SIGNATURE=t=1,v1=$H", RC_OK },
	{ "HTTP_X_SIGNATURE=ts=1;h1=$H", RC_OK },
	{ "HTTP_X_SIGNATURE=a, $H", RC_OK },
	{ "HTTP_X_SIGNATURE=$H, a", RC_OK },
	{ "HTTP_X_SIGNATURE=$W,$H", RC_OK },
	{ "HTTP_X_SIGNATURE=$H,$W", RC_OK },
	{ "HTTP_X_SIGNATURE= $H", RC_OK },
	{ "HTTP_X_SIGNATURE=\t$H \t", RC_OK },
	{ "HTTP_X_SIGNATURE=sha256= $H", RC_OK },
	{ "HTTP_X_SIGNATURE=,,;; ,$H,", RC_OK },
	{ "HTTP_AUTHORIZATION=$H", RC_OK },
	{ "HTTP_AUTHORIZATION=HMAC-SHA256 $B", RC_OK },
	{ "HTTP_AUTHORIZATION=HMAC id=x, signature=$H", RC_OK },
	{ "HTTP_COOKIE=a=b; signature=$H", RC_OK },
	{ "HTTP_Z=$H", RC_OK },
	{ "HTTP_X_SIGNATURE=", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE= ", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=,;=:", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=sha256=", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=v1,", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$W", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$V", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$H0", RC_SIGNATURE }, /* 65 digits */
	{ "HTTP_X_SIGNATURE=$H00", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=0$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=00$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=0x$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$H$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$B=", RC_SIGNATURE }, /* 45 characters */
	{ "HTTP_X_SIGNATURE=A$B", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=sha256$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=sha256-$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=sha256/$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=a=sha256=$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=a:sha256=$H", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=\"$H\"", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=sha256=\"$H\"", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=<$H>", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=$H\n", RC_SIGNATURE },
	{ "HTTP_X_SIGNATURE=%$H", RC_SIGNATURE },
	{ "X_SIGNATURE=$H", RC_SIGNATURE },
	{ "QUERY_STRING=$H", RC_SIGNATURE },
	{ "QUERY_STRING=signature=$H", RC_SIGNATURE },
	{ "PATH_INFO=/$H", RC_SIGNATURE },
	{ "REMOTE_USER=$H", RC_SIGNATURE },
	{ "HTTPS=$H", RC_SIGNATURE },
	{ "http_x_signature=$H", RC_SIGNATURE },
};

static void
auto_takes_every_shape_and_nothing_else(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const char *name = shapes[i].variable;
		struct trial trial;

		trial_start(&trial, "auto");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front, "REQUEST_METHOD=POST");
		front_add(&trial.front, expand(&trial.pool, name, &mac));
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY)),
		    shapes[i].rc);
		wrong += case_true(name, "the secret is named",
		    trial.verification.secret ==
			(shapes[i].rc == RC_OK ? &trial.secrets[0] : NULL));
		wrong += case_true(name, "a reason",
		    shapes[i].rc == RC_OK || trial.verification.reason != NULL);
		wrong += case_number(name, trial.verification.skew, 0);
		wrong += check_silence(name, &trial, &mac);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
auto_names_the_header_and_pins_it(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const char *name = shapes[i].variable;
		char line[LINE_SIZE];
		struct trial trial;

		if (shapes[i].rc != RC_OK)
			continue;
		trial_start(&trial, "auto");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front, expand(&trial.pool, name, &mac));
		trial_verify(&trial, LIT(BODY));
		wrong += case_true(name, "the header is named",
		    strlen(trial.verification.header) > 0);
		suggested(&trial, line);
		trial_end(&trial);
		if (line[0] == '\0')
			continue;
		/* The line that was offered takes the very same request. */
		trial_start(&trial, line);
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front, expand(&trial.pool, name, &mac));
		wrong += case_rc(line, trial_verify(&trial, LIT(BODY)), RC_OK);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
the_usual_shapes_are_pinned_as_one_would_write(void **state)
{
	static const struct {
		const char *variable, *line;
	} cases[] = {
		{ "HTTP_X_SIGNATURE=$H", "header X-Signature encoding hex" },
		{ "HTTP_X_SIGNATURE=$B", "header X-Signature encoding base64" },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=$H",
		    "header X-Hub-Signature-256 prefix sha256= encoding hex" },
		{ "HTTP_X_S=t=1,v1=$H",
		    "header X-S split , prefix v1= "
		    "encoding hex" },
	};
	struct mac mac = make_mac(SECRET, LIT(BODY));
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[LINE_SIZE];
		struct trial trial;

		trial_start(&trial, "auto");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front,
		    expand(&trial.pool, cases[i].variable, &mac));
		wrong += case_rc(cases[i].variable,
		    trial_verify(&trial, LIT(BODY)), RC_OK);
		wrong += case_text(cases[i].variable, suggested(&trial, line),
		    cases[i].line);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* One header under auto and what it comes to. */
static enum rc
verify_auto(const char *variable, struct bytes body)
{
	struct trial trial;
	enum rc rc;

	trial_start(&trial, "auto");
	trial_secret(&trial, "/s", LIT(SECRET));
	front_add(&trial.front, variable);
	rc = trial_verify(&trial, body);
	trial_end(&trial);
	return rc;
}

static void
hex_digits_are_64_and_of_either_case(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	char text[100];
	size_t n;

	(void)state;
	n = (size_t)snprintf(text, sizeof(text), "HTTP_X=%s", mac.hex);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_OK);
	text[n - 1] = '\0';
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	text[n - 2] = '\0';
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	snprintf(text, sizeof(text), "HTTP_X=%.32s%.32s", mac.upper,
	    mac.hex + 32);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_OK);
	snprintf(text, sizeof(text), "HTTP_X=%.32s %.32s", mac.hex,
	    mac.hex + 32);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	snprintf(text, sizeof(text), "HTTP_X=%.63sg", mac.hex);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
}

static void
every_bit_of_the_mac_counts(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	char text[100];

	(void)state;
	for (unsigned bit = 0; bit < 8 * CRYPTO_DIGEST; bit++) {
		struct mac flipped = mac;

		flipped.raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memcpy(text, "HTTP_X=", 8);
		encode_hex(flipped.raw, CRYPTO_DIGEST, text + 7);
		assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	}
}

static void
base64_is_44_characters_and_canonical(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct mac mac = make_mac(SECRET, LIT(BODY));
	const char *last = strchr(digits, mac.base64[42]);
	char text[100];

	(void)state;
	snprintf(text, sizeof(text), "HTTP_X=%.43s", mac.base64);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	snprintf(text, sizeof(text), "HTTP_X=%.43s==", mac.base64);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	snprintf(text, sizeof(text), "HTTP_X=%.42s==", mac.base64);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	/* The same 32 bytes for a lax decoder: unused bits that are set. */
	snprintf(text, sizeof(text), "HTTP_X=%.42s%c=", mac.base64, last[1]);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
}

static void
the_alphabet_of_urls_is_refused(void **state)
{
	char body[32], text[100];
	struct mac mac;
	unsigned i = 0;

	(void)state;
	do {
		snprintf(body, sizeof(body), "%u", i++);
		mac = make_mac(SECRET, bytes_of(body));
	} while (strpbrk(mac.base64, "+/") == NULL);
	snprintf(text, sizeof(text), "HTTP_X=%s", mac.base64);
	assert_int_equal(verify_auto(text, bytes_of(body)), RC_OK);
	for (char *at = text + 7; *at != '\0'; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	assert_int_equal(verify_auto(text, bytes_of(body)), RC_SIGNATURE);
}

static void
a_mac_of_31_or_33_bytes_is_none(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	char text[100], raw[CRYPTO_DIGEST + 1] = { 0 };
	struct buf base64 = { 0 };

	(void)state;
	memcpy(raw, mac.raw, CRYPTO_DIGEST);
	for (size_t n = 1; n <= sizeof(raw); n++) {
		if (n == CRYPTO_DIGEST)
			continue;
		base64.len = 0;
		assert_int_equal(encode_base64((struct bytes){ raw, n },
				     &base64),
		    RC_OK);
		snprintf(text, sizeof(text), "HTTP_X=%s", base64.data);
		assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
		snprintf(text, sizeof(text), "HTTP_X=sha256=%s", base64.data);
		assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
		memcpy(text, "HTTP_X=", 8);
		encode_hex((const uint8_t *)raw, n, text + 7);
		assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	}
	buf_free(&base64);
}

static void
auto_signs_nothing_but_the_body(void **state)
{
	static const char *const contents[] = { "1700000000.{body}",
		"1700000000{body}", "{body}1700000000", "v0:1700000000:{body}",
		"msg_1.1700000000.{body}", "{body}\n", " {body}", "",
		"POST{body}", SECRET "{body}" };
	struct mac none = { { 0 }, "", "", "" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++) {
		struct trial trial;
		struct mac mac;

		trial_start(&trial, "auto");
		trial_secret(&trial, "/s", LIT(SECRET));
		mac = make_mac(SECRET,
		    bytes_of(expand(&trial.pool, contents[i], &none)));
		front_add(&trial.front,
		    expand(&trial.pool,
			"HTTP_X_SIGNATURE=t=1700000000,v1=$H,v0=$B", &mac));
		front_add(&trial.front, "HTTP_WEBHOOK_TIMESTAMP=1700000000");
		front_add(&trial.front, "HTTP_WEBHOOK_ID=msg_1");
		wrong += case_rc(contents[i], trial_verify(&trial, LIT(BODY)),
		    RC_SIGNATURE);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
a_plain_hash_is_no_mac(void **state)
{
	uint8_t digest[CRYPTO_DIGEST];
	char text[100] = "HTTP_X=";

	(void)state;
	assert_int_equal(crypto_sha256(LIT(SECRET BODY), digest), RC_OK);
	encode_hex(digest, CRYPTO_DIGEST, text + 7);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
	assert_int_equal(crypto_sha256(LIT(BODY), digest), RC_OK);
	encode_hex(digest, CRYPTO_DIGEST, text + 7);
	assert_int_equal(verify_auto(text, LIT(BODY)), RC_SIGNATURE);
}

static void
a_body_may_be_empty_or_of_any_bytes(void **state)
{
	static const struct bytes bodies[] = { RAW(""), RAW("\0"),
		RAW("\xff\xfe"), RAW("\xef\xbb\xbf{}"), RAW("{}\r\n"),
		RAW("not JSON") };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct mac mac = make_mac(SECRET, bodies[i]);
		char text[100];

		snprintf(text, sizeof(text), "HTTP_X=%s", mac.hex);
		assert_int_equal(verify_auto(text, bodies[i]), RC_OK);
		assert_int_equal(verify_auto(text, LIT("other")), RC_SIGNATURE);
	}
}

/* A header of n wrong items that decode, junk others, and the right one. */
static enum rc
verify_items(const char *line, const char *prefix, size_t decoding, size_t junk)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	struct buf text = { 0 };
	struct trial trial;
	enum rc rc = buf_text(&text, "HTTP_X=");

	for (size_t i = 0; rc == RC_OK && i < junk; i++)
		rc = buf_printf(&text, "%sjunk,", prefix);
	for (size_t i = 0; rc == RC_OK && i < decoding; i++)
		rc = buf_printf(&text, "%s%064zx,", prefix, i);
	assert_int_equal(rc, RC_OK);
	assert_int_equal(buf_printf(&text, "%s%s", prefix, mac.hex), RC_OK);
	trial_start(&trial, line);
	trial_secret(&trial, "/s", LIT(SECRET));
	front_add(&trial.front, text.data);
	rc = trial_verify(&trial, LIT(BODY));
	trial_end(&trial);
	buf_free(&text);
	return rc;
}

static void
sixteen_items_that_decode_are_looked_at(void **state)
{
	(void)state;
	assert_int_equal(verify_items("auto", "", 15, 0), RC_OK);
	assert_int_equal(verify_items("auto", "", 16, 0), RC_SIGNATURE);
	assert_int_equal(verify_items("auto", "v1=", 15, 0), RC_OK);
	assert_int_equal(verify_items("auto", "v1=", 16, 0), RC_SIGNATURE);
	assert_int_equal(verify_items("header X split , prefix v1=", "v1=", 15,
			     0),
	    RC_OK);
	assert_int_equal(verify_items("header X split , prefix v1=", "v1=", 16,
			     0),
	    RC_SIGNATURE);
}

static void
items_that_do_not_decode_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(verify_items("auto", "", 15, 500), RC_OK);
	assert_int_equal(verify_items("header X split , prefix v1=", "v1=", 15,
			     500),
	    RC_OK);
	assert_int_equal(verify_items("header X split ,", "", 15, 500), RC_OK);
}

/* The right MAC behind so many bytes of a header. */
static enum rc
verify_behind(const char *line, size_t n)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	static char text[10000];
	struct trial trial;
	enum rc rc;

	memcpy(text, "HTTP_X=", 7);
	memset(text + 7, 'x', n);
	text[7 + n - 1] = ',';
	snprintf(text + 7 + n, sizeof(text) - 7 - n, "%s", mac.hex);
	trial_start(&trial, line);
	trial_secret(&trial, "/s", LIT(SECRET));
	front_add(&trial.front, text);
	rc = trial_verify(&trial, LIT(BODY));
	trial_end(&trial);
	return rc;
}

static void
eight_kib_of_a_header_are_looked_at(void **state)
{
	(void)state;
	assert_int_equal(verify_behind("auto", 8192 - 64), RC_OK);
	assert_int_equal(verify_behind("auto", 8192 - 63), RC_SIGNATURE);
	assert_int_equal(verify_behind("auto", 8192), RC_SIGNATURE);
	assert_int_equal(verify_behind("auto", 9000), RC_SIGNATURE);
	assert_int_equal(verify_behind("header X split ,", 8192 - 64), RC_OK);
	assert_int_equal(verify_behind("header X split ,", 8192 - 63),
	    RC_SIGNATURE);
}

/* What is signed is signed as a whole: no end is cut off before the MAC. */
static void
a_field_of_over_8_kib_is_refused(void **state)
{
	static char id[8300];
	struct bytes parts[2] = { { id, 0 }, LIT("." BODY) };
	unsigned wrong = 0;

	(void)state;
	for (size_t n = 8190; n <= 8194; n++) {
		uint8_t mac[CRYPTO_DIGEST];
		char hex[2 * CRYPTO_DIGEST + 1];
		struct trial trial;

		memset(id, 'x', n);
		id[n] = '\0';
		parts[0].len = n;
		assert_int_equal(crypto_hmac(LIT(SECRET), parts, 2, mac),
		    RC_OK);
		encode_hex(mac, sizeof(mac), hex);
		trial_start(&trial, "header X id header I over {id}.{body}");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front,
		    pool_printf(&trial.pool, "HTTP_X=%s", hex));
		front_add(&trial.front,
		    pool_printf(&trial.pool, "HTTP_I=%s", id));
		wrong += case_rc("length", trial_verify(&trial, LIT(BODY)),
		    n <= 8192 ? RC_OK : RC_SIGNATURE);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* Blanks and more behind them, so far away that nobody looked there. */
static void
nothing_hides_behind_8_kib_of_blanks(void **state)
{
	struct bytes part = LIT("m1." BODY);
	uint8_t mac[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	struct trial trial;

	(void)state;
	assert_int_equal(crypto_hmac(LIT(SECRET), &part, 1, mac), RC_OK);
	encode_hex(mac, sizeof(mac), hex);
	trial_start(&trial, "header X id header I over {id}.{body}");
	trial_secret(&trial, "/s", LIT(SECRET));
	front_add(&trial.front, pool_printf(&trial.pool, "HTTP_X=%s", hex));
	front_add(&trial.front,
	    pool_printf(&trial.pool, "HTTP_I=m1%8190sx", ""));
	assert_int_equal(trial_verify(&trial, LIT(BODY)), RC_SIGNATURE);
	trial_end(&trial);
}

static void
both_entries_of_a_repeated_header_are_looked_at_by_auto(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	unsigned wrong = 0;

	(void)state;
	for (int second = 0; second < 2; second++) {
		struct trial trial;

		trial_start(&trial, "auto");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front,
		    expand(&trial.pool, second ? "HTTP_X=$W" : "HTTP_X=$H",
			&mac));
		front_add(&trial.front,
		    expand(&trial.pool, second ? "HTTP_X=$H" : "HTTP_X=$W",
			&mac));
		wrong += case_rc("repeated", trial_verify(&trial, LIT(BODY)),
		    RC_OK);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
the_header_that_matched_is_the_one_that_is_named(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	struct trial trial;

	(void)state;
	trial_start(&trial, "auto");
	trial_secret(&trial, "/s", LIT(SECRET));
	front_add(&trial.front, expand(&trial.pool, "HTTP_ETAG=$W", &mac));
	front_add(&trial.front, expand(&trial.pool, "HTTP_X_REAL=$H", &mac));
	front_add(&trial.front, expand(&trial.pool, "HTTP_X_LAST=$V", &mac));
	assert_int_equal(trial_verify(&trial, LIT(BODY)), RC_OK);
	assert_string_equal(trial.verification.header, "X-Real");
	trial_end(&trial);
}

static void
any_secret_verifies_and_is_named(void **state)
{
	static const char *const keys[] = { "first key", "second key",
		"third key", "a stranger's key" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct mac mac = make_mac(keys[i], LIT(BODY));
		struct trial trial;

		trial_start(&trial, "auto");
		for (size_t j = 0; j < 3; j++)
			trial_secret(&trial, keys[j], bytes_of(keys[j]));
		front_add(&trial.front, expand(&trial.pool, "HTTP_X=$H", &mac));
		wrong += case_rc(keys[i], trial_verify(&trial, LIT(BODY)),
		    i < 3 ? RC_OK : RC_SIGNATURE);
		wrong += case_true(keys[i], "the secret",
		    trial.verification.secret ==
			(i < 3 ? &trial.secrets[i] : NULL));
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
without_a_loaded_secret_nothing_verifies(void **state)
{
	static const char *const lines[] = { "auto", "header X" };
	struct mac mac = make_mac("", LIT(BODY));
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < 3 * COUNT(lines); i++) {
		struct trial trial;

		trial_start(&trial, lines[i % 2]);
		if (i / 2 == 1)
			trial_secret(&trial, "/s", (struct bytes){ NULL, 0 });
		if (i / 2 == 2)
			trial_secret(&trial, "/s", LIT(""));
		front_add(&trial.front, expand(&trial.pool, "HTTP_X=$H", &mac));
		wrong += case_rc(lines[i % 2], trial_verify(&trial, LIT(BODY)),
		    RC_SIGNATURE);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
unsigned_requests_pass_under_none_only(void **state)
{
	static const char *const lines[] = { "auto", "github", "stripe",
		"slack", "standard-webhooks", "header X" };
	struct trial trial;
	unsigned wrong = 0;

	(void)state;
	trial_start(&trial, "none");
	assert_int_equal(trial_verify(&trial, LIT(BODY)), RC_OK);
	assert_null(trial.verification.secret);
	assert_string_equal(trial.verification.header, "");
	assert_null(trial.verification.found.variable);
	trial_end(&trial);
	for (size_t i = 0; i < COUNT(lines); i++) {
		trial_start(&trial, lines[i]);
		trial_secret(&trial, "/s", LIT(SECRET));
		wrong += case_rc(lines[i], trial_verify(&trial, LIT(BODY)),
		    RC_SIGNATURE);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* Recipes: what is signed, what comes, when, and what it comes to. */
static const struct {
	const char *name;
	const char *line;
	const char *content; /* what $H and $B are the MAC of */
	const char *variables[4];
	int64_t later; /* milliseconds of the clock behind NOW */
	enum rc rc;
} recipes[] = {
#define GITHUB "github", "{body}"
	{ "github", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=sha256=$H" }, 0,
	    RC_OK },
	{ "upper-case hex", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=sha256=$U" }, 0,
	    RC_OK },
	{ "blanks round the value", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256= sha256=$H\t" }, 0, RC_OK },
	{ "other headers beside it", GITHUB,
	    { "HTTP_A=$W", "HTTP_X_HUB_SIGNATURE_256=sha256=$H",
		"HTTP_X_HUB_SIGNATURE=$W" },
	    0, RC_OK },
	{ "no prefix", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=$H" }, 0,
	    RC_SIGNATURE },
	{ "prefix of another case", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=SHA256=$H" }, 0, RC_SIGNATURE },
	{ "another prefix", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=sha1=$H" }, 0,
	    RC_SIGNATURE },
	{ "blank behind the prefix", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256= $H" }, 0, RC_SIGNATURE },
	{ "prefix alone", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=sha256=" }, 0,
	    RC_SIGNATURE },
	{ "prefix twice", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=sha256=$H" }, 0, RC_SIGNATURE },
	{ "joined", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=sha256=$H, sha256=$H" },
	    0, RC_SIGNATURE },
	{ "joined with junk", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=$H,x" }, 0, RC_SIGNATURE },
	{ "base64 where hex is due", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=$B" }, 0, RC_SIGNATURE },
	{ "empty", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=" }, 0, RC_SIGNATURE },
	{ "blank", GITHUB, { "HTTP_X_HUB_SIGNATURE_256=  " }, 0, RC_SIGNATURE },
	{ "missing", GITHUB, { "HTTP_A=b" }, 0, RC_SIGNATURE },
	{ "in another header", GITHUB, { "HTTP_X_HUB_SIGNATURE=sha256=$H" }, 0,
	    RC_SIGNATURE },
	{ "repeated, the same", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=$H",
		"HTTP_X_HUB_SIGNATURE_256=sha256=$H" },
	    0, RC_REPEATED },
	{ "repeated, a wrong one", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=$H",
		"HTTP_X_HUB_SIGNATURE_256=sha256=$W" },
	    0, RC_REPEATED },
	{ "repeated, empty", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=",
		"HTTP_X_HUB_SIGNATURE_256=sha256=$H" },
	    0, RC_REPEATED },
	{ "time does not matter", GITHUB,
	    { "HTTP_X_HUB_SIGNATURE_256=sha256=$H" }, INT64_C(315360000000),
	    RC_OK },
	{ "bare hex", "header X", "{body}", { "HTTP_X=$H" }, 0, RC_OK },
	{ "bare hex, prefixed", "header X", "{body}", { "HTTP_X=sha256=$H" }, 0,
	    RC_SIGNATURE },
	{ "bare base64", "header X encoding base64", "{body}", { "HTTP_X=$B" },
	    0, RC_OK },
	{ "hex where base64 is due", "header X encoding base64", "{body}",
	    { "HTTP_X=$H" }, 0, RC_SIGNATURE },
	{ "prefix and base64", "header X prefix sha256= encoding base64",
	    "{body}", { "HTTP_X=sha256=$B" }, 0, RC_OK },
	{ "text round the body", "header X over a{body}z", "a{body}z",
	    { "HTTP_X=$H" }, 0, RC_OK },
	{ "text is signed", "header X over a{body}z", "{body}", { "HTTP_X=$H" },
	    0, RC_SIGNATURE },

#define STRIPE "stripe", "1700000000.{body}"
	{ "stripe", STRIPE, { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, 0,
	    RC_OK },
	{ "time behind the MAC", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=v1=$H,t=1700000000" }, 0, RC_OK },
	{ "blanks round items", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000 , v1=$H" }, 0, RC_OK },
	{ "an old version beside it", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H,v0=$W" }, 0, RC_OK },
	{ "one of two", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$W,v1=$H" }, 0, RC_OK },
	{ "items that do not decode", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=x,v1=,v1=$B,,v1=$H" }, 0,
	    RC_OK },
	{ "another version only", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v0=$H" }, 0, RC_SIGNATURE },
	{ "a version that begins so", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1a=$H,v11=$H" }, 0,
	    RC_SIGNATURE },
	{ "two times", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,t=1700000001,v1=$H" }, 0,
	    RC_SIGNATURE },
	{ "the same time twice", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H,t=1700000000" }, 0,
	    RC_SIGNATURE },
	{ "an empty time first", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=,t=1700000000,v1=$H" }, 0,
	    RC_SIGNATURE },
	{ "no time", STRIPE, { "HTTP_STRIPE_SIGNATURE=v1=$H" }, 0,
	    RC_SIGNATURE },
	{ "no time, nor signed", "stripe", ".{body}",
	    { "HTTP_STRIPE_SIGNATURE=v1=$H" }, 0, RC_SIGNATURE },
	{ "an empty time, signed", "stripe", ".{body}",
	    { "HTTP_STRIPE_SIGNATURE=t=,v1=$H" }, 0, RC_SIGNATURE },
	{ "another time than was signed", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000001,v1=$H" }, 0, RC_SIGNATURE },
	{ "signed body only", "stripe", "{body}",
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, 0, RC_SIGNATURE },
	{ "another separator", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000;v1=$H" }, 0, RC_SIGNATURE },
	{ "no header at all", STRIPE, { "HTTP_STRIPE_SIGNATURE=not even one" },
	    0, RC_SIGNATURE },
	{ "repeated list", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H",
		"HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" },
	    0, RC_REPEATED },
	{ "five minutes old", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, 300000, RC_OK },
	{ "a millisecond older", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, 300001,
	    RC_SIGNATURE },
	{ "five minutes ahead", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, -300000, RC_OK },
	{ "a millisecond more ahead", STRIPE,
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H" }, -300001,
	    RC_SIGNATURE },

/* What a lax reader of numbers takes; each is signed as it stands. */
#define STAMP(stamp)                                                           \
	"stripe", stamp ".{body}",                                             \
	    { "HTTP_STRIPE_SIGNATURE=t=" stamp ",v1=$H" }, 0
	{ "leading zeroes", STAMP("000001700000000"), RC_OK },
	{ "16 digits", STAMP("0000001700000000"), RC_SIGNATURE },
	{ "a sign", STAMP("+1700000000"), RC_SIGNATURE },
	{ "a blank before", STAMP(" 1700000000"), RC_SIGNATURE },
	{ "a blank inside", STAMP("17 00000000"), RC_SIGNATURE },
	{ "hex", STAMP("0x6553f100"), RC_SIGNATURE },
	{ "an exponent", STAMP("17e8"), RC_SIGNATURE },
	{ "a fraction", STAMP("1700000000.0"), RC_SIGNATURE },
	{ "a tail", STAMP("1700000000abc"), RC_SIGNATURE },
	{ "negative", STAMP("-1700000000"), RC_SIGNATURE },
	{ "minus one", STAMP("-1"), RC_SIGNATURE },
	{ "Infinity", STAMP("Infinity"), RC_SIGNATURE },
	{ "NaN", STAMP("NaN"), RC_SIGNATURE },
	{ "nothing", STAMP(""), RC_SIGNATURE },
	{ "zero", STAMP("0"), RC_SIGNATURE },
	{ "the largest", STAMP("999999999999999"), RC_SIGNATURE },
	{ "beyond 64 bits", STAMP("18446744075409551616"), RC_SIGNATURE },
	{ "milliseconds for seconds", STAMP("1700000000000"), RC_SIGNATURE },
	{ "a time of day for seconds", STAMP("2023-11-14T22:13:20Z"),
	    RC_SIGNATURE },
	{ "digits of another script", STAMP("\xd9\xa1\xd9\xa7"), RC_SIGNATURE },

#define SLACK "slack", "v0:1700000000:{body}"
	{ "slack", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000" },
	    0, RC_OK },
	{ "time in a header, old", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000" },
	    300001, RC_SIGNATURE },
	{ "time in a header, ahead", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000" },
	    -300001, RC_SIGNATURE },
	{ "time in a header, missing", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H" }, 0, RC_SIGNATURE },
	{ "time in a header, empty", "slack", "v0::{body}",
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=" },
	    0, RC_SIGNATURE },
	{ "time in a header, another", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000001" },
	    0, RC_SIGNATURE },
	{ "time in a header, joined", "slack",
	    "v0:1700000000, 1700000000:{body}",
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000, 1700000000" },
	    0, RC_SIGNATURE },
	{ "time in a header, repeated", SLACK,
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000" },
	    0, RC_REPEATED },

#define BEHIND "header X id header I over {body}.{id}"
#define TWICE "header X id header I over '{id}.{body};{id}'"
#define STANDARD "standard-webhooks", "msg_1.1700000000.{body}"
#define STANDARD_TIME "HTTP_WEBHOOK_TIMESTAMP=1700000000"
#define STANDARD_ID "HTTP_WEBHOOK_ID=msg_1"
	{ "standard-webhooks", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME, STANDARD_ID }, 0,
	    RC_OK },
	{ "one of several", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$V v2,$V v1a,x v1,$B", STANDARD_TIME,
		STANDARD_ID },
	    0, RC_OK },
	{ "unknown versions", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v2,$B v1a,$B v1$B", STANDARD_TIME,
		STANDARD_ID },
	    0, RC_SIGNATURE },
	{ "an empty MAC", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,", STANDARD_TIME, STANDARD_ID }, 0,
	    RC_SIGNATURE },
	{ "no id", STANDARD, { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME },
	    0, RC_SIGNATURE },
	{ "no id, nor signed", "standard-webhooks", ".1700000000.{body}",
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME }, 0,
	    RC_SIGNATURE },
	{ "an empty id", "standard-webhooks", ".1700000000.{body}",
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID=" },
	    0, RC_SIGNATURE },
	{ "another id", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID=msg_2" },
	    0, RC_SIGNATURE },
	{ "an id with the separator in it", "standard-webhooks",
	    "msg.1.1700000000.{body}",
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID=msg.1" },
	    0, RC_SIGNATURE },
	{ "an id with blanks round it", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID=\t msg_1 \t" },
	    0, RC_OK },
	{ "a blank id", "standard-webhooks", ".1700000000.{body}",
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID= " },
	    0, RC_SIGNATURE },
	{ "an id with a TAB in it", "standard-webhooks",
	    "msg\t1.1700000000.{body}",
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME,
		"HTTP_WEBHOOK_ID=msg\t1" },
	    0, RC_OK },
	{ "an id behind the body", BEHIND, "{body}.m1",
	    { "HTTP_X=$H", "HTTP_I=m1" }, 0, RC_OK },
	{ "an id behind the body, the separator in it", BEHIND, "{body}.m.1",
	    { "HTTP_X=$H", "HTTP_I=m.1" }, 0, RC_SIGNATURE },
	{ "an id signed twice, a separator in it", TWICE, "m;1.{body};m;1",
	    { "HTTP_X=$H", "HTTP_I=m;1" }, 0, RC_SIGNATURE },
	{ "an id signed twice", TWICE, "m,1.{body};m,1",
	    { "HTTP_X=$H", "HTTP_I=m,1" }, 0, RC_OK },
	{ "id repeated", STANDARD,
	    { "HTTP_WEBHOOK_SIGNATURE=v1,$B", STANDARD_TIME, STANDARD_ID,
		STANDARD_ID },
	    0, RC_REPEATED },

#define UNIT(unit, stamp)                                                      \
	"header X timestamp header T unit " unit " over {timestamp}.{body}",   \
	    stamp ".{body}",                                                   \
	{                                                                      \
		"HTTP_X=$H", "HTTP_T=" stamp                                   \
	}
	{ "milliseconds", UNIT("ms", "1700000000123"), 0, RC_OK },
	{ "milliseconds, to the last", UNIT("ms", "1700000000123"), 300123,
	    RC_OK },
	{ "milliseconds, beyond it", UNIT("ms", "1700000000123"), 300124,
	    RC_SIGNATURE },
	{ "seconds for milliseconds", UNIT("ms", "1700000000"), 0,
	    RC_SIGNATURE },
	{ "rfc3339", UNIT("rfc3339", "2023-11-14T22:13:20Z"), 0, RC_OK },
	{ "rfc3339, an offset", UNIT("rfc3339", "2023-11-14T15:13:20-07:00"), 0,
	    RC_OK },
	{ "rfc3339, a fraction", UNIT("rfc3339", "2023-11-14T22:13:20.123456Z"),
	    300123, RC_OK },
	{ "rfc3339, beyond it", UNIT("rfc3339", "2023-11-14T22:13:20.123456Z"),
	    300124, RC_SIGNATURE },
	{ "rfc3339, local", UNIT("rfc3339", "2023-11-14T22:13:20"), 0,
	    RC_SIGNATURE },
	{ "rfc3339, a blank for T", UNIT("rfc3339", "2023-11-14 22:13:20Z"), 0,
	    RC_SIGNATURE },
	{ "rfc3339, digits", UNIT("rfc3339", "1700000000"), 0, RC_SIGNATURE },
	{ "seconds by name", UNIT("s", "1700000000"), 0, RC_OK },

#define TOLERANCE                                                              \
	"header X timestamp header T over {body}.{timestamp} "                 \
	"tolerance 1500ms",                                                    \
	    "{body}.1700000000",                                               \
	{                                                                      \
		"HTTP_X=$H", "HTTP_T=1700000000"                               \
	}
	{ "tolerance, behind", TOLERANCE, 1500, RC_OK },
	{ "tolerance, too far behind", TOLERANCE, 1501, RC_SIGNATURE },
	{ "tolerance, ahead", TOLERANCE, -1500, RC_OK },
	{ "tolerance, too far ahead", TOLERANCE, -1501, RC_SIGNATURE },

	{ "a separator of two bytes",
	    "header X split '; ' prefix s= timestamp item t= over {timestamp}|{body}",
	    "1700000000|{body}", { "HTTP_X=t=1700000000; s=$H" }, 0, RC_OK },
	{ "an id alone", "header X id header I over {id}/{body}", "7/{body}",
	    { "HTTP_X=$H", "HTTP_I=7" }, 0, RC_OK },
	{ "fields twice",
	    "header X timestamp header T id header I "
	    "over {id}-{timestamp}-{body}-{timestamp}-{id}",
	    "7-1700000000-{body}-1700000000-7",
	    { "HTTP_X=$H", "HTTP_I=7", "HTTP_T=1700000000" }, 0, RC_OK },
};

static void
recipes_take_what_they_say_and_nothing_else(void **state)
{
	struct mac none = { { 0 }, "", "", "" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(recipes); i++) {
		const char *name = recipes[i].name;
		struct trial trial;
		struct mac mac;

		trial_start(&trial, recipes[i].line);
		trial_secret(&trial, "/s", LIT(SECRET));
		mac = make_mac(SECRET,
		    bytes_of(expand(&trial.pool, recipes[i].content, &none)));
		for (size_t j = 0; j < 4; j++)
			if (recipes[i].variables[j] != NULL)
				front_add(&trial.front,
				    expand(&trial.pool, recipes[i].variables[j],
					&mac));
		trial.request.received = NOW + recipes[i].later;
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY)),
		    recipes[i].rc);
		wrong += case_true(name, "the secret is named",
		    trial.verification.secret ==
			(recipes[i].rc == RC_OK ? &trial.secrets[0] : NULL));
		wrong += case_true(name, "a reason",
		    recipes[i].rc != RC_SIGNATURE ||
			trial.verification.reason != NULL);
		wrong += case_true(name, "no line is suggested",
		    trial.verification.found.variable == NULL);
		wrong += check_silence(name, &trial, &mac);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
the_skew_is_told_both_ways(void **state)
{
	static const int64_t laters[] = { 1234, -1234, 299999, 400000,
		-400000 };
	struct mac mac = make_mac(SECRET, LIT("v0:1700000000:" BODY));
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(laters); i++) {
		struct trial trial;

		trial_start(&trial, "slack");
		trial_secret(&trial, "/s", LIT(SECRET));
		front_add(&trial.front,
		    expand(&trial.pool, "HTTP_X_SLACK_SIGNATURE=v0=$H", &mac));
		front_add(&trial.front,
		    "HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000");
		trial.request.received = NOW + laters[i];
		trial_verify(&trial, LIT(BODY));
		wrong += case_number("skew", trial.verification.skew,
		    laters[i]);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
garbage_is_refused_and_never_worse(void **state)
{
	static const char *const lines[] = { "auto", "github", "stripe",
		"slack", "standard-webhooks", "header X split ' '" };
	static const char *const names[] = { "X_HUB_SIGNATURE_256",
		"STRIPE_SIGNATURE", "X_SLACK_SIGNATURE",
		"X_SLACK_REQUEST_TIMESTAMP", "WEBHOOK_SIGNATURE",
		"WEBHOOK_TIMESTAMP", "WEBHOOK_ID", "X" };
	uint32_t seed = 12345;
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		char texts[COUNT(names)][120];
		struct trial trial;

		trial_start(&trial, lines[i % COUNT(lines)]);
		trial_secret(&trial, "/s", LIT(SECRET));
		for (size_t j = 0; j < COUNT(names); j++) {
			size_t n = (size_t)snprintf(texts[j], 60, "HTTP_%s=%s",
			    names[j], i % 3 ? "v1=" : "sha256=");

			while (n < sizeof(texts[j]) - 1) {
				seed = seed * 1664525 + 1013904223;
				texts[j][n++] = i % 2 ?
				    (char)(seed >> 24 | 1) :
				    "0af,;=: \t.vt1"[(seed >> 24) % 13];
			}
			texts[j][n] = '\0';
			front_add(&trial.front, texts[j]);
		}
		wrong += case_rc(lines[i % COUNT(lines)],
		    trial_verify(&trial, LIT(BODY)), RC_SIGNATURE);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/*
 * The published vectors.  Each is a `signature` line of the grammar, made
 * from its recipe; the clock is the vector's.  All of them can be said in the
 * grammar, but for one that signs digits for a timestamp and the body with
 * nothing between.
 */
static struct json_object *
load_vectors(void)
{
	static const char *const variables[] = { "abs_top_srcdir", "top_srcdir",
		"srcdir" };
	struct json_object *vectors = NULL;
	char path[1024];

	for (size_t i = 0; vectors == NULL && i <= COUNT(variables); i++) {
		const char *top = i < COUNT(variables) ? getenv(variables[i]) :
							 ".";

		if (top == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/tests/vectors/signatures.json",
		    top);
		vectors = json_object_from_file(path);
	}
	assert_non_null(vectors);
	return vectors;
}

static const char *
member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return NULL;
	return json_object_get_string(value);
}

static const char *
quoted(struct pool *pool, const char *option, const char *a, const char *b)
{
	return a == NULL ?
	    "" :
	    pool_printf(pool, " %s \"%s%s\"", option, a, b == NULL ? "" : b);
}

/* The `signature` line that a vector's recipe is. */
static const char *
line_of(struct pool *pool, struct json_object *vector)
{
	struct json_object *recipe = json_object_object_get(vector, "recipe");
	const char *tolerance = member(recipe, "tolerance");
	const char *prefix = member(recipe, "prefix");
	const char *tail = NULL;

	if (member(recipe, "signature_key") != NULL) {
		prefix = member(recipe, "signature_key");
		tail = "=";
	}
	if (member(recipe, "version") != NULL) {
		prefix = member(recipe, "version");
		tail = member(recipe, "version_separator");
	}
	return pool_printf(pool, "header %s encoding %s%s%s%s%s%s%s%s%s",
	    member(recipe, "header"), member(recipe, "encoding"),
	    quoted(pool, "split", member(recipe, "list_separator"), NULL),
	    quoted(pool, "prefix", prefix, tail),
	    quoted(pool, "timestamp header", member(recipe, "timestamp_header"),
		NULL),
	    quoted(pool, "timestamp item", member(recipe, "timestamp_key"),
		"="),
	    quoted(pool, "unit", member(recipe, "timestamp_format"), NULL),
	    quoted(pool, "id header", member(recipe, "id_header"), NULL),
	    quoted(pool, "over", member(vector, "content"), NULL),
	    quoted(pool, "tolerance", tolerance, "s"));
}

/* Base64 of a vector, decoded by the module that encode's tests vouch for. */
static struct bytes
decoded(struct pool *pool, const char *text)
{
	size_t len = 0, room = strlen(text);
	uint8_t *raw = pool_alloc(pool, 1, room + 1);

	assert_int_equal(decode_base64(bytes_of(text), raw, room, &len), RC_OK);
	return (struct bytes){ (const char *)raw, len };
}

static struct bytes
key_of(struct pool *pool, struct json_object *vector)
{
	const char *secret = member(vector, "secret");
	const char *encoding = member(vector, "secret_encoding");
	size_t len = 0;
	uint8_t *raw;

	if (strcmp(encoding, "raw") == 0)
		return bytes_of(secret);
	if (strcmp(encoding, "whsec") == 0)
		return decoded(pool,
		    strncmp(secret, "whsec_", 6) == 0 ? secret + 6 : secret);
	assert_string_equal(encoding, "hex");
	raw = pool_alloc(pool, 1, strlen(secret) + 1);
	assert_int_equal(decode_hex(bytes_of(secret), raw, strlen(secret),
			     &len),
	    RC_OK);
	return (struct bytes){ (const char *)raw, len };
}

static struct bytes
body_of(struct pool *pool, struct json_object *vector)
{
	struct json_object *body = NULL;

	if (!json_object_object_get_ex(vector, "body", &body))
		return decoded(pool, member(vector, "body_base64"));
	return (struct bytes){ json_object_get_string(body),
		(size_t)json_object_get_string_len(body) };
}

static int64_t
time_of(struct json_object *vector)
{
	return json_object_get_int64(json_object_object_get(vector, "now")) *
	    1000;
}

static enum rc
run_vector(struct json_object *vector, const char *line)
{
	struct trial trial;
	struct pool pool = { 0 };
	enum rc rc;

	trial_start(&trial, line != NULL ? line : line_of(&pool, vector));
	trial_secret(&trial, "/s", key_of(&trial.pool, vector));
	json_object_object_foreach(json_object_object_get(vector, "headers"),
	    key, value)
	{
		char variable[HEADER_VARIABLE_SIZE];

		assert_int_equal(header_name_variable(bytes_of(key), variable),
		    RC_OK);
		front_add(&trial.front,
		    pool_printf(&trial.pool, "%s=%s", variable,
			json_object_get_string(value)));
	}
	trial.request.received = time_of(vector);
	rc = trial_verify(&trial, body_of(&trial.pool, vector));
	trial_end(&trial);
	pool_free(&pool);
	return rc;
}

static enum rc
expected(struct json_object *vector)
{
	return strcmp(member(vector, "expect"), "valid") == 0 ? RC_OK :
								RC_SIGNATURE;
}

static bool
is_refused(struct json_object *vector)
{
	const char *words[] = { "header", "X", "timestamp", "header", "T",
		"over", member(vector, "content") };
	const char *why = NULL;
	struct pool pool = { 0 };
	struct recipe recipe;
	enum rc rc = recipe_parse(words, COUNT(words), &pool, &recipe, &why);

	pool_free(&pool);
	return rc == RC_SYNTAX && strstr(why, "side by side") != NULL;
}

static void
all_published_vectors_come_to_what_they_say(void **state)
{
	struct json_object *vectors = load_vectors();
	size_t n = json_object_array_length(vectors), valid = 0;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct json_object *vector = json_object_array_get_idx(vectors,
		    i);

		assert_string_equal(member(vector, "algorithm"), "sha256");
		if (strcmp(member(vector, "name"),
			"zendesk-go-static-test-secret") == 0) {
			wrong += case_true(member(vector, "name"), "refused",
			    is_refused(vector));
			continue;
		}
		valid += expected(vector) == RC_OK;
		wrong += case_rc(member(vector, "name"),
		    run_vector(vector, NULL), expected(vector));
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(n, 72);
	assert_int_equal(valid, 34);
	json_object_put(vectors);
}

static void
auto_takes_the_vectors_that_sign_the_body_and_no_other(void **state)
{
	struct json_object *vectors = load_vectors();
	size_t n = json_object_array_length(vectors);
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct json_object *vector = json_object_array_get_idx(vectors,
		    i);
		bool plain = strcmp(member(vector, "content"), "{body}") == 0;

		wrong += case_rc(member(vector, "name"),
		    run_vector(vector, "auto"),
		    plain ? expected(vector) : RC_SIGNATURE);
	}
	assert_int_equal(wrong, 0);
	json_object_put(vectors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_takes_every_shape_and_nothing_else),
		cmocka_unit_test(auto_names_the_header_and_pins_it),
		cmocka_unit_test(
		    the_usual_shapes_are_pinned_as_one_would_write),
		cmocka_unit_test(hex_digits_are_64_and_of_either_case),
		cmocka_unit_test(every_bit_of_the_mac_counts),
		cmocka_unit_test(base64_is_44_characters_and_canonical),
		cmocka_unit_test(the_alphabet_of_urls_is_refused),
		cmocka_unit_test(a_mac_of_31_or_33_bytes_is_none),
		cmocka_unit_test(auto_signs_nothing_but_the_body),
		cmocka_unit_test(a_plain_hash_is_no_mac),
		cmocka_unit_test(a_body_may_be_empty_or_of_any_bytes),
		cmocka_unit_test(sixteen_items_that_decode_are_looked_at),
		cmocka_unit_test(items_that_do_not_decode_are_passed_over),
		cmocka_unit_test(eight_kib_of_a_header_are_looked_at),
		cmocka_unit_test(a_field_of_over_8_kib_is_refused),
		cmocka_unit_test(nothing_hides_behind_8_kib_of_blanks),
		cmocka_unit_test(
		    both_entries_of_a_repeated_header_are_looked_at_by_auto),
		cmocka_unit_test(
		    the_header_that_matched_is_the_one_that_is_named),
		cmocka_unit_test(any_secret_verifies_and_is_named),
		cmocka_unit_test(without_a_loaded_secret_nothing_verifies),
		cmocka_unit_test(unsigned_requests_pass_under_none_only),
		cmocka_unit_test(recipes_take_what_they_say_and_nothing_else),
		cmocka_unit_test(the_skew_is_told_both_ways),
		cmocka_unit_test(garbage_is_refused_and_never_worse),
		cmocka_unit_test(all_published_vectors_come_to_what_they_say),
		cmocka_unit_test(
		    auto_takes_the_vectors_that_sign_the_body_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
