/* SPDX-License-Identifier: ISC */
#include <sys/signalfd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "command/run.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/load.h"
#include "print.h"
#include "queue.h"
#include "user.h"

enum { COMPLAINTS = 64 * 1024 };

const struct option ctl_options[] = {{"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};

static const struct word table[] = {
    {.name = "check",
	.operands = "",
	.does = "validate the configuration and print it as understood",
	.letters = "",
	.options = ctl_options,
	.run = word_check},
    {.name = "events",
	.operands = "",
	.does = "print the events that are known",
	.letters = "",
	.options = ctl_options,
	.run = word_events},
    {.name = "sample",
	.operands = "EVENT",
	.does = "print an illustrative payload",
	.least = 1,
	.most = 1,
	.letters = "",
	.options = ctl_options,
	.run = word_sample},
    {.name = "sign",
	.operands = "HOOK",
	.does = "print the header lines that sign a body on stdin",
	.least = 1,
	.most = 1,
	.letters = "",
	.options = ctl_options,
	.run = word_sign},
    {.name = "try",
	.operands = "[-n] HOOK",
	.does = "run what takes a body on stdin (-n: only say what does)",
	.least = 1,
	.most = 1,
	.letters = "n",
	.options = ctl_options,
	.option = word_try_option,
	.run = word_try},
    {.name = "probe",
	.operands = "HOOK FILE",
	.does = "say which recipe explains a captured request",
	.least = 2,
	.most = 2,
	.letters = "",
	.options = ctl_options,
	.run = word_probe},
    {.name = "list",
	.operands = "[--state S] [--hook H] [--event E] [--since T] "
		    "[--limit N] [--json]",
	.does = "print what is in the journal, newest first",
	.letters = "",
	.options = queue_list_options,
	.option = queue_option,
	.run = word_list},
    {.name = "show",
	.operands = "[--body | --json] ID",
	.does = "print one event with its deliveries and attempts",
	.least = 1,
	.most = 1,
	.letters = "",
	.options = queue_show_options,
	.option = queue_option,
	.run = word_show},
    {.name = "retry",
	.operands = "ID... | --dead [--hook H] [--since T]",
	.does = "put events back into the queue",
	.most = -1,
	.letters = "",
	.options = queue_retry_options,
	.option = queue_option,
	.run = word_retry},
    {.name = "drop",
	.operands = "ID...",
	.does = "give events up",
	.least = 1,
	.most = -1,
	.letters = "",
	.options = ctl_options,
	.run = word_drop},
    {.name = "drain",
	.operands = "",
	.does = "run what is due until nothing is",
	.letters = "",
	.options = ctl_options,
	.run = word_drain},
    {.name = "stats",
	.operands = "[--json | --prometheus] [--max-age D] [--max-dead N]",
	.does = "count by hook, event and state; 75 beyond a limit",
	.letters = "",
	.options = queue_stats_options,
	.option = queue_option,
	.run = word_stats},
    {.name = "purge",
	.operands = "",
	.does = "take out what `keep' no longer keeps",
	.letters = "",
	.options = ctl_options,
	.run = word_purge},
};

enum { WORDS = sizeof(table) / sizeof(table[0]) };

static const struct word *
find_word(const char *name)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void
print_usage(FILE *to)
{
	print_lines(to, "", bytes_of(
	    "usage: pelihookctl [-c FILE] [-u USER] WORD ...\n"
	    "       pelihookctl -h | --help | -V | --version\n"));
}

static const char word_usage[] =
    "usage: pelihookctl [-c FILE] [-u USER] %s%s%s";

static void
print_word_usage(FILE *to, const struct word *word)
{
	const char *blank = word->operands[0] == '\0' ? "" : " ";

	if (to == stdout)
		print_line(word_usage, word->name, blank, word->operands);
	else
		print_note("", word_usage, word->name, blank, word->operands);
}

static enum rc
print_help(const struct word *word)
{
	if (word != NULL) {
		print_word_usage(stdout, word);
		print_line("%s", "");
		print_line("  %s: %s", word->name, word->does);
		return RC_OK;
	}
	print_usage(stdout);
	print_line("%s", "");
	print_line("  -c FILE  the configuration");
	print_line("  -u USER  become this user first (root only)");
	print_line("%s", "");
	for (size_t i = 0; i < WORDS; i++)
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
usage(const struct word *word)
{
	if (word != NULL)
		print_word_usage(stderr, word);
	else
		print_usage(stderr);
	return RC_SYNTAX;
}

/* What getopt_long stopped at. */
static enum rc
refuse(const struct word *word, char **argv)
{
	const char *last = argv[optind - 1];

	if (optopt == 0 || strncmp(last, "--", 2) == 0)
		ctl_complain("%s: no such option, or its value is missing or "
			     "too much",
		    last);
	else
		ctl_complain("-%c: no such option, or its value is missing",
		    optopt);
	return usage(word);
}

static enum rc
run_word(struct ctl *ctl, const struct word *word, char **operands, int n)
{
	enum rc rc = RC_OK;

	if (n < word->least || (word->most >= 0 && n > word->most))
		return usage(word);
	if (ctl->user != NULL)
		rc = user_become(ctl->user);
	if (rc != RC_OK)
		return rc;
	return word->run(ctl, operands, (size_t)n);
}

/* The options and operands behind a word. */
static enum rc
take_word(struct ctl *ctl, const struct word *word, int argc, char **argv)
{
	char title[64], letters[64];
	int letter;
	enum rc rc;

	snprintf(title, sizeof(title), "pelihookctl %s", word->name);
	snprintf(letters, sizeof(letters), "hV%s", word->letters);
	argv[0] = title;
	optind = 0;
	while ((letter = getopt_long(
		    argc, argv, letters, word->options, NULL)) != -1) {
		if (letter == 'h')
			return print_help(word);
		if (letter == 'V')
			return print_version();
		if (letter == '?')
			return refuse(word, argv);
		rc = word->option(ctl, letter, optarg);
		if (rc != RC_OK)
			return rc;
	}
	return run_word(ctl, word, argv + optind, argc - optind);
}

static enum rc
take_command(struct ctl *ctl, int argc, char **argv)
{
	const struct word *word;

	if (argc == 0)
		return usage(NULL);
	word = find_word(argv[0]);
	if (word != NULL)
		return take_word(ctl, word, argc, argv);
	ctl_complain("unknown word %s: see pelihookctl --help", argv[0]);
	return usage(NULL);
}

/* Options before the word; those behind it are the word's. */
static enum rc
take_arguments(struct ctl *ctl, int argc, char **argv)
{
	int letter;

	opterr = 0;
	while ((letter = getopt_long(
		    argc, argv, "+c:u:hV", ctl_options, NULL)) != -1) {
		if (letter == 'h')
			return print_help(NULL);
		if (letter == 'V')
			return print_version();
		if (letter == '?')
			return refuse(NULL, argv);
		if (letter == 'c')
			ctl->file = optarg;
		else
			ctl->user = optarg;
	}
	if (ctl->file[0] == '\0') {
		ctl_complain("-c: the name is empty");
		return RC_SYNTAX;
	}
	return take_command(ctl, argc - optind, argv + optind);
}

/* What was printed counts only when it got out. */
static int
finish(enum rc rc)
{
	if (rc == RC_OK && !print_is_complete())
		rc = RC_MEMORY;
	if (rc == RC_MEMORY)
		ctl_complain("out of memory");
	if (fflush(stdout) == EOF || ferror(stdout)) {
		ctl_complain("standard output: %s", strerror(errno));
		return EX_IOERR;
	}
	return ctl_status(rc);
}

static void
print_complaints(struct buf *complaints)
{
	print_lines(stderr, "", buf_view(complaints));
	buf_free(complaints);
}

static enum rc
load(struct ctl *ctl)
{
	struct buf complaints = {.max = COMPLAINTS};
	enum rc rc = conf_load(ctl->file, &ctl->conf, &complaints);

	print_complaints(&complaints);
	return rc;
}

int
ctl_main(int argc, char **argv)
{
	struct ctl ctl = {.file = conf_default_file(),
	    .filter = {.state = -1, .limit = INT64_MAX},
	    .max_age = -1,
	    .max_dead = -1};
	enum rc rc;

	if (getenv("REQUEST_METHOD") != NULL) {
		ctl_complain("not for web servers: REQUEST_METHOD is set");
		return EX_USAGE;
	}
	rc = take_arguments(&ctl, argc, argv);
	conf_release(ctl.conf);
	return finish(rc);
}

int
ctl_status(enum rc rc)
{
	switch (rc) {
	case RC_OK:
	case RC_DELIVERED:
	case RC_IGNORED:
	case RC_DUPLICATE:
	case RC_QUEUED:
		return EX_OK;
	case RC_SYNTAX:
	case RC_RANGE:
	case RC_METHOD:
		return EX_USAGE;
	case RC_LENGTH:
	case RC_LARGE:
	case RC_ENCODED:
	case RC_REPEATED:
	case RC_SIGNATURE:
	case RC_JSON:
	case RC_REJECTED:
	case RC_CORRUPT:
		return EX_DATAERR;
	case RC_NO_HOOK:
	case RC_MISSING:
		return EX_NOINPUT;
	case RC_FAILED:
	case RC_UNSTARTED:
	case RC_TIMEOUT:
	case RC_MEMORY:
	case RC_SYSTEM:
		return EX_SOFTWARE;
	case RC_SHORT:
	case RC_SLOW:
	case RC_STORE:
		return EX_IOERR;
	case RC_TEMPORARY:
	case RC_CROWDED:
	case RC_PENDING:
	case RC_QUEUE_FULL:
	case RC_LOCKED:
	case RC_STOPPING:
		return EX_TEMPFAIL;
	case RC_CONFIG:
		return EX_CONFIG;
	}
	return EX_SOFTWARE;
}

void
ctl_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_note_list("pelihookctl: ", format, arguments);
	va_end(arguments);
}

enum rc
ctl_open(struct ctl *ctl)
{
	enum rc rc = load(ctl);

	if (rc != RC_OK || ctl->conf->journal == NULL || ctl->user != NULL ||
	    geteuid() != 0)
		return rc;
	rc = user_become_owner(ctl->conf);
	if (rc != RC_OK || geteuid() == 0)
		return rc;
	conf_release(ctl->conf);
	ctl->conf = NULL;
	return load(ctl);
}

enum rc
ctl_hook(const struct ctl *ctl, const char *name, struct hook **out)
{
	struct hook *hook = conf_find(ctl->conf, bytes_of(name));

	if (hook == NULL) {
		ctl_complain("%s has no hook %s: see pelihookctl check",
		    ctl->file, name);
		return RC_NO_HOOK;
	}
	*out = hook;
	return RC_OK;
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
			ctl_complain("%s: %s", name, strerror(errno));
			return RC_SHORT;
		}
		rc = buf_add(into, (struct bytes){chunk, (size_t)n});
	}
	if (rc == RC_RANGE) {
		ctl_complain("%s is over %zu bytes", name, max);
		return RC_LARGE;
	}
	return rc;
}

