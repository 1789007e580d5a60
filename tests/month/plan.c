/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "../program.h"
#include "month.h"

#include "base/clock.h"

enum {
	TWELVE = 12,
	ORDERS = 12,	/* a day */
	REFUSED = 3,	/* a day */
	SCANNED = 40,	/* in one hour */
	WEEKEND_AGO = 4 /* 1970 began on a Thursday */
};

/* What is the matter with a pipeline at the end of the month. */
enum fate {
	FINE,
	FAILING, /* all that ends since a time fails */
	HANGING, /* the run that begins at a time does not end */
	SILENT,	 /* nothing begins since a time */
};

struct plan {
	const char *hook;
	const char *id;
	const char *name;
	int every;	     /* minutes */
	int at;		     /* minutes after midnight */
	int takes;	     /* seconds, as a rule */
	int failures;	     /* of a thousand runs */
	const char *failure; /* the event */
	const char *detail;
	enum fate fate;
	int since; /* minutes before the end; of FINE: seen for so long */
	bool weekdays;
};

static const struct plan plans[TWELVE] = {
	{ "warehouse", "1204", "Exact Online → BigQuery", 60, 5, 240, 12,
	    "pipeline_run_remote_error",
	    "GET /api/v1/3481/crm/Accounts: 503 Service Unavailable", FINE, 0,
	    false },
	{ "warehouse", "1207", "HubSpot deals", 120, 35, 95, 20,
	    "pipeline_run_rate_limited",
	    "429 Too Many Requests: the daily limit of 250,000 calls is used up",
	    FAILING, 7 * 60, false },
	{ "warehouse", "1211", "Shopify orders", 180, 20, 310, 15,
	    "pipeline_run_error",
	    "tap-shopify exited with 1: KeyError: 'presentment_money'", FINE, 0,
	    false },
	{ "warehouse", "1219", "Teamleader invoices", 360, 50, 420, 25,
	    "pipeline_run_completed_with_errors",
	    "3 rows refused: value too long for type character varying(64)",
	    FINE, 0, false },
	{ "warehouse", "1226", "Mailchimp audience", 720, 10, 130, 30,
	    "pipeline_run_error",
	    "tap-mailchimp exited with 1: API key has been disabled", FAILING,
	    40 * 60, false },
	{ "warehouse", "1230", "Google Ads spend", 60, 15, 75, 10,
	    "pipeline_run_remote_error", "OAuth token could not be refreshed",
	    SILENT, 6 * 60 + 20, false },
	{ "warehouse", "1244", "Test import of Jan's", 1440, 700, 20, 500,
	    "pipeline_run_no_streams", "no stream is enabled", FINE, 9 * 1440,
	    false },
	{ "nightly", "2003", "SAP purchase orders", 1440, 125, 1500, 30,
	    "pipeline_run_timeout", "no answer for 3 h 0 min", HANGING, 5 * 60,
	    false },
	{ "nightly", "2004", "PostgreSQL → Snowflake (core)", 1440, 60, 2700,
	    40, "pipeline_run_error",
	    "target-snowflake exited with 1: warehouse ETL_WH is suspended",
	    FINE, 0, false },
	{ "nightly", "2009", "Salesforce accounts", 1440, 150, 900, 60,
	    "pipeline_run_remote_error",
	    "POST /services/data/v59.0/jobs/query: 503 Service Unavailable",
	    FINE, 0, false },
	{ "nightly", "2012", "Zendesk tickets", 1440, 185, 650, 20,
	    "pipeline_run_killed", "cancelled by marieke@customer.example",
	    FINE, 0, true },
	{ "nightly", "2017", "AFAS payroll", 1440, 210, 380, 0,
	    "pipeline_run_error", "", FINE, 4 * 1440, false },
};

#define TRACEBACK                                                              \
	"Traceback (most recent call last):\n"                                 \
	"  File \"/usr/local/bin/book-order\", line 41, in <module>\n"         \
	"    vat = order[\"customer\"][\"vat_id\"]\n"                          \
	"KeyError: 'vat_id'\n"

/* When commands do not get on, in minutes before the end. */
static const struct outage {
	const char *hook;
	int from;
	int until;
	int code;
	const char *says;
} outages[] = {
	{ "warehouse", 9 * 1440 + 130, 9 * 1440 + 30, 75,
	    "psql: error: connection to server at \"warehouse.internal\" "
	    "(10.20.0.7), port 5432 failed: Connection refused\n"
	    "\tIs the server running on that host and accepting TCP/IP "
	    "connections?\n" },
	{ "warehouse", 70, 0, 75,
	    "psql: error: FATAL:  the database system is in recovery mode\n" },
	{ "shop", 4 * 1440 + 400, 3 * 1440 + 200, 1, TRACEBACK },
	{ "shop", 1440 + 1200, 1440, 1, TRACEBACK },
};

