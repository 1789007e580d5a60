/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include "page/query.h"

#include "base/codec.h"
#include "base/moment.h"
#include "base/units.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "journal/journal.h"
#include "watch/judge.h"

enum {
	LONGEST_MUTE = 365, /* days */
	SHOWN = 64,	    /* bytes of a wrong value that a message shows */
};

/* What is being parsed. */
struct reading {
	struct query *query;
	struct pool *pool;
	int64_t now;
	const char *error;
	const char **values; /* of each parameter; NULL: it did not come */
};

static const char *const views[] = {
	[QUERY_OVERVIEW] = "",
	[QUERY_EVENTS] = "events",
	[QUERY_EVENT] = "event",
	[QUERY_PIPELINES] = "pipelines",
	[QUERY_PIPELINE] = "pipeline",
	[QUERY_CONFIRM] = "confirm",
	[QUERY_ACTIONS] = "actions",
};

enum { VIEWS = sizeof(views) / sizeof(views[0]) };

const char *
query_view_name(enum query_view view)
{
	return views[view];
}

/* What a value has to be instead; form: NULL: there is no memory for it. */
static enum rc
expect(struct reading *reading, const char *name, const char *value,
    const char *form)
{
	struct bytes shown = bytes_of(value);
	size_t n;

	if (form == NULL)
		return RC_MEMORY;
	/* No character is cut in two. */
	for (n = 0; n < shown.len && n < SHOWN;)
		n += utf8_length(bytes_skip(shown, n));
	reading->error = pool_printf(reading->pool, "%s is %s, not “%.*s%s”.",
	    name, form, (int)n, value, n < shown.len ? "…" : "");
	return reading->error == NULL ? RC_MEMORY : RC_SYNTAX;
}

static enum rc
take_view(struct reading *reading, const char *value)
{
	for (size_t i = 0; i < VIEWS; i++)
		if (strcmp(views[i], value) == 0) {
			reading->query->view = (enum query_view)i;
			return RC_OK;
		}
	return expect(reading, "view", value,
	    "events, event, pipelines, pipeline, confirm or actions");
}

/* Of pipelines, or else of deliveries: known once all was read. */
static enum rc
check_state(struct reading *reading)
{
	const char *value = reading->query->state;
	enum journal_state state;

	if (value[0] == '\0')
		return RC_OK;
	if (reading->query->view != QUERY_PIPELINES)
		return journal_state_find(value, &state) == RC_OK ?
		    RC_OK :
		    expect(reading, "state", value,
			"queued, running, done, dead or dropped");
	for (unsigned i = 0; i <= WATCH_UNWATCHED; i++)
		if (strcmp(watch_state_name((enum watch_state)i), value) == 0)
			return RC_OK;
	return expect(reading, "state", value,
	    "failing, stuck, late, learning, fine or unwatched");
}

/* Where the view is known that goes on there. */
static enum rc
check_before(struct reading *reading)
{
	const struct query *query = reading->query;
	struct bytes before = bytes_of(query->before);
	unsigned long long number;

	if (before.len == 0)
		return RC_OK;
	if ((query->view == QUERY_EVENTS || query->view == QUERY_CONFIRM) &&
	    !uuid_is(before))
		return expect(reading, "before", query->before,
		    "the whole ID of an event");
	if (query->view == QUERY_ACTIONS &&
	    bytes_number(before, INT64_MAX, &number) != RC_OK)
		return expect(reading, "before", query->before, "a number");
	/* An identity may have a slash, or be empty. */
	if (query->view == QUERY_PIPELINES &&
	    (strchr(query->before, '/') == NULL || query->before[0] == '/'))
		return expect(reading, "before", query->before,
		    "the hook and the identity of a pipeline, as HOOK/ID");
	return RC_OK;
}

static enum rc
take_action(struct reading *reading, const char *value)
{
	static const char *const actions[] = { "retry", "drop", "mute",
		"unmute" };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i], value) == 0)
			return RC_OK;
	return expect(reading, "action", value, "retry, drop, mute or unmute");
}

static enum rc
take_format(struct reading *reading, const char *value)
{
	reading->query->json = strcmp(value, "json") == 0;
	return reading->query->json ?
	    RC_OK :
	    expect(reading, "format", value, "json, or left out");
}

/* 0 would be no time. */
static enum rc
take_time(struct reading *reading, const char *name, const char *value,
    int64_t *out)
{
	int64_t wall;

	if (moment_parse(value, reading->now, &wall) != RC_OK)
		return expect(reading, name, value, MOMENT_FORMS);
	*out = wall > 0 ? wall : 1;
	return RC_OK;
}

static enum rc
take_number(struct reading *reading, const char *name, const char *value,
    int64_t *out)
{
	unsigned long long number;

	if (bytes_number(bytes_of(value), INT64_MAX, &number) != RC_OK)
		return expect(reading, name, value, "a number");
	*out = (int64_t)number;
	return RC_OK;
}

