/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "start.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/startup.h"
#include "command/host.h"
#include "config/conf.h"
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

/* Fails only for what would prevent a start; a missing journal is created. */
static enum rc
test_journal(struct current *current)
{
	struct conf *conf = current_hold(current);
	struct journal *journal = NULL;
	enum rc rc = RC_OK;

	if (conf->journal != NULL)
		rc = journal_open(conf->journal, JOURNAL_BRIEF, &journal);
	journal_close(journal);
	conf_release(conf);
	return rc == RC_CONFIG ? rc : RC_OK;
}

/* The verdict goes where a person looks, as that of nginx -t. */
static int
test(const struct options *options)
{
	struct buf text = { .max = FCGI_COMPLAINTS };
	struct current *current = NULL;
	enum rc rc = current_open(options->file, &current, &text);

	if (rc == RC_OK)
		rc = current_load_files(current, &text);
	print_errors("", buf_view(&text));
	buf_free(&text);
	if (rc == RC_OK)
		rc = test_journal(current);
	if (rc == RC_OK && current_warnings(current, &text) == RC_OK)
		print_errors("warning: ", buf_view(&text));
	buf_free(&text);
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

static int
listen_and_run(const struct options *options, struct current *current,
    struct host *host)
{
	struct buf why = { .max = FCGI_COMPLAINTS };
	struct listener listener;
	enum rc rc = listener_open(options->socket, options->mode, &listener,
	    &why);

	if (rc != RC_OK) {
		report(buf_view(&why), current_logs_elsewhere(current));
		buf_free(&why);
		return EX_USAGE;
	}
	buf_free(&why);
	rc = server_run(options, &listener, current, host);
	listener_close(&listener);
	if (rc == RC_CONFIG)
		return EX_CONFIG;
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
	struct host *host = NULL;
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
	if (host_open(&host) != RC_OK) {
		log_say(LOG_LEVEL_ERROR, "cannot start: %s",
		    strerrordesc_np(errno));
		return EX_SOFTWARE;
	}
	status = listen_and_run(&options, current, host);
	/* Its secrets are wiped before what is left may pass to a copy of us. */
	current_close(current);
	host_close(host);
	log_close();
	return status;
}
