/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/runs.h"

#include "event/catalog.h"
#include "journal/column.h"
#include "journal/journal.h"
#include "journal/sql.h"
#include "journal/statement.h"

/* How a run counts among those of its pipeline, in the numbers of seen_text. */
enum ending {
	ENDING_NONE,
	ENDING_SUCCESS,
	ENDING_FAILURE,
};

/* An event, and what is known of the run that it speaks of. */
struct noting {
	const struct journal_record *record;
	const struct catalog_row *row;
	enum catalog_step step; /* of that */
	const char *pipeline;	/* its own or, of an end, that of its run */
	int64_t time;		/* of receipt, and never 0 */
	bool known;		/* the same was noted before */
	int64_t run; /* seq of the run that it changes; 0: a new one */
	char found[IDENTITY_SIZE]; /* where pipeline is that of the run */
};

/* A row of runs. */
struct known_run {
	int64_t seq;
	int64_t began;
	int64_t ended;
	const char *event;
	const char *pipeline;
};

static const char runs_of_identity[] =
    "SELECT seq, began, ended, event, pipeline FROM runs WHERE run <> ''"
    " AND hook = ?1 AND run = ?2 AND pipeline = ?3 ORDER BY seq DESC";
/* Where an end does not say which pipeline's it is. */
static const char runs_of_any[] =
    "SELECT seq, began, ended, event, pipeline FROM runs WHERE run <> ''"
    " AND hook = ?1 AND run = ?2 AND ?3 = ''"
    " ORDER BY CASE WHEN ended = 0 THEN 0 ELSE 1 END, seq DESC";

/* The next row that is not damaged: of those that are, delivery is not to
 * suffer. */
static bool
next_run(struct journal_reader *reader, struct known_run *run)
{
	while (journal_next(reader->journal, reader->row)) {
		reader->damaged = false;
		reader->number = run->seq = journal_int(reader, 0,
		    JOURNAL_IS_ROW);
		run->began = journal_int(reader, 1, JOURNAL_IS_TIME);
		run->ended = journal_int(reader, 2, JOURNAL_IS_TIME);
		run->event = journal_text(reader, 3, JOURNAL_TEXT_EVENT);
		run->pipeline = journal_text(reader, 4, JOURNAL_TEXT_IDENTITY);
		if (!reader->damaged)
			return true;
	}
	return false;
}

static struct journal_reader
read_runs(struct journal *journal, const struct noting *noting,
    const char *text)
{
	const struct journal_record *record = noting->record;

	return journal_lenient_reader(journal,
	    journal_query(journal, text,
		BIND(TEXT(record->hook), TEXT(record->subject->run),
		    TEXT(noting->pipeline))),
	    "runs");
}

/* Its beginning is known, or it was the first to end without one. */
static void
find_started(struct journal *journal, struct noting *noting)
{
	struct journal_reader reader = read_runs(journal, noting,
	    runs_of_identity);
	struct known_run run;

	while (!noting->known && next_run(&reader, &run)) {
		noting->run = run.seq;
		noting->known = run.began != 0;
	}
	if (noting->known)
		journal_end_query(reader.row);
}

/* Whether it is the one: it is open, or it ended so before. */
static bool
take_run(struct noting *noting, const struct known_run *run)
{
	if (run->ended == 0)
		noting->run = run->seq;
	else if (strcmp(run->event, noting->record->event) == 0)
		noting->known = true;
	return noting->run != 0 || noting->known;
}

static void
find_ended(struct journal *journal, struct noting *noting)
{
	bool named = noting->pipeline[0] != '\0';
	struct journal_reader reader = read_runs(journal, noting,
	    named ? runs_of_identity : runs_of_any);
	struct known_run run;
	bool over = false;

	while (!over && next_run(&reader, &run)) {
		over = take_run(noting, &run);
		if (!named && (over || noting->found[0] == '\0'))
			memcpy(noting->found, run.pipeline,
			    strlen(run.pipeline) + 1);
	}
	if (over)
		journal_end_query(reader.row);
	if (!named)
		noting->pipeline = noting->found;
}

/* The newest open one of the pipeline. */
static void
find_open(struct journal *journal, struct noting *noting)
{
	noting->run = journal_number(journal, 0,
	    "SELECT seq FROM runs WHERE ended = 0 AND hook = ?1"
	    " AND pipeline = ?2 ORDER BY seq DESC LIMIT 1",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline)));
}

