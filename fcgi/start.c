/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "start.h"

#include "base/account.h"
#include "base/bounded_write.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/init.h"
#include "base/io.h"
#include "base/log.h"
#include "base/startup.h"
#include "base/thread.h"
#include "base/trust.h"
#include "command/host.h"
#include "config/conf.h"
#include "config/files.h"
#include "http/reply.h"
#include "journal/journal.h"
#include "queue/source.h"
#include "current.h"
#include "listener.h"
#include "options.h"
#include "server.h"
#include "shares.h"

enum {
	FCGI_COMPLAINTS = 64 * 1024, /* bytes */
	/* Two workers and the queue, besides the threads of -j and their
	 * commands. */
	FCGI_PROCESSES = 6,
	FCGI_PATIENCE = 1000,	/* with who reads them, milliseconds */
	FCGI_LARGE = 32 * 1024, /* bytes of memory */
};

/*
 * Started as a CGI program, by mistake: its arguments are then a query
 * string's, and a server makes a good answer of no answer.
 */
static int
refuse_cgi(void)
{
	struct reply reply = reply_refused(RC_CONFIG);
	struct buf text = { 0 };

	fputs("pelihook.fcgi: REQUEST_METHOD is set: this is the FastCGI "
	      "program, configure the web server for that or use "
	      "pelihook.cgi\n",
	    stderr);
	if (reply_print(&reply, &text) == RC_OK)
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return EX_USAGE;
}

/* Whoever started it need not read this. */
static void
print_errors(const char *before, struct bytes text)
{
	struct buf lines = { .max = 2 * FCGI_COMPLAINTS };
	struct bytes line;

	while (bytes_split(&text, "\n", &line))
		if (line.len > 0)
			(void)buf_printf(&lines, "pelihook.fcgi: %s%.*s\n",
			    before, (int)line.len, line.data);
	line = buf_view(&lines);
	(void)bounded_write(STDERR_FILENO, &line,
	    clock_steady() + FCGI_PATIENCE);
	buf_free(&lines);
}

static enum rc
test_journal(struct current *current, struct buf *text, struct buf *warnings)
{
	struct conf *conf = current_hold(current);
	struct journal *journal = NULL;
	struct buf said = { .max = FCGI_COMPLAINTS };
	enum rc rc = RC_OK;

	if (conf->journal != NULL)
		rc = journal_try(conf->journal, &said, &journal);
	if (rc == RC_OK)
		rc = conf_warn_journal(conf, buf_view(&said), warnings);
	if (rc == RC_CONFIG)
		conf_blame_journal(conf, text);
	if (rc == RC_OK && journal != NULL)
		rc = queue_source_check(journal, conf, text);
	if (rc == RC_CORRUPT) {
		conf_blame_journal(conf, text);
		rc = RC_CONFIG;
	}
	journal_close(journal);
	conf_release(conf);
	buf_free(&said);
	return rc;
}

static enum rc
become_owner(const char *directory, struct buf *text)
{
	struct buf ignored = { 0 };
	const struct passwd *entry;
	struct passwd user = { 0 };
	struct stat about;
	enum rc rc = trust_owner(directory, &user.pw_uid, &ignored);

	buf_free(&ignored);
	/* What is wrong with it is told by who looks at it next. */
	if (rc != RC_OK || user.pw_uid == 0 || stat(directory, &about) != 0)
		return RC_OK;
	user.pw_gid = about.st_gid;
	entry = getpwuid(user.pw_uid);
	rc = account_become(entry != NULL ? entry : &user, entry != NULL);
	if (rc != RC_OK)
		(void)buf_printf(text, "cannot become the owner of %s: %s\n",
		    directory, strerrordesc_np(errno));
	return rc;
}

/* Who serves is the owner of the journal's directory, where it is not root:
 * what root can do says nothing then. */
