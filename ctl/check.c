/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/pool.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/print.h"
#include "config/warnings.h"
#include "event/event.h"
#include "event/rule.h"
#include "journal/journal.h"
#include "journal/requests.h"
#include "signature/recipe.h"
#include "around.h"
#include "check_lanes.h"
#include "identities.h"
#include "print.h"
#include "report.h"
#include "session.h"
#include "stats_requests.h"

enum { WARNINGS = 64 * 1024 };

/* What is shown, and the text of the next field. */
struct view {
	const struct conf *conf;
	const struct hook *hook; /* NULL before the first */
	struct buf text;	 /* nothing is shown after its first error */
};

/* What is printed of a hook before and after its `on` lines; KEYWORDS ends a
 * list. */
static const enum keyword waiting[] = { KEYWORD_DELIVERY, KEYWORD_MAX_RUNNING,
	KEYWORDS };
static const enum keyword queueing[] = { KEYWORD_DELIVERY, KEYWORD_RETRY,
	KEYWORD_ORDER, KEYWORD_QUEUED_STATUS, KEYWORD_KEEP, KEYWORD_KEEP_DEAD,
	KEYWORD_ON_DEAD, KEYWORD_CONCURRENCY, KEYWORD_BATCH, KEYWORD_MAX_QUEUE,
	KEYWORDS };
static const enum keyword subject[] = { KEYWORD_EVENT_NAME, KEYWORD_RUN_ID,
	KEYWORD_PIPELINE_ID, KEYWORD_PIPELINE_NAME, KEYWORDS };
static const enum keyword limits[] = { KEYWORD_DIRECTORY, KEYWORD_TIMEOUT,
	KEYWORD_KILL_AFTER, KEYWORD_MAX_BODY, KEYWORD_READ_TIMEOUT, KEYWORDS };
static const enum keyword last[] = { KEYWORD_INPUT, KEYWORD_CAPTURE, KEYWORDS };

/* Prints the text as a field, unless it is empty, and begins the next. */
static void
end_field(struct view *view, const char *label)
{
	if (view->text.rc == RC_OK && view->text.len > 0)
		print_field(label, "%s", view->text.data);
	view->text.len = 0;
}

static void
add_value(struct view *view, enum keyword keyword)
{
	conf_print(view->conf, view->hook, keyword, &view->text);
}

static void
show(struct view *view, enum keyword keyword)
{
	add_value(view, keyword);
	end_field(view, keywords_row(keyword)->name);
}

