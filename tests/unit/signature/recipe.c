/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/tokens.h"
#include "http/header_name.h"
#include "signature/recipe.h"

/* Reads a `signature` line, without that word, as the configuration does. */
static enum rc
parse_line(const char *line, struct pool *pool, struct recipe *recipe,
    const char **why)
{
	const char *const *list = NULL;
	struct tokens words;
	size_t n = 0;

	*why = NULL;
	tokens_start(&words, bytes_of(line));
	if (tokens_next(&words, pool, &list, &n, why) != RC_OK)
		n = 0;
	return recipe_parse(list, n, pool, recipe, why);
}

static unsigned
check_header(const char *name, const struct header_name *got,
    const struct header_name *want)
{
	return case_text(name, got->name, want->name) +
	    case_text(name, got->variable, want->variable);
}

static unsigned
check_recipe(const char *name, const struct recipe *got,
    const struct recipe *want)
{
	unsigned wrong = case_number(name, got->kind, want->kind);

	if (want->kind != RECIPE_HEADER)
		return wrong;
	wrong += check_header(name, &got->header, &want->header);
	wrong += case_text(name, got->split, want->split);
	wrong += case_text(name, got->prefix, want->prefix);
	wrong += case_number(name, got->encoding, want->encoding);
	wrong += case_number(name, got->timestamp, want->timestamp);
	if (want->timestamp == RECIPE_TIMESTAMP_HEADER)
		wrong += check_header(name, &got->timestamp_header,
		    &want->timestamp_header);
	if (want->timestamp == RECIPE_TIMESTAMP_ITEM)
		wrong += case_text(name, got->timestamp_item,
		    want->timestamp_item);
	wrong += case_number(name, got->unit, want->unit);
	if (want->id.name != NULL)
		wrong += check_header(name, &got->id, &want->id);
	else
		wrong += case_true(name, "no id", got->id.name == NULL);
	wrong += case_text(name, got->over, want->over);
	wrong += case_number(name, got->tolerance, want->tolerance);
	return wrong;
}

/* Good lines and what they mean. */
static const struct {
	const char *line;
	struct recipe recipe;
} lines[] = {
	{ "auto", { .kind = RECIPE_AUTO } },
	{ "none", { .kind = RECIPE_NONE } },
	{ "github",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X-Hub-Signature-256", "HTTP_X_HUB_SIGNATURE_256" },
		.split = "",
		.prefix = "sha256=",
		.over = "{body}",
	    } },
	{ "stripe",
	    {
		.kind = RECIPE_HEADER,
		.header = { "Stripe-Signature", "HTTP_STRIPE_SIGNATURE" },
		.split = ",",
		.prefix = "v1=",
		.timestamp = RECIPE_TIMESTAMP_ITEM,
		.timestamp_item = "t=",
		.over = "{timestamp}.{body}",
		.tolerance = 300000,
	    } },
	{ "slack",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X-Slack-Signature", "HTTP_X_SLACK_SIGNATURE" },
		.split = "",
		.prefix = "v0=",
		.timestamp = RECIPE_TIMESTAMP_HEADER,
		.timestamp_header = { "X-Slack-Request-Timestamp",
		    "HTTP_X_SLACK_REQUEST_TIMESTAMP" },
		.over = "v0:{timestamp}:{body}",
		.tolerance = 300000,
	    } },
	{ "standard-webhooks",
	    {
		.kind = RECIPE_HEADER,
		.header = { "webhook-signature", "HTTP_WEBHOOK_SIGNATURE" },
		.split = " ",
		.prefix = "v1,",
		.encoding = RECIPE_BASE64,
		.timestamp = RECIPE_TIMESTAMP_HEADER,
		.timestamp_header = { "webhook-timestamp",
		    "HTTP_WEBHOOK_TIMESTAMP" },
		.id = { "webhook-id", "HTTP_WEBHOOK_ID" },
		.over = "{id}.{timestamp}.{body}",
		.tolerance = 300000,
	    } },
	{ "header X-Signature",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X-Signature", "HTTP_X_SIGNATURE" },
		.split = "",
		.prefix = "",
		.over = "{body}",
	    } },
	{ "header X-Signature encoding hex",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X-Signature", "HTTP_X_SIGNATURE" },
		.split = "",
		.prefix = "",
		.over = "{body}",
	    } },
	{ "header X prefix 'sha256 = ' encoding base64",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "sha256 = ",
		.encoding = RECIPE_BASE64,
		.over = "{body}",
	    } },
	{ "header X split ';' prefix h1= timestamp item ts= tolerance 5s "
	  "over {timestamp}:{body}",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = ";",
		.prefix = "h1=",
		.timestamp = RECIPE_TIMESTAMP_ITEM,
		.timestamp_item = "ts=",
		.over = "{timestamp}:{body}",
		.tolerance = 5000,
	    } },
	{ "header X timestamp header T unit ms over {body}.{timestamp}",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "",
		.timestamp = RECIPE_TIMESTAMP_HEADER,
		.timestamp_header = { "T", "HTTP_T" },
		.unit = RECIPE_MILLISECONDS,
		.over = "{body}.{timestamp}",
		.tolerance = 300000,
	    } },
	{ "header X timestamp header T unit rfc3339 tolerance 1d "
	  "over {timestamp}.{body}",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "",
		.timestamp = RECIPE_TIMESTAMP_HEADER,
		.timestamp_header = { "T", "HTTP_T" },
		.unit = RECIPE_RFC3339,
		.over = "{timestamp}.{body}",
		.tolerance = 86400000,
	    } },
	{ "header X over '{timestamp}.{timestamp} \"{body}\"' unit s "
	  "timestamp header T tolerance 250ms",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "",
		.timestamp = RECIPE_TIMESTAMP_HEADER,
		.timestamp_header = { "T", "HTTP_T" },
		.over = "{timestamp}.{timestamp} \"{body}\"",
		.tolerance = 250,
	    } },
	{ "header X id header I over {id}|{body}|{id}",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "",
		.id = { "I", "HTTP_I" },
		.over = "{id}|{body}|{id}",
	    } },
	{ "header X over 'back\\slash #{body}'",
	    {
		.kind = RECIPE_HEADER,
		.header = { "X", "HTTP_X" },
		.split = "",
		.prefix = "",
		.over = "back\\slash #{body}",
	    } },
};