/* One that has no identity is over once the next begins. */
static void
end_nameless(struct journal *journal, const struct noting *noting)
{
	journal_do(journal,
	    "UPDATE runs SET ended = ?3, outcome = 'unknown' WHERE ended = 0"
	    " AND hook = ?1 AND pipeline = ?2 AND run = ''",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline),
		INT(noting->time)));
}

static void
insert_run(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;
	bool starts = noting->step == CATALOG_STARTS;

	journal_do(journal,
	    "INSERT INTO runs(hook, pipeline, run, began, ended, event,"
	    " outcome, first, last)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    BIND(TEXT(record->hook), TEXT(noting->pipeline),
		TEXT(record->subject->run), INT(starts ? noting->time : 0),
		INT(starts ? 0 : noting->time), TEXT(record->event),
		TEXT(starts ? "" : noting->row->outcome),
		TEXT(starts ? record->receipt->id : ""),
		TEXT(record->receipt->id)));
}

#define END_RUN                                                                \
	"UPDATE runs SET ended = ?1, event = ?2, outcome = ?3, last = ?4"      \
	" WHERE ended = 0 AND "

static void
end_run(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;

	journal_do(journal, END_RUN "seq = ?5",
	    BIND(INT(noting->time), TEXT(record->event),
		TEXT(noting->row->outcome), TEXT(record->receipt->id),
		INT(noting->run)));
}

/* The one that is open as a rule; false: there is none. */
static bool
end_open(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;

	return journal_change_rows(journal,
		   END_RUN "run <> '' AND hook = ?5 AND run = ?6"
			   " AND pipeline = ?7",
		   BIND(INT(noting->time), TEXT(record->event),
		       TEXT(noting->row->outcome), TEXT(record->receipt->id),
		       TEXT(record->hook), TEXT(record->subject->run),
		       TEXT(noting->pipeline))) > 0;
}

/* It came after its own end. */
static void
fill_start(struct journal *journal, const struct noting *noting)
{
	journal_do(journal,
	    "UPDATE runs SET began = CASE WHEN ended < ?2 THEN ended ELSE ?2"
	    " END, first = ?3 WHERE seq = ?1",
	    BIND(INT(noting->run), INT(noting->time),
		TEXT(noting->record->receipt->id)));
}

/* One that was not seen before; ?5 is how a run of it ended. */
static const char seen_first[] =
    "INSERT INTO pipelines(hook, id, name, first, seen, success, failures,"
    " failed, failure, due) VALUES(?1, ?2, ?3, ?4, ?4,"
    " CASE WHEN ?5 = 1 THEN ?4 ELSE 0 END, CASE WHEN ?5 = 2 THEN 1 ELSE 0 END,"
    " CASE WHEN ?5 = 2 THEN ?4 ELSE 0 END, ?6, 0)";

/* One that is known. */
#define SEEN_AGAIN                                                             \
	"UPDATE pipelines SET seen = ?4,"                                      \
	" name = CASE WHEN ?3 <> ?2 THEN ?3 ELSE name END"
#define SEEN_WHERE " WHERE hook = ?1 AND id = ?2"

static const char *const seen_again[] = {
	[ENDING_NONE] = SEEN_AGAIN SEEN_WHERE,
	[ENDING_SUCCESS] = SEEN_AGAIN
	", success = ?4, failures = 0, failed = 0, failure = ''" SEEN_WHERE,
	[ENDING_FAILURE] = SEEN_AGAIN
	", failures = failures + 1, failure = ?5,"
	" failed = CASE WHEN failures = 0 THEN ?4 ELSE failed END" SEEN_WHERE,
};

static enum ending
ending_of(const struct noting *noting)
{
	if (noting->step != CATALOG_ENDS || noting->known)
		return ENDING_NONE;
	return catalog_is_success(noting->row) ? ENDING_SUCCESS :
						 ENDING_FAILURE;
}

/* As a rule it has to be already, and its index stays as it is. */
static void
to_judge(struct journal *journal, const struct noting *noting)
{
	journal_do(journal,
	    "UPDATE pipelines SET due = 0 WHERE hook = ?1 AND id = ?2"
	    " AND due <> 0",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline)));
}

static void
note_seen(struct journal *journal, const struct noting *noting,
    enum ending ending)
{
	const struct journal_record *record = noting->record;
	const struct journal_subject *subject = record->subject;
	/* The name is that of the pipeline that the event names. */
	const char *name = subject->pipeline[0] != '\0' &&
		subject->name[0] != '\0' ?
	    subject->name :
	    noting->pipeline;
	struct journal_values values = BIND(TEXT(record->hook),
	    TEXT(noting->pipeline), TEXT(name), INT(noting->time),
	    TEXT(record->event));

