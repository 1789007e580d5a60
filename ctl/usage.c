/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "usage.h"

#include "base/buf.h"
#include "config/conf.h"
#include "options.h"
#include "print.h"
#include "subcommands.h"

/* -n, --json, --since T. */
static void
add_option(const struct option_row *row, struct buf *into)
{
	if (row->name == NULL)
		buf_printf(into, "-%c", row->letter);
	else
		buf_printf(into, "--%s", row->name);
	if (row->value != NULL)
		buf_printf(into, " %s", row->value);
}

/* An option with those that stand behind it, in brackets; the next one. */
static const struct option_row *
add_options(const struct option_row *row, struct buf *into)
{
	bool needed = row->place == OPTION_NEEDED;

	buf_text(into, needed ? "" : "[");
	add_option(row, into);
	for (row++; row->letter != 0; row++) {
		if (row->place != OPTION_OR && row->place != OPTION_WITHIN)
			break;
		buf_text(into, row->place == OPTION_OR ? " | " : " [");
		add_option(row, into);
		buf_text(into, row->place == OPTION_OR ? "" : "]");
	}
	buf_text(into, needed ? "" : "]");
	return row;
}

static void
print_pieces(struct print_wrap *wrap, const struct option_row *row)
{
	struct buf piece = { 0 };

	while (row->letter != 0) {
		piece.len = 0;
		row = add_options(row, &piece);
		print_piece(wrap, buf_view(&piece));
	}
	buf_free(&piece);
}

void
usage_print(FILE *to, const struct subcommand *subcommand)
{
	struct print_wrap wrap = { .to = to, .indent = 11 };

	print_piece(&wrap, bytes_of("usage: pelihookctl [-c FILE] [-u USER]"));
	if (subcommand == NULL) {
		print_piece(&wrap, bytes_of("WORD ..."));
		print_wrap_end(&wrap);
		print_lines(to, "",
		    bytes_of("       pelihookctl [WORD] -h | --help | -V | "
			     "--version\n"));
		return;
	}
	print_piece(&wrap, bytes_of(subcommand->name));
	if (!subcommand->options_last)
		print_pieces(&wrap, subcommand->options);
	if (subcommand->operands != NULL)
		print_piece(&wrap, bytes_of(subcommand->operands));
	if (subcommand->options_last)
		print_pieces(&wrap, subcommand->options);
	print_wrap_end(&wrap);
}

static void
print_program_help(void)
{
	const struct subcommand *list;
	size_t n;

	print_line("%s", "");
	list = subcommands_all(&n);
	for (size_t i = 0; i < n; i++)
		print_entry(list[i].name, list[i].does);
	print_line("%s", "");
	print_entry("-c FILE", "the configuration; without it");
	print_entry("", conf_default_file());
	print_entry("-u USER",
	    "become this user, a name or a number, first; only root can");
	print_entry("-h, --help",
	    "print this and leave; behind a word, what can be typed there");
	print_entry("-V, --version",
	    "print the versions and the configuration that is built in");
	print_line("%s", "");
	print_line("Exit status: 0, or one of sysexits.h; each word's --help "
		   "says which.");
}

static enum rc
print_options(const struct option_row *row)
{
	struct buf label = { 0 };
	enum rc rc;

	for (; row->letter != 0; row++) {
		label.len = 0;
		add_option(row, &label);
		if (label.rc == RC_OK)
			print_entry(label.data, row->does);
	}
	rc = label.rc;
	buf_free(&label);
	return rc;
}

static void
print_explained(const struct explained *row)
{
	for (; row->what != NULL; row++)
		print_entry(row->what, row->text);
}

static bool
explains(const struct explained *row, const char *what)
{
	while (row->what != NULL && strcmp(row->what, what) != 0)
		row++;
	return row->what != NULL;
}

enum rc
usage_print_help(const struct subcommand *subcommand)
{
	enum rc rc;

	usage_print(stdout, subcommand);
	if (subcommand == NULL) {
		print_program_help();
		return RC_OK;
	}
	print_line("%s", "");
	print_line("%s: %s", subcommand->name, subcommand->does);
	print_line("%s", "");
	print_explained(subcommand->explained);
	rc = print_options(subcommand->options);
	print_entry("-h, --help", "print this and leave");
	print_entry("-V, --version", "print the versions and leave");
	print_line("%s", "");
	print_line("Exit status:");
	print_entry("0", "it went well");
	if (!explains(subcommand->statuses, "64"))
		print_entry("64", "wrong usage");
	print_explained(subcommand->statuses);
	print_entry("78",
	    "the configuration, or what it names, is not as it "
	    "has to be");
	return rc;
}
