/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/outcome.h"
#include "base/pool.h"
#include "base/startup.h"
#include "command/execute.h"
#include "command/host.h"
#include "command/job.h"
#include "command/run.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/lane_text.h"
#include "config/print.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/keys.h"
#include "event/payload.h"
#include "event/receipt.h"
#include "event/rule.h"
#include "event/subject.h"
#include "http/gateway.h"
#include "http/request.h"
#include "signature/recipe.h"
#include "complain.h"
#include "exit_status.h"
#include "print.h"
#include "session.h"
#include "subject.h"

/* One body that is tried. */
struct trial {
	struct session *session;
	struct host *host;
	struct hook *hook;
	struct request request;
	struct event event;
	struct event_subject subject;
	struct receipt receipt;
	struct job job; /* but for the rule */
	struct pool pool;
	int stop;
	bool stopped; /* a command was ended by a signal to this process */
};

static void
print_event(const struct trial *trial)
{
	const struct event *event = &trial->event;
	bool found = event->found[0] != '\0';

	if (catalog_is_watch(event->row))
		print_field("event", "%s, pelihook's own", event->name);
	else
		print_field("event", "%s, %s%s%s", event->name,
		    found ? "found at " : "no name was found", event->found,
		    event->known ? "" : " (not in the table)");
	if (trial->hook->reading.name.from == EVENT_FROM_HEADER)
		print_field("", "event-name is header %s, which no body has",
		    trial->hook->reading.name.header.name);
}

/* What its commands are told of it. */
static enum rc
describe(struct trial *trial)
{
	struct event_subject *subject = &trial->subject;
	struct event *event = &trial->event;
	struct job *job = &trial->job;
	enum rc rc = event_subject_find(event, subject);

	if (rc != RC_OK)
		return rc;
	*job = job_make(trial->hook, event->name, &trial->receipt,
	    buf_view(&trial->request.body));
	job->pipeline = subject->name;
	job->run = subject->run;
	rc = trial->session->dry ? job_say(job, event, &trial->pool) :
				   job_describe(job, event, &trial->pool);
	if (rc != RC_OK)
		return rc;
	subject_print(subject, strcmp(event->row->kind, "pipeline") == 0);
	print_field("text", "%s", job->text);
	return RC_OK;
}

/* Where an event has no identity it is taken, but neither known again nor
 * kept in order. */
static void
print_identity(const struct trial *trial, enum keyword keyword,
    const struct event_source *source)
{
	bool order = keyword == KEYWORD_ORDER;
	const char *name = keywords_row(keyword)->name;

	if (source->from == EVENT_FROM_HEADER)
		print_field(name, "by header %s, which no body has",
		    source->header.name);
	if (source->from != EVENT_FROM_POINTER)
		return;
	if (event_find_identity(&trial->event, source) == RC_MISSING)
		print_field(name,
		    "nothing found at %s, neither a string nor a number: "
		    "this event is not %s",
		    source->pointer, order ? "ordered" : "deduplicated");
	else
		print_field(name, "by what is at %s", source->pointer);
}

static enum rc
print_taker(const struct trial *trial, const struct rule *rule)
{
	struct buf text = { 0 };
	enum rc rc = conf_print_rule(rule, &text);

	if (rc == RC_OK)
		print_field("taken by", "%s:%u: on %s", trial->hook->file,
		    rule->line, text.data);
	buf_free(&text);
	return rc;
}

static void
print_output(const struct run_result *result)
{
	if (result->tail_len == 0)
		return;
	print_field("output", "%s%zu %s",
	    result->tail_len == RUN_TAIL ? "the last " : "", result->tail_len,
	    result->tail_len == 1 ? "byte" : "bytes");
	print_bytes((struct bytes){ result->tail, result->tail_len });
	if (result->tail[result->tail_len - 1] != '\n' &&
	    !isatty(STDOUT_FILENO))
		print_exact(bytes_of("\n"));
}

static void
print_unstarted(const struct job *job, const struct run_result *result)
{
	struct buf why = { 0 };

	spawn_explain(job->rule->command[0], job->lane->directory, result->code,
	    &why);
	print_field("outcome", "%s: %s", outcome_word(run_outcome(result)),
	    why.rc == RC_OK ? why.data : strerror(result->code));
	buf_free(&why);
}

static void
print_end(const struct job *job, const struct run_result *result)
{
	const char *word = outcome_word(run_outcome(result));
	long long elapsed = (long long)result->elapsed;

	switch (result->end) {
	case RUN_EXIT:
		print_field("outcome", "%s: exit %d after %lld ms", word,
		    result->code, elapsed);
		break;
	case RUN_SIGNAL:
		print_field("outcome",
		    "%s: ended by signal %d (%s) after "
		    "%lld ms",
		    word, result->code, strsignal(result->code), elapsed);
		break;
	case RUN_TIMEOUT:
	case RUN_STOPPED:
		print_field("outcome", "%s: ended after %lld ms", word,
		    elapsed);
		break;
	case RUN_UNSTARTED:
		print_unstarted(job, result);
		break;
	case RUN_STUCK:
		print_field("outcome", "%s: process %ld cannot be ended", word,
		    (long)result->pid);
		break;
	}
}

/* The first line that went wrong decides the exit status; a signal ends. */
static void
note_outcome(struct trial *trial, enum outcome outcome)
{
	struct session *session = trial->session;

	trial->stopped = outcome == OUTCOME_STOPPED;
	if (exit_status_outcome(session->outcome) == EX_OK)
		session->outcome = outcome;
}

