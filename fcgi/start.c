/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "start.h"

#include "base/account.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/startup.h"
#include "base/trust.h"
#include "config/conf.h"
#include "config/files.h"
#include "http/reply.h"
#include "journal/journal.h"
#include "current.h"
#include "listener.h"
#include "options.h"
#include "server.h"

enum { FCGI_COMPLAINTS = 64 * 1024 }; /* bytes */

/*
 * Started as a CGI program, by mistake: its arguments are then a query
 * string's, and a server makes a good answer of no answer.
 */
static int
refuse_cgi(void)
{
	struct reply reply = reply_for(RC_CONFIG);
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

static void
print_errors(const char *before, struct bytes text)
{
	struct bytes line;

	while (bytes_split(&text, "\n", &line))
		if (line.len > 0)
			fprintf(stderr, "pelihook.fcgi: %s%.*s\n", before,
			    (int)line.len, line.data);
}

static enum rc
test_journal(struct current *current, struct buf *text)
{
	struct conf *conf = current_hold(current);
	struct journal *journal = NULL;
	enum rc rc = RC_OK;

	if (conf->journal != NULL)
		rc = journal_try(conf->journal, &journal);
	if (rc == RC_CONFIG)
		conf_blame_journal(conf, text);
	journal_close(journal);
	conf_release(conf);
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
	enum rc rc = RC_OK;

	if (conf->journal != NULL)
		rc = buf_add(&directory, io_directory(conf->journal));
	if (conf->journal != NULL && rc == RC_OK)
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
	struct current *current = NULL;
	enum rc rc = current_open(options->file, &current, &text);

	if (rc == RC_OK && current_refuse_root(current, &root) != RC_OK)
		rc = look_as_owner(current, &text);
	if (rc == RC_OK)
		rc = current_try_files(current, &text);
	if (rc == RC_OK)
		rc = test_journal(current, &text);
	print_errors("", buf_view(&text));
	buf_free(&text);
	if (rc == RC_OK && current_warnings(current, &text) == RC_OK)
		print_errors("warning: ", buf_view(&text));
	print_errors("warning: ", buf_view(&root));
	buf_free(&text);
	buf_free(&root);
	current_close(current);
	fprintf(stderr, "pelihook.fcgi: %s is %s\n", options->file,
	    rc == RC_OK ? "good" : "bad");
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

static int
listen_and_run(const struct options *options, struct current *current)
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
	rc = server_run(options, &listener, current);
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

int
start(int argc, char **argv)
{
	struct options options;
	struct current *current;
	int status;

	if (getenv("REQUEST_METHOD") != NULL)
		return refuse_cgi();
	startup();
	if (options_read(argc, argv, &options) != RC_OK)
		return EX_USAGE;
	if (options.shown)
		return 0;
	if (options.test)
		return test(&options);
	server_hold_signals();
	current = begin(&options);
	if (current == NULL)
		return EX_CONFIG;
	status = listen_and_run(&options, current);
	current_close(current);
	log_close();
	return status;
}
