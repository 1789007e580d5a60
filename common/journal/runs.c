/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/runs.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/journal.h"
#include "journal/room.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { RECORD_BYTES = 4096 }; /* most that an event writes of a run, about */

/* How a run counts among those of its pipeline, in the numbers of seen_text. */
enum ending {
	ENDING_NONE,
	ENDING_SUCCESS,
	ENDING_FAILURE,
};

/* An event, and what is known of the run that it speaks of. */
struct noting {
	const struct journal_record *record;
	const char *pipeline; /* its own or, of an end, that of its run */
	int64_t time;	      /* of receipt, and never 0 */
	int64_t early;	      /* as of journal_runs_note */
	bool newer;	      /* later ones of the pipeline were noted before */
	bool known;	      /* the same was noted before */
	int64_t run;	      /* seq of the run that it changes; 0: a new one */
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

/* The newest open one of the pipeline; of what came before an early event. */
static void
find_open(struct journal *journal, struct noting *noting)
{
	noting->run = journal_number(journal, 0,
	    "SELECT seq FROM runs WHERE ended = 0 AND hook = ?1"
	    " AND pipeline = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT 1",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline),
		INT(noting->early == 0 ? INT64_MAX : noting->early)));
}

/* One that has no identity is over once the next begins. */
static void
end_nameless(struct journal *journal, const struct noting *noting)
{
	journal_do(journal,
	    "UPDATE runs SET ended = ?4, outcome = 'unknown' WHERE ended = 0"
	    " AND hook = ?1 AND pipeline = ?2 AND seq < ?3 AND run = ''",
	    BIND(TEXT(noting->record->hook), TEXT(noting->pipeline),
		INT(noting->early == 0 ? INT64_MAX : noting->early),
		INT(noting->time)));
}

#define INSERT_RUN(seq)                                                        \
	"INSERT INTO runs(" seq "hook, pipeline, run, began, ended, event,"    \
	" outcome, first, last)"
#define VALUES_OF_RUN "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10"

static const char insert_next[] = INSERT_RUN("") " VALUES(" VALUES_OF_RUN ")";
static const char insert_early[] = INSERT_RUN(
    "seq, ") " VALUES(?1, " VALUES_OF_RUN ") ON CONFLICT DO NOTHING";
static void
insert_run(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;
	const struct journal_subject *subject = record->subject;
	bool starts = subject->step == JOURNAL_STEP_STARTS;

	journal_do(journal, noting->early == 0 ? insert_next : insert_early,
	    BIND(INT(noting->early), TEXT(record->hook), TEXT(noting->pipeline),
		TEXT(subject->run), INT(starts ? noting->time : 0),
		INT(starts ? 0 : noting->time), TEXT(record->event),
		TEXT(starts ? "" : subject->outcome),
		TEXT(starts ? record->receipt->id : ""),
		TEXT(record->receipt->id)));
}

/* An early end may be that of a run whose start came again since. */
#define END_RUN                                                                \
	"UPDATE runs SET ended = ?2, event = ?3, outcome = ?4, last = ?5,"     \
	" began = CASE WHEN ?6 > 0 AND began > ?2 THEN ?2 ELSE began END"      \
	" WHERE ended = 0 AND "

static void
end_run(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;

	journal_do(journal, END_RUN "seq = ?1",
	    BIND(INT(noting->run), INT(noting->time), TEXT(record->event),
		TEXT(record->subject->outcome), TEXT(record->receipt->id),
		INT(noting->early)));
}

