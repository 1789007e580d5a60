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
#include "user.h"

struct subcommand {
	const char *name;
	const char *operands; /* as the usage shows them, options too */
	const char *does;     /* in a few words */
	int min;	      /* operands it takes */
	int max;	      /* -1: any number */
	const char *letters;  /* short options, for getopt(3); NULL: -h, -V */
	const struct option *options; /* NULL: the two that all have */
	enum rc (*run)(struct session *session, char **operands, size_t n);
};

static const struct option options_help[] = { { "help", no_argument, NULL,
						  'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

static const struct subcommand table[] = {
	{
	    .name = "check",
	    .operands = "",
	    .does = "validate the configuration and print it as understood",
	    .run = subcommand_check,
	},
	{
	    .name = "events",
	    .operands = "",
	    .does = "print the events that are known",
	    .run = subcommand_events,
	},
	{
	    .name = "sample",
	    .operands = "EVENT",
	    .does = "print an illustrative payload",
	    .min = 1,
	    .max = 1,
	    .run = subcommand_sample,
	},
	{
	    .name = "sign",
	    .operands = "HOOK",
	    .does = "print the header lines that sign a body on stdin",
	    .min = 1,
	    .max = 1,
	    .run = subcommand_sign,
	},
	{
	    .name = "try",
	    .operands = "[-n] HOOK",
	    .does = "run what takes a body on stdin (-n: only say what does)",
	    .min = 1,
	    .max = 1,
	    .letters = "hVn",
	    .run = subcommand_try,
	},
	{
	    .name = "probe",
	    .operands = "HOOK FILE",
	    .does = "say which recipe explains a captured request",
	    .min = 2,
	    .max = 2,
	    .run = subcommand_probe,
	},
	{
	    .name = "list",
	    .operands = "[--state S] [--hook H] [--event E] [--since T] "
			"[--limit N] [--json]",
	    .does = "print what is in the journal, newest first",
	    .options = options_list,
	    .run = subcommand_list,
	},
	{
	    .name = "show",
	    .operands = "[--body | --json] ID",
	    .does = "print one event with its deliveries and attempts",
	    .min = 1,
	    .max = 1,
	    .options = options_show,
	    .run = subcommand_show,
	},
	{
	    .name = "retry",
	    .operands = "ID... | --dead [--hook H] [--since T]",
	    .does = "put events back into the queue",
	    .max = -1,
	    .options = options_retry,
	    .run = subcommand_retry,
	},
	{
	    .name = "drop",
	    .operands = "ID...",
	    .does = "give events up",
	    .min = 1,
	    .max = -1,
	    .run = subcommand_drop,
	},
	{
	    .name = "drain",
	    .operands = "",
	    .does = "run what is due until nothing is",
	    .run = subcommand_drain,
	},
	{
	    .name = "stats",
	    .operands = "[--json | --prometheus] [--max-age D] [--max-dead N]",
	    .does = "count by hook, event and state; 75 beyond a limit",
	    .options = options_stats,
	    .run = subcommand_stats,
	},
	{
	    .name = "purge",
	    .operands = "[--compact]",
	    .does = "take out what `keep' no longer keeps",
	    .options = options_purge,
	    .run = subcommand_purge,
	},
};

enum { SUBCOMMANDS = sizeof(table) / sizeof(table[0]) };

static const struct subcommand *
find_subcommand(const char *name)
{
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void
print_program_usage(FILE *to)
{
	print_lines(to, "",
	    bytes_of("usage: pelihookctl [-c FILE] [-u USER] WORD ...\n"
		     "       pelihookctl -h | --help | -V | --version\n"));
}

static void
print_subcommand_usage(FILE *to, const struct subcommand *subcommand)
{
	static const char format[] =
	    "usage: pelihookctl [-c FILE] [-u USER] %s%s%s";
	const char *operands = subcommand->operands;
	const char *blank = operands[0] == '\0' ? "" : " ";

	if (to == stdout)
		print_line(format, subcommand->name, blank, operands);
	else
		print_note("", format, subcommand->name, blank, operands);
}

/* subcommand: NULL for the program itself; so below. */
static enum rc
print_help(const struct subcommand *subcommand)
{
	if (subcommand != NULL) {
		print_subcommand_usage(stdout, subcommand);
		print_line("%s", "");
		print_line("  %s: %s", subcommand->name, subcommand->does);
		return RC_OK;
	}
	print_program_usage(stdout);
	print_line("%s", "");
	print_line("  -c FILE  the configuration");
	print_line(
	    "  -u USER  become this user, a name or a number, first (root)");
	print_line("%s", "");
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		print_line("  %-6s  %s", table[i].name, table[i].does);
	return RC_OK;
}

static enum rc
print_version(void)
{
	print_line("pelihookctl %s", PELIHOOK_VERSION);
	print_line("built with %s", PELIHOOK_BUILD);
	print_line("runs with %s", crypto_version());
	return RC_OK;
}

static enum rc
refuse_usage(const struct subcommand *subcommand)
{
	if (subcommand != NULL)
		print_subcommand_usage(stderr, subcommand);
	else
		print_program_usage(stderr);
	return RC_SYNTAX;
}

/* What getopt_long stopped at. */
static enum rc
refuse_option(const struct subcommand *subcommand, char **argv)
{
	const char *last = argv[optind - 1];

	if (optopt == 0 || strncmp(last, "--", 2) == 0)
		complain("%s: no such option, or its value is missing or too "
			 "much",
		    last);
	else
		complain("-%c: no such option, or its value is missing",
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
	const char *letters = subcommand->letters != NULL ?
	    subcommand->letters :
	    "hV";
	const struct option *options = subcommand->options != NULL ?
	    subcommand->options :
	    options_help;
	char title[64];
	int letter;
	enum rc rc;

	snprintf(title, sizeof(title), "pelihookctl %s", subcommand->name);
	argv[0] = title;
	optind = 0;
	while (
	    (letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (letter == 'h')
			return print_help(subcommand);
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
	subcommand = find_subcommand(argv[0]);
	if (subcommand != NULL)
		return parse_and_run(session, subcommand, argc, argv);
	complain("unknown word %s: see pelihookctl --help", argv[0]);
	return refuse_usage(NULL);
}

/* The program's options come before the subcommand, whose own come after. */
static enum rc
run_command_line(struct session *session, int argc, char **argv)
{
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "+c:u:hV", options_help,
		    NULL)) != -1) {
		if (letter == 'h')
			return print_help(NULL);
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
