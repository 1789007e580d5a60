/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SERVING_H
#define PELIHOOK_SERVING_H

#include "recorder.h"

#include "base/buf.h"
#include "config/conf.h"
#include "http/gateway.h"
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

/* Three hooks, of which two are signed. */
static struct conf several = {
	.file = "unit.conf",
	.hooks = hooks,
	.hooks_len = 3,
};

/* The variable that signs BODY, made once. */
static char signature[120];

#define GOOD signature

struct trial {
	struct front front;
	struct record record;
	struct reply reply;
};

static inline void
trial_serve(struct trial *trial, struct conf *conf)
{
	struct gateway gateway = front_gateway(&trial->front);
	struct sink sink = record_sink(&trial->record);

	trial->reply = serve(&gateway, conf, &sink);
}

static inline void
trial_end(struct trial *trial)
{
	buf_free(&trial->front.output);
}

#define LENGTH "CONTENT_LENGTH=49"

#define POST "REQUEST_METHOD=POST"

#endif
