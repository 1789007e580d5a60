/* SPDX-License-Identifier: ISC */
#include "options.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "journal/journal.h"
#include "complain.h"
#include "session.h"

const struct option options_list[] = { { "state", required_argument, NULL,
					   's' },
	{ "hook", required_argument, NULL, 'k' },
	{ "event", required_argument, NULL, 'e' },
	{ "since", required_argument, NULL, 't' },
	{ "limit", required_argument, NULL, 'l' },
	{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

const struct option options_show[] = { { "body", no_argument, NULL, 'b' },
	{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

const struct option options_retry[] = { { "dead", no_argument, NULL, 'd' },
	{ "hook", required_argument, NULL, 'k' },
	{ "since", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

const struct option options_stats[] = { { "json", no_argument, NULL, 'j' },
	{ "prometheus", no_argument, NULL, 'p' },
	{ "max-age", required_argument, NULL, 'a' },
	{ "max-dead", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

const struct option options_purge[] = { { "compact", no_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

static enum rc
take_state(const char *value, int *out)
{
	enum journal_state state;

	if (journal_state_find(value, &state) == RC_OK) {
		*out = (int)state;
		return RC_OK;
	}
	complain("--state is queued, running, done, dead or dropped");
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
	complain("--%s is a number", name);
	return RC_SYNTAX;
}

static enum rc
take_duration(const char *name, const char *value, int64_t *out)
{
	if (units_duration(value, out) == RC_OK)
		return RC_OK;
	complain("--%s is a duration: 90s, 15m, 12h, 7d", name);
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
	complain("--since is a time (2026-01-02T03:04:05Z) or a duration "
		 "back from now (90s, 15m, 12h, 7d)");
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
		session->filter.event = value;
		return RC_OK;
	case 't':
		return take_since(value, &session->filter.since);
	case 'l':
		return take_number("limit", value, &session->filter.limit);
	case 'a':
		return take_duration("max-age", value, &session->max_age);
	case 'm':
		return take_number("max-dead", value, &session->max_dead);
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
