/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "page/site.h"

#include "base/clock.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "page/reading.h"
#include "page/told.h"
#include "page/view.h"
#include "watch/watch.h"

struct page_site {
	struct shared_journal *shared;
	/* Of its own, so that its short patience is nobody else's; NULL until
	 * it is needed. */
	struct journal *assembling;
	struct journal *looking; /* the same; it cannot write */
	int64_t log;		 /* of reading_begin */
	/* The journal's files are not those any more that this process has, or
	 * had, open. */
	bool gone;
	atomic_bool stop;
};

enum rc
page_site_open(struct shared_journal *journal, struct page_site **out)
{
	struct page_site *site = calloc(1, sizeof(*site));

	if (site == NULL)
		return RC_MEMORY;
	site->shared = journal;
	*out = site;
	return RC_OK;
}

void
page_site_close(struct page_site *site)
{
	if (site == NULL)
		return;
	journal_close(site->looking);
	journal_close(site->assembling);
	free(site);
}

void
page_site_stop(struct page_site *site)
{
	atomic_store(&site->stop, true);
}

const atomic_bool *
page_site_stopping(const struct page_site *site)
{
	return &site->stop;
}

bool
page_site_is_gone(struct page_site *site)
{
	const struct journal *const opened[] = {
		shared_journal_opened(site->shared),
		site->looking,
		site->assembling,
	};

	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
		if (opened[i] != NULL && journal_is_gone(opened[i]))
			site->gone = true;
	return site->gone;
}

/* Never another one than this process has open.  RC_STORE: it is gone. */
static enum rc
open_once(struct page_site *site, const char *path, unsigned flags,
    struct journal **own)
{
	const struct journal *known = shared_journal_opened(site->shared);
	struct journal *journal = NULL;
	enum rc rc;

	if (*own != NULL)
		return RC_OK;
	if (known == NULL)
		known = site->looking;
	rc = journal_open(path, flags, &journal);
	if (known != NULL &&
	    (rc == RC_OK ? !journal_is_same(journal, known) :
			   rc == RC_RANGE || !journal_is_named(known, path))) {
		journal_close(journal);
		site->gone = true;
		return RC_STORE;
	}
	if (rc == RC_OK)
		*own = journal;
	return rc;
}

static enum rc
open_assembling(struct page_site *site, const char *path)
{
	return open_once(site, path, JOURNAL_BRIEF | JOURNAL_HASTY,
	    &site->assembling);
}

/* RC_MISSING: there is nothing to be looked at yet.  A journal of an earlier
 * release, or of a copy, is renewed by who puts runs together. */
static enum rc
open_looking(struct page_site *site, const char *path)
{
	enum rc rc;

	if (page_site_is_gone(site))
		return RC_STORE;
	rc = open_once(site, path, JOURNAL_LOOKS, &site->looking);
	if (rc != RC_RANGE)
		return rc;
	rc = open_assembling(site, path);
	if (rc == RC_OK)
		rc = open_once(site, path, JOURNAL_LOOKS, &site->looking);
	return rc == RC_RANGE ? RC_CONFIG : rc;
}

/* What is not put together in time is missing for now, and told so. */
void
page_site_assemble(struct page_site *site, struct page *page, int64_t until)
{
	struct journal_assembly assembly = { .more = true };
	enum rc rc = RC_OK;

	if (clock_left(until) > 0)
		rc = open_assembling(site, page->conf->journal);
	while (rc == RC_OK && clock_left(until) > 0) {
		rc = watch_assemble(site->assembling, page->conf, &assembly);
		if (!assembly.more)
			break;
	}
	page->behind = rc != RC_OK || assembly.more || assembly.no_room;
}

static void
begin_reading(struct page_site *site, struct journal *journal, int64_t deadline)
{
	if (journal == NULL)
		return;
	(void)reading_begin(journal, &site->log);
	journal_set_deadline(journal, deadline);
}

static void
end_reading(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal_set_deadline(journal, CLOCK_NEVER);
	reading_end();
}

/* The page's journal is NULL where there is nothing to be looked at. */
static enum rc
gather(struct page_site *site, struct page *page, const struct view *view,
    int64_t deadline)
{
	enum rc rc;
	enum rc told;

	begin_reading(site, page->journal, deadline);
	rc = view->gather(page);
	told = told_gather(page);
	end_reading(page->journal);
	page->damaged = rc == RC_CORRUPT || told == RC_CORRUPT;
	if (rc == RC_OK || rc == RC_CORRUPT)
		rc = told;
	return rc == RC_CORRUPT ? RC_OK : rc;
}

/* All that it does with the journal is over in time: where it took long to be
 * opened nothing is put together. */
enum rc
page_site_look(struct page_site *site, struct page *page,
    const struct view *view)
{
	int64_t deadline = clock_steady() + PAGE_VIEW_TIME;
	int64_t latest = deadline - PAGE_VIEW_TIME / 2;
	int64_t until;
	enum rc rc = open_looking(site, page->conf->journal);

	if (rc == RC_OK) {
		page->journal = site->looking;
		page->now = journal_now(page->journal);
	}
	if (rc == RC_OK && view->runs) {
		until = clock_steady() + PAGE_ASSEMBLE_TIME;
		page_site_assemble(site, page, until < latest ? until : latest);
	}
	return rc == RC_OK || rc == RC_MISSING ?
	    gather(site, page, view, deadline) :
	    rc;
}

enum rc
page_site_act(struct page_site *site, const char *path, struct journal **out)
{
	enum rc rc = RC_OK;

	if (page_site_is_gone(site))
		return RC_STORE;
	if (shared_journal_opened(site->shared) == NULL)
		rc = open_looking(site, path);
	return rc == RC_OK ? shared_journal_get(site->shared, out) : rc;
}
