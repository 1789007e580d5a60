/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/postgresql.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/procfs.h"
#include "base/thread.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/statement.h"

/*
 * A runner's life is a lock of a session of its own (pg_advisory_lock), or its
 * lease, a time by the database's clock that a thread moves on: either may be
 * gone without the other, by a restart of the database or where the network
 * is cut.  The same session notes what it runs, beside all transactions.
 */
#define NOTHING "-" /* in place of a mark: nothing runs */

enum {
	LEASE = 60000,	       /* milliseconds, until it is set */
	PARTS = 24,	       /* of a lease, of which one is kept back */
	RENEWALS = 6,	       /* in a lease */
	RETRY = 500,	       /* after one that failed, milliseconds */
	CONNECT = 3000,	       /* most that one is waited for, the same */
	MACHINE_SIZE = 33,     /* of machine-id(5), and its NUL */
	DRAIN_LOCKS = 1 << 29, /* numbers of them, below the others */
};

/* ---- The session ------------------------------------------------------------ */

static void
lose(struct postgresql_life *life)
{
	postgresql_close(life->session);
	life->session = NULL;
	life->locked = false;
	life->retry_at = clock_steady() + RETRY;
}

/* How long anything in it is waited for, milliseconds. */
static int64_t
patience_of(const struct postgresql_life *life)
{
	return life->lease.length / RENEWALS < CONNECT ?
	    life->lease.length / RENEWALS :
	    CONNECT;
}

/* With the life held, as all that follows.  What a note says need not
 * outlive the machine. */
static bool
connect_life(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;
	const struct postgresql_options options = {
		.uri = journal->postgresql->uri,
	};
	struct buf error = { 0 };
	int64_t deadline = clock_steady() + patience_of(life);

	if (life->session != NULL)
		return true;
	if (clock_steady() < life->retry_at)
		return false;
	if (postgresql_open(&options, deadline, &life->session, &error) !=
	    POSTGRESQL_FINE)
		life->retry_at = clock_steady() + RETRY;
	else if (postgresql_exec(life->session, "SET synchronous_commit TO off",
		     deadline, NULL) != POSTGRESQL_FINE)
		lose(life);
	buf_free(&error);
	return life->session != NULL;
}

static bool
ask(struct journal *journal, const char *text, struct journal_values values,
    struct postgresql_result *result)
{
	struct postgresql_life *life = &journal->postgresql->life;

	if (life->session == NULL)
		return false;
	if (postgresql_query(life->session, text, values,
		clock_steady() + patience_of(life), result) == POSTGRESQL_FINE)
		return true;
	if (postgresql_is_lost(life->session))
		lose(life);
	return false;
}

/* Whether the only column of the only row is true. */
static bool
ask_whether(struct journal *journal, const char *text,
    struct journal_values values)
{
	struct postgresql_result result = { 0 };
	bool yes = ask(journal, text, values, &result) &&
	    postgresql_rows(&result) == 1 &&
	    postgresql_column_int(&result, 0, 0) != 0;

	postgresql_result_free(&result);
	return yes;
}

static bool
lock_number(struct journal *journal, int64_t number)
{
	return ask_whether(journal,
	    "SELECT pg_try_advisory_lock(CAST(?1 AS integer),"
	    " CAST(?2 AS integer))",
	    BIND(INT(journal->postgresql->class), INT(number)));
}

static void
unlock_number(struct journal *journal, int64_t number)
{
	if (journal->postgresql->life.session != NULL)
		(void)ask_whether(journal,
		    "SELECT pg_advisory_unlock(CAST(?1 AS integer),"
		    " CAST(?2 AS integer))",
		    BIND(INT(journal->postgresql->class), INT(number)));
}

/* ---- The lease -------------------------------------------------------------- */

static void
tell(struct postgresql_life *life, int64_t left)
{
	if (life->warned == (left != CLOCK_NEVER))
		return;
	life->warned = left != CLOCK_NEVER;
	if (life->lease.lapse != NULL)
		life->lease.lapse(life->lease.context, left);
}

/* By this machine's clock: what runs has to be ended from then on.  One more
 * question may go unanswered before. */
static int64_t
tell_at(const struct postgresql_life *life)
{
	if (life->until == CLOCK_NEVER)
		return CLOCK_NEVER;
	return life->until - life->lease.kill_after - patience_of(life) -
	    life->lease.length / PARTS;
}

static void
tell_in_time(struct postgresql_life *life)
{
	int64_t left = life->until - life->lease.length / PARTS - clock_boot();

	if (clock_boot() >= tell_at(life))
		tell(life, left > 0 ? left : 0);
}