static enum rc
take_refresh(struct reading *reading, const char *value)
{
	unsigned long long number;

	if (bytes_number(bytes_of(value), QUERY_REFRESH_MOST, &number) !=
		RC_OK ||
	    number < QUERY_REFRESH_LEAST)
		return expect(reading, "refresh", value,
		    "a number of seconds from 5 to 86400");
	reading->query->refresh = (int)number;
	return RC_OK;
}

static enum rc
take_length(struct reading *reading, const char *value)
{
	const int64_t longest = INT64_C(24) * 60 * 60 * 1000 * LONGEST_MUTE;
	int64_t length;

	if (units_duration(value, &length) != RC_OK || length == 0 ||
	    length > longest)
		return expect(reading, "length", value,
		    "a duration (15m, 12h, 7d) of more than 0s and at most "
		    "365d");
	reading->query->length_time = length;
	return RC_OK;
}

/* Parameters as they are in a URL or a form, in the order of links. */
enum parameter {
	VIEW,
	HOOK,
	EVENT,
	PIPELINE,
	STATE,
	SINCE,
	UNTIL,
	Q,
	BEFORE,
	ID,
	ACTION,
	FORMAT,
	REFRESH,
	LINKED, /* those before it are in links */
	DONE = LINKED,
	SEEN,
	SHOWN_AT,
	COUNTED,
	MATCHED,
	LAST,
	LENGTH,
	PARAMETERS,
};

static const char *const names[PARAMETERS] = {
	[VIEW] = "view",
	[HOOK] = "hook",
	[EVENT] = "event",
	[PIPELINE] = "pipeline",
	[STATE] = "state",
	[SINCE] = "since",
	[UNTIL] = "until",
	[Q] = "q",
	[BEFORE] = "before",
	[ID] = "id",
	[ACTION] = "action",
	[FORMAT] = "format",
	[REFRESH] = "refresh",
	[DONE] = "done",
	[SEEN] = "seen",
	[SHOWN_AT] = "shown",
	[COUNTED] = "counted",
	[MATCHED] = "matched",
	[LAST] = "last",
	[LENGTH] = "length",
};

static_assert((int)LINKED == (int)QUERY_PAIRS, "all that links have");

/* Where a parameter's text is kept; NULL: what it means is enough. */
static const char **
text_of(struct query *query, enum parameter parameter)
{
	switch (parameter) {
	case HOOK:
		return &query->hook;
	case EVENT:
		return &query->event;
	case PIPELINE:
		return &query->pipeline;
	case STATE:
		return &query->state;
	case SINCE:
		return &query->since;
	case UNTIL:
		return &query->until;
	case Q:
		return &query->q;
	case BEFORE:
		return &query->before;
	case ID:
		return &query->id;
	case ACTION:
		return &query->action;
	case REFRESH:
		return &query->reload;
	case LAST:
		return &query->last;
	case LENGTH:
		return &query->length;
	case VIEW:
	case FORMAT:
	case DONE:
	case SEEN:
	case SHOWN_AT:
	case COUNTED:
	case MATCHED:
	case PARAMETERS:
		break;
	}
	return NULL;
}

/* What a value means, and whether it is one. */
static enum rc
take_meaning(struct reading *reading, enum parameter parameter,
    const char *value)
{
	struct query *query = reading->query;
	const char *name = names[parameter];

	switch (parameter) {
	case VIEW:
		return take_view(reading, value);
	case SINCE:
		return take_time(reading, name, value, &query->since_time);
	case UNTIL:
		return take_time(reading, name, value, &query->until_time);
	case ACTION:
		return take_action(reading, value);
	case FORMAT:
		return take_format(reading, value);
	case REFRESH:
		return take_refresh(reading, value);
	case DONE:
		return take_number(reading, name, value, &query->done);
	case SEEN:
		return take_number(reading, name, value, &query->seen);
	case SHOWN_AT:
		return take_number(reading, name, value, &query->shown);
	case COUNTED:
		return take_number(reading, name, value, &query->counted);
	case MATCHED:
		return take_number(reading, name, value, &query->matched);
	case LENGTH:
		return take_length(reading, value);
	case HOOK:
	case EVENT:
	case PIPELINE:
	case STATE:
	case Q:
	case BEFORE:
	case ID:
	case LAST:
	case PARAMETERS:
		break;
	}
	return RC_OK;
}

/* Fields of a form that were left empty are not given. */
static enum rc
take(struct reading *reading, enum parameter parameter, const char *value)
{
	const char **text = text_of(reading->query, parameter);

	if (value[0] == '\0')
		return RC_OK;
	if (text != NULL)
		*text = value;
	return take_meaning(reading, parameter, value);
}

/*
 * A name or a value of application/x-www-form-urlencoded (URL Standard,
 * section 5.1), but for NULs and what is no UTF-8.  RC_SYNTAX.
 */
