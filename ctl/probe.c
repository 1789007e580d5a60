/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/pool.h"
#include "base/trust.h"
#include "config/conf.h"
#include "config/print.h"
#include "http/header_name.h"
#include "http/request.h"
#include "receive/capture.h"
#include "signature/recipe.h"
#include "signature/secret.h"
#include "signature/verify.h"
#include "carried.h"
#include "complain.h"
#include "print.h"
#include "recipe_search.h"
#include "session.h"

enum { SECRET_MAX = 64 * 1024 };

enum { CODINGS = SECRET_WHSEC + 1 };

/* A secret under one of the codings it may be meant in. */
struct reading {
	const struct secret *secret;
	enum secret_coding coding;
	struct bytes key;
};

struct probe {
	const struct hook *hook;
	struct request request;
	struct captured captured;
	struct reading *readings;
	size_t readings_len;
	/* What was found. */
	struct recipe recipe;
	const struct reading *reading;
	int64_t skew;
	struct pool pool;
};

/* Adds every way in which a secret's file can be understood. */
static enum rc
read_secret(struct probe *probe, const struct secret *secret)
{
	struct buf text = { 0 };
	struct buf why = { 0 };
	struct reading *reading = &probe->readings[probe->readings_len];
	enum secret_coding coding;
	uint8_t *key;
	size_t len;
	enum rc rc;

	rc = trust_read(secret->path, secret_trust(secret), SECRET_MAX, &text,
	    &why);
	/* First as the configuration says: that needs no other change. */
	for (unsigned i = 0; rc == RC_OK && i < CODINGS; i++) {
		coding = (enum secret_coding)((secret->coding + i) % CODINGS);
		key = pool_alloc(&probe->pool, 1, text.len + 1);
		if (key == NULL)
			rc = RC_MEMORY;
		else if (secret_decode(buf_view(&text), coding, key, &len) ==
		    NULL)
			*reading++ = (struct reading){ secret, coding,
				{ (const char *)key, len } };
	}
	probe->readings_len = (size_t)(reading - probe->readings);
	buf_wipe(&text);
	buf_free(&why);
	return rc;
}

static enum rc
read_secrets(struct probe *probe)
{
	const struct hook *hook = probe->hook;
	enum rc rc = RC_OK;

	probe->readings = pool_alloc(&probe->pool,
	    hook->secrets_len * CODINGS + 1, sizeof(*probe->readings));
	if (probe->readings == NULL)
		return RC_MEMORY;
	for (size_t i = 0; rc == RC_OK && i < hook->secrets_len; i++)
		rc = read_secret(probe, &hook->secrets[i]);
	return rc;
}

static void
forget_secrets(struct probe *probe)
{
	for (size_t i = 0; i < probe->readings_len; i++)
		crypto_wipe((void *)probe->readings[i].key.data,
		    probe->readings[i].key.len);
}

/* Whether the recipe verifies the request, just as it would in service. */
static bool
explains(const struct recipe *recipe, void *context)
{
	struct probe *probe = context;
	struct secret secret;
	struct verification verification;

	for (size_t i = 0; i < probe->readings_len; i++) {
		secret = *probe->readings[i].secret;
		secret.key = probe->readings[i].key;
		if (verify(recipe, &secret, 1, &probe->request,
			&verification) != RC_OK)
			continue;
		probe->recipe = *recipe;
		probe->reading = &probe->readings[i];
		probe->skew = verification.skew;
		return true;
	}
	return false;
}

static enum rc
print_found(const struct probe *probe)
{
	struct secret secret = *probe->reading->secret;
	bool other = secret.coding != probe->reading->coding;
	struct recipe recipe = probe->recipe;
	struct buf lines = { 0 };
	enum rc rc;

	secret.coding = probe->reading->coding;
	/* The tolerance of the search is no advice; none prints as none. */
	recipe.tolerance = RECIPE_TOLERANCE;
	if (other) {
		buf_text(&lines, "secret-file ");
		conf_print_secret(&secret, &lines);
		buf_char(&lines, '\n');
	}
	buf_text(&lines, "signature ");
	rc = recipe_print(&recipe, &lines);
	if (rc == RC_OK)
		print_lines(stdout, "", buf_view(&lines));
	buf_free(&lines);
	if (rc != RC_OK)
		return rc;
	if (probe->skew > RECIPE_TOLERANCE || probe->skew < -RECIPE_TOLERANCE)
		complain("the clocks are %lld s apart: set them, or this "
			 "line refuses the sender",
		    (long long)(probe->skew / 1000));
	return RC_OK;
}

/* The texts of the secrets' files. */
static enum rc
secret_texts(struct probe *probe, struct bytes **out, size_t *n)
{
	struct bytes *texts = pool_alloc(&probe->pool, probe->readings_len + 1,
	    sizeof(*texts));

	if (texts == NULL)
		return RC_MEMORY;
	*n = 0;
	for (size_t i = 0; i < probe->readings_len; i++)
		if (probe->readings[i].coding == SECRET_RAW)
			texts[(*n)++] = probe->readings[i].key;
	*out = texts;
	return RC_OK;
}

