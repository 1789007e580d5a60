/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_CONF_H
#define PELIHOOK_CONFIG_CONF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/pool.h"
#include "event/event.h"
#include "event/rule.h"
#include "signature/recipe.h"
#include "signature/secret.h"

/*
 * The configuration in use: an immutable, reference-counted value.  Its
 * texts are NUL-terminated and live as long as it does.  Durations are
 * milliseconds, sizes bytes.  pelihook.conf(5) is the grammar.
 */

enum { CONF_DIGEST = 65 };	/* a digest in hex and its NUL */

enum conf_delivery {
	CONF_WAIT,
	CONF_QUEUE
};

enum conf_dispatch {
	CONF_DISPATCH_DEFAULT,	/* thread in pelihook.fcgi, else drain */
	CONF_DISPATCH_THREAD,
	CONF_DISPATCH_DRAIN,
	CONF_DISPATCH_NONE
};

enum conf_input {
	CONF_BODY,
	CONF_LINE,
	CONF_CLOUDEVENTS
};

struct hook {
	const char *name;
	const char *file;		/* of the configuration */
	unsigned line;
	struct secret *secrets;
	size_t secrets_len;
	struct recipe signature;
	struct event_reading reading;
	const struct rule *rules;
	size_t rules_len;
	enum conf_delivery delivery;
	int64_t timeout;
	int64_t kill_after;
	const int64_t *retry;
	size_t retry_len;
	unsigned concurrency;
	unsigned max_running;		/* 0: half the threads */
	int64_t dedupe_window;
	unsigned batch;
	enum conf_input input;
	const struct event_pair *setenv;
	size_t setenv_len;
	const char *const *on_dead;	/* NULL-terminated, or NULL */
	size_t max_body;
	int64_t read_timeout;
	unsigned max_queue;
	int64_t keep;
	const char *capture;		/* a directory, or NULL */
	bool ready;			/* secrets loaded, files checked */
	/* Private to conf: where each directive in force stands, or 0. */
	const unsigned *lines;
};

/* Which file was read, and when it was last changed; nanoseconds. */
struct conf_stamp {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t modified;
	int64_t changed;
};

struct conf {
	const char *file;
	/* The later of the file's mtime and ctime as it was read,
	 * nanoseconds since 1970. */
	int64_t time;
	struct hook *hooks;
	size_t hooks_len;
	const char *journal;		/* a path, or NULL */
	enum conf_dispatch dispatch;
	int64_t stop_timeout;
	int64_t read_timeout;		/* before the hook is known */
	struct log_settings log;
	/* Private to conf. */
	struct conf_stamp stamp;
	struct pool pool;
	unsigned journal_line;
	unsigned log_line;
	atomic_uint references;
};

/*
 * Reads and checks the file's grammar, and that the file itself can be
 * trusted (trust.h).  Every complaint is a line `FILE:LINE: reason` in
 * complaints (`FILE: reason` where it is about the file itself), which has
 * to have a ceiling; those that do not fit are counted in a last line.
 * RC_CONFIG where there is any; *out is then left alone.
 * The caller holds one reference to *out.
 */
enum rc conf_load(const char *file, struct conf **out,
    struct buf *complaints);
/*
 * Checks the commands of one hook and loads its secrets, once.  Errors as
 * conf_load.  It writes to the hook, so it is called before the
 * configuration is shared between threads.
 */
enum rc conf_ready(struct conf *conf, struct hook *hook,
    struct buf *complaints);
/* conf_ready for all hooks; complains of all before it gives up. */
enum rc conf_ready_all(struct conf *conf, struct buf *complaints);
/*
 * The same where a person is there to mend it, before a start: complains of
 * a log that cannot be opened as well.  Later nothing is refused for that.
 */
enum rc conf_ready_start(struct conf *conf, struct buf *complaints);
/*
 * Whether the file is another one by now, or was changed since it was read,
 * or cannot be looked at.
 */
bool conf_is_stale(const struct conf *conf);
/*
 * What the administrator is warned of at start, a line `FILE:LINE: text`
 * each.  cgi: also what concerns only pelihook.cgi.  Wants conf_ready_all.
 */
enum rc conf_warnings(const struct conf *conf, bool cgi,
    struct buf *warnings);

/*
 * A digest, in hex, of all that decides how a hook's events are run, and of
 * nothing that decides which of them are taken.  RC_MEMORY, RC_SYSTEM.
 */
enum rc conf_digest(const struct hook *hook, char into[CONF_DIGEST]);

struct conf *conf_hold(struct conf *conf);
/* The last holder wipes the secrets and frees all.  NULL is fine. */
void conf_release(struct conf *conf);

/* The hook of this name, or NULL. */
struct hook *conf_find(const struct conf *conf, struct bytes name);
/*
 * The file to read: PELIHOOK_CONFIG in the process's environment where it
 * is not empty, or the compiled-in one.
 */
const char *conf_default_file(void);
/* Whether a hook's name is one: [A-Za-z0-9][A-Za-z0-9._-]*, at most 64. */
bool conf_is_name(struct bytes name);

#endif
