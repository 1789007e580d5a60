/* SPDX-License-Identifier: ISC */
/*
 * A captured request, which anybody may have sent, and the recipes that
 * pelihookctl probe makes up for it.
 */
#include "fuzz.h"

#include "../../ctl/recipe_search.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "http/request.h"
#include "receive/capture.h"
#include "signature/recipe.h"
#include "signature/verify.h"

enum { TRIES = 300 };

struct trial {
	struct hook hook;
	struct secret secret;
	struct request request;
	unsigned tries;
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	return 0;
}

/* Every recipe is one that can be written down, and none explains it. */
static bool
explains(const struct recipe *recipe, void *context)
{
	struct trial *trial = context;
	struct buf text = { 0 };
	struct verification verification;

	holds(recipe_print(recipe, &text) == RC_OK);
	buf_free(&text);
	trial->hook.signature = *recipe;
	holds(verify(&trial->hook.signature, trial->hook.secrets,
		  trial->hook.secrets_len, &trial->request,
		  &verification) != RC_OK);
	return ++trial->tries == TRIES;
}

static void
try_all(const struct captured *captured, struct pool *pool)
{
	struct trial trial = {
	    .secret = {.path = "/secret", .key = bytes_of("a secret")},
	    .request = {.variables = captured->variables,
		.received = captured->received, .length = -1,},};
	unsigned tried;

	trial.hook.secrets = &trial.secret;
	trial.hook.secrets_len = 1;
	trial.request.body = (struct buf){
		.data = pool_copy(pool, captured->body),
		.len = captured->body.len,
	};
	recipe_search(&trial.request, pool, explains, &trial, &tried);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { (const char *)data, size };
	struct captured captured;
	struct pool pool = { 0 };
	enum rc rc = capture_parse(text, &pool, &captured);

	holds(rc == RC_OK || rc == RC_SYNTAX);
	if (rc == RC_OK) {
		holds(captured.body.len <= size);
		holds(captured.complete ==
		    (captured.body.len == captured.length));
		for (size_t i = 0; captured.variables[i] != NULL; i++)
			holds(strncmp(captured.variables[i], "HTTP_", 5) == 0);
		try_all(&captured, &pool);
	}
	pool_free(&pool);
	return 0;
}
