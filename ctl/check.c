/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/tokens.h"
#include "base/units.h"
#include "config/conf.h"
#include "event/event.h"
#include "journal/journal.h"
#include "signature/recipe.h"
#include "signature/secret.h"
#include "print.h"
#include "report.h"
#include "session.h"

enum { WARNINGS = 64 * 1024 };

static const char *const codings[] = {
    [SECRET_RAW] = "raw",
    [SECRET_HEX] = "hex",
    [SECRET_BASE64] = "base64",
    [SECRET_WHSEC] = "whsec",
};

static const char *const inputs[] = {
    [CONF_BODY] = "body",
    [CONF_LINE] = "line",
    [CONF_CLOUDEVENTS] = "cloudevents",
};

static const char *const dispatches[] = {
    [CONF_DISPATCH_DEFAULT] = "thread or drain, as the program does",
    [CONF_DISPATCH_THREAD] = "thread",
    [CONF_DISPATCH_DRAIN] = "drain",
    [CONF_DISPATCH_NONE] = "none",
};

/* Prints a field that takes memory to make, and frees it. */
static enum rc
end_field(const char *label, struct buf *text, enum rc rc)
{
	if (rc == RC_OK)
		print_field(label, "%s", text->data);
	buf_free(text);
	return rc;
}

static enum rc
show_duration(const char *label, int64_t milliseconds)
{
	struct buf text = {0};

	return end_field(
	    label, &text, units_print_duration(milliseconds, &text));
}

static enum rc
show_size(const char *label, size_t bytes)
{
	struct buf text = {0};

	return end_field(label, &text, units_print_size(bytes, &text));
}

static enum rc
show_durations(const char *label, const int64_t *list, size_t n)
{
	struct buf text = {0};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		if (i > 0)
			rc = buf_char(&text, ' ');
		if (rc == RC_OK)
			rc = units_print_duration(list[i], &text);
	}
	return end_field(label, &text, rc);
}

static enum rc
print_source(
    const struct event_source *source, const char *none, struct buf *into)
{
	switch (source->from) {
	case EVENT_FROM_NONE:
		return buf_text(into, none);
	case EVENT_FROM_BODY:
		return buf_text(into, "body");
	case EVENT_FROM_HOOK:
		return buf_text(into, "hook");
	case EVENT_FROM_POINTER:
		return tokens_print(source->pointer, into);
	case EVENT_FROM_HEADER:
		return buf_printf(into, "header %s", source->header.name);
	}
	return RC_SYNTAX;
}

static enum rc
show_source(
    const char *label, const struct event_source *source, const char *none)
{
	struct buf text = {0};

	return end_field(label, &text, print_source(source, none, &text));
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
show_signature(const struct hook *hook)
{
	struct buf text = {0};
	enum rc rc;

	rc = end_field(
	    "signature", &text, recipe_print(&hook->signature, &text));
	for (size_t i = 0; i < hook->secrets_len; i++)
		print_field("secret-file", "%s %s", hook->secrets[i].path,
		    codings[hook->secrets[i].coding]);
	return rc;
}

static enum rc
show_rule(const struct rule *rule)
{
	struct buf text = {0};
	enum rc rc = buf_printf(&text, "line %u: ", rule->line);

	if (rc == RC_OK)
		rc = print_rule(rule, &text);
	return end_field("on", &text, rc);
}

static enum rc
show_environment(const struct hook *hook)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < hook->reading.env_len; i++)
		print_field("env", "PELIHOOK_%s from %s", hook->reading.env[i].name,
		    hook->reading.env[i].value);
	for (size_t i = 0; rc == RC_OK && i < hook->setenv_len; i++) {
		struct buf text = {0};

		rc = buf_printf(&text, "%s=", hook->setenv[i].name);
		if (rc == RC_OK)
			rc = tokens_print(hook->setenv[i].value, &text);
		rc = end_field("setenv", &text, rc);
	}
	return rc;
}

static enum rc
show_waiting(const struct hook *hook)
{
	print_field("delivery", "wait");
	if (hook->max_running == 0)
		print_field("max-running", "half the threads");
	else
		print_field("max-running", "%u", hook->max_running);
	return RC_OK;
}

static enum rc
show_on_dead(const struct hook *hook)
{
	struct buf text = {0};
	enum rc rc;

	if (hook->on_dead == NULL)
		return RC_OK;
	rc = buf_text(&text, "run ");
	if (rc == RC_OK)
		rc = print_words(hook->on_dead, &text);
	return end_field("on-dead", &text, rc);
}

