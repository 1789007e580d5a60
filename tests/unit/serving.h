/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SERVING_H
#define PELIHOOK_SERVING_H

#include "recorder.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/internal.h"
#include "http/gateway.h"
#include "receive/exchange.h"
#include "receive/serve.h"
#include "signature/recipe.h"

/* What the tests of serving a request share: hooks, and a request to them. */

static const char *const any[] = { "*" };

static const char *const command[] = { "/bin/true", NULL };

static const struct rule rules[] = {
	{ .events = any, .events_len = 1, .command = command, .line = 1 },
};

static struct secret secret = {
	.path = "/etc/unit.secret",
	.key = { SECRET, sizeof(SECRET) - 1 },
};

#define HOOK(text, how, n)                                                     \
	{                                                                      \
		.name = text, .file = "unit.conf", .secrets = &secret,         \
		.secrets_len = n, .signature = { .kind = how },                \
		.rules = rules, .rules_len = 1, .max_body = 64,                \
		.read_timeout = 15000, .ready = true                           \
	}

static struct hook hooks[] = {
	HOOK("one", RECIPE_AUTO, 1),
	HOOK("two", RECIPE_AUTO, 1),
	HOOK("open", RECIPE_NONE, 0),
};

#define LOADED(first, n)                                                       \
	{                                                                      \
		.conf = { .file = "unit.conf",                                 \
			.hooks = (first),                                      \
			.hooks_len = (n) },                                    \
		.references = 1                                                \
	}

/* Three hooks, of which two are signed. */
static struct loaded_conf several = LOADED(hooks, 3);

/* The variable that signs BODY, made once. */
static char signature[120];

#define GOOD signature

struct trial {
	struct front front; /* first: the gateway's context */
	struct record record;
	struct journal_stats *stats; /* or NULL */
	unsigned ends;
	struct exchange_end end;
};

static inline void
trial_done(struct exchange *exchange, const struct exchange_end *end)
{
	struct trial *trial = exchange->gateway.context;

	trial->ends++;
	trial->end = *end;
	serve_end(exchange, end);
}

static inline enum rc
trial_prepare(void *context, const struct hook *hook)
{
	(void)context;
	return hook->ready ? RC_OK : RC_CONFIG;
}

static inline void
trial_serve(struct trial *trial, struct conf *conf)
{
	struct gateway gateway = front_gateway(&trial->front);
	struct sink sink = record_sink(&trial->record);
	struct exchange *exchange;
	enum rc rc;

	gateway.prepare = trial_prepare;
	exchange = exchange_open(&gateway, conf);
	assert_non_null(exchange);
	exchange->stats = trial->stats;
	rc = serve_admit(exchange);
	exchange->done = trial_done;
	if (rc != RC_OK)
		serve_refuse(exchange, rc);
	else
		serve_begin(exchange, &sink);
}

static inline void
trial_end(struct trial *trial)
{
	buf_free(&trial->front.output);
}

/* What it was refused for; RC_OK where it was not. */
static inline enum rc
trial_reason(const struct trial *trial)
{
	return trial->end.outcome == OUTCOME_REFUSED ? trial->end.reason :
						       RC_OK;
}

#define LENGTH "CONTENT_LENGTH=49"

#define POST "REQUEST_METHOD=POST"

#endif