static enum rc
decode(struct pool *pool, struct bytes text, const char **out)
{
	char *into = pool_alloc(pool, text.len + 1, 1);
	struct bytes left;
	size_t n = 0;
	size_t step;

	if (into == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i] == '+' ? ' ' : text.data[i];
		size_t len = 0;

		if (c == '%') {
			if (text.len - i < 3 ||
			    decode_hex((struct bytes){ text.data + i + 1, 2 },
				(uint8_t *)&c, 1, &len) != RC_OK)
				return RC_SYNTAX;
			i += 2;
		}
		if (c == '\0')
			return RC_SYNTAX;
		into[n++] = c;
	}
	for (left = (struct bytes){ into, n }; left.len > 0;
	     left = bytes_skip(left, step)) {
		step = utf8_length(left);
		if (step == 0)
			return RC_SYNTAX;
	}
	*out = into;
	return RC_OK;
}

/* "view, hook or event", in the order of names; NULL: no memory. */
static const char *
list_names(struct pool *pool)
{
	struct buf text = { 0 };
	const char *list = NULL;

	for (size_t i = 0; i < PARAMETERS; i++) {
		if (i > 0)
			buf_text(&text, i + 1 < PARAMETERS ? ", " : " or ");
		buf_text(&text, names[i]);
	}
	if (text.rc == RC_OK)
		list = pool_copy(pool, buf_view(&text));
	buf_free(&text);
	return list;
}

static enum rc
take_pair(struct reading *reading, const char *name, const char *value)
{
	enum parameter parameter = 0;
	enum rc rc = RC_SYNTAX;

	while (parameter < PARAMETERS && strcmp(names[parameter], name) != 0)
		parameter++;
	if (parameter == PARAMETERS) {
		rc = expect(reading, "A parameter", name,
		    list_names(reading->pool));
	} else if (reading->values[parameter] == NULL) {
		reading->values[parameter] = value;
		rc = take(reading, parameter, value);
	} else if (strcmp(reading->values[parameter], value) == 0) {
		rc = RC_OK;
	} else {
		reading->error = pool_printf(reading->pool,
		    "%s is there twice, with different values: give it once.",
		    name);
		rc = reading->error == NULL ? RC_MEMORY : RC_SYNTAX;
	}
	return rc;
}

static enum rc
read_pair(struct reading *reading, struct bytes pair)
{
	struct bytes value = pair;
	struct bytes name = { 0 };
	const char *name_text = NULL;
	const char *value_text = NULL;
	enum rc rc;

	(void)bytes_split(&value, "=", &name);
	rc = decode(reading->pool, name, &name_text);
	if (rc == RC_OK)
		rc = decode(reading->pool, value, &value_text);
	if (rc == RC_OK)
		return take_pair(reading, name_text, value_text);
	if (rc == RC_SYNTAX)
		reading->error =
		    "The parameters of this page are not encoded as they have "
		    "to be: each byte that is no letter or digit as % and two "
		    "hexadecimal digits, in UTF-8 without NUL.";
	return rc;
}

enum rc
query_parse(const char *text, int64_t now, struct pool *pool,
    struct query *query, const char **error)
{
	const char *values[PARAMETERS] = { NULL };
	struct reading reading = { query, pool, now, NULL, values };
	struct bytes rest = bytes_of(text);
	struct bytes pair;
	enum rc rc = RC_OK;

	*query = (struct query){ 0 };
	for (enum parameter i = 0; i < PARAMETERS; i++)
		if (text_of(query, i) != NULL)
			*text_of(query, i) = "";
	while (rc == RC_OK && bytes_split(&rest, "&", &pair))
		if (pair.len > 0)
			rc = read_pair(&reading, pair);
	if (rc == RC_OK)
		rc = check_state(&reading);
	if (rc == RC_OK)
		rc = check_before(&reading);
	if (rc == RC_SYNTAX)
		*error = reading.error;
	return rc;
}

bool
query_is_same(const struct query *a, const struct query *b)
{
	const char *const texts[][2] = {
		{ a->hook, b->hook },
		{ a->event, b->event },
		{ a->pipeline, b->pipeline },
		{ a->state, b->state },
		{ a->since, b->since },
		{ a->until, b->until },
		{ a->q, b->q },
		{ a->id, b->id },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i][0], texts[i][1]) != 0)
			return false;
	return a->view == b->view;
}

bool
query_asks_json(const char *text)
{
	struct bytes rest = bytes_of(text);
	struct bytes pair;

	while (bytes_split(&rest, "&", &pair))
		if (bytes_is(pair, "format=json"))
			return true;
	return false;
}

size_t
query_pairs(const struct query *query, struct html_pair pairs[QUERY_PAIRS])
{
	struct query copy = *query;

	for (enum parameter i = 0; i < LINKED; i++) {
		const char **text = text_of(&copy, i);

		pairs[i] = (struct html_pair){ names[i],
			text == NULL ? "" : *text };
	}
	pairs[VIEW].value = views[query->view];
	if (query->json)
		pairs[FORMAT].value = "json";
	return QUERY_PAIRS;
}

void
query_set(struct html_pair *pairs, size_t n, const char *name,
    const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			pairs[i].value = value;
}