static uint64_t state;

void
month_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
uint64_t
month_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

int64_t
month_draw(int64_t n)
{
	return (int64_t)(month_random() % (uint64_t)n);
}

static bool
comes(int64_t of_a_thousand)
{
	return month_draw(1000) < of_a_thousand;
}

/* ---- What comes --------------------------------------------------------- */

static struct happening *
add(struct month *month, int64_t time, const char *hook, const char *event)
{
	struct happening *one = pool_next(&month->pool, &month->list, month->n);

	if (one == NULL)
		must(RC_MEMORY);
	*one = (struct happening){
		.time = time,
		.place = month->n++,
		.hook = hook,
		.event = event,
	};
	return one;
}

/* Most take about as long as usual, and one in thirty three times as long. */
static int64_t
duration(const struct plan *plan)
{
	int64_t usual = (int64_t)plan->takes * MONTH_SECOND;
	int64_t took = usual * (70 + month_draw(60)) / 100;

	return comes(33) ? 3 * took : took;
}

static void
add_step(struct month *month, const struct plan *plan,
    const struct happening *step)
{
	struct happening *one = add(month, step->time, plan->hook, step->event);

	one->id = plan->id;
	one->name = plan->name;
	one->run = step->run;
	one->took = step->took;
	one->detail = step->detail;
}

/* Whether it would be failing, whatever else is the matter with it, if a run of
 * that time failed; over a weekend, too. */
static bool
is_among_last(const struct month *month, const struct plan *plan, int64_t time)
{
	int64_t since = plan->fate == FINE ? 0 : plan->since;

	return time >=
	    month->now - (since + 3 * (int64_t)plan->every) * MONTH_MINUTE;
}

static void
add_run(struct month *month, const struct plan *plan, int64_t time)
{
	int64_t since = month->now - (int64_t)plan->since * MONTH_MINUTE;
	int64_t took = duration(plan);
	bool fails = comes(plan->failures);
	struct happening step = {
		.time = time,
		.event = "pipeline_run_started",
		.run = pool_printf(&month->pool, "%llx",
		    (unsigned long long)(month_random() | UINT64_C(1) << 63)),
	};

	if (step.run == NULL)
		must(RC_MEMORY);
	if (plan->fate == FAILING && time + took >= since)
		fails = true;
	else if (is_among_last(month, plan, time))
		fails = false;
	add_step(month, plan, &step);
	if (time + took >= month->now ||
	    (plan->fate == HANGING && time >= since))
		return;
	step.time = time + took;
	step.took = took;
	step.event = fails ? plan->failure : "pipeline_run_completed";
	step.detail = fails ? plan->detail : NULL;
	add_step(month, plan, &step);
}

static bool
is_weekend(int64_t time)
{
	int64_t day = (time / MONTH_DAY + WEEKEND_AGO) % 7;

	return day == 0 || day == 6;
}

/* In the days before the end. */
static void
add_runs(struct month *month, const struct plan *plan)
{
	int64_t end = month->now;
	int64_t since = month->now - (int64_t)plan->since * MONTH_MINUTE;
	int64_t begin = (end / MONTH_DAY - MONTH_DAYS) * MONTH_DAY;
	int64_t every = (int64_t)plan->every * MONTH_MINUTE;

	if (plan->fate == FINE && plan->since > 0)
		begin = since / MONTH_DAY * MONTH_DAY;
	if (plan->fate == HANGING)
		end = since - 12 * MONTH_HOUR;
	if (plan->fate == SILENT)
		end = since;
	for (int64_t time = begin + (int64_t)plan->at * MONTH_MINUTE;
	     time + 2 * MONTH_MINUTE < end; time += every)
		if (!plan->weekdays || !is_weekend(time))
			add_run(month, plan,
			    time + month_draw(2 * MONTH_MINUTE));
	if (plan->fate == HANGING)
		add_run(month, plan, since);
}

/* By day, as people order. */
static void
add_orders(struct month *month, int n)
{
	static const char *const events[] = { "order.created", "order.paid",
		"order.paid", "order.shipped", "order.cancelled" };
	int64_t time;

	for (int i = 0; i < n; i++) {
		time = month->now / MONTH_DAY * MONTH_DAY -
		    month_draw(MONTH_DAYS) * MONTH_DAY + 8 * MONTH_HOUR +
		    month_draw(13 * MONTH_HOUR);
		if (time >= month->now)
			time -= MONTH_DAY;
		add(month, time, "shop", events[month_draw(5)]);
	}
}

