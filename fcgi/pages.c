/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "pages.h"

#include "base/thread.h"
#include "page/page.h"
#include "page/site.h"
#include "receive/exchange.h"

struct maker {
	struct pages *pages;
	struct page_site *site;
	pthread_t thread;
};

struct pages {
	struct shared_journal *journal;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct exchange *first;
	struct exchange **end;
	unsigned waiting;
	unsigned idle;	  /* threads that wait for a page */
	unsigned running; /* the first so many have a thread */
	bool stopped;
	bool quits;
	struct maker makers[PAGES_THREADS];
};

enum rc
pages_open(struct shared_journal *journal, struct pages **out)
{
	struct pages *pages = calloc(1, sizeof(*pages));

	if (pages == NULL)
		return RC_MEMORY;
	pages->journal = journal;
	pages->end = &pages->first;
	pthread_mutex_init(&pages->lock, NULL);
	pthread_cond_init(&pages->changed, NULL);
	*out = pages;
	return RC_OK;
}

/* NULL: there will be none. */
static struct exchange *
next_page(struct pages *pages)
{
	struct exchange *exchange;

	pthread_mutex_lock(&pages->lock);
	pages->idle++;
	while (pages->first == NULL && !pages->quits)
		pthread_cond_wait(&pages->changed, &pages->lock);
	pages->idle--;
	exchange = pages->first;
	if (exchange != NULL) {
		pages->first = exchange->next;
		if (pages->first == NULL)
			pages->end = &pages->first;
		pages->waiting--;
	}
	pthread_mutex_unlock(&pages->lock);
	return exchange;
}

static void *
run(void *context)
{
	struct maker *maker = context;
	struct exchange *exchange;

	while ((exchange = next_page(maker->pages)) != NULL)
		(void)page_serve(maker->site, exchange);
	return NULL;
}

/* Under the lock. */
static void
start_one(struct pages *pages)
{
	struct maker *maker = &pages->makers[pages->running];

	if (maker->site == NULL &&
	    page_site_open(pages->journal, &maker->site) != RC_OK)
		return;
	if (pages->stopped)
		page_site_stop(maker->site);
	maker->pages = pages;
	if (thread_start(&maker->thread, run, maker) == 0)
		pages->running++;
}

/* Under the lock.  False: nobody could take it soon. */
static bool
put(struct pages *pages, struct exchange *exchange)
{
	if (pages->waiting >= PAGES_WAITING)
		return false;
	if (pages->idle <= pages->waiting && pages->running < PAGES_THREADS)
		start_one(pages);
	if (pages->running == 0)
		return false;
	exchange->next = NULL;
	*pages->end = exchange;
	pages->end = &exchange->next;
	pages->waiting++;
	pthread_cond_signal(&pages->changed);
	return true;
}

void
pages_serve(struct pages *pages, struct exchange *exchange)
{
	bool put_in;

	pthread_mutex_lock(&pages->lock);
	put_in = put(pages, exchange);
	pthread_mutex_unlock(&pages->lock);
	if (!put_in)
		page_refuse(exchange, RC_CROWDED);
}

void
pages_stop(struct pages *pages)
{
	pthread_mutex_lock(&pages->lock);
	pages->stopped = true;
	for (size_t i = 0; i < PAGES_THREADS; i++)
		if (pages->makers[i].site != NULL)
			page_site_stop(pages->makers[i].site);
	pthread_mutex_unlock(&pages->lock);
}

enum rc
pages_join(struct pages *pages, int64_t deadline)
{
	enum rc rc = RC_OK;

	pthread_mutex_lock(&pages->lock);
	pages->quits = true;
	pthread_cond_broadcast(&pages->changed);
	pthread_mutex_unlock(&pages->lock);
	while (rc == RC_OK && pages->running > 0) {
		rc = thread_join(pages->makers[pages->running - 1].thread,
		    deadline);
		pages->running -= rc == RC_OK;
	}
	return rc;
}

void
pages_close(struct pages *pages)
{
	if (pages == NULL)
		return;
	for (size_t i = 0; i < PAGES_THREADS; i++)
		page_site_close(pages->makers[i].site);
	pthread_cond_destroy(&pages->changed);
	pthread_mutex_destroy(&pages->lock);
	free(pages);
}
