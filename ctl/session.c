/* SPDX-License-Identifier: ISC */
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

#include "base/account.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/startup.h"
#include "command/host.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/lanes.h"
#include "config/load.h"
#include "journal/journal.h"
#include "queue/source.h"
#include "watch/watch.h"
#include "complain.h"
#include "print.h"
#include "user.h"

enum {
	COMPLAINTS = 64 * 1024,
	ASSEMBLE_TIME = 10000, /* milliseconds */
	ASSEMBLE_WAIT = 3000,  /* that others are waited for */
	WAIT = 20000,	       /* and are otherwise */
};

static void
print_complaints(struct buf *complaints)
{
	print_lines(stderr, "", buf_view(complaints));
	buf_free(complaints);
}

static enum rc
load(struct session *session)
{
	struct buf complaints = { .max = COMPLAINTS };
	enum rc rc = conf_load(session->file, &session->conf, &complaints);

	for (size_t i = 0; rc == RC_OK && i < session->conf->hooks_len; i++)
		rc = conf_name_lanes(&session->conf->hooks[i]);
	print_complaints(&complaints);
	return rc;
}

enum rc
session_open(struct session *session)
{
	enum rc rc = load(session);

	if (rc != RC_OK || session->conf->journal == NULL ||
	    session->user != NULL || geteuid() != 0)
		return rc;
	rc = user_become_owner(session->conf);
	if (rc != RC_OK || geteuid() == 0)
		return rc;
	conf_release(session->conf);
	session->conf = NULL;
	return load(session);
}

enum rc
session_hook(const struct session *session, const char *name, struct hook **out)
{
	struct hook *hook = conf_find(session->conf, bytes_of(name));

	if (hook == NULL) {
		complain("%s has no hook %s: see pelihookctl check",
		    session->file, name);
		return RC_NO_HOOK;
	}
	*out = hook;
	return RC_OK;
}

bool
session_has_hook(const struct session *session, const char *hook)
{
	return conf_find(session->conf, bytes_of(hook)) != NULL;
}

/* No file of the journal may land on a descriptor that is written to.  What
 * was closed still cannot be written to. */
static void
fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd != -1 && fd <= STDERR_FILENO);
	io_close(&fd);
}

static enum rc
prepare_journal(const struct session *session)
{
	if (session->conf->journal == NULL) {
		complain("%s has no `journal' line", session->file);
		return RC_CONFIG;
	}
	umask(077);
	fill_descriptors();
	return RC_OK;
}

enum rc
session_journal(const struct session *session, unsigned flags,
    struct journal **out)
{
	struct journal *journal = NULL;
	enum rc rc = prepare_journal(session);

	if (rc != RC_OK)
		return rc;
	rc = journal_open(session->conf->journal, flags, &journal);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	*out = journal;
	return RC_OK;
}

enum rc
session_blame_journal(const struct session *session)
{
	struct buf complaints = { .max = COMPLAINTS };

	conf_blame_journal(session->conf, &complaints);
	print_complaints(&complaints);
	return RC_CONFIG;
}

enum rc
session_try_journal(const struct session *session, struct buf *warnings,
    struct journal **out)
{
	struct buf said = { .max = COMPLAINTS };
	enum rc rc = prepare_journal(session);

	if (rc == RC_OK)
		rc = journal_try(session->conf->journal, &said, out);
	else
		return rc;
	if (rc == RC_OK)
		rc = conf_warn_journal(session->conf, buf_view(&said),
		    warnings);
	buf_free(&said);
	return rc == RC_CONFIG ? session_blame_journal(session) : rc;
}

enum rc
session_check_sources(const struct session *session, struct journal *journal)
{
	struct buf complaints = { .max = COMPLAINTS };
	enum rc rc = queue_source_check(journal, session->conf, &complaints);

	print_complaints(&complaints);
	return rc;
}

enum rc
session_open_journal(struct session *session, unsigned flags,
    struct journal **out)
{
	enum rc rc = session_log_to_stderr();

	if (rc == RC_OK)
		rc = session_open(session);
	return rc == RC_OK ? session_journal(session, flags, out) : rc;
}

static enum rc
assemble(const struct session *session, struct journal *journal, int64_t until,
    struct journal_assembly *assembly)
{
	enum rc rc = RC_OK;

	do
		rc = watch_assemble(journal, session->conf, assembly);
	while (rc == RC_OK && assembly->more && clock_left(until) != 0);
	return rc;
}

