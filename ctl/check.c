/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/tokens.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/print.h"
#include "config/warnings.h"
#include "event/event.h"
#include "journal/journal.h"
#include "signature/recipe.h"
#include "signature/secret.h"
#include "print.h"
#include "report.h"
#include "session.h"

enum { WARNINGS = 64 * 1024 };

/* What is printed of a hook after its `on` lines; KEYWORDS ends a list. */
static const enum keyword waiting[] = { KEYWORD_DELIVERY, KEYWORD_MAX_RUNNING,
	KEYWORDS };
static const enum keyword queueing[] = { KEYWORD_DELIVERY, KEYWORD_RETRY,
	KEYWORD_ORDER, KEYWORD_KEEP, KEYWORD_ON_DEAD, KEYWORD_CONCURRENCY,
	KEYWORD_BATCH, KEYWORD_MAX_QUEUE, KEYWORDS };
static const enum keyword limits[] = { KEYWORD_TIMEOUT, KEYWORD_KILL_AFTER,
	KEYWORD_MAX_BODY, KEYWORD_READ_TIMEOUT, KEYWORDS };
static const enum keyword last[] = { KEYWORD_INPUT, KEYWORD_CAPTURE, KEYWORDS };

/* Prints a field that takes memory to make, unless it is empty; frees it. */
static enum rc
end_field(const char *label, struct buf *text, enum rc rc)
{
	if (rc == RC_OK && text->len > 0)
		print_field(label, "%s", text->data);
	buf_free(text);
	return rc;
}

static enum rc
show(const struct conf *conf, const struct hook *hook, enum keyword keyword)
{
	struct buf text = { 0 };

	return end_field(keywords_row(keyword)->name, &text,
	    conf_print(conf, hook, keyword, &text));
}

static enum rc
show_list(const struct conf *conf, const struct hook *hook,
    const enum keyword *keywords)
{
	enum rc rc = RC_OK;

	for (; rc == RC_OK && *keywords != KEYWORDS; keywords++)
		rc = show(conf, hook, *keywords);
	return rc;
}

static void
show_reached(const struct conf *conf, const struct hook *hook)
{
	bool only = conf->hooks_len == 1;

	if (hook->signature.kind == RECIPE_NONE)
		print_field("reached by", "PELIHOOK_HOOK=%s%s", hook->name,
		    only ? ", or no path: it is the only hook" : " only");
	else
		print_field("reached by", "path /%s%s, or PELIHOOK_HOOK=%s",
		    hook->name, only ? " or none" : "", hook->name);
}

static enum rc
show_rule(const struct rule *rule)
{
	struct buf text = { 0 };
	enum rc rc = buf_printf(&text, "line %u: ", rule->line);

	if (rc == RC_OK)
		rc = conf_print_rule(rule, &text);
	return end_field("on", &text, rc);
}

static enum rc
show_environment(const struct hook *hook)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < hook->reading.env_len; i++)
		print_field("env", "PELIHOOK_%s from %s",
		    hook->reading.env[i].name, hook->reading.env[i].value);
	for (size_t i = 0; rc == RC_OK && i < hook->setenv_len; i++) {
		struct buf text = { 0 };

		rc = buf_printf(&text, "%s=", hook->setenv[i].name);
		if (rc == RC_OK)
			rc = tokens_print(hook->setenv[i].value, &text);
		rc = end_field("setenv", &text, rc);
	}
	return rc;
}

static enum rc
show_dedupe(const struct conf *conf, const struct hook *hook)
{
	struct buf text = { 0 };
	enum rc rc = conf_print(conf, hook, KEYWORD_DEDUPE, &text);

	if (rc == RC_OK && hook->reading.dedupe.from != EVENT_FROM_NONE) {
		rc = buf_text(&text, " within ");
		if (rc == RC_OK)
			rc = conf_print(conf, hook, KEYWORD_DEDUPE_WINDOW,
			    &text);
	}
	return end_field("dedupe", &text, rc);
}

static enum rc
show_delivery(const struct conf *conf, const struct hook *hook)
{
	enum rc rc = show_list(conf, hook,
	    hook->delivery == CONF_WAIT ? waiting : queueing);

	if (rc == RC_OK)
		rc = show_dedupe(conf, hook);
	if (rc == RC_OK)
		rc = show_list(conf, hook, limits);
	if (rc == RC_OK)
		rc = show_environment(hook);
	return rc == RC_OK ? show_list(conf, hook, last) : rc;
}