enum rc
ctl_read(size_t max, struct buf *into)
{
	if (isatty(STDIN_FILENO))
		print_note("", "(type the body, then Ctrl-D)");
	return read_all(STDIN_FILENO, "standard input", max, into);
}

enum rc
ctl_read_file(const char *path, size_t max, struct buf *into)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0) {
		ctl_complain("%s: %s", path, strerror(errno));
		return RC_MISSING;
	}
	rc = read_all(fd, path, max, into);
	close(fd);
	return rc;
}

enum rc
ctl_ready(const struct ctl *ctl, struct hook *hook)
{
	struct buf complaints = {.max = COMPLAINTS};
	enum rc rc = hook != NULL ? conf_ready(ctl->conf, hook, &complaints)
				  : conf_ready_start(ctl->conf, &complaints);

	print_complaints(&complaints);
	return rc;
}

enum rc
ctl_open_hook(struct ctl *ctl, const char *name, struct hook **out)
{
	struct hook *hook = NULL;
	enum rc rc = ctl_open(ctl);

	if (rc == RC_OK)
		rc = ctl_hook(ctl, name, &hook);
	if (rc == RC_OK)
		rc = ctl_ready(ctl, hook);
	if (rc == RC_OK)
		*out = hook;
	return rc;
}

enum rc
ctl_id(int64_t wall, char into[UUID_SIZE])
{
	uint8_t random[10];
	enum rc rc = crypto_random(random, sizeof(random));

	if (rc == RC_OK)
		timestamp_uuid7(wall, random, into);
	return rc;
}

enum rc
ctl_no_root(void)
{
	if (geteuid() != 0)
		return RC_OK;
	ctl_complain("runs no commands as root: say -u USER, the user of the "
		     "web server");
	return RC_CONFIG;
}

enum rc
ctl_quiet(void)
{
	const struct log_settings settings = {
	    .target = LOG_TO_STDERR, .level = LOG_LEVEL_WARNING};

	return log_open("pelihookctl", &settings);
}

enum rc
ctl_signals(int *fd)
{
	sigset_t set;
	int signals;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return RC_SYSTEM;
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals == -1)
		return RC_SYSTEM;
	*fd = signals;
	return RC_OK;
}