	if (ending != ENDING_FAILURE)
		values.n--;
	if (journal_change_rows(journal, seen_again[ending], values) > 0) {
		to_judge(journal, noting);
		return;
	}
	journal_do(journal, seen_first,
	    BIND(TEXT(record->hook), TEXT(noting->pipeline), TEXT(name),
		INT(noting->time), INT(ending),
		TEXT(ending == ENDING_FAILURE ? record->event : "")));
}

static void
note_pipeline(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;
	enum ending ending = ending_of(noting);

	note_seen(journal, noting, ending);
	if (ending == ENDING_SUCCESS)
		journal_do(journal,
		    "INSERT INTO successes(hook, pipeline, time)"
		    " VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
		    BIND(TEXT(record->hook), TEXT(noting->pipeline),
			INT(noting->time)));
}

/* The pipeline's newest run, where that has no beginning and ended later: a
 * hook that waits tells of an event when its command has ended, which may be
 * after the next one's. */
static void
find_overtaken(struct journal *journal, struct noting *noting)
{
	noting->run = journal_number(journal, 0,
	    "SELECT CASE WHEN run = '' AND began = 0 AND ended > ?3 THEN seq"
	    " ELSE 0 END FROM runs WHERE hook = ?1 AND pipeline = ?2"
	    " ORDER BY seq DESC LIMIT 1",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline),
		INT(noting->time)));
}

static void
note_start(struct journal *journal, struct noting *noting)
{
	bool named = noting->record->subject->run[0] != '\0';

	if (named)
		find_started(journal, noting);
	else
		find_overtaken(journal, noting);
	if (noting->known)
		return;
	if (noting->run != 0) {
		fill_start(journal, noting);
		return;
	}
	if (!named)
		end_nameless(journal, noting);
	insert_run(journal, noting);
}

static void
note_end(struct journal *journal, struct noting *noting)
{
	bool named = noting->record->subject->run[0] != '\0';

	if (named && noting->pipeline[0] != '\0' && end_open(journal, noting))
		return;
	if (named)
		find_ended(journal, noting);
	else
		find_open(journal, noting);
	if (noting->known)
		return;
	if (noting->run != 0)
		end_run(journal, noting);
	else
		insert_run(journal, noting);
}

bool
journal_pipeline_forget(struct journal *journal, const char *hook,
    const char *pipeline, int64_t now)
{
	if (journal_change_rows(journal,
		"DELETE FROM pipelines WHERE hook = ?1 AND id = ?2",
		BIND(TEXT(hook), TEXT(pipeline))) == 0)
		return false;
	journal_do(journal,
	    "UPDATE runs SET ended = ?3, outcome = 'unknown' WHERE ended = 0"
	    " AND hook = ?1 AND pipeline = ?2",
	    BIND(TEXT(hook), TEXT(pipeline), INT(now)));
	journal_do(journal,
	    "DELETE FROM successes WHERE hook = ?1 AND pipeline = ?2",
	    BIND(TEXT(hook), TEXT(pipeline)));
	/* What is wrong with the hook is no pipeline's, and has none either. */
	journal_do(journal,
	    "DELETE FROM judgements WHERE hook = ?1 AND pipeline = ?2"
	    " AND kind <> ?3",
	    BIND(TEXT(hook), TEXT(pipeline), INT(JOURNAL_SILENT)));
	return true;
}

static void
note_removed(struct journal *journal, struct noting *noting)
{
	if (noting->pipeline[0] != '\0')
		journal_pipeline_forget(journal, noting->record->hook,
		    noting->pipeline, noting->time);
}

static int64_t
time_of(const struct journal_record *record)
{
	int64_t received = record->receipt->received;

	if (received < 1)
		return 1;
	return received > JOURNAL_TIME_MAX ? JOURNAL_TIME_MAX : received;
}

void
journal_runs_note(struct journal *journal, const struct journal_record *record)
{
	struct noting noting = {
		.record = record,
		.row = catalog_find(bytes_of(record->event)),
		.pipeline = record->subject->pipeline,
		.time = time_of(record),
	};

	if (noting.row == NULL)
		return;
	noting.step = catalog_step(noting.row);
	if (noting.step == CATALOG_NO_STEP)
		return;
	if (noting.step == CATALOG_REMOVES) {
		note_removed(journal, &noting);
		return;
	}
	if (noting.step == CATALOG_STARTS)
		note_start(journal, &noting);
	else
		note_end(journal, &noting);
	note_pipeline(journal, &noting);
}
