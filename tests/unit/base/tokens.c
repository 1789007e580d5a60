/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "../unit.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/tokens.h"

/* A line's tokens as one text, each in < >. */
static void
join(const char *const *list, size_t n, struct buf *into)
{
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(into, "<%s>", list[i]);
}

/*
 * All that a text comes to: `LINE:<word><word>` for a line, `LINE:!why` for a
 * fault, one behind the other.
 */
static void
read_all(struct bytes text, struct buf *into)
{
	const char *const *list = NULL;
	const char *why = NULL;
	struct pool pool = { 0 };
	struct tokens tokens;
	size_t n = 0;
	enum rc rc;

	tokens_start(&tokens, text);
	while (
	    (rc = tokens_next(&tokens, &pool, &list, &n, &why)) != RC_MISSING) {
		(void)buf_printf(into, "%u:", tokens.line);
		if (rc == RC_SYNTAX)
			(void)buf_printf(into, "!%.12s", why);
		if (rc == RC_OK && list[n] == NULL)
			join(list, n, into);
	}
	pool_free(&pool);
}

static const struct {
	struct bytes text;
	const char *want;
} texts[] = {
	{ RAW(""), "" },
	{ RAW("\n \t\n\r\n"), "" },
	{ RAW("a"), "1:<a>" },
	{ RAW("a b\tc \n"), "1:<a><b><c>" },
	{ RAW("\n\n a\n\nb"), "3:<a>5:<b>" },
	/* Ends of lines as other systems have them. */
	{ RAW("a b\r\nc\r\n"), "1:<a><b>2:<c>" },
	{ RAW("a\rb\n"), "1:<a\rb>" },
	/* Comments, and what is none. */
	{ RAW("# a\nb # c\nd#e f\n"), "2:<b>3:<d#e><f>" },
	{ RAW("a \"#b\" '#c'"), "1:<a><#b><#c>" },
	{ RAW("a # \"unclosed\nb"), "1:<a>2:<b>" },
	{ RAW("a # no join \\\nb"), "1:<a>2:<b>" },
	{ RAW("#\\\nb"), "2:<b>" },
	/* Quotes. */
	{ RAW("\"a b\" 'c d'"), "1:<a b><c d>" },
	{ RAW("a\"b c\"d'e f'g"), "1:<ab cde fg>" },
	{ RAW("\"\" ''"), "1:<><>" },
	{ RAW("\"a\\\"b\\\\c\""), "1:<a\"b\\c>" },
	{ RAW("\"a\\nb\" \"it's\""), "1:<a\\nb><it's>" },
	{ RAW("'a\\\"b\\\\' 'say \"x\"'"), "1:<a\\\"b\\\\><say \"x\">" },
	{ RAW("a\\b \\\"c\""), "1:<a\\b><\\c>" },
	{ RAW("a\\ b"), "1:<a\\><b>" },
	/* Joined lines. */
	{ RAW("a \\\n  b\nc"), "1:<a><b>3:<c>" },
	{ RAW("a\\\nb"), "1:<ab>" },
	{ RAW("a\\\r\nb\nc"), "1:<ab>3:<c>" },
	{ RAW("\\\na\nb"), "1:<a>3:<b>" },
	{ RAW("a \\\n\\\n b\nc"), "1:<a><b>4:<c>" },
	{ RAW("\"a\\\nb\" c\nd"), "1:<ab><c>3:<d>" },
	{ RAW("a\\\\\nb"), "1:<a\\b>" },
	{ RAW("a \\"), "1:<a>" },
	{ RAW("\\\n"), "" },
	{ RAW("a \\\n# c\nb"), "1:<a>3:<b>" },
	/* Faults; the next line is read all the same. */
	{ RAW("a \"b\nc"), "1:!a quote is n2:<c>" },
	{ RAW("a 'b\nc"), "1:!a quote is n2:<c>" },
	{ RAW("\"a\\\\\nb"), "1:!a quote is n2:<b>" },
	{ RAW("a \"b\\\n\nc"), "1:!a quote is n3:<c>" },
	{ RAW("a\0b\nc"), "1:!the line hol2:<c>" },
	{ RAW("# a\0b\nc"), "1:!the line hol2:<c>" },
	{ RAW("\"a\0\nc"), "1:!the line hol2:<c>" },
};

static void
lines_are_cut_into_words(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf got = { 0 };

		read_all(texts[i].text, &got);
		wrong += case_bytes(texts[i].text.data, buf_view(&got),
		    bytes_of(texts[i].want));
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* The text of n bytes `x`, then the tail. */
static struct buf
long_line(size_t n, const char *tail)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < n; i++)
		(void)buf_char(&text, 'x');
	(void)buf_text(&text, tail);
	return text;
}

static void
assert_reads(struct buf *text, const char *want)
{
	struct buf got = { 0 };

	read_all(buf_view(text), &got);
	assert_non_null(got.data);
	if (strcmp(got.data, want) != 0)
		fail_msg("<%.60s>, not <%.60s>", got.data, want);
	buf_free(&got);
	buf_free(text);
}

static void
the_longest_line_is_taken(void **state)
{
	struct buf text = long_line(TOKENS_LINE, "\nb");
	struct buf got = { 0 };

	(void)state;
	read_all(buf_view(&text), &got);
	assert_int_equal(got.len, strlen("1:<>2:<b>") + TOKENS_LINE);
	buf_free(&got);
	buf_free(&text);
}

static void
a_longer_line_is_refused(void **state)
{
	struct buf text = long_line(TOKENS_LINE + 1, "\nb");
	struct buf joined = long_line(TOKENS_LINE - 2, " \\\nyy\nb");
	struct buf comment = long_line(0, "#");
	struct buf rest = long_line(TOKENS_LINE, "\nb");

	(void)state;
	(void)buf_add(&comment, buf_view(&rest));
	buf_free(&rest);
	assert_reads(&text, "1:!the line is 2:<b>");
	assert_reads(&joined, "1:!the line is 3:<b>");
	assert_reads(&comment, "1:!the line is 2:<b>");
}

static const struct {
	const char *tokens[4];
	const char *want;
} printed[] = {
	{ { NULL }, "" },
	{ { "a", NULL }, "a" },
	{ { "a", "b#c", "x\"y", NULL }, "a b#c \"x\\\"y\"" },
	{ { "", "#a", "b c", NULL }, "\"\" \"#a\" \"b c\"" },
	{ { "it's", "c\\d", "\t", NULL }, "\"it's\" \"c\\\\d\" \"\t\"" },
};

static void
words_are_printed_as_they_are_read(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(printed); i++) {
		struct buf got = { 0 };
		struct buf read = { 0 };
		struct buf want = { 0 };
		size_t n = 0;

		wrong += case_rc(printed[i].want,
		    tokens_print_list(printed[i].tokens, &got), RC_OK);
		wrong += case_bytes(printed[i].want, buf_view(&got),
		    bytes_of(printed[i].want));
		while (printed[i].tokens[n] != NULL)
			n++;
		if (n > 0)
			(void)buf_text(&want, "1:");
		join(printed[i].tokens, n, &want);
		read_all(buf_view(&got), &read);
		wrong += case_bytes(printed[i].want, buf_view(&read),
		    buf_view(&want));
		buf_free(&got);
		buf_free(&read);
		buf_free(&want);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_cut_into_words),
		cmocka_unit_test(the_longest_line_is_taken),
		cmocka_unit_test(a_longer_line_is_refused),
		cmocka_unit_test(words_are_printed_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