static void
good_lines_are_understood(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct pool pool = { 0 };
		struct recipe recipe;
		const char *why;
		enum rc rc = parse_line(lines[i].line, &pool, &recipe, &why);

		wrong += case_rc(lines[i].line, rc, RC_OK);
		if (rc == RC_OK)
			wrong += check_recipe(lines[i].line, &recipe,
			    &lines[i].recipe);
		pool_free(&pool);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_printed_is_read_back(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct pool pool = { 0 };
		struct recipe recipe;
		struct buf text = { 0 };
		const char *why;

		wrong += case_rc(lines[i].line,
		    recipe_print(&lines[i].recipe, &text), RC_OK);
		wrong += case_rc(text.data,
		    parse_line(text.data, &pool, &recipe, &why), RC_OK);
		wrong += check_recipe(text.data, &recipe, &lines[i].recipe);
		buf_free(&text);
		pool_free(&pool);
	}
	assert_int_equal(wrong, 0);
}

static void
printing_keeps_to_the_ceiling(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct buf text = { 0 }, small = { 0 };

		recipe_print(&lines[i].recipe, &text);
		small.max = text.len - 1;
		wrong += case_rc(lines[i].line,
		    recipe_print(&lines[i].recipe, &small), RC_RANGE);
		buf_free(&text);
		buf_free(&small);
	}
	assert_int_equal(wrong, 0);
}

static void
bad_lines_are_refused_with_a_reason(void **state)
{
	static const char *const cases[] = {
		"",
		"Auto",
		"hmac",
		"bitbucket",
		"auto github",
		"none none",
		"github prefix x",
		"auto over {body}",
		"header",
		"header ''",
		"header X-Signature:",
		"header 'X Signature'",
		"header X=Y",
		"header X foo",
		"header X foo bar",
		"header X prefix",
		"header X split",
		"header X split ''",
		"header X encoding",
		"header X encoding base32",
		"header X encoding HEX",
		"header X encoding base64url",
		"header X prefix a prefix b",
		"header X encoding hex encoding hex",
		"header X over",
		"header X over body",
		"header X over ''",
		"header X over {body}{body}",
		"header X over {Body}",
		"header X over {body}{url}",
		"header X over {{body}",
		"header X over {timestamp}.{body}",
		"header X over {id}.{body}",
		"header X over {timestamp} timestamp header T",
		"header X timestamp",
		"header X timestamp header",
		"header X timestamp body over {timestamp}.{body}",
		"header X timestamp header 'T T' over {timestamp}.{body}",
		"header X timestamp item t= over {timestamp}.{body}",
		"header X split , timestamp item over {timestamp}.{body}",
		"header X split , timestamp item '' over {timestamp}.{body}",
		"header X timestamp header T",
		"header X timestamp header T over {body}",
		"header X unit s",
		"header X unit ms over {body}",
		"header X timestamp header T over {timestamp}.{body} unit m",
		"header X timestamp header T over {timestamp}.{body} unit",
		"header X tolerance 5m",
		"header X tolerance",
		"header X timestamp header T over {timestamp}.{body} tolerance",
		"header X timestamp header T over {timestamp}.{body} tolerance 5",
		"header X timestamp header T over {timestamp}.{body} tolerance -5m",
		"header X timestamp header T over {timestamp}.{body} tolerance off",
		"header X id",
		"header X id I over {id}.{body}",
		"header X id header over {id}.{body}",
		"header X id header I",
		"header X id header 'a b' over {id}.{body}",
		("header X timestamp header T timestamp header U "
		 "over {timestamp}.{body}"),
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pool pool = { 0 };
		struct recipe recipe = { .tolerance = 4711 };
		const char *why;

		wrong += case_rc(cases[i],
		    parse_line(cases[i], &pool, &recipe, &why), RC_SYNTAX);
		wrong += case_true(cases[i], "a reason",
		    why != NULL && why[0] != '\0');
		wrong += case_true(cases[i], "left alone",
		    recipe.tolerance == 4711);
		pool_free(&pool);
	}
	assert_int_equal(wrong, 0);
}