static void
add_refused(struct month *month)
{
	int64_t time;

	for (int i = 0; i < MONTH_DAYS * REFUSED; i++) {
		time = month->now - 1 -
		    month_draw((int64_t)MONTH_DAYS * MONTH_DAY);
		add(month, time, comes(700) ? "shop" : "warehouse", NULL)
		    ->status = comes(900) ? 401 : 413;
	}
	for (int i = 0; i < SCANNED; i++) {
		time = month->now - 15 * MONTH_HOUR + month_draw(MONTH_HOUR);
		add(month, time, "shop", NULL)->status = 401;
	}
}

/* As many more as are asked for, of pipelines that are all alike. */
static void
add_more(struct month *month, size_t events)
{
	size_t extra = month->pipelines - TWELVE;
	size_t runs = extra == 0 ? 0 : (events / extra + 1) / 2;
	int64_t every = runs == 0 ?
	    0 :
	    (int64_t)MONTH_DAYS * MONTH_DAY / (int64_t)(runs + 1);

	for (size_t i = 0; i < extra; i++) {
		struct plan plan = {
			.hook = i % 2 == 0 ? "warehouse" : "nightly",
			.id = pool_printf(&month->pool, "%zu", 10000 + i),
			.name = pool_printf(&month->pool, "Customer %05zu: %s",
			    i, plans[i % TWELVE].name),
			.takes = 60,
			.failures = 30,
			.failure = "pipeline_run_error",
			.detail = "the connector exited with 1",
		};

		if (plan.id == NULL || plan.name == NULL)
			must(RC_MEMORY);
		for (size_t j = 0; j < runs; j++)
			add_run(month, &plan,
			    month->now - (int64_t)(j + 1) * every +
				month_draw(every / 2 + 1));
	}
}

static int
compare(const void *a, const void *b)
{
	const struct happening *one = a;
	const struct happening *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return one->place < other->place ? -1 : 1;
}

void
month_make(struct month *month)
{
	for (size_t i = 0; i < TWELVE; i++)
		add_runs(month, &plans[i]);
	add_orders(month, MONTH_DAYS * ORDERS);
	if (month->events > month->n)
		add_more(month, month->events - month->n);
	if (month->events > month->n)
		add_orders(month, (int)(month->events - month->n));
	add_refused(month);
	qsort(month->list, month->n, sizeof(*month->list), compare);
}

static const struct month_deed deeds[] = {
	{ 3 * 1440 + 150, "anna", "retry", "shop", NULL,
	    "?view=events&hook=shop&state=dead" },
	{ 2 * 1440, "marieke", "mute", "warehouse", "1226",
	    "?view=pipeline&hook=warehouse&id=1226" },
};

const struct month_deed *
month_deeds(size_t *n)
{
	*n = sizeof(deeds) / sizeof(deeds[0]);
	return deeds;
}

/* ---- How commands end --------------------------------------------------- */

static const struct outage *
find_outage(const struct month *month, const char *hook)
{
	int64_t ago = (month->now - clock_wall()) / MONTH_MINUTE;

	for (size_t i = 0; i < sizeof(outages) / sizeof(outages[0]); i++)
		if (strcmp(outages[i].hook, hook) == 0 &&
		    ago < outages[i].from && ago >= outages[i].until)
			return &outages[i];
	return NULL;
}

static void
fail(struct month_end *end, int code, const char *says)
{
	end->code = code;
	end->outcome = code == 75 ? OUTCOME_TEMPORARY :
	    code == 65		  ? OUTCOME_REJECTED :
				    OUTCOME_FAILED;
	snprintf(end->tail, sizeof(end->tail), "%s", says);
}

void
month_run(const struct month *month, const struct month_try *try,
    struct month_end *end)
{
	const struct outage *outage = find_outage(month, try->hook);

	*end = (struct month_end){
		.end = RUN_EXIT,
		.outcome = OUTCOME_DELIVERED,
		.took = 40 + month_draw(900),
	};
	if (strncmp(try->event, "pelihook.", 9) == 0)
		return;
	if (outage != NULL) {
		fail(end, outage->code, outage->says);
	} else if (try->number == 1 && comes(8)) {
		end->end = RUN_TIMEOUT;
		end->outcome = OUTCOME_TIMEOUT;
		end->took = 30 * MONTH_SECOND;
	} else if (comes(4)) {
		fail(end, 65, "no table for this pipeline: giving up\n");
	} else if (strcmp(try->event, "order.created") == 0) {
		snprintf(end->tail, sizeof(end->tail), "booked as %lld\n",
		    (long long)(700000 + month_draw(90000)));
	}
}
