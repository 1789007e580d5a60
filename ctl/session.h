/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SESSION_H
#define PELIHOOK_CTL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "journal/journal.h"

struct conf;
struct hook;
struct host;

/*
 * One run of pelihookctl: what its command line said, and the configuration
 * it works with.  The functions complain of what goes wrong unless it is said
 * that they do not.
 */
struct session {
	const char *file;  /* the configuration */
	const char *user;  /* of -u, or NULL */
	bool served;	   /* as in init.h */
	struct conf *conf; /* after session_open */
	/* What options of the subcommand said. */
	bool dry;
	bool json;
	bool prometheus;
	bool body;
	bool dead;
	bool compact;
	bool open;
	bool all;
	struct journal_filter filter;
	int64_t max_age;     /* milliseconds, or -1 */
	int64_t max_dead;    /* or -1 */
	int64_t max_silence; /* milliseconds, or -1 */
	int64_t max_refused; /* or -1 */
	int64_t mute_for;    /* milliseconds, or -1 */
	/* What the commands that it ran came to: the exit status where nothing
	 * else went wrong. */
	enum outcome outcome;
};

/*
 * Reads the configuration.  As root without -u it reads it once to learn
 * the journal's owner, becomes that user, and reads it again as that user
 * has to.  RC_CONFIG, RC_MEMORY, RC_SYSTEM.
 */
enum rc session_open(struct session *session);
/* RC_NO_HOOK: the configuration has no hook of this name. */
enum rc session_hook(const struct session *session, const char *name,
    struct hook **out);
/* Whether the configuration has the hook. */
bool session_has_hook(const struct session *session, const char *name);
/* conf_load_files, or conf_try_files where hook is NULL. */
enum rc session_load_files(const struct session *session, struct hook *hook);
/* session_open, session_hook and session_load_files. */
enum rc session_open_hook(struct session *session, const char *name,
    struct hook **out);
/*
 * The journal of the configuration, after session_open; flags as in
 * journal_open.  *out is NULL where no event has come yet.  RC_CONFIG: also
 * where the configuration has no journal.  The caller closes it.
 */
enum rc session_journal(const struct session *session, unsigned flags,
    struct journal **out);
/* The same by journal_try, with its warnings as those of the configuration:
 * RC_CONFIG or RC_MEMORY. */
enum rc session_try_journal(const struct session *session, struct buf *warnings,
    struct journal **out);
/* What was logged of the journal is the fault of the line that names it, which
 * is complained of.  RC_CONFIG. */
enum rc session_blame_journal(const struct session *session);
/* RC_CONFIG, complained of: a hook that queues is another configuration's. */
enum rc session_check_sources(const struct session *session,
    struct journal *journal);
/* session_log_to_stderr, session_open and session_journal. */
enum rc session_open_journal(struct session *session, unsigned flags,
    struct journal **out);
/* The same for who wants to see runs and pipelines, or take out what they are
 * made of: they are put
 * together first (journal_assemble), as far as that can be; a warning says
 * what is missing. */
enum rc session_open_runs(struct session *session, unsigned flags,
    struct journal **out);
/* The same for who changes them, with all that came.  RC_STORE: complained of,
 * where there is no room for that. */
enum rc session_open_all_runs(struct session *session, struct journal **out);

/*
 * Standard input to its end, at most max bytes (the ceiling of into is set
 * so).  RC_LARGE; RC_SHORT where it cannot be read; RC_MEMORY.
 */
enum rc session_read_input(size_t max, struct buf *into);
/* The same of a file; RC_MISSING besides. */
enum rc session_read_file(const char *path, size_t max, struct buf *into);

/* Refuses to be root: RC_CONFIG. */
enum rc session_refuse_root(void);
/* The log is for what goes wrong, on standard error.  RC_SYSTEM, not
 * complained of. */
enum rc session_log_to_stderr(void);
/*
 * What is to end the program becomes readable instead: a signalfd.  For
 * subcommands that run commands, which are in process groups of their own
 * that Ctrl-C does not reach.  RC_SYSTEM, complained of.
 */
enum rc session_signals(int *fd);
/* host_open for a subcommand; the same of RC_SYSTEM. */
enum rc session_open_host(struct host **out);
/*
 * The end of a subcommand that ran commands: host_close, once nothing of the
 * configuration, with its secrets, is left here.
 */
void session_close_host(struct session *session, struct host *host);

#endif
