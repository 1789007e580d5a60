/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_CONF_H
#define PELIHOOK_CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/log.h"
#include "config/keywords.h"
#include "event/event.h"
#include "event/rule.h"
#include "signature/recipe.h"
#include "signature/secret.h"

/*
 * The configuration in use: a reference-counted value that conf_load makes
 * and only conf_load_files changes.  Its texts are NUL-terminated and live as
 * long as it does.  Durations are milliseconds, sizes bytes.
 * pelihook.conf(5) is the grammar.
 */

enum conf_delivery {
	CONF_WAIT,
	CONF_QUEUE,
};

enum conf_dispatch {
	CONF_DISPATCH_DEFAULT, /* thread in pelihook.fcgi, else drain */
	CONF_DISPATCH_THREAD,
	CONF_DISPATCH_DRAIN,
	CONF_DISPATCH_NONE,
};

enum conf_answer {
	CONF_NO,
	CONF_YES,
};

enum conf_input {
	CONF_BODY,
	CONF_LINE,
	CONF_CLOUDEVENTS,
};

enum {
	CONF_DIGEST_SIZE = 65, /* a digest in hex and its NUL */
	CONF_LANE_SIZE = 72,   /* of a lane's key, with its NUL */
};

/*
 * What the deliveries of some `on` lines have in common: those that name it,
 * or, where none is named, those with one command.  Each value is that of its
 * `lane` line or of the hook.  Lanes do not hold each other up.
 */
struct lane {
	const char *name;	    /* NULL: the one of a command */
	const char *const *command; /* that one, or NULL */
	unsigned line; /* of its directive, or the first of its `on` lines */
	/* As the journal knows it: the name, or sha256: and the digest of all
	 * words in hex, which no name can be.  Set with hook->routing. */
	char key[CONF_LANE_SIZE];
	unsigned concurrency;
	unsigned batch;
	enum conf_input input;
	struct event_source order;
	const int64_t *retry;
	size_t retry_len;
	int64_t timeout;
	int64_t kill_after;
	const char *directory;
};

/* A limit of watch that goes by what is usual. */
#define CONF_WATCH_AUTO INT64_C(-1)

/* When pelihook tells of a pipeline, or of a hook; 0: never of that.  Where it
 * is not on, the limits are those of `watch on`. */
struct watch {
	bool on;
	unsigned failing; /* ended runs in a row without success */
	int64_t late;	  /* without a success; or CONF_WATCH_AUTO */
	int64_t stuck;	  /* that a run is open; or CONF_WATCH_AUTO */
	int64_t silent;	  /* without an event of the hook */
	int64_t remind;	  /* between two times of telling the same */
};

/* A `watch for` line: all of them come from the hook's, or from `watch on`. */
struct watch_for {
	const char *glob; /* of a pipeline's name or identity */
	struct watch watch;
	unsigned line;
};

struct hook {
	const char *name;
	const char *file; /* of the configuration */
	unsigned line;
	struct secret *secrets;
	size_t secrets_len;
	struct recipe signature;
	struct event_reading reading;
	const struct rule *rules;
	size_t rules_len;
	const struct lane *lanes; /* rule->lane is the number of one */
	size_t lanes_len;
	/* Of all that tells where an event's deliveries go (conf_routing); the
	 * same for equal rules.  Empty until conf_load_files. */
	char routing[CONF_DIGEST_SIZE];
	enum conf_delivery delivery;
	int64_t timeout;
	int64_t kill_after;
	const int64_t *retry;
	size_t retry_len;
	unsigned concurrency;
	unsigned max_running; /* 0: half the threads */
	int64_t dedupe_window;
	unsigned batch;
	enum conf_input input;
	const char *directory;	/* the commands' */
	unsigned queued_status; /* of the answer to a stored event */
	/* Its last ones are those of setenv_files, NULL until they are
	 * loaded. */
	const struct event_pair *setenv;
	size_t setenv_len;
	struct secret *setenv_files; /* their keys are the values */
	size_t setenv_files_len;
	const char *const *on_dead; /* NULL-terminated, or NULL */
	size_t max_body;
	int64_t read_timeout;
	unsigned max_queue;
	struct watch watch;
	const struct watch_for *watch_for; /* the first that matches counts */
	size_t watch_for_len;
	const char *page_url; /* the configuration's, or NULL */
	int64_t keep;
	int64_t keep_dead;		/* CLOCK_NEVER: for ever */
	const char *capture;		/* a directory, or NULL */
	bool ready;			/* secrets loaded, files checked */
	const struct conf_lines *lines; /* for conf_hook_line */
};

struct conf {
	const char *file;
	/* The later of the file's mtime and ctime as it was read,
	 * nanoseconds since 1970. */
	int64_t time;
	struct hook *hooks;
	size_t hooks_len;
	const char *journal;  /* a path, or a URI (conf_journal_is_shared), or
				 NULL */
	const char *page_url; /* where the page is, or NULL */
	/* How long a runner counts as alive that was not heard of; only where
	 * the journal is shared. */
	int64_t lease;
	enum conf_dispatch dispatch;
	int64_t stop_timeout;
	enum conf_answer allow_root; /* pelihook.fcgi may serve as root */
	int64_t read_timeout;	     /* before the hook is known */
	struct log_settings log;
};

struct conf *conf_hold(struct conf *conf);
/* The last holder wipes the secrets and frees all.  NULL is fine. */
void conf_release(struct conf *conf);

/*
 * Whether the file was replaced or changed since it was read, or cannot be
 * looked at.
 */
bool conf_is_stale(const struct conf *conf);
/*
 * Whether the journal is a database that several machines share: then it is the
 * URI of libpq, which holds no password, and no path.
 */
bool conf_journal_is_shared(const struct conf *conf);
/*
 * The most that `kill-after` may be: a runner that cannot renew its lease ends
 * its commands before that is over.  INT64_MAX where the journal is not shared.
 */
int64_t conf_kill_after_max(const struct conf *conf);
/* What it is where none is written, and for a hook that is gone. */
int64_t conf_kill_after(const struct conf *conf);
/* The longest that a hook gives one of its commands from SIGTERM to SIGKILL,
 * and that any hook does. */
int64_t conf_hook_kill_after(const struct hook *hook);
int64_t conf_longest_kill_after(const struct conf *conf);
/* What `watch on' is. */
const struct watch *conf_watch_on(void);
/* What holds for a pipeline of a hook. */
const struct watch *conf_watch_of(const struct hook *hook, const char *id,
    const char *name);
/* Whether anything of a hook is watched. */
bool conf_watches(const struct hook *hook);
/* Digest in hex of all that watching a hook goes by.  RC_MEMORY, RC_SYSTEM. */
enum rc conf_watch_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE]);
/* The hook of this name, or NULL. */
struct hook *conf_find(const struct conf *conf, struct bytes name);
/* The line of a directive that is global or a default, or 0. */
unsigned conf_line(const struct conf *conf, enum keyword keyword);
/* The line of a directive in force in a hook, its own or a default, or 0. */
unsigned conf_hook_line(const struct hook *hook, enum keyword keyword);
/* Whether it can be the name of a hook or a lane: [A-Za-z0-9][A-Za-z0-9._-]*,
 * at most 64. */
bool conf_is_name(struct bytes name);
/*
 * The file to read: PELIHOOK_CONFIG in the process's environment where it
 * is not empty, or the compiled-in one.
 */
const char *conf_default_file(void);

#endif