static void
run_rule(struct trial *trial, const struct rule *rule)
{
	const struct command how = {
		.stop = trial->stop,
		.stop_kill_after = trial->hook->lanes[rule->lane].kill_after,
		.host = trial->host,
	};
	struct job job = trial->job;
	struct run_result result;

	job_route(&job, rule);
	fflush(stdout);
	execute(&job, 1, &how, &result);
	print_output(&result);
	print_end(&job, &result);
	io_close(&result.pidfd);
	note_outcome(trial, run_outcome(&result));
}

/* Where a command that is queued waits for its turn. */
static enum rc
print_lane(const struct trial *trial, const struct rule *rule)
{
	const struct lane *lane = &trial->hook->lanes[rule->lane];
	struct buf name = { 0 };
	enum rc rc;

	if (rule->command == NULL || trial->hook->delivery != CONF_QUEUE)
		return RC_OK;
	rc = lane_print(lane, &name);
	if (rc == RC_OK) {
		print_field("lane", "%s", name.data);
		print_identity(trial, KEYWORD_ORDER, &lane->order);
	}
	buf_free(&name);
	return rc;
}

static enum rc
try_rule(struct trial *trial, const struct rule *rule)
{
	enum rc rc = print_taker(trial, rule);

	if (rc == RC_OK)
		rc = print_lane(trial, rule);
	if (rc != RC_OK || trial->session->dry)
		return rc;
	if (rule->command != NULL)
		run_rule(trial, rule);
	else
		print_field("outcome", "%s", outcome_word(OUTCOME_IGNORED));
	return RC_OK;
}

static enum rc
try_rules(struct trial *trial)
{
	struct rule_walk walk = {
		.rules = trial->hook->rules,
		.n = trial->hook->rules_len,
		.event = &trial->event,
	};
	const struct rule *rule;
	enum rc rc = rule_next(&walk, &rule);

	if (rc == RC_MISSING)
		print_field("taken by", "no line: it would be ignored");
	while (rc == RC_OK) {
		rc = try_rule(trial, rule);
		if (rc == RC_OK && trial->stopped)
			return RC_OK;
		if (rc == RC_OK)
			rc = rule_next(&walk, &rule);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc
try_event(struct trial *trial)
{
	enum rc rc;

	print_event(trial);
	rc = describe(trial);
	print_identity(trial, KEYWORD_DEDUPE, &trial->hook->reading.dedupe);
	if (rc == RC_OK && !trial->session->dry)
		rc = receipt_make(&trial->request,
		    trial->hook->signature.kind != RECIPE_NONE,
		    &trial->receipt);
	if (rc == RC_OK && !trial->session->dry)
		rc = session_signals(&trial->stop);
	if (rc == RC_OK)
		rc = try_rules(trial);
	pool_free(&trial->pool);
	event_free(&trial->event);
	return rc;
}

static void
complain_of(struct bytes body)
{
	const char *looks = payload_looks(body);
	size_t at = 0;

	(void)payload_check(body, &at);
	if (looks != NULL)
		complain("the body is not JSON: it looks like %s", looks);
	else
		complain("the body is not JSON from byte %zu on", at);
}

/* One of pelihook's own, which nobody sends, can be tried as well: by the name
 * that its payload has. */
static enum rc
take_own(struct trial *trial)
{
	const struct catalog_row *row = NULL;
	struct buf name = { 0 };
	enum rc rc = event_text(&trial->event, "/event", &name);

	if (rc == RC_OK)
		row = catalog_find_watch(buf_view(&name));
	buf_free(&name);
	if (row == NULL)
		return rc == RC_MEMORY ? rc : RC_OK;
	event_free(&trial->event);
	return event_reparse(&trial->hook->reading,
	    buf_view(&trial->request.body), row->name, &trial->event);
}

static enum rc
try_body(struct session *session, struct host *host, struct hook *hook)
{
	static const char *const none[] = { NULL };
	const struct gateway gateway = { .variables = none };
	struct trial trial = {
		.session = session,
		.host = host,
		.hook = hook,
		.stop = -1,
	};
	enum rc rc;

	request_open(&trial.request, &gateway, clock_wall());
	rc = session_read_input(hook->max_body, &trial.request.body);
	if (rc == RC_OK)
		rc = event_parse(&hook->reading, &trial.request, &trial.event);
	if (rc == RC_JSON)
		complain_of(buf_view(&trial.request.body));
	if (rc == RC_OK)
		rc = take_own(&trial);
	if (rc == RC_OK)
		rc = try_event(&trial);
	io_close(&trial.stop);
	request_close(&trial.request);
	return rc;
}

enum rc
subcommand_try(struct session *session, char **operands, size_t n)
{
	struct hook *hook = NULL;
	struct host *host = NULL;
	enum rc rc;

	(void)n;
	startup();
	rc = session_open(session);
	if (rc == RC_OK)
		rc = session_refuse_root();
	if (rc == RC_OK)
		rc = session_hook(session, operands[0], &hook);
	if (rc == RC_OK && !session->dry)
		rc = session_load_files(session, hook);
	/* What the commands print is shown once, as their output. */
	if (rc == RC_OK)
		rc = session_log_to_stderr();
	if (rc == RC_OK)
		rc = session_open_host(&host);
	if (rc == RC_OK)
		rc = try_body(session, host, hook);
	session_close_host(session, host);
	return rc;
}
