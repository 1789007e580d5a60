/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "options.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/moment.h"
#include "base/units.h"
#include "event/catalog.h"
#include "journal/journal.h"
#include "complain.h"
#include "session.h"

#define STATES "queued, running, done, dead or dropped"
#define DURATION_FORMS "a duration (500ms, 90s, 15m, 12h, 7d)"

#define SINCE_ROW(what)                                                        \
	{                                                                      \
		't', "since", "T", what " at T or later: " MOMENT_FORMS,       \
		    OPTION_ALONE                                               \
	}
#define RECEIVED "only events that were received"
#define PIPELINE_ROW(what)                                                     \
	{                                                                      \
		'P', "pipeline", "P",                                          \
		    what " of this pipeline, by its identity or as it is "     \
			 "shown",                                              \
		    OPTION_ALONE                                               \
	}
#define HOOK_ROW                                                               \
	{                                                                      \
		'k', "hook", "H", "only those of this hook", OPTION_ALONE      \
	}
#define LIMIT_ROW                                                              \
	{                                                                      \
		'l', "limit", "N",                                             \
		    "the newest N; without it all of them, on a terminal 50",  \
		    OPTION_ALONE                                               \
	}
#define LINES_ROW                                                              \
	{                                                                      \
		'j', "json", NULL, "one JSON object a line, for programs",     \
		    OPTION_ALONE                                               \
	}
#define ALL_ROW                                                                \
	{                                                                      \
		'A', "all", NULL,                                              \
		    "all hooks, or the one of --hook, with all the pipelines " \
		    "that they have and will have",                            \
		    OPTION_NEEDED                                              \
	}

const struct option_row options_none[] = { { 0 } };

const struct option_row options_list[] = {
	{ 's', "state", "S", "only deliveries in this state: " STATES,
	    OPTION_ALONE },
	HOOK_ROW,
	{ 'e', "event", "E",
	    "only those of events of this name, glob or @group", OPTION_ALONE },
	PIPELINE_ROW("only those of events"),
	SINCE_ROW(RECEIVED),
	LIMIT_ROW,
	LINES_ROW,
	{ 'b', "body", NULL,
	    "with --json: the payload too, as `body' in each object; one that "
	    "is no JSON to the letter as `body_base64'",
	    OPTION_WITHIN },
	{ 0 },
};

const struct option_row options_show[] = {
	{ 'b', "body", NULL, "the payload's bytes and nothing else",
	    OPTION_ALONE },
	{ 'j', "json", NULL, "one JSON object, without the payload",
	    OPTION_OR },
	{ 0 },
};

const struct option_row options_retry[] = {
	{ 'd', "dead", NULL, "all dead deliveries", OPTION_NEEDED },
	{ 'k', "hook", "H", "with --dead: only those of this hook",
	    OPTION_ALONE },
	SINCE_ROW(RECEIVED),
	{ 0 },
};

const struct option_row options_try[] = {
	{ 'n', NULL, NULL,
	    "only say what would be run; no secret is read and root is refused "
	    "all the same",
	    OPTION_ALONE },
	{ 0 },
};

const struct option_row options_stats[] = {
	{ 'j', "json", NULL, "one JSON object, for programs", OPTION_ALONE },
	{ 'p', "prometheus", NULL, "what Prometheus reads", OPTION_OR },
	{ 'a', "max-age", "D",
	    "exit with 75 where the oldest undelivered event is older "
	    "than D, " DURATION_FORMS,
	    OPTION_ALONE },
	{ 'm', "max-dead", "N",
	    "exit with 75 where more than N deliveries are dead",
	    OPTION_ALONE },
	{ 'i', "max-silence", "D",
	    "exit with 75 where a hook has had no verified event for longer "
	    "than D",
	    OPTION_ALONE },
	{ 'r', "max-refused", "N",
	    "exit with 75 where more than N requests were refused in the last "
	    "24 hours",
	    OPTION_ALONE },
	{ 0 },
};

const struct option_row options_purge[] = {
	{ 'c', "compact", NULL,
	    "give all of the free room back to the disk, and say how much it "
	    "was",
	    OPTION_ALONE },
	{ 0 },
};

const struct option_row options_runs[] = {
	HOOK_ROW,
	PIPELINE_ROW("only those"),
	{ 'o', "open", NULL, "only those that have not ended", OPTION_ALONE },
	SINCE_ROW("only runs that began or ended"),
	LIMIT_ROW,
	LINES_ROW,
	{ 0 },
};

