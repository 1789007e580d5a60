/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#include "base/bytes.h"
#include "config/conf.h"
#include "base/crypto.h"
#include "listener.h"

enum {
	OPTIONS_THREADS = 16,
	OPTIONS_THREADS_MOST = 512,
	OPTIONS_MODE = 0660,
	MODE_NONE = 07000, /* more than -m takes */
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void
print_usage(FILE *to)
{
	fputs("usage: pelihook.fcgi [-c FILE] [-s SOCKET | -s HOST:PORT] "
	      "[-g GROUP]\n"
	      "                     [-m MODE] [-j THREADS] [-t]\n"
	      "       pelihook.fcgi -h | --help | -V | --version\n",
	    to);
}

static void
print_help(void)
{
	print_usage(stdout);
	printf("\n"
	       "  -c FILE       the configuration (%s)\n"
	       "  -s SOCKET     make this socket; without it: descriptor 0,\n"
	       "                or systemd's LISTEN_FDS\n"
	       "  -s HOST:PORT  the same on the network\n"
	       "  -g GROUP      of the socket's file, a name or a number\n"
	       "  -m MODE       of the socket's file (%04o)\n"
	       "  -j THREADS    commands waited for at once, 1 to %d (%d)\n"
	       "  -t            check the configuration and exit\n"
	       "  -h, --help    print this and exit\n"
	       "  -V, --version print the versions and exit\n"
	       "\n"
	       "Exit status: 0 it was told to stop; 64 wrong usage, or no "
	       "socket; 78 the\n"
	       "configuration or what it names is not as it has to be; "
	       "others are those of\nsysexits.h.\n",
	    conf_default_file(), (unsigned)OPTIONS_MODE, OPTIONS_THREADS_MOST,
	    OPTIONS_THREADS);
}

static void
print_version(void)
{
	printf("pelihook.fcgi %s\nbuilt with %s\nruns with %s\n"
	       "configuration %s\n",
	    PELIHOOK_VERSION, PELIHOOK_BUILD, crypto_version(),
	    PELIHOOK_CONFIG_FILE);
}

static enum rc
refuse(const char *format, ...)
{
	va_list args;

	fputs("pelihook.fcgi: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return RC_SYNTAX;
}

static enum rc
read_mode(const char *text, mode_t *mode)
{
	mode_t value = 0;
	size_t n = strspn(text, "01234567");

	if (n == 0 || n > 4 || text[n] != '\0' || (n == 4 && text[0] != '0'))
		return refuse("-m %s: write three octal digits, as 660", text);
	for (const char *at = text; *at != '\0'; at++)
		value = value * 8 + (mode_t)(*at - '0');
	*mode = value;
	return RC_OK;
}

/* A number that is also a name is that name, as for chgrp(1). */
static enum rc
read_group(const char *text, gid_t *group)
{
	const struct group *entry = getgrnam(text);
	unsigned long long number;

	if (entry != NULL) {
		*group = entry->gr_gid;
		return RC_OK;
	}
	if (bytes_number(bytes_of(text), LISTENER_ANY_GROUP - 1, &number) !=
	    RC_OK)
		return refuse("-g %s: no such group", text);
	*group = (gid_t)number;
	return RC_OK;
}

static enum rc
read_threads(const char *text, unsigned *threads)
{
	unsigned long long n;

	if (bytes_number(bytes_of(text), OPTIONS_THREADS_MOST, &n) != RC_OK ||
	    n == 0)
		return refuse("-j %s: write a number from 1 to %d", text,
		    OPTIONS_THREADS_MOST);
	*threads = (unsigned)n;
	return RC_OK;
}

static enum rc
read_option(int letter, const char *value, struct options *options)
{
	switch (letter) {
	case 'c':
		options->file = value;
		return RC_OK;
	case 's':
		options->socket = value;
		return RC_OK;
	case 'g':
		return read_group(value, &options->group);
	case 'm':
		return read_mode(value, &options->mode);
	case 'j':
		return read_threads(value, &options->threads);
	case 't':
		options->test = true;
		return RC_OK;
	case 'h':
		print_help();
		options->shown = true;
		return RC_OK;
	case 'V':
		print_version();
		options->shown = true;
		return RC_OK;
	default:
		print_usage(stderr);
		return RC_SYNTAX;
	}
}

/* What is said of a socket's file, where there is one. */
static enum rc
check_file(const struct options *options)
{
	bool file = options->socket != NULL &&
	    !listener_is_address(options->socket);
	char letter = options->group != LISTENER_ANY_GROUP ? 'g' : 'm';

	if (options->shown || file ||
	    (options->group == LISTENER_ANY_GROUP &&
		options->mode == MODE_NONE))
		return RC_OK;
	return refuse("-%c goes with a socket's file: name one with "
		      "-s SOCKET",
	    letter);
}

enum rc
options_read(int argc, char **argv, struct options *out)
{
	struct options options = {
		.file = conf_default_file(),
		.mode = MODE_NONE,
		.group = LISTENER_ANY_GROUP,
		.threads = OPTIONS_THREADS,
	};
	enum rc rc = RC_OK;
	int letter;

	while (rc == RC_OK && !options.shown &&
	    (letter = getopt_long(argc, argv, "c:s:g:m:j:thV", long_options,
		 NULL)) != -1)
		rc = read_option(letter, optarg, &options);
	if (rc != RC_OK)
		return rc;
	if (!options.shown && optind < argc) {
		(void)refuse("%s: no such operand", argv[optind]);
		print_usage(stderr);
		return RC_SYNTAX;
	}
	if (options.file[0] == '\0')
		return refuse("-c: the name is empty");
	rc = check_file(&options);
	if (options.mode == MODE_NONE)
		options.mode = OPTIONS_MODE;
	if (rc == RC_OK)
		*out = options;
	return rc;
}