/* A template, the unit of its timestamp, and what is said of it. */
static const struct {
	const char *over;
	const char *unit;
	const char *why; /* NULL: it is good */
} templates[] = {
	{ "{id}.{timestamp}{body}", "s", "side by side" },
	{ "{id}.{body}{timestamp}", "ms", "side by side" },
	{ "{id}.{timestamp}{body}", "rfc3339", NULL },
	{ "{id}.{body}{timestamp}", "rfc3339", NULL },
	{ "{timestamp}{body}{id}", "rfc3339", "side by side" },
	{ "{id}{timestamp}.{body}", "s", "side by side" },
	{ "{id}{timestamp}.{body}", "rfc3339", "side by side" },
	{ "{timestamp}{id}.{body}", "s", "side by side" },
	{ "{timestamp}.{id}{body}", "s", "side by side" },
	{ "{timestamp}.{body}{id}", "s", "side by side" },
	{ "{body}.{id}{timestamp}", "s", "side by side" },
	{ "{id}{id}.{timestamp}.{body}", "s", "side by side" },
	{ "v0:{id}.{timestamp}.{body}:{timestamp}{timestamp}", "s",
	    "side by side" },
	{ "{id}.{timestamp}0{body}", "s", "a digit" },
	{ "{id}.{body}9{timestamp}", "ms", "a digit" },
	{ "{id}.{body}.{timestamp}1.{timestamp}", "ms", "a digit" },
	{ "{id}.{timestamp}0{body}", "rfc3339", NULL },
	{ "{id}.{timestamp}.0{body}", "s", NULL },
	{ "v0{timestamp}.{id}.{body}", "s", NULL },
	{ "{id}.{body}.{timestamp}0", "s", NULL },
	{ "{id}0{body}.{timestamp}", "s", NULL },
	{ "{timestamp}.{body}.{id}", "s", NULL },
	{ "{body}.{timestamp}.{id}", "s", NULL },
	{ "({id})({timestamp})({body})", "s", NULL },
	{ "{id}}{timestamp}}{body}", "s", NULL },
};

static void
fields_never_touch(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(templates); i++) {
		const char *words[] = { "header", "X", "id", "header", "I",
			"timestamp", "header", "T", "unit", templates[i].unit,
			"over", templates[i].over };
		const char *why = "";
		struct pool pool = { 0 };
		struct recipe recipe;
		enum rc rc = recipe_parse(words, COUNT(words), &pool, &recipe,
		    &why);

		wrong += case_rc(templates[i].over, rc,
		    templates[i].why == NULL ? RC_OK : RC_SYNTAX);
		wrong += case_true(templates[i].over, "why and what to write",
		    templates[i].why == NULL ||
			(strstr(why, templates[i].why) != NULL &&
			    strstr(why, "write ") != NULL));
		pool_free(&pool);
	}
	assert_int_equal(wrong, 0);
}

static void
a_template_of_any_length_is_bounded(void **state)
{
	char over[600];
	const char *words[] = { "header", "X", "over", over };
	struct pool pool = { 0 };
	struct recipe recipe;
	const char *why = NULL;

	(void)state;
	memset(over, 'x', sizeof(over));
	memcpy(over, "{body}", 6);
	over[RECIPE_OVER] = '\0';
	assert_int_equal(recipe_parse(words, 4, &pool, &recipe, &why), RC_OK);
	over[RECIPE_OVER] = 'x';
	over[RECIPE_OVER + 1] = '\0';
	assert_int_equal(recipe_parse(words, 4, &pool, &recipe, &why),
	    RC_SYNTAX);
	assert_non_null(why);
	pool_free(&pool);
}

static void
a_header_has_two_spellings(void **state)
{
	struct pool pool = { 0 };
	struct header_name header = { "kept", "KEPT" };
	char name[] = "X-Signature";

	(void)state;
	assert_int_equal(header_name_parse("X Y", &pool, &header), RC_SYNTAX);
	assert_int_equal(header_name_parse("", &pool, &header), RC_SYNTAX);
	assert_string_equal(header.name, "kept");
	assert_int_equal(header_name_parse(name, &pool, &header), RC_OK);
	memset(name, 'z', sizeof(name) - 1);
	assert_string_equal(header.name, "X-Signature");
	assert_string_equal(header.variable, "HTTP_X_SIGNATURE");
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines_are_understood),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(printing_keeps_to_the_ceiling),
		cmocka_unit_test(bad_lines_are_refused_with_a_reason),
		cmocka_unit_test(fields_never_touch),
		cmocka_unit_test(a_template_of_any_length_is_bounded),
		cmocka_unit_test(a_header_has_two_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
