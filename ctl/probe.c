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
#include "signature/candidate.h"
#include "signature/recipe.h"
#include "signature/secret.h"
#include "signature/verify.h"
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

/* Which headers hold something of the right size, for a person to see. */
static void
print_places(const struct probe *probe)
{
	const char *const *at = probe->captured.variables;
	char name[HEADER_VARIABLE_SIZE];
	struct bytes rest;
	struct mac_candidate candidate;

	for (; *at != NULL; at++) {
		rest = candidate_value(strchr(*at, '=') + 1);
		if (!candidate_next(&rest, &candidate))
			continue;
		header_name_print(*at, name);
		complain("  %s holds 32 bytes as %s", name,
		    candidate.encoding == RECIPE_HEX ? "hex" : "base64");
	}
}

static enum rc
report_result(const struct probe *probe, bool found, unsigned tried)
{
	const struct hook *hook = probe->hook;

	if (found)
		return print_found(probe);
	complain("none of %u recipes explains this request", tried);
	print_places(probe);
	for (size_t i = 0; i < hook->secrets_len; i++)
		complain("  %s was tried as text, hex, base64 and whsec",
		    hook->secrets[i].path);
	complain("is it the secret the sender signs with?  Does something "
		 "on the way change the body?  Does the sender sign with "
		 "HMAC-SHA256?");
	return RC_JSON;
}

static enum rc
probe_text(struct probe *probe, struct bytes text)
{
	unsigned tried;
	bool found;
	enum rc rc = capture_parse(text, &probe->pool, &probe->captured);

	if (rc == RC_OK && !probe->captured.complete)
		complain("the body had %llu bytes and %zu are here: let "
			 "the sender send a smaller one",
		    probe->captured.length, probe->captured.body.len);
	else if (rc == RC_SYNTAX)
		complain("this is no captured request");
	else if (rc == RC_OK && probe->hook->secrets_len == 0)
		complain("the hook has no secret: give it the sender's "
			 "with `secret-file'");
	if (rc == RC_SYNTAX ||
	    (rc == RC_OK &&
		(!probe->captured.complete || probe->hook->secrets_len == 0)))
		return RC_JSON;
	if (rc == RC_OK)
		rc = read_secrets(probe);
	if (rc != RC_OK)
		return rc;
	probe->request.variables = probe->captured.variables;
	probe->request.received = probe->captured.received;
	probe->request.body.data = (char *)probe->captured.body.data;
	probe->request.body.len = probe->captured.body.len;
	found = recipe_search(&probe->request, &probe->pool, explains, probe,
	    &tried);
	return report_result(probe, found, tried);
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