static enum rc
look_as_owner(struct current *current, struct buf *text)
{
	struct conf *conf = current_hold(current);
	struct buf directory = { 0 };
	bool owned = conf->journal != NULL && !conf_journal_is_shared(conf);
	enum rc rc = RC_OK;

	if (owned)
		rc = buf_add(&directory, io_directory(conf->journal));
	if (owned && rc == RC_OK)
		rc = become_owner(directory.data, text);
	buf_free(&directory);
	conf_release(conf);
	return rc;
}

/* The verdict goes where a person looks, as that of nginx -t. */
static int
test(const struct options *options)
{
	struct buf text = { .max = FCGI_COMPLAINTS };
	struct buf root = { .max = FCGI_COMPLAINTS };
	struct buf journal = { .max = FCGI_COMPLAINTS };
	struct current *current = NULL;
	enum rc rc = current_open(options->file, &current, &text);

	if (rc == RC_OK && current_refuse_root(current, &root) != RC_OK)
		rc = look_as_owner(current, &text);
	if (rc == RC_OK)
		rc = current_try_files(current, &text);
	if (rc == RC_OK)
		rc = test_journal(current, &text, &journal);
	print_errors("", buf_view(&text));
	buf_free(&text);
	if (rc == RC_OK && current_warnings(current, &text) == RC_OK)
		print_errors("warning: ", buf_view(&text));
	print_errors("warning: ", buf_view(&journal));
	print_errors("warning: ", buf_view(&root));
	buf_free(&text);
	buf_free(&journal);
	buf_free(&root);
	current_close(current);
	(void)buf_printf(&text, "%s is %s\n", options->file,
	    rc == RC_OK ? "good" : "bad");
	print_errors("", buf_view(&text));
	buf_free(&text);
	return rc == RC_OK ? 0 : EX_CONFIG;
}

/* To stderr as well where the log is elsewhere: nobody watches it yet. */
static void
report(struct bytes text, bool elsewhere)
{
	log_lines(LOG_LEVEL_ERROR, text);
	if (elsewhere)
		print_errors("", text);
}

static enum rc
begin_log(struct current *current, struct buf *why)
{
	int error;

	if (current_open_log(current) == RC_OK)
		return RC_OK;
	error = errno;
	if (current_load_files(current, why) == RC_OK)
		(void)buf_printf(why, "cannot open the log: %s",
		    strerrordesc_np(error));
	return RC_CONFIG;
}

/* NULL: complained of. */
static struct current *
begin(const struct options *options)
{
	static const struct log_settings plain = {
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_INFO,
	};
	struct buf text = { .max = FCGI_COMPLAINTS };
	struct current *current = NULL;
	bool elsewhere = false;
	enum rc rc;

	log_open("pelihook.fcgi", &plain);
	rc = current_open(options->file, &current, &text);
	/* Before a log is made that belongs to root. */
	if (rc == RC_OK)
		rc = current_refuse_root(current, &text);
	if (rc == RC_OK)
		rc = begin_log(current, &text);
	if (rc == RC_OK) {
		elsewhere = current_logs_elsewhere(current);
		rc = current_load_files(current, &text);
	}
	if (rc != RC_OK) {
		if (rc == RC_MEMORY)
			log_say(LOG_LEVEL_ERROR, "out of memory");
		report(buf_view(&text), elsewhere);
		current_close(current);
		current = NULL;
	}
	buf_free(&text);
	return current;
}

/* Its own reason was logged. */
static void
report_journal(struct current *current)
{
	struct buf why = { .max = FCGI_COMPLAINTS };
	struct conf *conf = current_hold(current);

	conf_blame_journal(conf, &why);
	report(buf_view(&why), current_logs_elsewhere(current));
	conf_release(conf);
	buf_free(&why);
}