/* What cannot be put together now is missing for now. */
static enum rc
assemble_some(const struct session *session, struct journal *journal)
{
	struct journal_assembly assembly;
	enum rc rc;

	journal_set_busy_timeout(journal, ASSEMBLE_WAIT);
	rc = assemble(session, journal, clock_steady() + ASSEMBLE_TIME,
	    &assembly);
	journal_set_busy_timeout(journal, WAIT);
	if (rc == RC_LOCKED || rc == RC_STORE || assembly.no_room)
		print_note("warning: ",
		    "what the last events say of runs is missing: the journal "
		    "cannot be written now");
	else if (assembly.more)
		print_note("warning: ",
		    "what the last events say of runs is missing: there are "
		    "many that were not read yet; say it again to go on");
	return rc == RC_LOCKED || rc == RC_STORE ? RC_OK : rc;
}

static enum rc
assemble_all(const struct session *session, struct journal *journal)
{
	struct journal_assembly assembly;
	enum rc rc = assemble(session, journal, CLOCK_NEVER, &assembly);

	if (rc != RC_OK || !assembly.no_room)
		return rc;
	complain("what the last events say of runs has to be known first, and "
		 "the journal's disk is too full for it: make room");
	return RC_STORE;
}

enum rc
session_open_runs(struct session *session, unsigned flags, struct journal **out)
{
	enum rc rc = session_open_journal(session, flags, out);

	return rc == RC_OK && *out != NULL ? assemble_some(session, *out) : rc;
}

enum rc
session_open_all_runs(struct session *session, struct journal **out)
{
	enum rc rc = session_open_journal(session, JOURNAL_BRIEF, out);

	return rc == RC_OK && *out != NULL ? assemble_all(session, *out) : rc;
}

static enum rc
read_all(int fd, const char *name, size_t max, struct buf *into)
{
	char chunk[16384];
	ssize_t n;
	enum rc rc = RC_OK;

	into->max = max;
	while (rc == RC_OK && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n == -1) {
			complain("%s: %s", name, strerror(errno));
			return RC_SHORT;
		}
		rc = buf_add(into, (struct bytes){ chunk, (size_t)n });
	}
	if (rc == RC_RANGE) {
		complain("%s is over %zu bytes", name, max);
		return RC_LARGE;
	}
	return rc;
}

enum rc
session_read_input(size_t max, struct buf *into)
{
	if (isatty(STDIN_FILENO))
		print_note("", "(type the body, then Ctrl-D)");
	return read_all(STDIN_FILENO, "standard input", max, into);
}

enum rc
session_read_file(const char *path, size_t max, struct buf *into)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0) {
		complain("%s: %s", path, strerror(errno));
		return RC_MISSING;
	}
	rc = read_all(fd, path, max, into);
	close(fd);
	return rc;
}

enum rc
session_load_files(const struct session *session, struct hook *hook)
{
	struct buf complaints = { .max = COMPLAINTS };
	enum rc rc;

	if (hook != NULL)
		rc = conf_load_files(session->conf, hook, &complaints);
	else
		rc = conf_try_files(session->conf, &complaints);
	print_complaints(&complaints);
	return rc;
}

enum rc
session_open_hook(struct session *session, const char *name, struct hook **out)
{
	struct hook *hook = NULL;
	enum rc rc = session_open(session);

	if (rc == RC_OK)
		rc = session_hook(session, name, &hook);
	if (rc == RC_OK)
		rc = session_load_files(session, hook);
	if (rc == RC_OK)
		*out = hook;
	return rc;
}

enum rc
session_refuse_root(void)
{
	if (!account_is_root())
		return RC_OK;
	complain("runs no commands as root: say -u USER, another user: the "
		 "web server's");
	return RC_CONFIG;
}

enum rc
session_log_to_stderr(void)
{
	const struct log_settings settings = {
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_WARNING,
	};

	return log_open("pelihookctl", &settings);
}

static enum rc
cannot_run(void)
{
	complain("cannot run commands: %s", strerror(errno));
	return RC_SYSTEM;
}

enum rc
session_signals(int *fd)
{
	sigset_t set;
	int signals;

	startup_stop_signals(&set);
	/* nohup(1), and a shell for its background, had them ignored. */
	if (!startup_is_ignored(SIGINT))
		sigaddset(&set, SIGINT);
	if (!startup_is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return cannot_run();
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals == -1)
		return cannot_run();
	*fd = signals;
	return RC_OK;
}

enum rc
session_open_host(struct host **out)
{
	enum rc rc = host_open(out);

	return rc == RC_SYSTEM ? cannot_run() : rc;
}

void
session_close_host(struct session *session, struct host *host)
{
	conf_release(session->conf);
	session->conf = NULL;
	host_close(host);
}
