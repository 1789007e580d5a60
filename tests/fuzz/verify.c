/* SPDX-License-Identifier: ISC */
/*
 * The headers of a signature, by every recipe.  The first byte of an input
 * chooses one (the last choice is what the next line says), lines up to an
 * empty one are variables, the rest is the body.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/tokens.h"
#include "config/conf.h"
#include "http/header_name.h"
#include "http/request.h"
#include "signature/recipe.h"
#include "signature/sign.h"
#include "signature/verify.h"

#define NOW INT64_C(1700000000000)

enum { VARIABLES = 40, HEADERS = 16 };

static const char *const recipes[] = {
	"auto",
	"github",
	"stripe",
	"slack",
	"standard-webhooks",
	"header X-Signature encoding base64",
	"header X-Signature split ; prefix v1= timestamp item t= unit ms "
	"over {timestamp}.{body}",
	"header X-Signature timestamp header X-Time unit rfc3339 id header "
	"X-Id over {id}.{timestamp}.{body}",
	"header X-Signature timestamp header X-Time unit s "
	"over {body}.{timestamp} tolerance 100d",
};

static const size_t recipes_len = sizeof(recipes) / sizeof(recipes[0]);
static struct secret secret = { .path = "/secret" };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	secret.key = bytes_of("0123456789abcdef0123456789abcdef");
	return 0;
}

static bool
read_recipe(struct bytes text, struct pool *pool, struct recipe *recipe)
{
	struct tokens words;
	const char *const *list;
	const char *why;
	size_t n;

	tokens_start(&words, text);
	return tokens_next(&words, pool, &list, &n, &why) == RC_OK &&
	    recipe_parse(list, n, pool, recipe, &why) == RC_OK;
}

/* The header lines of sign as variables. */
static const char **
as_variables(struct bytes lines, struct pool *pool)
{
	const char **list = pool_alloc(pool, HEADERS + 1, sizeof(*list));
	char name[HEADER_VARIABLE_SIZE];
	struct bytes line;
	size_t n = 0;

	while (n < HEADERS && fuzz_line(&lines, &line) && line.len > 0) {
		const char *colon = memchr(line.data, ':', line.len);

		holds(colon != NULL);
		holds(header_name_variable((struct bytes){ line.data,
					       (size_t)(colon - line.data) },
			  name) == RC_OK);
		line = bytes_trim(
		    bytes_skip(line, (size_t)(colon - line.data) + 1));
		list[n++] = pool_printf(pool, "%s=%.*s", name, (int)line.len,
		    line.data);
	}
	return list;
}

/* Whatever was signed is refused once a bit of the body is another. */
static void
check_altered(const struct hook *hook, struct request *request,
    struct pool *pool)
{
	struct buf lines = { 0 };
	struct verification verification;
	enum rc rc = sign(&hook->signature, secret.key,
	    buf_view(&request->body), NOW,
	    "0190e0c4-0000-7000-8000-000000000000", &lines);

	if (rc == RC_OK) {
		request->variables = as_variables(buf_view(&lines), pool);
		request->body.data[request->body.len / 2] ^= 1;
		holds(verify(&hook->signature, hook->secrets, hook->secrets_len,
			  request, &verification) != RC_OK);
	}
	buf_free(&lines);
}

static void
check_refused(const struct hook *hook, const struct request *request)
{
	struct verification verification;
	enum rc rc = verify(&hook->signature, hook->secrets, hook->secrets_len,
	    request, &verification);

	holds(rc == RC_SIGNATURE || rc == RC_REPEATED);
	if (rc == RC_SIGNATURE)
		holds(verification.reason != NULL);
	holds(strlen(verification.header) < sizeof(verification.header));
}

static void
try_input(struct bytes rest, struct pool *pool)
{
	struct hook hook = {
		.name = "h",
		.secrets = &secret,
		.secrets_len = 1,
	};
	struct request request = { .received = NOW, .length = -1 };
	size_t choice = (unsigned char)rest.data[0] % (recipes_len + 1);
	struct bytes line;

	rest = bytes_skip(rest, 1);
	if (choice < recipes_len)
		line = bytes_of(recipes[choice]);
	else if (!fuzz_line(&rest, &line))
		return;
	if (!read_recipe(line, pool, &hook.signature) ||
	    hook.signature.kind == RECIPE_NONE)
		return;
	request.variables = fuzz_lines(&rest, VARIABLES, pool);
	request.body = (struct buf){
		.data = pool_copy(pool, rest),
		.len = rest.len,
	};
	check_refused(&hook, &request);
	if (rest.len > 0)
		check_altered(&hook, &request, pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = { 0 };

	if (size > 0)
		try_input((struct bytes){ (const char *)data, size }, &pool);
	pool_free(&pool);
	return 0;
}