static void
show_list(struct view *view, const enum keyword *keywords)
{
	for (; *keywords != KEYWORDS; keywords++)
		show(view, *keywords);
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

/* Their names alone: each value may be one that nobody is to see. */
static void
show_environment(struct view *view)
{
	const struct hook *hook = view->hook;

	for (size_t i = 0; i < hook->reading.env_len; i++)
		print_field("env", "PELIHOOK_%s from %s",
		    hook->reading.env[i].name, hook->reading.env[i].value);
	for (size_t i = 0; i < hook->setenv_len - hook->setenv_files_len; i++)
		print_field("setenv", "%s", hook->setenv[i].name);
	for (size_t i = 0; i < hook->setenv_files_len; i++) {
		conf_print_setenv_file(hook, i, &view->text);
		end_field(view, "setenv-file");
	}
}

static void
show_dedupe(struct view *view)
{
	add_value(view, KEYWORD_DEDUPE);
	if (view->hook->reading.dedupe.from != EVENT_FROM_NONE) {
		buf_text(&view->text, " within ");
		add_value(view, KEYWORD_DEDUPE_WINDOW);
	}
	end_field(view, "dedupe");
}

static void
show_watch(struct view *view)
{
	const struct hook *hook = view->hook;

	conf_print_watch(hook, &view->text);
	end_field(view, "watch");
	for (size_t i = 0; i < hook->watch_for_len; i++) {
		conf_print_watch_for(&hook->watch_for[i], &view->text);
		end_field(view, "watch");
	}
}

static void
show_hook(struct view *view)
{
	const struct hook *hook = view->hook;

	print_line("%s", "");
	print_line("hook %s (line %u)", hook->name, hook->line);
	show_reached(view->conf, hook);
	show(view, KEYWORD_SIGNATURE);
	for (size_t i = 0; i < hook->secrets_len; i++) {
		conf_print_secret(&hook->secrets[i], &view->text);
		end_field(view, "secret-file");
	}
	show_list(view, subject);
	for (size_t i = 0; i < hook->rules_len; i++) {
		buf_printf(&view->text, "line %u: ", hook->rules[i].line);
		conf_print_rule(&hook->rules[i], &view->text);
		end_field(view, "on");
	}
	show_list(view, hook->delivery == CONF_WAIT ? waiting : queueing);
	if (hook->delivery == CONF_QUEUE)
		show_watch(view);
	show_dedupe(view);
	show_list(view, limits);
	show_environment(view);
	show_list(view, last);
	if (hook->delivery == CONF_QUEUE)
		check_lanes_show(hook, &view->text);
}

/* As a word for a shell. */
static void
add_quoted(struct buf *into, const char *text)
{
	buf_char(into, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_text(into, "'\\''");
		else
			buf_char(into, *text);
	buf_char(into, '\'');
}

/*
 * Who is let in is the web server's to say, and cannot be seen from here: what
 * is to be typed shows it.
 */
static void
show_page(struct view *view)
{
	const struct conf *conf = view->conf;

	if (conf->journal == NULL) {
		if (conf->page_url != NULL)
			print_field("page",
			    "none: there is nothing to show without a "
			    "`journal' line");
		return;
	}
	print_field("page",
	    "only where the web server sets PELIHOOK_PAGE, behind its own "
	    "password%s",
	    conf->page_url == NULL ?
		"; say where by a `page-url' line to see how to try it" :
		"");
	if (conf->page_url == NULL)
		return;
	/* As it is: to curl itself braces and brackets are several URLs. */
	buf_text(&view->text,
	    "curl -g -o /dev/null -s -w '%{http_code}\\n' -u evil:x ");
	add_quoted(&view->text, conf->page_url);
	buf_text(&view->text, "  # has to print 401");
	end_field(view, "try it by");
}

static void
show_globals(struct view *view)
{
	const struct passwd *user = getpwuid(geteuid());

	print_line("%s", view->conf->file);
	if (user != NULL)
		print_field("checked as", "%s", user->pw_name);
	else
		print_field("checked as", "uid %u", (unsigned)geteuid());
	add_value(view, KEYWORD_LOG);
	buf_text(&view->text, ", ");
	add_value(view, KEYWORD_LOG_FORMAT);
	buf_text(&view->text, ", level ");
	add_value(view, KEYWORD_LOG_LEVEL);
	end_field(view, "log");
	show(view, KEYWORD_JOURNAL);
	if (conf_journal_is_shared(view->conf))
		show(view, KEYWORD_LEASE);
	if (view->conf->journal != NULL)
		show(view, KEYWORD_DISPATCH);
	show(view, KEYWORD_STOP_TIMEOUT);
	show(view, KEYWORD_ALLOW_ROOT);
	show(view, KEYWORD_PAGE_URL);
	show_page(view);
}

/* What conf_warnings is to know; timed: some timer was found.  Whether
 * pelihook.cgi is in use cannot be seen from here. */
static unsigned
look_around(const struct conf *conf, bool timed)
{
	bool served = conf->dispatch == CONF_DISPATCH_THREAD ||
	    (conf->dispatch == CONF_DISPATCH_DEFAULT && conf->journal != NULL &&
		around_has_responder(
		    conf_journal_is_shared(conf) ? NULL : conf->journal));

	if (conf->journal == NULL || served)
		return 0;
	return timed || around_has_crontab() ? CONF_BEHIND_CGI :
					       CONF_BEHIND_CGI | CONF_UNTIMED;
}

/* Those of the journal are known before. */
static enum rc
show_warnings(const struct conf *conf, bool timed, struct buf *of_journal)
{
	struct buf warnings = { .max = WARNINGS };
	enum rc rc = conf_warnings(conf, look_around(conf, timed), &warnings);

	if (rc == RC_OK) {
		print_lines(stderr, "warning: ", buf_view(of_journal));
		print_lines(stderr, "warning: ", buf_view(&warnings));
	}
	buf_free(&warnings);
	return rc;
}

static enum rc
show_all(const struct conf *conf, bool timed, struct buf *of_journal)
{
	struct view view = { .conf = conf };
	enum rc rc;

	show_globals(&view);
	for (size_t i = 0; view.text.rc == RC_OK && i < conf->hooks_len; i++) {
		view.hook = &conf->hooks[i];
		show_hook(&view);
	}
	check_lanes_show_changes(conf, &view.text);
	rc = view.text.rc;
	buf_free(&view.text);
	if (rc == RC_OK && fflush(stdout) == EOF)
		rc = RC_SHORT;
	return rc == RC_OK ? show_warnings(conf, timed, of_journal) : rc;
}

/* What is wrong with them keeps no event from being stored and run. */
static enum rc
show_counts(const struct session *session)
{
	struct journal_requests requests = { .now = clock_wall() };
	enum rc rc = RC_OK;

	if (session->conf->journal != NULL)
		rc = journal_requests_gather(&requests, session->conf, NULL);
	if (rc == RC_OK)
		stats_requests_note(&requests, "warning: ");
	pool_free(&requests.pool);
	return rc;
}

static enum rc
show_journal(const struct session *session, struct journal *journal)
{
	enum rc rc = report_gone_hooks(session, journal);

	if (rc == RC_OK)
		rc = report_dead(session, journal);
	return rc == RC_OK ? identities_warn(session, journal) : rc;
}

enum rc
subcommand_check(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	struct buf warnings = { .max = WARNINGS };
	/* Before root becomes another user, who sees less. */
	bool timed = around_has_timer();
	enum rc rc = session_log_to_stderr();

	(void)operands;
	(void)n;
	if (rc == RC_OK)
		rc = session_open(session);
	if (rc == RC_OK)
		rc = session_load_files(session, NULL);
	if (rc == RC_OK && session->conf->journal != NULL)
		rc = session_try_journal(session, &warnings, &journal);
	if (rc == RC_OK && journal != NULL)
		rc = session_check_sources(session, journal);
	if (rc == RC_OK)
		rc = show_all(session->conf, timed, &warnings);
	if (rc == RC_OK)
		rc = show_counts(session);
	if (rc == RC_OK && journal != NULL)
		rc = show_journal(session, journal);
	journal_close(journal);
	buf_free(&warnings);
	return rc == RC_CORRUPT ? session_blame_journal(session) : rc;
}
