/* SPDX-License-Identifier: ISC */
/*
 * The configuration's parser.  A file is taken without a word or refused
 * with lines that name it, and a signature line that was taken is printed
 * as one that means the same.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/tokens.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/load.h"
#include "config/print.h"
#include "config/warnings.h"
#include "event/rule.h"
#include "signature/recipe.h"

enum { ERRORS = 16 * 1024, WORDS = 64 };

static const char *file;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	file = strdup(fuzz_path("conf"));
	return 0;
}

static void
check_lines(const struct buf *text)
{
	struct bytes rest = buf_view(text);
	struct bytes line;

	while (fuzz_line(&rest, &line) && line.len > 0)
		holds(bytes_begin(line, file) ||
		    memmem(line.data, line.len, "more", 4) != NULL);
}

/* Printed, read back and printed again, it has not changed. */
static void
check_recipe(const struct recipe *recipe)
{
	struct buf first = { 0 }, second = { 0 };
	struct pool pool = { 0 };
	struct tokens words;
	struct recipe again;
	const char *const *list;
	const char *why;
	size_t n;

	holds(recipe_print(recipe, &first) == RC_OK);
	tokens_start(&words, buf_view(&first));
	holds(tokens_next(&words, &pool, &list, &n, &why) == RC_OK);
	holds(recipe_parse(list, n, &pool, &again, &why) == RC_OK);
	holds(recipe_print(&again, &second) == RC_OK);
	holds(bytes_equal(buf_view(&first), buf_view(&second)));
	pool_free(&pool);
	buf_free(&first);
	buf_free(&second);
}

/* Each command is in a lane that has its name, or is of its words. */
static void
check_lanes(const struct hook *hook)
{
	for (size_t i = 0; i < hook->rules_len; i++) {
		const struct rule *rule = &hook->rules[i];
		const struct lane *lane;

		if (rule->command == NULL)
			continue;
		holds(rule->lane < hook->lanes_len);
		lane = &hook->lanes[rule->lane];
		holds(rule->lane_name == NULL ?
			lane->name == NULL && lane->command != NULL :
			strcmp(lane->name, rule->lane_name) == 0);
		holds(lane->batch == 1 || lane->input != CONF_BODY);
		holds(lane->retry_len > 0 && lane->timeout > 0);
	}
}

/* What is watched is told, in a hook that queues, and can be printed. */
static void
check_watch(const struct hook *hook)
{
	struct buf line = { 0 };
	bool told = false;

	for (size_t i = 0; i < hook->rules_len; i++)
		told = told || rule_names_watch(&hook->rules[i]);
	holds(!conf_watches(hook) || (told && hook->delivery == CONF_QUEUE));
	holds(hook->watch.failing <= 100 && hook->watch.silent >= 0);
	holds(conf_print_watch(hook, &line) == RC_OK);
	for (size_t i = 0; i < hook->watch_for_len; i++)
		holds(
		    conf_print_watch_for(&hook->watch_for[i], &line) == RC_OK);
	holds(conf_watch_of(hook, "7", "CRM") != NULL);
	buf_free(&line);
}

static void
check_hook(const struct conf *conf, const struct hook *hook)
{
	holds(conf_is_name(bytes_of(hook->name)));
	holds(conf_find(conf, bytes_of(hook->name)) == hook);
	holds(hook->rules_len > 0);
	holds(hook->secrets_len > 0 || hook->signature.kind == RECIPE_NONE);
	for (size_t i = 0; i < hook->rules_len; i++)
		holds(hook->rules[i].command == NULL ||
		    hook->rules[i].command[0][0] == '/');
	check_recipe(&hook->signature);
	check_lanes(hook);
	check_watch(hook);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = { .max = ERRORS };
	struct conf *conf = NULL;
	enum rc rc;

	fuzz_write(file, (struct bytes){ (const char *)data, size });
	rc = conf_load(file, &conf, &errors);
	holds(rc == RC_OK || rc == RC_CONFIG);
	holds((rc == RC_OK) == (errors.len == 0));
	check_lines(&errors);
	if (rc == RC_OK) {
		holds(conf->hooks_len > 0);
		for (size_t i = 0; i < conf->hooks_len; i++)
			check_hook(conf, &conf->hooks[i]);
		errors.len = 0;
		rc = conf_load_all_files(conf, &errors);
		holds(rc == RC_OK || rc == RC_CONFIG);
		if (rc == RC_OK)
			holds(
			    conf_warnings(conf, CONF_BEHIND_CGI | CONF_UNTIMED,
				&errors) == RC_OK);
		check_lines(&errors);
		conf_release(conf);
	}
	buf_free(&errors);
	return 0;
}
