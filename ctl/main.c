/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/crypto.h"
#include "base/init.h"
#include "base/startup.h"
#include "base/thread.h"
#include "config/conf.h"
#include "complain.h"
#include "exit_status.h"
#include "options.h"
#include "print.h"
#include "session.h"
#include "subcommands.h"
#include "usage.h"
#include "user.h"

static enum rc
print_version(void)
{
	print_line("pelihookctl %s", PELIHOOK_VERSION);
	print_line("built with %s", PELIHOOK_BUILD);
	print_line("runs with %s", crypto_version());
	print_line("configuration %s", PELIHOOK_CONFIG_FILE);
	return RC_OK;
}

/* subcommand: NULL for the program itself; so below. */
static enum rc
refuse_usage(const struct subcommand *subcommand)
{
	usage_print(stderr, subcommand);
	return RC_SYNTAX;
}

/* What getopt_long stopped at. */
static enum rc
refuse_option(const struct subcommand *subcommand, char **argv)
{
	const char *last = argv[optind - 1];

	if (optopt == 0 || strncmp(last, "--", 2) == 0)
		complain("%s: unknown option, or its value is missing or not "
			 "wanted",
		    last);
	else
		complain("-%c: unknown option, or its value is missing",
		    optopt);
	return refuse_usage(subcommand);
}

static enum rc
check_and_run(struct session *session, const struct subcommand *subcommand,
    char **operands, int n)
{
	int max = subcommand->max;
	enum rc rc = RC_OK;

	if (max >= 0 && n > max)
		complain("%s: one too many", operands[max]);
	if (n < subcommand->min || (max >= 0 && n > max))
		return refuse_usage(subcommand);
	if (session->user != NULL)
		rc = user_become(session->user, session->file);
	if (rc != RC_OK)
		return rc;
	return subcommand->run(session, operands, (size_t)n);
}

/* The options and operands after a subcommand's name, which is argv[0]. */
static enum rc
parse_and_run(struct session *session, const struct subcommand *subcommand,
    int argc, char **argv)
{
	struct option options[OPTIONS_MOST];
	char letters[OPTIONS_MOST];
	char title[64];
	int letter;
	enum rc rc;

	options_arrange(subcommand->options, options, letters);
	snprintf(title, sizeof(title), "pelihookctl %s", subcommand->name);
	argv[0] = title;
	optind = 0;
	while (
	    (letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (letter == 'h')
			return usage_print_help(subcommand);
		if (letter == 'V')
			return print_version();
		if (letter == '?')
			return refuse_option(subcommand, argv);
		rc = options_take(session, letter, optarg);
		if (rc != RC_OK)
			return rc;
	}
	return check_and_run(session, subcommand, argv + optind, argc - optind);
}

/* What is left after the program's own options. */
static enum rc
find_and_run(struct session *session, int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc == 0)
		return refuse_usage(NULL);
	subcommand = subcommands_find(argv[0]);
	if (subcommand != NULL)
		return parse_and_run(session, subcommand, argc, argv);
	complain("unknown word %s: see pelihookctl --help", argv[0]);
	return refuse_usage(NULL);
}

/* The program's options come before the subcommand, whose own come after. */
static enum rc
run_command_line(struct session *session, int argc, char **argv)
{
	struct option options[OPTIONS_MOST];
	char letters[OPTIONS_MOST];
	int letter;

	options_arrange(options_none, options, letters);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, "+c:u:hV", options, NULL)) !=
	    -1) {
		if (letter == 'h')
			return usage_print_help(NULL);
		if (letter == 'V')
			return print_version();
		if (letter == '?')
			return refuse_option(NULL, argv);
		if (letter == 'c')
			session->file = optarg;
		else
			session->user = optarg;
	}
	if (session->file[0] == '\0') {
		complain("-c: the name is empty");
		return RC_SYNTAX;
	}
	return find_and_run(session, argc - optind, argv + optind);
}

/* What was printed counts only when it got out. */
static int
finish(const struct session *session, enum rc rc)
{
	if (rc == RC_OK && !print_is_complete())
		rc = RC_MEMORY;
	if (rc == RC_MEMORY)
		complain("out of memory");
	if (fflush(stdout) == EOF || ferror(stdout)) {
		complain("standard output: %s", strerror(errno));
		return EX_IOERR;
	}
	if (rc == RC_OK)
		return exit_status_outcome(session->outcome);
	return exit_status(rc);
}

static int
run(int argc, char **argv)
{
	struct session session = {
		.file = conf_default_file(),
		.filter = { .state = -1, .limit = INT64_MAX },
		.max_age = -1,
		.max_dead = -1,
		.max_silence = -1,
		.max_refused = -1,
		.mute_for = -1,
		.outcome = OUTCOME_DELIVERED,
	};
	struct init init;
	enum rc rc;
	int status;

	if (getenv("REQUEST_METHOD") != NULL) {
		complain("not for web servers: REQUEST_METHOD is set");
		return EX_USAGE;
	}
	if (init_begin(&init) != RC_OK) {
		complain("cannot start a process: %s", strerror(errno));
		return EX_SOFTWARE;
	}
	if (init.over)
		return init.status;
	session.served = init.served;
	/* A limit of file size is an error of who wrote, and no death. */
	startup_signal(SIGXFSZ, SIG_IGN);
	rc = run_command_line(&session, argc, argv);
	conf_release(session.conf);
	status = finish(&session, rc);
	if (init.served)
		exit(status);
	return status;
}

int
main(int argc, char **argv)
{
	return thread_main(run, argc, argv);
}
