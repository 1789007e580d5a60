/* SPDX-License-Identifier: ISC */
#include <semaphore.h>
#include <stdatomic.h>

#include "../front.h"
#include "../viewing.h"

#include "../../../fcgi/pages.h"
#include "journal/shared.h"
#include "page/page.h"
#include "page/site.h"
#include "receive/exchange.h"

enum { ALL = PAGES_THREADS + PAGES_WAITING + 1 };

/* A request whose reply is taken once somebody lets it go. */
struct asked {
	struct front front; /* first: the gateway's context */
	bool own;	    /* the caller replied */
	int turn;	    /* the first is 1 */
};

static struct asked asked[ALL];
static struct site site;
static struct shared_journal *shared;
static struct pages *pages;
static sem_t replying, gone, may_go;
static pthread_t caller;
static _Atomic(struct asked *) last; /* that came to its reply */

static int
begin(void **state)
{
	if (make_place(state) != 0 || scratch_log(LOG_LEVEL_ERROR) != 0)
		return -1;
	site = open_site();
	memset(asked, 0, sizeof(asked));
	caller = pthread_self();
	sem_init(&replying, 0, 0);
	sem_init(&gone, 0, 0);
	sem_init(&may_go, 0, 0);
	assert_int_equal(shared_journal_open(journal_path, 0, &shared), RC_OK);
	return pages_open(shared, &pages) == RC_OK ? 0 : -1;
}

static int
end(void **state)
{
	pages_stop(pages);
	assert_int_equal(pages_join(pages, CLOCK_NEVER), RC_OK);
	pages_close(pages);
	shared_journal_close(shared);
	close_site(&site);
	for (size_t i = 0; i < ALL; i++)
		buf_free(&asked[i].front.output);
	return scratch_end(state);
}

static enum rc
reply(void *context, struct bytes bytes, int64_t unread)
{
	struct asked *each = context;
	enum rc rc;

	each->own = pthread_equal(pthread_self(), caller);
	if (!each->own) {
		atomic_store(&last, each);
		sem_post(&replying);
		sem_wait(&may_go);
	}
	rc = front_reply(&each->front, bytes, unread);
	sem_post(&gone);
	return rc;
}

static void
submit(struct asked *each)
{
	static const char *const variables[] = { "REQUEST_METHOD=GET",
		"PELIHOOK_PAGE=view", "REMOTE_USER=anna",
		"QUERY_STRING=view=events" };
	struct gateway gateway = front_gateway(&each->front);
	struct exchange *exchange;

	for (size_t i = 0; i < COUNT(variables); i++)
		front_add(&each->front, variables[i]);
	gateway.reply = reply;
	exchange = exchange_open(&gateway, site.conf);
	assert_non_null(exchange);
	assert_int_equal(page_admit(exchange), RC_OK);
	assert_int_equal(page_read(exchange), RC_OK);
	pages_serve(pages, exchange);
}

static bool
answers(const struct asked *each, const char *status)
{
	char line[16];

	snprintf(line, sizeof(line), "Status: %s ", status);
	return bytes_begin(buf_view(&each->front.output), line);
}

static void
let_go(int n)
{
	for (int i = 0; i < n; i++)
		sem_post(&may_go);
	for (int i = 0; i < n; i++)
		sem_wait(&gone);
}

static void
some_are_made_some_wait_and_the_next_is_refused_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < PAGES_THREADS; i++)
		submit(&asked[i]);
	for (int i = 0; i < PAGES_THREADS; i++)
		sem_wait(&replying);
	for (int i = PAGES_THREADS; i < ALL; i++)
		submit(&asked[i]);
	sem_wait(&gone);
	assert_true(asked[ALL - 1].own);
	assert_true(answers(&asked[ALL - 1], "503"));
	/* First come, first served. */
	for (int i = PAGES_THREADS; i < ALL - 1; i++) {
		let_go(1);
		sem_wait(&replying);
		assert_ptr_equal(atomic_load(&last), &asked[i]);
	}
	let_go(PAGES_THREADS);
	for (int i = 0; i < ALL - 1; i++) {
		assert_false(asked[i].own);
		assert_true(answers(&asked[i], "200"));
	}
}

/* Each is made before the next is asked for. */
static void
one_thread_is_enough_where_pages_come_one_by_one(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		submit(&asked[i]);
		let_go(1);
		assert_true(answers(&asked[i], "200"));
	}
}

static void
what_waits_is_answered_at_a_stop(void **state)
{
	(void)state;
	for (int i = 0; i < PAGES_THREADS + 2; i++)
		submit(&asked[i]);
	pages_stop(pages);
	let_go(PAGES_THREADS + 2);
	for (int i = 0; i < PAGES_THREADS + 2; i++)
		assert_true(answers(&asked[i], "200"));
	assert_int_equal(pages_join(pages, CLOCK_NEVER), RC_OK);
}

static void
who_does_not_end_is_not_waited_for_longer(void **state)
{
	(void)state;
	submit(&asked[0]);
	sem_wait(&replying);
	assert_int_equal(pages_join(pages, clock_steady()), RC_TIMEOUT);
	let_go(1);
	assert_int_equal(pages_join(pages, CLOCK_NEVER), RC_OK);
}

#define PAGES_TEST(function)                                                   \
	cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAGES_TEST(
		    some_are_made_some_wait_and_the_next_is_refused_at_once),
		PAGES_TEST(one_thread_is_enough_where_pages_come_one_by_one),
		PAGES_TEST(what_waits_is_answered_at_a_stop),
		PAGES_TEST(who_does_not_end_is_not_waited_for_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