static void
end_life(struct postgresql_life *life, bool lapsed)
{
	life->runner = 0;
	life->locked = false;
	life->until = CLOCK_NEVER;
	life->lapsed = lapsed;
	tell(life, CLOCK_NEVER);
}

static void
log_lapse(const struct journal *journal, int64_t runner)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR,
	    "journal: the lease was over before it could be renewed");
	log_text(&line, "journal", journal->path);
	log_number(&line, "runner", runner);
	log_end(&line);
}

/*
 * The lease runs from the moment before it was asked for.  One that was over
 * is not renewed: others may have taken what this runner had.
 */
static bool
renew(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;
	int64_t lease = life->lease.length;
	struct postgresql_result result = { 0 };
	int64_t asked = clock_boot();

	if (!connect_life(journal) ||
	    postgresql_send(life->session,
		"SELECT set_config('synchronous_commit', 'on', true)",
		NO_VALUES) != POSTGRESQL_FINE ||
	    !ask(journal,
		"UPDATE runners SET lease = " SQL_CLOCK " + ?1,"
		" backend = pg_backend_pid() WHERE number = ?2"
		" AND lease >= " SQL_CLOCK,
		BIND(INT(lease), INT(life->runner)), &result))
		return false;
	if (postgresql_changed(&result) > 0) {
		life->until = asked + lease;
		tell(life, CLOCK_NEVER);
		if (!life->locked)
			life->locked = lock_number(journal, life->runner);
	} else {
		log_lapse(journal, life->runner);
		unlock_number(journal, life->runner);
		end_life(life, true);
	}
	postgresql_result_free(&result);
	return true;
}

static struct timespec
moment_in(int64_t milliseconds)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += milliseconds / 1000;
	at.tv_nsec += milliseconds % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static void *
keep_alive(void *context)
{
	struct journal *journal = context;
	struct postgresql_life *life = &journal->postgresql->life;
	struct timespec next;
	int64_t pause;
	bool renewed = true;

	pthread_mutex_lock(&life->lock);
	while (!life->ending) {
		pause = life->lease.length / RENEWALS;
		next = moment_in(renewed || pause < RETRY ? pause : RETRY);
		while (!life->ending &&
		    pthread_cond_timedwait(&life->told, &life->lock, &next) !=
			ETIMEDOUT)
			continue;
		if (life->ending || life->runner == 0)
			continue;
		renewed = renew(journal);
		tell_in_time(life);
	}
	pthread_mutex_unlock(&life->lock);
	return NULL;
}

static bool
start_thread(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;

	if (!life->running)
		life->running = thread_start(&life->thread, keep_alive,
				    journal) == 0;
	return life->running;
}

void
postgresql_life_begin(struct postgresql *postgresql)
{
	pthread_condattr_t attributes;

	postgresql->life.until = CLOCK_NEVER;
	postgresql->life.lease.length = LEASE;
	pthread_mutex_init(&postgresql->life.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&postgresql->life.told, &attributes);
	pthread_condattr_destroy(&attributes);
}

void
postgresql_life_end(struct postgresql *postgresql)
{
	struct postgresql_life *life = &postgresql->life;

	pthread_mutex_lock(&life->lock);
	life->ending = true;
	pthread_cond_signal(&life->told);
	pthread_mutex_unlock(&life->lock);
	if (life->running)
		pthread_join(life->thread, NULL);
	postgresql_close(life->session);
	pthread_cond_destroy(&life->told);
	pthread_mutex_destroy(&life->lock);
}

void
postgresql_hold(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;
	int64_t asked = clock_boot();
	uint64_t start = 0;
	int64_t lease;
	bool held;

	pthread_mutex_lock(&life->lock);
	lease = life->lease.length;
	held = connect_life(journal) && lock_number(journal, journal->runner) &&
	    start_thread(journal);
	life->locked = held;
	if (held) {
		life->lapsed = false;
		life->runner = journal->runner;
		life->until = asked + lease;
	}
	pthread_mutex_unlock(&life->lock);
	(void)procfs_start_time(getpid(), &start);
	journal->postgresql->number = 0;
	journal_do(journal,
	    "UPDATE runners SET lease = " SQL_CLOCK " + ?1, start = ?2,"
	    " hooks = ?3 WHERE number = ?4",
	    BIND(INT(lease), INT((int64_t)start), TEXT(journal->hooks),
		INT(journal->runner)));
	journal_do(journal,
	    "DELETE FROM commits WHERE NOT EXISTS(SELECT 1 FROM runners"
	    " WHERE number = writer)",
	    NO_VALUES);
	if (!held)
		journal_fail(journal, JOURNAL_FAILED_LOCK);
}