/* Rather than to fail at one request and not at another. */
static enum rc
provide_descriptors(const struct options *options, struct current *current)
{
	struct conf *conf = current_hold(current);
	size_t needed = shares_needed(options->threads, conf->journal != NULL);
	struct buf why = { .max = FCGI_COMPLAINTS };

	conf_release(conf);
	descriptors_raise(shares_most(options->threads));
	if (descriptors_limit() >= needed)
		return RC_OK;
	(void)buf_printf(&why,
	    "the hard limit of open files is %zu, and %u threads need %zu: "
	    "raise it (ulimit -Hn, LimitNOFILE=) or give fewer with -j",
	    descriptors_limit(), options->threads, needed);
	report(buf_view(&why), current_logs_elsewhere(current));
	buf_free(&why);
	return RC_CONFIG;
}

/* Before there is a socket, which tells others that it is answered. */
static enum rc
check_threads(const struct options *options, struct current *current)
{
	struct buf why = { .max = FCGI_COMPLAINTS };
	int error = thread_rehearse(2 * options->threads + FCGI_PROCESSES);

	if (error == 0)
		return RC_OK;
	(void)buf_printf(&why,
	    "cannot start %u threads, and a command for each: %s: raise the "
	    "limits of processes and memory (ulimit -u, ulimit -v, TasksMax=) "
	    "or give fewer with -j",
	    options->threads, strerrordesc_np(error));
	report(buf_view(&why), current_logs_elsewhere(current));
	buf_free(&why);
	return RC_SYSTEM;
}

static int
listen_and_run(const struct options *options, struct current *current,
    struct host *host)
{
	const struct listener_place place = { options->socket, options->mode,
		options->group };
	struct buf why = { .max = FCGI_COMPLAINTS };
	struct listener listener;
	enum rc rc = listener_open(&place, &listener, &why);

	if (rc != RC_OK) {
		report(buf_view(&why), current_logs_elsewhere(current));
		buf_free(&why);
		return EX_USAGE;
	}
	buf_free(&why);
	rc = server_run(options, &listener, current, host);
	listener_close(&listener);
	if (rc == RC_CONFIG) {
		report_journal(current);
		return EX_CONFIG;
	}
	if (rc != RC_OK)
		/* Threads may still run, so nothing may be taken away. */
		_Exit(EX_SOFTWARE);
	return 0;
}

static int
serve(const struct options *options)
{
	struct current *current = begin(options);
	struct host *host = NULL;
	int status;

	if (current == NULL)
		return EX_CONFIG;
	if (provide_descriptors(options, current) != RC_OK) {
		status = EX_CONFIG;
	} else if (check_threads(options, current) != RC_OK) {
		status = EX_SOFTWARE;
	} else if (host_open(&host) != RC_OK) {
		log_say(LOG_LEVEL_ERROR, "cannot start: %s",
		    strerrordesc_np(errno));
		status = EX_SOFTWARE;
	} else {
		status = listen_and_run(options, current, host);
	}
	/* Its secrets are wiped before what is left may pass to a copy of us. */
	current_close(current);
	host_close(host);
	log_close();
	return status;
}

/*
 * What is large goes back to the kernel when it is freed.  The C library moves
 * its threshold up with the first of these otherwise, and what all threads
 * have had at once in large bodies stays with the process.  So does what each
 * thread keeps for itself; no more of them ask for memory at once than there
 * are processors.
 */
static void
return_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, FCGI_LARGE);
	startup_heaps(thread_processors());
}

int
start(int argc, char **argv)
{
	struct options options;
	struct init init;
	int status;

	if (getenv("REQUEST_METHOD") != NULL)
		return refuse_cgi();
	startup();
	return_memory();
	if (options_read(argc, argv, &options) != RC_OK)
		return EX_USAGE;
	if (options.shown)
		return 0;
	if (options.test)
		return test(&options);
	server_hold_signals();
	if (init_begin(&init) != RC_OK) {
		fprintf(stderr, "pelihook.fcgi: cannot start a process: %s\n",
		    strerrordesc_np(errno));
		return EX_SOFTWARE;
	}
	if (init.over)
		return init.status;
	options.served = init.served;
	if (init.served)
		startup_warn_of_cpu_limit();
	status = serve(&options);
	if (init.served)
		exit(status);
	return status;
}