/* The one that is open as a rule; false: there is none. */
static bool
end_open(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;

	return journal_do(journal,
		   END_RUN "run <> '' AND hook = ?1 AND run = ?7"
			   " AND pipeline = ?8",
		   BIND(TEXT(record->hook), INT(noting->time),
		       TEXT(record->event), TEXT(record->subject->outcome),
		       TEXT(record->receipt->id), INT(noting->early),
		       TEXT(record->subject->run), TEXT(noting->pipeline))) > 0;
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

/*
 * A pipeline that was seen.  ?5 is how a run of it ended, ?7 that later ones
 * are known: then only what is older or greater takes effect.
 */
static const char seen_text[] =
    "INSERT INTO pipelines(hook, id, name, first, seen, success, failures,"
    " failed, failure, muted, due) VALUES(?1, ?2, ?3, ?4, ?4,"
    " CASE WHEN ?5 = 1 THEN ?4 ELSE 0 END, CASE WHEN ?5 = 2 THEN 1 ELSE 0 END,"
    " CASE WHEN ?5 = 2 THEN ?4 ELSE 0 END, ?6, 0, 0)"
    " ON CONFLICT(hook, id) DO UPDATE SET"
    " name = CASE WHEN excluded.name <> excluded.id"
    " AND (?7 = 0 OR pipelines.name = pipelines.id) THEN excluded.name"
    " ELSE pipelines.name END,"
    " first = CASE WHEN excluded.first < pipelines.first THEN excluded.first"
    " ELSE pipelines.first END,"
    " seen = CASE WHEN ?7 = 1 AND pipelines.seen > excluded.seen"
    " THEN pipelines.seen ELSE excluded.seen END,"
    " success = CASE WHEN ?5 = 1 AND (?7 = 0"
    " OR pipelines.success < excluded.success) THEN excluded.success"
    " ELSE pipelines.success END,"
    " failures = CASE WHEN ?7 = 1 OR ?5 = 0 THEN pipelines.failures"
    " WHEN ?5 = 1 THEN 0 ELSE pipelines.failures + 1 END,"
    " failed = CASE WHEN ?7 = 1 OR ?5 = 0 THEN pipelines.failed"
    " WHEN ?5 = 1 THEN 0 WHEN pipelines.failures = 0 THEN excluded.failed"
    " ELSE pipelines.failed END,"
    " failure = CASE WHEN ?7 = 1 OR ?5 = 0 THEN pipelines.failure"
    " ELSE excluded.failure END, due = 0";

/*
 * The same for one that is known, and nothing later than the event; where it is
 * watched, it has to be judged.
 */
#define SEEN_AGAIN(ending, judge)                                              \
	"UPDATE pipelines SET seen = ?4, name = CASE WHEN ?3 <> ?2 THEN ?3"    \
	" ELSE name END" ending judge " WHERE hook = ?1 AND id = ?2"
#define SEEN_SUCCESS ", success = ?4, failures = 0, failed = 0, failure = ''"
#define SEEN_FAILURE                                                           \
	", failures = failures + 1, failure = ?5,"                             \
	" failed = CASE WHEN failures = 0 THEN ?4 ELSE failed END"
#define TO_JUDGE ", due = 0"

static const char *const seen_again[][2] = {
	[ENDING_NONE] = { SEEN_AGAIN("", ""), SEEN_AGAIN("", TO_JUDGE) },
	[ENDING_SUCCESS] = { SEEN_AGAIN(SEEN_SUCCESS, ""),
	    SEEN_AGAIN(SEEN_SUCCESS, TO_JUDGE) },
	[ENDING_FAILURE] = { SEEN_AGAIN(SEEN_FAILURE, ""),
	    SEEN_AGAIN(SEEN_FAILURE, TO_JUDGE) },
};

static enum ending
ending_of(const struct noting *noting)
{
	const struct journal_subject *subject = noting->record->subject;

	if (subject->step != JOURNAL_STEP_ENDS || noting->known)
		return ENDING_NONE;
	return subject->success ? ENDING_SUCCESS : ENDING_FAILURE;
}

/* Of an early event alone: whether later ones of its pipeline were noted. */
static bool
is_overtaken(struct journal *journal, const struct noting *noting)
{
	return noting->early != 0 &&
	    journal_number(journal, 0,
		"SELECT 1 FROM runs WHERE hook = ?1 AND pipeline = ?2"
		" AND seq > ?3 LIMIT 1",
		BIND(TEXT(noting->record->hook), TEXT(noting->pipeline),
		    INT(noting->early))) != 0;
}

/* Otherwise it was forgotten since, and an old event does not bring it back. */
static bool
is_seen(struct journal *journal, const struct noting *noting)
{
	return journal_number(journal, 0,
		   "SELECT 1 FROM pipelines WHERE hook = ?1 AND id = ?2",
		   BIND(TEXT(noting->record->hook), TEXT(noting->pipeline))) !=
	    0;
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
	if (noting->early == 0 &&
	    journal_do(journal, seen_again[ending][subject->watched], values) >
		0)
		return;
	journal_do(journal, seen_text,
	    BIND(TEXT(record->hook), TEXT(noting->pipeline), TEXT(name),
		INT(noting->time), INT(ending),
		TEXT(ending == ENDING_FAILURE ? record->event : ""),
		INT(noting->newer)));
}

static void
note_pipeline(struct journal *journal, const struct noting *noting)
{
	const struct journal_record *record = noting->record;
	enum ending ending = ending_of(noting);

	if (noting->newer && !is_seen(journal, noting))
		return;
	note_seen(journal, noting, ending);
	if (ending == ENDING_SUCCESS)
		journal_do(journal,
		    "INSERT INTO successes(hook, pipeline, time)"
		    " VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
		    BIND(TEXT(record->hook), TEXT(noting->pipeline),
			INT(noting->time)));
}

static void
note_start(struct journal *journal, struct noting *noting)
{
	if (noting->record->subject->run[0] != '\0')
		find_started(journal, noting);
	else
		end_nameless(journal, noting);
	if (noting->known)
		return;
	if (noting->run != 0)
		fill_start(journal, noting);
	else
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
	if (journal_do(journal,
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
	if (noting->pipeline[0] == '\0' || is_overtaken(journal, noting))
		return;
	journal_pipeline_forget(journal, noting->record->hook, noting->pipeline,
	    noting->time);
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
journal_runs_note(struct journal *journal, const struct journal_record *record,
    int64_t early)
{
	const struct journal_subject *subject = record->subject;
	struct noting noting = {
		.record = record,
		.time = time_of(record),
		.early = early,
	};

	if (subject == NULL || subject->step == JOURNAL_STEP_NONE)
		return;
	noting.pipeline = subject->pipeline;
	if (subject->step == JOURNAL_STEP_REMOVED) {
		note_removed(journal, &noting);
	} else {
		if (subject->step == JOURNAL_STEP_STARTS)
			note_start(journal, &noting);
		else
			note_end(journal, &noting);
		noting.newer = is_overtaken(journal, &noting);
		note_pipeline(journal, &noting);
	}
	if (subject->watched && early == 0)
		journal->stored = true;
}

static enum rc
record_run(struct journal *journal, void *arguments)
{
	const struct journal_record *record = arguments;

	if (!journal_room_take(journal, RECORD_BYTES))
		return RC_STORE;
	journal_runs_note(journal, record, 0);
	return RC_OK;
}

void
journal_record(struct journal *journal, const struct journal_record *record,
    struct journal_waiter *waiter)
{
	journal_write_later_relaxed(journal, record_run,
	    (struct bytes){ (const char *)record, sizeof(*record) }, waiter);
}