static enum rc
show_queue(const struct hook *hook)
{
	enum rc rc;

	print_field("delivery", "queue");
	rc = show_durations("retry", hook->retry, hook->retry_len);
	if (rc == RC_OK)
		rc = show_source("order", &hook->reading.order, "none");
	if (rc == RC_OK)
		rc = show_duration("keep", hook->keep);
	if (rc == RC_OK)
		rc = show_on_dead(hook);
	print_field("concurrency", "%u", hook->concurrency);
	print_field("batch", "%u", hook->batch);
	print_field("max-queue", "%u", hook->max_queue);
	return rc;
}

static enum rc
show_dedupe(const struct hook *hook)
{
	struct buf text = {0};
	enum rc rc = print_source(&hook->reading.dedupe, "none", &text);

	if (rc == RC_OK && hook->reading.dedupe.from != EVENT_FROM_NONE)
		rc = buf_text(&text, " within ");
	if (rc == RC_OK && hook->reading.dedupe.from != EVENT_FROM_NONE)
		rc = units_print_duration(hook->dedupe_window, &text);
	return end_field("dedupe", &text, rc);
}

static enum rc
show_limits(const struct hook *hook)
{
	enum rc rc = show_duration("timeout", hook->timeout);

	if (rc == RC_OK)
		rc = show_duration("kill-after", hook->kill_after);
	if (rc == RC_OK)
		rc = show_size("max-body", hook->max_body);
	if (rc == RC_OK)
		rc = show_duration("read-timeout", hook->read_timeout);
	return rc;
}

static enum rc
show_delivery(const struct hook *hook)
{
	enum rc rc =
	    hook->delivery == CONF_WAIT ? show_waiting(hook) : show_queue(hook);

	if (rc == RC_OK)
		rc = show_dedupe(hook);
	if (rc == RC_OK)
		rc = show_limits(hook);
	if (rc == RC_OK)
		rc = show_environment(hook);
	print_field("input", "%s", inputs[hook->input]);
	if (hook->capture != NULL)
		print_field("capture", "%s", hook->capture);
	return rc;
}

static enum rc
show_hook(const struct conf *conf, const struct hook *hook)
{
	enum rc rc;

	print_line("%s", "");
	print_line("hook %s (line %u)", hook->name, hook->line);
	show_reached(conf, hook);
	rc = show_signature(hook);
	if (rc == RC_OK)
		rc = show_source(
		    "event-name", &hook->reading.name, "found in the payload");
	for (size_t i = 0; rc == RC_OK && i < hook->rules_len; i++)
		rc = show_rule(&hook->rules[i]);
	return rc == RC_OK ? show_delivery(hook) : rc;
}

static void
show_log(const struct log_settings *log)
{
	static const char *const formats[] = {
	    [LOG_TEXT] = "text",
	    [LOG_JSON] = "json",
	};
	static const char *const levels[] = {
	    [LOG_LEVEL_ERROR] = "error",
	    [LOG_LEVEL_WARNING] = "warning",
	    [LOG_LEVEL_INFO] = "info",
	    [LOG_LEVEL_DEBUG] = "debug",
	};
	const char *target = "stderr";

	if (log->target == LOG_TO_SYSLOG)
		target = "syslog";
	else if (log->target == LOG_TO_FILE)
		target = log->path;
	print_field("log", "%s, %s, level %s", target, formats[log->format],
	    levels[log->level]);
}

static enum rc
show_globals(const struct conf *conf)
{
	const struct passwd *user = getpwuid(geteuid());

	print_line("%s", conf->file);
	if (user != NULL)
		print_field("checked as", "%s", user->pw_name);
	else
		print_field("checked as", "uid %u", (unsigned)geteuid());
	show_log(&conf->log);
	if (conf->journal == NULL) {
		print_field("journal", "none");
	} else {
		print_field("journal", "%s", conf->journal);
		print_field("dispatch", "%s", dispatches[conf->dispatch]);
	}
	return show_duration("stop-timeout", conf->stop_timeout);
}

/* Whether pelihook.cgi is in use cannot be seen from here; who has the
 * queue run by a thread has it not. */
static enum rc
show_warnings(const struct conf *conf)
{
	struct buf warnings = {.max = WARNINGS};
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
		    session->file, session->conf->journal_line);
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