static enum rc
show_hook(const struct conf *conf, const struct hook *hook)
{
	enum rc rc;

	print_line("%s", "");
	print_line("hook %s (line %u)", hook->name, hook->line);
	show_reached(conf, hook);
	rc = show(conf, hook, KEYWORD_SIGNATURE);
	for (size_t i = 0; i < hook->secrets_len; i++)
		print_field("secret-file", "%s %s", hook->secrets[i].path,
		    keywords_choice(KEYWORD_SECRET_FILE,
			hook->secrets[i].coding));
	if (rc == RC_OK)
		rc = show(conf, hook, KEYWORD_EVENT_NAME);
	for (size_t i = 0; rc == RC_OK && i < hook->rules_len; i++)
		rc = show_rule(&hook->rules[i]);
	return rc == RC_OK ? show_delivery(conf, hook) : rc;
}

static enum rc
show_log(const struct conf *conf)
{
	struct buf text = { 0 };
	enum rc rc = conf_print(conf, NULL, KEYWORD_LOG, &text);

	if (rc == RC_OK)
		rc = buf_text(&text, ", ");
	if (rc == RC_OK)
		rc = conf_print(conf, NULL, KEYWORD_LOG_FORMAT, &text);
	if (rc == RC_OK)
		rc = buf_text(&text, ", level ");
	if (rc == RC_OK)
		rc = conf_print(conf, NULL, KEYWORD_LOG_LEVEL, &text);
	return end_field("log", &text, rc);
}

static enum rc
show_globals(const struct conf *conf)
{
	const struct passwd *user = getpwuid(geteuid());
	enum rc rc;

	print_line("%s", conf->file);
	if (user != NULL)
		print_field("checked as", "%s", user->pw_name);
	else
		print_field("checked as", "uid %u", (unsigned)geteuid());
	rc = show_log(conf);
	if (rc == RC_OK)
		rc = show(conf, NULL, KEYWORD_JOURNAL);
	if (rc == RC_OK && conf->journal != NULL)
		rc = show(conf, NULL, KEYWORD_DISPATCH);
	return rc == RC_OK ? show(conf, NULL, KEYWORD_STOP_TIMEOUT) : rc;
}

/* Whether pelihook.cgi is in use cannot be seen from here; with `dispatch
 * thread` it is not. */
static enum rc
show_warnings(const struct conf *conf)
{
	struct buf warnings = { .max = WARNINGS };
	struct bytes rest, line;
	bool cgi = conf->dispatch != CONF_DISPATCH_THREAD;
	enum rc rc = conf_warnings(conf, cgi, &warnings);

	rest = buf_view(&warnings);
	while (rc == RC_OK && bytes_split(&rest, "\n", &line))
		if (line.len > 0)
			print_lines(stderr, "warning: ", line);
	buf_free(&warnings);
	return rc;
}

static enum rc
show_all(const struct session *session)
{
	enum rc rc = show_globals(session->conf);

	for (size_t i = 0; rc == RC_OK && i < session->conf->hooks_len; i++)
		rc = show_hook(session->conf, &session->conf->hooks[i]);
	if (rc == RC_OK && fflush(stdout) == EOF)
		rc = RC_SHORT;
	return rc == RC_OK ? show_warnings(session->conf) : rc;
}

/* The reason was logged, with no word of the line that names the journal. */
static enum rc
open_journal(const struct session *session, struct journal **out)
{
	enum rc rc;

	if (session->conf->journal == NULL)
		return RC_OK;
	rc = session_journal(session, JOURNAL_BRIEF, out);
	if (rc == RC_CONFIG)
		print_note("",
		    "%s:%u: the journal cannot be used, for the reason above: "
		    "mend that, or name another here",
		    session->file, conf_line(session->conf, KEYWORD_JOURNAL));
	return rc;
}

enum rc
subcommand_check(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = session_log_to_stderr();

	(void)operands;
	(void)n;
	if (rc == RC_OK)
		rc = session_open(session);
	if (rc == RC_OK)
		rc = session_load_files(session, NULL);
	if (rc == RC_OK)
		rc = open_journal(session, &journal);
	if (rc == RC_OK)
		rc = show_all(session);
	if (rc == RC_OK && journal != NULL)
		rc = report_gone_hooks(session, journal);
	journal_close(journal);
	return rc;
}
