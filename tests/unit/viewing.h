/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_VIEWING_TEST_H
#define PELIHOOK_VIEWING_TEST_H

#include <stdatomic.h>

#include "markup.h"
#include "runs.h"

#include "base/json_writer.h"
#include "config/conf.h"
#include "config/load.h"
#include "event/payload.h"
#include "page/access.h"
#include "page/action.h"
#include "page/told.h"
#include "page/view.h"

/* What the tests of views share: a journal that is looked at by a query. */

static const char viewed_hooks[] = "hook h\nsignature none\n"
				   "on @failure run /bin/false\non * ignore\n"
				   "hook i\nsignature none\n"
				   "on * run /bin/true\n";

/* A site: who writes, who looks, and what is configured. */
struct site {
	struct journal *writes;
	struct journal *looks;
	struct conf *conf;
};

/* One answer of it. */
struct looked {
	struct query query;
	struct access access;
	struct pool pool;
	struct page page;
	struct buf text; /* HTML, or JSON */
	enum rc rc;
};

/* A configuration with this journal and these hooks. */
static inline struct conf *
load_viewed(const char *hooks)
{
	struct buf errors = { .max = 4096 };
	struct buf text = { 0 };
	struct conf *conf = NULL;

	assert_int_equal(buf_printf(&text, "journal %s\n%s", journal_path,
			     hooks),
	    RC_OK);
	if (conf_load(scratch_file("conf", text.data, 0600), &conf, &errors) !=
	    RC_OK)
		fail_msg("%s", errors.data);
	buf_free(&errors);
	buf_free(&text);
	return conf;
}

static inline struct site
open_site(void)
{
	struct site site = { .writes = open_lane(),
		.conf = load_viewed(viewed_hooks) };

	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &site.looks),
	    RC_OK);
	return site;
}

static inline void
close_site(struct site *site)
{
	journal_close(site->looks);
	journal_close(site->writes);
	conf_release(site->conf);
}

static inline struct looked
begin_look(const struct site *site, enum access_right right)
{
	return (struct looked){
		.access = { .right = right, .user = "alice" },
		.page = { .now = clock_wall(),
		    .conf = site->conf,
		    .journal = site->looks,
		    .operates = right == ACCESS_OPERATE },
	};
}

static inline void
parse_look(struct looked *looked, const char *query)
{
	const char *error = NULL;

	looked->page.query = &looked->query;
	looked->page.access = &looked->access;
	looked->page.pool = &looked->pool;
	if (query_parse(query, looked->page.now, &looked->pool, &looked->query,
		&error) != RC_OK)
		fail_msg("%s: %s", query, error);
}

static inline void
write_looked(struct looked *looked, const struct view *view)
{
	struct html html = {
		.into = &looked->text,
		.now = looked->page.now,
		.damaged = looked->rc == RC_CORRUPT,
	};
	struct json json = { .into = &looked->text };

	if (looked->query.json) {
		json_open(&json, NULL, '{');
		view->json(&looked->page, &json);
		told_json(&looked->page, &json);
		json_close(&json, '}');
		assert_true(payload_is_strict(buf_view(&looked->text)));
	} else {
		HTML(&html, "main")
		{
			told_html(&looked->page, &html);
			html_element(&html, "h1", view->title(&looked->page));
			view->html(&looked->page, &html);
		}
		assert_is_html(&looked->text);
	}
	assert_int_equal(looked->text.rc, RC_OK);
}

/* What a query shows, which is HTML or JSON; to be ended by end_look. */
static inline struct looked *
look_as(const struct site *site, enum access_right right, const char *query)
{
	static struct looked looked;
	const struct view *view;

	looked = begin_look(site, right);
	parse_look(&looked, query);
	view = view_of(looked.query.view);
	looked.rc = view->gather(&looked.page);
	assert_int_equal(told_gather(&looked.page), RC_OK);
	if (looked.rc == RC_OK || looked.rc == RC_CORRUPT)
		write_looked(&looked, view);
	return &looked;
}

static inline struct looked *
look(const struct site *site, const char *query)
{
	struct looked *looked = look_as(site, ACCESS_VIEW, query);

	assert_int_equal(looked->rc, RC_OK);
	return looked;
}

static inline struct looked *
look_to_operate(const struct site *site, const char *query)
{
	struct looked *looked = look_as(site, ACCESS_OPERATE, query);

	assert_int_equal(looked->rc, RC_OK);
	return looked;
}

static inline void
end_look(struct looked *looked)
{
	buf_free(&looked->text);
	pool_free(&looked->pool);
}

/* How often a text is in what was shown. */
static inline unsigned
shown_times(const struct looked *looked, const char *text)
{
	unsigned n = 0;

	for (const char *at = looked->text.data;
	     (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

#define assert_shown(looked, part)                                             \
	do {                                                                   \
		if (shown_times(looked, part) == 0)                            \
			fail_msg("<%s> is not in: %s", part,                   \
			    (looked)->text.data);                              \
	} while (0)
#define assert_not_shown(looked, part)                                         \
	do {                                                                   \
		if (shown_times(looked, part) != 0)                            \
			fail_msg("<%s> is in: %s", part, (looked)->text.data); \
	} while (0)

/* Looks, and it shows a text, or does not. */
static inline void
expect_shown(const struct site *site, const char *query, const char *text)
{
	struct looked *looked = look(site, query);

	assert_shown(looked, text);
	end_look(looked);
}

static inline void
expect_hidden(const struct site *site, const char *query, const char *text)
{
	struct looked *looked = look(site, query);

	assert_not_shown(looked, text);
	end_look(looked);
}

/* Does what a form asks for; the seq of it. */
static inline int64_t
act(const struct site *site, const char *form)
{
	atomic_bool stop = false;
	struct looked looked = begin_look(site, ACCESS_OPERATE);
	int64_t seq = 0;

	parse_look(&looked, form);
	assert_int_equal(action_do(&looked.page, site->writes, &stop, &seq),
	    RC_OK);
	end_look(&looked);
	return seq;
}

/* Stores an event of h, whose ID is in the text that is returned until the next
 * but one call. */
static inline const char *
store_event(struct journal *journal, const char *name, const char *body)
{
	static char ids[2][UUID_SIZE];
	static unsigned turn;
	struct sample sample;
	char *id = ids[turn++ % 2];

	fill_sample(&sample, "h", 1);
	sample.entry.event = name;
	if (body != NULL)
		sample.entry.body = bytes_of(body);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	snprintf(id, UUID_SIZE, "%s", sample.receipt.id);
	return id;
}

#define HOUR INT64_C(3600000)

/* Stores events and puts them together; each @ in the text is a number of
 * minutes, counted from two hours ago. */
static inline void
store_ago(struct journal *journal, const char *hook, const char *format, ...)
{
	int64_t base = now() - 2 * HOUR;
	char text[1024] = "";
	va_list minutes;
	size_t n = 0;

	va_start(minutes, format);
	for (; *format != '\0' && n + 32 < sizeof(text); format++)
		if (*format == '@')
			n += (size_t)snprintf(text + n, 32, "%lld",
			    (long long)base + va_arg(minutes, int) * 60000LL);
		else
			text[n++] = *format;
	va_end(minutes);
	store_all(journal, hook, text);
}

/* Claims what is due first, and settles it so. */
static inline void
settle_next(struct journal *journal, enum journal_verdict verdict)
{
	struct journal_claim claim;

	assert_int_equal(journal_claim_due(journal, &one, now(), &claim),
	    RC_OK);
	settle(journal, &claim, verdict);
}

#endif