/* Of one whose row stays, as something of it counts as running. */
static void
end_lease(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;

	if (life->session != NULL)
		(void)postgresql_send(life->session,
		    "UPDATE runners SET lease = 0 WHERE number = ?1",
		    BIND(INT(life->runner)));
}

void
postgresql_release(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;

	pthread_mutex_lock(&life->lock);
	if (life->runner != 0) {
		end_lease(journal);
		unlock_number(journal, life->runner);
	}
	end_life(life, false);
	pthread_mutex_unlock(&life->lock);
}

bool
postgresql_has_lapsed(const struct journal *journal)
{
	return journal->postgresql->life.lapsed;
}

void
postgresql_set_lease(struct journal *journal, const struct journal_lease *lease)
{
	struct postgresql_life *life = &journal->postgresql->life;

	pthread_mutex_lock(&life->lock);
	if (lease != NULL)
		life->lease = *lease;
	else
		life->lease.lapse = NULL;
	pthread_mutex_unlock(&life->lock);
}

/* ---- Others' lives ---------------------------------------------------------- */

static void
find_machine(char machine[MACHINE_SIZE])
{
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, machine, MACHINE_SIZE - 1);

	if (n <= 0 && gethostname(machine, MACHINE_SIZE - 1) == 0)
		n = (ssize_t)strnlen(machine, MACHINE_SIZE - 1);
	machine[n > 0 ? n : 0] = '\0';
	machine[strcspn(machine, " \n")] = '\0';
	io_close(&fd);
}

/* The machine, as machine-id(5) names it, and the PID namespace. */
void
postgresql_place(const struct journal *journal, char *place)
{
	char space[PROCFS_SPACE_SIZE];
	char machine[MACHINE_SIZE];

	(void)journal;
	find_machine(machine);
	procfs_pid_space(space);
	snprintf(place, JOURNAL_PLACE_SIZE, "%s %s", machine, space);
}

/* What tells of a runner's life. */
struct signs {
	int64_t lease_over; /* so long ago, milliseconds; or less than 0 */
	int64_t backend;    /* which holds its lock; 0: none */
	bool here;	    /* its process can be looked at */
	pid_t pid;
	uint64_t start;
};

static const char life_text[] =
    "SELECT " SQL_CLOCK " - r.lease,"
    " coalesce((SELECT CAST(l.pid AS bigint) FROM " SQL_LOCKS("?2",
	"?1") " LIMIT 1), 0), CASE WHEN r.boot = ?3 AND r.space = ?4 THEN 1"
	      " ELSE 0 END, r.pid, r.start FROM runners r WHERE r.number = ?1";

static bool
read_signs(struct journal *journal, int64_t runner, struct signs *signs)
{
	char boot[PROCFS_BOOT_SIZE];
	char place[JOURNAL_PLACE_SIZE];
	struct journal_statement *row;

	procfs_boot_id(boot);
	postgresql_place(journal, place);
	row = journal_query(journal, life_text,
	    BIND(INT(runner), INT(postgresql_shown_class(journal->postgresql)),
		TEXT(boot), TEXT(place)));
	if (!journal_next(journal, row))
		return false;
	*signs = (struct signs){
		.lease_over = journal_column_int(row, 0),
		.backend = journal_column_int(row, 1),
		.here = journal_column_int(row, 2) != 0,
		.pid = (pid_t)journal_column_int(row, 3),
		.start = (uint64_t)journal_column_int(row, 4),
	};
	journal_end_query(row);
	return true;
}

static bool
is_gone_here(const struct signs *signs)
{
	uint64_t start;

	if (!signs->here)
		return false;
	if (kill(signs->pid, 0) == -1 && errno == ESRCH)
		return true;
	return procfs_start_time(signs->pid, &start) == RC_OK &&
	    start != signs->start;
}

/* A machine that is frozen keeps its session for as long as the network
 * does. */
static void
end_session(struct journal *journal, int64_t runner, int64_t backend)
{
	log_say(LOG_LEVEL_WARNING,
	    "journal: %s: the lease of runner %lld has been over for long: its "
	    "session is ended",
	    journal->path, (long long)runner);
	journal_do(journal, "SELECT pg_terminate_backend(CAST(?1 AS integer))",
	    BIND(INT(backend)));
}

/*
 * A process of this machine that is gone has no lease, and its lock, if any, is
 * about to go: what it left behind is found here.  Of others the lock or the
 * lease decides.
 */