/* Of each header that says who sends, for a person to see; never its value. */
static enum rc
print_carried(struct probe *probe, bool kinds[CARRIED_KINDS])
{
	static const char *const texts[CARRIED_KINDS] = {
		[CARRIED_MAC] = "holds 32 bytes as hex or base64",
		[CARRIED_SHA1] = "holds 20 bytes, as a SHA-1 has",
		[CARRIED_SHA512] = "holds 64 bytes, as a SHA-512 has",
		[CARRIED_SECRET] = "holds the secret itself, as a token",
		[CARRIED_TOKEN] = "holds a token or a password, by its name",
		[CARRIED_ODD] = "holds no signature, whatever its name says",
	};
	const char *const *at = probe->captured.variables;
	char name[HEADER_VARIABLE_SIZE];
	struct bytes *secrets;
	enum carried kind;
	size_t n;
	enum rc rc = secret_texts(probe, &secrets, &n);

	for (; rc == RC_OK && *at != NULL; at++) {
		kind = carried_by(*at, secrets, n);
		kinds[kind] = true;
		header_name_print(*at, name);
		if (kind != CARRIED_NOTHING)
			complain("  %s %s", name, texts[kind]);
	}
	return rc;
}

/* Where something could be the signature. */
static void
print_doubts(const struct probe *probe)
{
	const struct hook *hook = probe->hook;
	const struct captured *captured = &probe->captured;

	if (!captured->complete) {
		complain("the body had %llu bytes and %zu are here: let "
			 "the sender send a smaller one",
		    captured->length, captured->body.len);
		return;
	}
	for (size_t i = 0; i < hook->secrets_len; i++)
		complain("  %s was tried as text, hex, base64 and whsec",
		    hook->secrets[i].path);
	complain("is it the secret the sender signs with?  Does something on "
		 "the way change the body?  Does the sender sign with "
		 "HMAC-SHA256?");
}

/* What to do about it. */
static void
print_advice(const struct probe *probe, const bool kinds[CARRIED_KINDS])
{
	if (kinds[CARRIED_MAC]) {
		print_doubts(probe);
	} else if (kinds[CARRIED_SHA1] || kinds[CARRIED_SHA512]) {
		complain("pelihook verifies HMAC-SHA256 only: let the sender "
			 "sign with that");
	} else if (kinds[CARRIED_SECRET] || kinds[CARRIED_TOKEN]) {
		complain("pelihook verifies signatures only, as a token says "
			 "nothing of the body: let the sender sign");
	} else {
		complain("nothing in the request is a signature: the sender "
			 "signs only once it has a secret; Peliqan's is set "
			 "under Settings, API Token & Webhooks, Outbound "
			 "Webhooks");
	}
}

static enum rc
report_unexplained(struct probe *probe, unsigned tried)
{
	bool kinds[CARRIED_KINDS] = { false };
	enum rc rc;

	if (probe->hook->secrets_len == 0)
		complain("the hook has no secret: give it the sender's "
			 "with `secret-file'");
	else if (probe->captured.complete)
		complain("none of %u recipes explains this request", tried);
	rc = print_carried(probe, kinds);
	if (rc == RC_OK)
		print_advice(probe, kinds);
	return rc == RC_OK ? RC_JSON : rc;
}

static enum rc
probe_text(struct probe *probe, struct bytes text)
{
	struct captured *captured = &probe->captured;
	unsigned tried = 0;
	enum rc rc = capture_parse(text, &probe->pool, captured);

	if (rc == RC_SYNTAX) {
		complain("this is no captured request");
		return RC_JSON;
	}
	if (rc == RC_OK)
		rc = read_secrets(probe);
	if (rc != RC_OK)
		return rc;
	probe->request.variables = captured->variables;
	probe->request.received = captured->received;
	probe->request.body.data = (char *)captured->body.data;
	probe->request.body.len = captured->body.len;
	if (captured->complete && probe->hook->secrets_len > 0 &&
	    recipe_search(&probe->request, &probe->pool, explains, probe,
		&tried))
		return print_found(probe);
	return report_unexplained(probe, tried);
}

enum rc
subcommand_probe(struct session *session, char **operands, size_t n)
{
	struct probe probe = { 0 };
	struct hook *hook = NULL;
	struct buf text = { 0 };
	enum rc rc = session_open_hook(session, operands[0], &hook);

	(void)n;
	probe.hook = hook;
	if (rc == RC_OK)
		rc = session_read_file(operands[1], CAPTURE_FILE, &text);
	if (rc == RC_OK)
		rc = probe_text(&probe, buf_view(&text));
	forget_secrets(&probe);
	pool_free(&probe.pool);
	buf_free(&text);
	return rc;
}