const struct option_row options_pipelines[] = {
	HOOK_ROW,
	SINCE_ROW("count the runs by outcome that began or ended"),
	LINES_ROW,
	{ 0 },
};

const struct option_row options_mute[] = {
	ALL_ROW,
	HOOK_ROW,
	{ 'f', "for", "D",
	    "for how long, " DURATION_FORMS ", more than 0s and at most 365d",
	    OPTION_NEEDED },
	{ 0 },
};

const struct option_row options_unmute[] = {
	ALL_ROW,
	HOOK_ROW,
	{ 0 },
};

const struct option_row options_forget[] = {
	HOOK_ROW,
	{ 0 },
};

void
options_arrange(const struct option_row *rows,
    struct option options[OPTIONS_MOST], char letters[OPTIONS_MOST])
{
	static const struct option common[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	size_t n = 0;

	for (; rows->letter != 0; rows++)
		if (rows->name == NULL)
			*letters++ = (char)rows->letter;
		else
			options[n++] = (struct option){ rows->name,
				rows->value == NULL ? no_argument :
						      required_argument,
				NULL, rows->letter };
	memcpy(options + n, common, sizeof(common));
	memcpy(letters, "hV", 3);
}

static enum rc
take_state(const char *value, int *out)
{
	enum journal_state state;

	if (journal_state_find(value, &state) == RC_OK) {
		*out = (int)state;
		return RC_OK;
	}
	complain("--state is " STATES ", not `%s'", value);
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
	complain("--%s is a number, not `%s'", name, value);
	return RC_SYNTAX;
}

static enum rc
take_duration(const char *name, const char *value, int64_t *out)
{
	if (units_duration(value, out) == RC_OK)
		return RC_OK;
	complain("--%s is " DURATION_FORMS ", not `%s'", name, value);
	return RC_SYNTAX;
}

/* What ends some day is no state for good, and what is over is none at all. */
static enum rc
take_mute(const char *value, int64_t *out)
{
	const int64_t longest = INT64_C(365) * 24 * 60 * 60 * 1000;
	int64_t duration = 0;
	enum rc rc = take_duration("for", value, &duration);

	if (rc == RC_OK && (duration == 0 || duration > longest)) {
		complain("--for must be more than 0s and at most 365d, not "
			 "`%s'%s",
		    value, duration == 0 ? ": unmute ends it at once" : "");
		rc = RC_SYNTAX;
	}
	if (rc == RC_OK)
		*out = duration;
	return rc;
}

/* An event may be named like a group that there is not. */
static enum rc
take_event(const char *value, const char **out)
{
	struct buf text = { 0 };

	*out = value;
	if (value[0] != '@' || catalog_is_group(bytes_of(value)))
		return RC_OK;
	if (catalog_no_group(value, &text) == RC_OK)
		complain("warning: --event: %s", text.data);
	buf_free(&text);
	return RC_OK;
}

static enum rc
take_since(const char *value, int64_t *out)
{
	if (moment_parse(value, clock_wall(), out) == RC_OK)
		return RC_OK;
	complain("--since is " MOMENT_FORMS ", not `%s'", value);
	return RC_SYNTAX;
}

enum rc
options_take(struct session *session, int letter, const char *value)
{
	switch (letter) {
	case 's':
		return take_state(value, &session->filter.state);
	case 'k':
		session->filter.hook = value;
		return RC_OK;
	case 'e':
		return take_event(value, &session->filter.event);
	case 't':
		return take_since(value, &session->filter.since);
	case 'P':
		session->filter.pipeline = value;
		return RC_OK;
	case 'f':
		return take_mute(value, &session->mute_for);
	case 'o':
		session->open = true;
		return RC_OK;
	case 'A':
		session->all = true;
		return RC_OK;
	case 'l':
		return take_number("limit", value, &session->filter.limit);
	case 'a':
		return take_duration("max-age", value, &session->max_age);
	case 'm':
		return take_number("max-dead", value, &session->max_dead);
	case 'i':
		return take_duration("max-silence", value,
		    &session->max_silence);
	case 'r':
		return take_number("max-refused", value, &session->max_refused);
	case 'j':
		session->json = true;
		return RC_OK;
	case 'p':
		session->prometheus = true;
		return RC_OK;
	case 'n':
		session->dry = true;
		return RC_OK;
	case 'c':
		session->compact = true;
		return RC_OK;
	case 'b':
		session->body = true;
		return RC_OK;
	default:
		session->dead = true;
		return RC_OK;
	}
}