bool
postgresql_lives(struct journal *journal, int64_t runner)
{
	struct signs signs;

	if (!read_signs(journal, runner, &signs))
		return journal_failed(journal);
	if (is_gone_here(&signs))
		return false;
	if (signs.backend == 0)
		return signs.lease_over < 0;
	if (signs.lease_over > journal->postgresql->life.lease.length)
		end_session(journal, runner, signs.backend);
	return true;
}

/* ---- Notes ------------------------------------------------------------------ */

/* That it ends tells as much as a note that nothing runs any more. */
enum rc
postgresql_note(const struct journal_claim *claim,
    const struct journal_note *note)
{
	struct journal *journal = claim->journal;
	struct postgresql_life *life = &journal->postgresql->life;
	struct postgresql_result result = { 0 };
	bool noted;
	bool lost;

	if (note == NULL)
		return RC_OK;
	pthread_mutex_lock(&life->lock);
	lost = claim->runner != life->runner;
	noted = !lost &&
	    ask(journal,
		"UPDATE commands SET mark = ?4, pid = ?5, start = ?6,"
		" session = ?7, began = ?8, \"limit\" = ?9"
		" WHERE runner = ?1 AND slot = ?2 AND claim = ?3",
		BIND(INT(life->runner), INT(claim->slot), INT(claim->number),
		    TEXT(note->mark), INT(note->pid), INT((int64_t)note->start),
		    INT(note->session), INT(note->began), INT(note->limit)),
		&result);
	noted = noted && postgresql_changed(&result) == 1;
	postgresql_result_free(&result);
	pthread_mutex_unlock(&life->lock);
	if (lost)
		return RC_MISSING;
	if (!noted)
		errno = EIO;
	return noted ? RC_OK : RC_STORE;
}

void
postgresql_note_nothing(struct journal *journal,
    const struct journal_claim *claim)
{
	journal_do(journal,
	    "INSERT INTO commands(runner, slot, claim, mark, pid, start,"
	    " session, began, \"limit\") VALUES(?1, ?2, ?3, '" NOTHING "', 0,"
	    " 0, 0, 0, 0) ON CONFLICT(runner, slot) DO UPDATE SET"
	    " claim = excluded.claim, mark = excluded.mark, pid = 0,"
	    " start = 0, session = 0, began = 0, \"limit\" = 0",
	    BIND(INT(journal->runner), INT(claim->slot), INT(claim->number)));
}

static void
read_note(struct journal_statement *row, struct journal_orphan *orphan)
{
	struct bytes mark = journal_column_text(row, 0);

	if (bytes_equal(mark, bytes_of(NOTHING))) {
		orphan->noted = false;
		return;
	}
	if (mark.len >= sizeof(orphan->note.mark))
		return;
	snprintf(orphan->note.mark, sizeof(orphan->note.mark), "%.*s",
	    (int)mark.len, mark.data);
	orphan->note.pid = (pid_t)journal_column_int(row, 1);
	orphan->note.start = (uint64_t)journal_column_int(row, 2);
	orphan->note.session = (pid_t)journal_column_int(row, 3);
	orphan->note.began = journal_column_int(row, 4);
	orphan->note.limit = journal_column_int(row, 5);
}

void
postgresql_find_note(struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan)
{
	struct journal_statement *row = journal_query(journal,
	    "SELECT mark, pid, start, session, began, \"limit\" FROM commands"
	    " WHERE runner = ?1 AND slot = ?2 AND claim = ?3",
	    BIND(INT(orphan->runner), INT(slot), INT(orphan->claim)));

	(void)region;
	if (journal_next(journal, row))
		read_note(row, orphan);
	journal_end_query(row);
}

/* ---- One drain a machine ---------------------------------------------------- */

static int64_t
drain_number(const struct journal *journal)
{
	char place[JOURNAL_PLACE_SIZE];
	uint32_t hash = 2166136261U; /* FNV-1a */

	postgresql_place(journal, place);
	for (const char *at = place; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619U;
	return -2 - (int64_t)(hash % DRAIN_LOCKS);
}

enum rc
postgresql_drain_lock(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;
	bool locked;
	bool lost;

	pthread_mutex_lock(&life->lock);
	locked = connect_life(journal) &&
	    lock_number(journal, drain_number(journal));
	lost = life->session == NULL;
	life->drains = life->drains || locked;
	pthread_mutex_unlock(&life->lock);
	if (locked)
		return RC_OK;
	return lost ? RC_STORE : RC_PENDING;
}

void
postgresql_drain_unlock(struct journal *journal)
{
	struct postgresql_life *life = &journal->postgresql->life;

	pthread_mutex_lock(&life->lock);
	unlock_number(journal, drain_number(journal));
	life->drains = false;
	pthread_mutex_unlock(&life->lock);
}
