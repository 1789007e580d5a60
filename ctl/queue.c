/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "command/run.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "print.h"

const struct option queue_list_options[] = {
    {"state", required_argument, NULL, 's'},
    {"hook", required_argument, NULL, 'k'},
    {"event", required_argument, NULL, 'e'},
    {"since", required_argument, NULL, 't'},
    {"limit", required_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0}};

const struct option queue_show_options[] = {{"body", no_argument, NULL, 'b'},
    {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};

const struct option queue_retry_options[] = {{"dead", no_argument, NULL, 'd'},
    {"hook", required_argument, NULL, 'k'},
    {"since", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};

const struct option queue_stats_options[] = {{"json", no_argument, NULL, 'j'},
    {"prometheus", no_argument, NULL, 'p'},
    {"max-age", required_argument, NULL, 'a'},
    {"max-dead", required_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0}};

static enum rc
take_state(const char *value, int *out)
{
	enum journal_state state;

	if (journal_state_find(value, &state) == RC_OK) {
		*out = (int)state;
		return RC_OK;
	}
	ctl_complain("--state is queued, running, done, dead or dropped");
	return RC_SYNTAX;
}

static enum rc
take_number(const char *name, const char *value, int64_t *out)
{
	unsigned long long number;

	if (bytes_number(bytes_of(value), INT64_MAX, &number) == RC_OK) {
		*out = (int64_t)number;
		return RC_OK;
	}
	ctl_complain("--%s is a number", name);
	return RC_SYNTAX;
}

static enum rc
take_duration(const char *name, const char *value, int64_t *out)
{
	if (units_duration(value, out) == RC_OK)
		return RC_OK;
	ctl_complain("--%s is a duration: 90s, 15m, 12h, 7d", name);
	return RC_SYNTAX;
}

static enum rc
take_since(const char *value, int64_t *out)
{
	int64_t back;

	if (timestamp_parse(bytes_of(value), out) == RC_OK)
		return RC_OK;
	if (units_duration(value, &back) == RC_OK) {
		*out = clock_wall() - back;
		return RC_OK;
	}
	ctl_complain("--since is a time (2026-01-02T03:04:05Z) or a duration "
		     "back from now (90s, 15m, 12h, 7d)");
	return RC_SYNTAX;
}

enum rc
queue_option(struct ctl *ctl, int letter, const char *value)
{
	switch (letter) {
	case 's':
		return take_state(value, &ctl->filter.state);
	case 'k':
		ctl->filter.hook = value;
		return RC_OK;
	case 'e':
		ctl->filter.event = value;
		return RC_OK;
	case 't':
		return take_since(value, &ctl->filter.since);
	case 'n':
		return take_number("limit", value, &ctl->filter.limit);
	case 'a':
		return take_duration("max-age", value, &ctl->max_age);
	case 'm':
		return take_number("max-dead", value, &ctl->max_dead);
	case 'j':
		ctl->json = true;
		return RC_OK;
	case 'p':
		ctl->prometheus = true;
		return RC_OK;
	case 'b':
		ctl->body = true;
		return RC_OK;
	default:
		ctl->dead = true;
		return RC_OK;
	}
}

/* No file of the journal may land on a descriptor that is written to.  What
 * was closed still cannot be written to. */
static void
fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

enum rc
queue_open_journal(const struct ctl *ctl, unsigned flags, struct journal **out)
{
	struct journal *journal = NULL;
	enum rc rc;

	if (ctl->conf->journal == NULL) {
		ctl_complain("%s has no `journal' line", ctl->file);
		return RC_CONFIG;
	}
	umask(077);
	fill_descriptors();
	rc = journal_open(ctl->conf->journal, flags, &journal);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	*out = journal;
	return RC_OK;
}

enum rc
queue_open(struct ctl *ctl, unsigned flags, struct journal **out)
{
	enum rc rc = ctl_quiet();

	if (rc == RC_OK)
		rc = ctl_open(ctl);
	return rc == RC_OK ? queue_open_journal(ctl, flags, out) : rc;
}

bool
queue_has(const struct ctl *ctl, const char *hook)
{
	return conf_find(ctl->conf, bytes_of(hook)) != NULL;
}

static enum rc
tell_gone(void *context, const char *hook, int64_t events)
{
	const struct ctl *ctl = context;

	if (!queue_has(ctl, hook))
		print_note("warning: ",
		    "%s has no hook %s any more: %lld of its events "
		    "stay queued",
		    ctl->file, hook, (long long)events);
	return RC_OK;
}

enum rc
queue_tell_gone(const struct ctl *ctl, struct journal *journal)
{
	return journal_backlog(journal, tell_gone, (void *)ctl);
}

enum rc
queue_nothing(const struct ctl *ctl)
{
	const char *hook = ctl->filter.hook;

	if (hook == NULL || queue_has(ctl, hook))
		return RC_OK;
	ctl_complain(
	    "%s has no hook %s, and nothing of it was found", ctl->file, hook);
	return RC_NO_HOOK;
}

enum rc
queue_damaged(const struct ctl *ctl)
{
	ctl_complain("the journal %s holds damaged rows, which are left out "
		     "here: see above",
	    ctl->conf->journal);
	return RC_CORRUPT;
}

enum rc
queue_complain(const char *id, enum rc rc)
{
	if (rc == RC_MISSING)
		ctl_complain("%s: no such event", id);
	else if (rc == RC_RANGE)
		ctl_complain(
		    "%s: several events begin so, give more of it", id);
	else if (rc == RC_CORRUPT)
		ctl_complain("%s: the journal is damaged there", id);
	return rc;
}

void
queue_outcome(const char *outcome, int code, char into[QUEUE_OUTCOME])
{
	const char *why = NULL;

	if (strcmp(outcome, run_end_name(RUN_SIGNAL)) == 0)
		why = strsignal(code);
	else if (strcmp(outcome, run_end_name(RUN_UNSTARTED)) == 0)
		why = strerror(code);
	if (why != NULL)
		snprintf(into, QUEUE_OUTCOME, "%s %d (%s)", outcome, code, why);
	else if (strcmp(outcome, run_end_name(RUN_EXIT)) == 0)
		snprintf(into, QUEUE_OUTCOME, "%s %d", outcome, code);
	else if (strcmp(outcome, "lost") == 0)
		snprintf(into, QUEUE_OUTCOME, "lost (its runner is gone)");
	else
		snprintf(into, QUEUE_OUTCOME, "%s", outcome);
}
