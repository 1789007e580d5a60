/* SPDX-License-Identifier: ISC */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>

#include <json-c/json.h>

#include "../commands.h"

#include "base/buf.h"
#include "base/log.h"

/* The log, and a place beside it; both in the scratch directory. */
static const char *path;
static const char *other;

static int
start_afresh(void **state)
{
	static char paths[2][PATH_MAX];

	if (scratch_make(state) != 0)
		return -1;
	snprintf(paths[0], sizeof(paths[0]), "%.4000s/log", scratch);
	snprintf(paths[1], sizeof(paths[1]), "%.4000s/other", scratch);
	path = paths[0];
	other = paths[1];
	return 0;
}

static void
open_file(enum log_format format, enum log_level level)
{
	struct log_settings settings = { LOG_TO_FILE, path, format, level };

	assert_int_equal(log_open("unit", &settings), RC_OK);
}

static size_t
count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

static void
write_value(struct bytes value)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "said");
	log_bytes(&line, "value", value);
	log_end(&line);
}

static void
text_is_logfmt_on_one_line(void **state)
{
	struct log_line line;
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_WARNING, "two words");
	log_text(&line, "hook", "peliqan");
	log_text(&line, "why", "it is \"so\"");
	log_number(&line, "bytes", -42);
	log_bytes(&line, "path", LIT("/a=b"));
	log_end(&line);
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	assert_int_equal(text.data[text.len - 1], '\n');
	assert_non_null(strstr(text.data, "level=warning"));
	assert_non_null(strstr(text.data, "\"two words\""));
	assert_non_null(strstr(text.data, " hook=peliqan "));
	assert_non_null(strstr(text.data, " why=\"it is \\\"so\\\"\" "));
	assert_non_null(strstr(text.data, " bytes=-42 "));
	assert_non_null(strstr(text.data, " path=\"/a=b\"\n"));
	buf_free(&text);
}

static struct json_object *
read_line(const struct buf *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text->data, (int)text->len);
	if (object == NULL ||
	    json_tokener_get_parse_end(tokener) != text->len) {
		print_error("no JSON on one line: <%s>\n", text->data);
		fail();
	}
	json_tokener_free(tokener);
	return object;
}

static unsigned
check_member(struct json_object *object, const char *key, const char *want)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value))
		return case_true(key, "a member", false);
	return case_text(key, json_object_get_string(value), want);
}

static void
json_is_one_object_on_one_line(void **state)
{
	struct json_object *object;
	struct log_line line;
	struct buf text;
	unsigned wrong = 0;

	(void)state;
	open_file(LOG_JSON, LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_ERROR, "two \"words\"");
	log_text(&line, "hook", "peliqan");
	log_number(&line, "bytes", INT64_MIN);
	log_end(&line);
	text = read_file(path);
	object = read_line(&text);
	wrong += check_member(object, "level", "error");
	wrong += check_member(object, "msg", "two \"words\"");
	wrong += check_member(object, "hook", "peliqan");
	wrong += check_member(object, "bytes", "-9223372036854775808");
	assert_int_equal(wrong, 0);
	assert_int_equal(json_object_get_type(
			     json_object_object_get(object, "bytes")),
	    json_type_int);
	json_object_put(object);
	buf_free(&text);
}

/* What an attacker may send, and whether JSON gives it back as it was. */
static const struct {
	const char *name;
	struct bytes value;
	bool kept;
} hostile[] = {
	{ "a line of one's own", RAW("x\nlevel=error msg=forged"), true },
	{ "CR", RAW("x\rlevel=error"), true },
	{ "NUL", RAW("a\0b"), true },
	{ "all controls",
	    RAW("\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f"
		"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"),
	    true },
	{ "a terminal's escape", RAW("\x1b[2J\x1b]0;title\x07"), true },
	{ "C1 controls",
	    RAW("\xc2\x80\xc2\x85\xc2\x9b"
		"2J\xc2\x9f"),
	    true },
	{ "quotes", RAW("\" level=error x=\""), true },
	{ "backslashes", RAW("\\\" \\n \\"), true },
	{ "not UTF-8", RAW("\xff\xfe\xc3("), false },
	{ "C1 as bytes",
	    RAW("\x9b"
		"2J"),
	    false },
	{ "overlong LF", RAW("\xc0\x8a"), false },
	{ "an object's end", RAW("\"}\n{\"level\":\"error\"}"), true },
	{ "a percent sign", RAW("%s %n %d"), true },
};

static unsigned
check_controls(const char *name, const struct buf *text)
{
	unsigned wrong = case_number(name, (long long)count_lines(text), 1);

	for (size_t i = 0; i + 1 < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		wrong += case_true(name, "no control",
		    c >= 0x20 && c != 0x7f &&
			!(c == 0xc2 &&
			    (unsigned char)text->data[i + 1] < 0xa0));
	}
	return wrong;
}

/* Whether value="..." reaches to the line's end, by logfmt's own rules. */
static bool
ends_in_quoted_value(const struct buf *text)
{
	const char *at = strstr(text->data, " value=\"");

	if (at == NULL)
		return false;
	for (at += strlen(" value=\""); *at != '\0' && *at != '"'; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
	return strcmp(at, "\"\n") == 0;
}

static void
text_holds_no_control_from_outside(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct buf text;

		unlink(path);
		open_file(LOG_TEXT, LOG_LEVEL_INFO);
		write_value(hostile[i].value);
		text = read_file(path);
		wrong += check_controls(hostile[i].name, &text);
		wrong += case_true(hostile[i].name, "one quoted value",
		    ends_in_quoted_value(&text));
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

static void
json_holds_no_control_and_gives_it_back(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct json_object *object, *value = NULL;
		struct buf text;

		unlink(path);
		open_file(LOG_JSON, LOG_LEVEL_INFO);
		write_value(hostile[i].value);
		text = read_file(path);
		wrong += check_controls(hostile[i].name, &text);
		object = read_line(&text);
		json_object_object_get_ex(object, "value", &value);
		if (hostile[i].kept)
			wrong += case_bytes(hostile[i].name,
			    (struct bytes){ json_object_get_string(value),
				(size_t)json_object_get_string_len(value) },
			    hostile[i].value);
		json_object_put(object);
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

static void
a_message_is_escaped_as_well(void **state)
{
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "%s", "x\nlevel=error \x1b[2J");
	text = read_file(path);
	assert_int_equal(check_controls("message", &text), 0);
	buf_free(&text);
}

static void
utf8_text_stays_readable(void **state)
{
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	write_value(LIT("na\xc3\xafve \xe2\x82\xac"));
	text = read_file(path);
	assert_non_null(strstr(text.data, "\"na\xc3\xafve \xe2\x82\xac\""));
	buf_free(&text);
}

static void
values_that_differ_make_lines_that_differ(void **state)
{
	static const struct bytes values[] = { RAW("a\nb"), RAW("a\\nb"),
		RAW("a\\\\nb"), RAW("a b"), RAW("a\tb"), RAW("a\"b"),
		RAW("a\\\"b"), RAW("ab"), RAW("a=b"), RAW("a\\u000ab") };
	struct buf texts[COUNT(values)];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		unlink(path);
		open_file(LOG_TEXT, LOG_LEVEL_INFO);
		write_value(values[i]);
		texts[i] = read_file(path);
	}
	for (size_t i = 0; i < COUNT(values); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(strstr(texts[i].data, "value="),
			    strstr(texts[j].data, "value="));
	for (size_t i = 0; i < COUNT(values); i++)
		buf_free(&texts[i]);
}

static void
what_is_empty_is_left_out(void **state)
{
	struct log_line line;
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_INFO, "said");
	log_text(&line, "null", NULL);
	log_text(&line, "empty", "");
	log_text(&line, "there", "x");
	log_end(&line);
	text = read_file(path);
	assert_null(strstr(text.data, "null"));
	assert_null(strstr(text.data, "empty"));
	assert_non_null(strstr(text.data, "there=x\n"));
	buf_free(&text);
}

static void
only_wanted_levels_are_written(void **state)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR,
		LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct buf text;

		unlink(path);
		open_file(LOG_TEXT, levels[i]);
		for (size_t j = 0; j < COUNT(levels); j++) {
			struct log_line line;

			wrong += case_number("wants", log_wants(levels[j]),
			    j <= i);
			log_begin(&line, levels[j], "line");
			log_text(&line, "key", "value");
			log_number(&line, "number", 1);
			log_end(&line);
			log_say(levels[j], "say");
		}
		text = read_file(path);
		wrong += case_number("lines", (long long)count_lines(&text),
		    (long long)(2 * (i + 1)));
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

/* Fills a line with fields of a known length until long after its end. */
static void
write_long(void)
{
	struct log_line line;
	char key[16], value[101];

	memset(value, 'v', 100);
	value[100] = '\0';
	log_begin(&line, LOG_LEVEL_INFO, "long");
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "k%03d", i);
		log_text(&line, key, value);
		log_number(&line, "n", i);
	}
	log_end(&line);
}

static void
a_long_line_is_cut_at_a_fields_end(void **state)
{
	struct buf text;
	struct bytes rest, field;
	size_t fields = 0;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	write_long();
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	assert_in_range(text.len, 6000, 8192);
	rest = (struct bytes){ text.data, text.len - 1 };
	while (bytes_split(&rest, " ", &field)) {
		fields++;
		if (bytes_begin(field, "k"))
			assert_int_equal(field.len, 105);
	}
	assert_in_range(fields, 100, 160);
	assert_non_null(strstr(text.data, " cut=true\n"));
	buf_free(&text);
}

static void
a_long_line_of_json_is_still_json(void **state)
{
	struct json_object *object;
	struct buf text;

	(void)state;
	open_file(LOG_JSON, LOG_LEVEL_INFO);
	write_long();
	text = read_file(path);
	assert_in_range(text.len, 6000, 8192);
	object = read_line(&text);
	assert_int_equal(check_member(object, "cut", "true"), 0);
	json_object_put(object);
	buf_free(&text);
}

static void
a_value_too_long_once_escaped_is_left_out_and_said(void **state)
{
	char value[4096];
	struct buf text;

	(void)state;
	memset(value, '\x01', sizeof(value));
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	write_value((struct bytes){ value, sizeof(value) });
	text = read_file(path);
	assert_true(text.len < 200);
	assert_true(holds_text(buf_view(&text), " cut=true\n"));
	buf_free(&text);
}

static void
a_value_that_does_not_fit_is_left_out_and_said(void **state)
{
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };
	static const char fillers[] = { 'x', '\x01', '\n', '"', '\xff' };
	char value[9000];
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(formats) * COUNT(fillers); i++) {
		struct buf text;

		memset(value, fillers[i / 2], sizeof(value));
		unlink(path);
		open_file(formats[i % 2], LOG_LEVEL_INFO);
		write_value((struct bytes){ value, sizeof(value) });
		text = read_file(path);
		wrong += check_controls("long value", &text);
		wrong += case_true("long value", "at most 8192",
		    text.len <= 8192);
		wrong += case_true("long value", "the mark of a cut",
		    holds_text(buf_view(&text),
			i % 2 == 0 ? " cut=true\n" : ",\"cut\":true}\n"));
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

static void
a_long_message_is_cut_and_said(void **state)
{
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "%20000d", 7);
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	assert_in_range(text.len, 20, 8192);
	assert_non_null(strstr(text.data, " cut=true\n"));
	buf_free(&text);
}

/*
 * A socket that keeps messages apart stands for descriptor 2: each write
 * arrives as one message, so what comes out tells how it was written.
 */
static void
a_line_is_one_write_to_descriptor_2(void **state)
{
	struct log_settings settings = { LOG_TO_STDERR, NULL, LOG_TEXT,
		LOG_LEVEL_INFO };
	char message[9000];
	int pair[2], saved = dup(STDERR_FILENO);
	ssize_t first, second;
	enum rc rc;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	dup2(pair[0], STDERR_FILENO);
	rc = log_open("unit", &settings);
	log_say(LOG_LEVEL_INFO, "first");
	write_long();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(rc, RC_OK);
	first = recv(pair[1], message, sizeof(message), MSG_DONTWAIT);
	assert_true(first > 0);
	assert_int_equal(message[first - 1], '\n');
	second = recv(pair[1], message, sizeof(message), MSG_DONTWAIT);
	assert_in_range(second, 6000, 8192);
	assert_int_equal(message[second - 1], '\n');
	assert_int_equal(recv(pair[1], message, sizeof(message), MSG_DONTWAIT),
	    -1);
	close(pair[0]);
	close(pair[1]);
}

static void
a_closed_descriptor_2_is_not_written_to(void **state)
{
	struct log_settings settings = { LOG_TO_STDERR, NULL, LOG_TEXT,
		LOG_LEVEL_INFO };
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10), fd;
	struct stat st;
	enum rc rc;

	(void)state;
	close(STDERR_FILENO);
	rc = log_open("unit", &settings);
	/* Whatever is opened next gets the number, a socket or a database. */
	fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	log_say(LOG_LEVEL_INFO, "a line of the unit tests");
	log_close();
	fstat(fd, &st);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(rc, RC_OK);
	assert_int_equal(fd, STDERR_FILENO);
	assert_int_equal(st.st_size, 0);
}

static void
before_it_is_opened_it_is_text_at_info(void **state)
{
	char message[9000];
	int pair[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	dup2(pair[0], STDERR_FILENO);
	log_say(LOG_LEVEL_DEBUG, "unwanted");
	log_say(LOG_LEVEL_INFO, "wanted");
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = recv(pair[1], message, sizeof(message) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	message[n] = '\0';
	assert_non_null(strstr(message, "level=info"));
	assert_non_null(strstr(message, "msg=wanted"));
	assert_int_equal(recv(pair[1], message, sizeof(message), MSG_DONTWAIT),
	    -1);
	close(pair[0]);
	close(pair[1]);
}

static void
the_file_is_created_for_its_owner_only(void **state)
{
	mode_t before = umask(0);
	struct stat st;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
a_file_that_is_there_is_appended_to(void **state)
{
	struct buf text;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "one");
	log_close();
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "two");
	text = read_file(path);
	assert_int_equal(count_lines(&text), 2);
	buf_free(&text);
}

static void
a_file_that_was_moved_is_opened_anew(void **state)
{
	struct buf old, new;

	(void)state;
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "one");
	assert_int_equal(rename(path, other), 0);
	log_say(LOG_LEVEL_INFO, "two");
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "three");
	old = read_file(other);
	new = read_file(path);
	assert_int_equal(count_lines(&old), 2);
	assert_int_equal(count_lines(&new), 1);
	assert_non_null(strstr(new.data, "three"));
	buf_free(&old);
	buf_free(&new);
}

/* A thread may be about to write to it: no other file may be there then. */
static void
a_file_that_is_left_keeps_its_descriptor(void **state)
{
	static const struct log_settings plain = { .level = LOG_LEVEL_INFO };
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int taken;
	struct buf text;

	(void)state;
	assert_int_not_equal(file, -1);
	close(file);
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	assert_int_not_equal(fcntl(file, F_GETFD), -1);
	assert_int_equal(log_open("unit", &plain), RC_OK);
	taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(taken, file);
	close(taken);
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "one");
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	buf_free(&text);
	log_close();
	assert_int_equal(fcntl(file, F_GETFD), -1);
	assert_int_equal(log_open("unit", &plain), RC_OK);
	log_close();
	assert_int_equal(fcntl(file, F_GETFD), -1);
}

/* What cannot be opened, and that the log goes on where it was. */
static void
check_refused(const char *name, int error)
{
	struct log_settings settings = { LOG_TO_FILE, name, LOG_JSON,
		LOG_LEVEL_DEBUG };
	struct buf text;
	enum rc rc;

	unlink(path);
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	rc = log_open("unit", &settings);
	assert_int_equal(errno, error);
	assert_int_equal(rc, RC_SYSTEM);
	log_say(LOG_LEVEL_INFO, "still here");
	assert_false(log_wants(LOG_LEVEL_DEBUG));
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	assert_non_null(strstr(text.data, "msg=\"still here\""));
	buf_free(&text);
}

static void
a_symbolic_link_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlink("elsewhere", other), 0);
	check_refused(other, ELOOP);
}

static void
the_old_settings_stay_where_a_file_is_missing(void **state)
{
	(void)state;
	check_refused(scratch_path("none/log"), ENOENT);
	check_refused(scratch_path("."), EISDIR);
}

static void
a_pipe_without_reader_does_not_hang(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(other, 0600), 0);
	check_refused(other, ENXIO);
}

/*
 * Opens a log under such a name, and the next line: both go to descriptor 2,
 * for which a socket that keeps messages apart stands.
 */
static unsigned
check_instead(const char *name, int error, enum log_format format)
{
	struct log_settings settings = { LOG_TO_FILE, name, format,
		LOG_LEVEL_ERROR };
	int pair[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	struct rlimit few, many;
	char got[2][9000] = { "", "" };
	unsigned failed = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	getrlimit(RLIMIT_NOFILE, &many);
	few = (struct rlimit){ 3, many.rlim_max };
	dup2(pair[0], STDERR_FILENO);
	if (error == EMFILE)
		setrlimit(RLIMIT_NOFILE, &few);
	log_open_anyway("unit", &settings);
	setrlimit(RLIMIT_NOFILE, &many);
	log_say(LOG_LEVEL_ERROR, "then");
	log_say(LOG_LEVEL_WARNING, "unwanted");
	dup2(saved, STDERR_FILENO);
	close(saved);
	for (size_t i = 0; i < 2; i++)
		(void)!recv(pair[1], got[i], sizeof(got[i]) - 1, MSG_DONTWAIT);
	failed += case_true(name, got[0],
	    strstr(got[0], "cannot open the log") != NULL &&
		strstr(got[0], name) != NULL &&
		strstr(got[0], strerrordesc_np(error)) != NULL &&
		strstr(got[0], "standard error") != NULL);
	failed += case_true(name, got[1], strstr(got[1], "then") != NULL);
	failed += case_true(name, got[1],
	    (got[1][0] == '{') == (format == LOG_JSON));
	failed += case_true(name, "no third line",
	    recv(pair[1], got[0], sizeof(got[0]), MSG_DONTWAIT) == -1);
	close(pair[0]);
	close(pair[1]);
	return failed;
}

/* The same of a directory in which somebody else may have made the file. */
static unsigned
check_untrusted(const char *name, const char *says)
{
	struct log_settings settings = { LOG_TO_FILE, name, LOG_TEXT,
		LOG_LEVEL_INFO };
	int pair[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	char got[9000] = "";
	unsigned failed = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	dup2(pair[0], STDERR_FILENO);
	log_open_anyway("unit", &settings);
	dup2(saved, STDERR_FILENO);
	close(saved);
	(void)!recv(pair[1], got, sizeof(got) - 1, MSG_DONTWAIT);
	failed += case_true(name, got,
	    strstr(got, "cannot open the log") != NULL &&
		strstr(got, says) != NULL &&
		strstr(got, "lines go to standard error") != NULL);
	failed += case_true(name, "not made", access(name, F_OK) != 0);
	close(pair[0]);
	close(pair[1]);
	return failed;
}

static void
nothing_is_written_where_others_can_make_files(void **state)
{
	unsigned failed = 0;
	mode_t before = umask(0);

	(void)state;
	assert_int_equal(mkdir(scratch_path("open"), 0777), 0);
	assert_int_equal(mkdir(scratch_path("sticky"), 01777), 0);
	assert_int_equal(mkdir(scratch_path("open/below"), 0700), 0);
	assert_int_equal(symlink("open", scratch_path("link")), 0);
	umask(before);
	failed += check_untrusted(scratch_path("open/log"),
	    "its directory is writable by others: chmod o-w it");
	failed += check_untrusted(scratch_path("sticky/log"),
	    "its directory is writable by others");
	failed += check_untrusted(scratch_path("open/below/log"),
	    "its directory lies below ");
	failed += check_untrusted(scratch_path("link/log"),
	    "its directory is writable by others");
	/* Also where one was open. */
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	failed += check_untrusted(scratch_path("open/log"),
	    "its directory is writable by others");
	assert_int_equal(failed, 0);
	check_refused(scratch_path("open/log"), EPERM);
	assert_int_equal(access(scratch_path("open/log"), F_OK), -1);
}

static void
what_cannot_be_opened_holds_nothing_up(void **state)
{
	struct buf text;
	unsigned failed = 0;

	(void)state;
	/* Also where there was another one, which is left. */
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			open_file(LOG_TEXT, LOG_LEVEL_INFO);
		failed += check_instead(scratch_path("none/log"), ENOENT,
		    LOG_TEXT);
		failed += check_instead(scratch_path("."), EISDIR, LOG_JSON);
		failed += check_instead(path, EMFILE, LOG_TEXT);
	}
	assert_int_equal(mkfifo(other, 0600), 0);
	failed += check_instead(other, ENXIO, LOG_TEXT);
	assert_int_equal(failed, 0);
	/* And is tried again. */
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_INFO, "one");
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	buf_free(&text);
}

static enum rc
open_without_descriptors(void)
{
	struct log_settings settings = { LOG_TO_FILE, path, LOG_TEXT,
		LOG_LEVEL_INFO };
	struct rlimit few, many;
	enum rc rc;

	getrlimit(RLIMIT_NOFILE, &many);
	few = (struct rlimit){ 3, many.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	rc = log_open("unit", &settings);
	setrlimit(RLIMIT_NOFILE, &many);
	return rc;
}

static void
without_descriptors_an_open_log_stays_open(void **state)
{
	struct buf text;

	(void)state;
	assert_int_equal(open_without_descriptors(), RC_SYSTEM);
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	assert_int_equal(open_without_descriptors(), RC_OK);
	log_say(LOG_LEVEL_INFO, "one");
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	buf_free(&text);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(open_without_descriptors(), RC_SYSTEM);
	scratch_file("log", "", 0600);
	assert_int_equal(open_without_descriptors(), RC_SYSTEM);
	assert_int_equal(errno, EMFILE);
}

/* Nothing may be written to what has the descriptor's number by then. */
static void
without_descriptor_2_its_lines_go_to_syslog(void **state)
{
	struct log_settings settings = { LOG_TO_FILE, scratch_path("."),
		LOG_TEXT, LOG_LEVEL_INFO };
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10), fd;
	struct stat st;

	(void)state;
	close(STDERR_FILENO);
	log_open_anyway("unit", &settings);
	fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	log_say(LOG_LEVEL_INFO, "a line of the unit tests");
	log_close();
	fstat(fd, &st);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(fd, STDERR_FILENO);
	assert_int_equal(st.st_size, 0);
}

/* In a /dev of one's own. */
static int
open_daemon(void)
{
	struct sockaddr_un address = { AF_UNIX, "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(address.sun_path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
mount_dev(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "/dev", "tmpfs", 0, "size=64k,mode=0755") == 0;
}

/* What came since the last call, from a pipe or from a daemon's socket. */
static bool
came(int fd, const char *first, const char *second)
{
	char got[2][9000] = { "", "" };

	for (size_t i = 0; i < 2; i++)
		(void)!read(fd, got[i], sizeof(got[i]) - 1);
	return strstr(got[0], first) != NULL && strstr(got[1], second) != NULL;
}

/* Each write to descriptor 2 is one message of a socket. */
static bool
syslog_comes_and_goes(void)
{
	static const char unreached[] = "level=error msg=\"cannot reach syslog";
	struct log_settings settings = { LOG_TO_SYSLOG, NULL, LOG_TEXT,
		LOG_LEVEL_INFO };
	int64_t deadline = clock_steady() + PATIENCE;
	int pair[2], daemon;

	if (!mount_dev())
		_exit(77);
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		 0, pair) == 0);
	dup2(pair[0], STDERR_FILENO);
	NEED(log_open("unit", &settings) == RC_OK);
	log_say(LOG_LEVEL_INFO, "one");
	NEED(came(pair[1], unreached, "Z level=info msg=one"));
	log_say(LOG_LEVEL_INFO, "two");
	NEED(came(pair[1], "Z level=info msg=two", ""));
	/* It is found without being opened anew. */
	daemon = open_daemon();
	NEED(daemon >= 0);
	while (!came(daemon, "msg=three", "") && clock_left(deadline) > 0) {
		log_say(LOG_LEVEL_INFO, "three");
		NEED(came(pair[1], "", ""));
		poll(NULL, 0, 10);
	}
	NEED(clock_left(deadline) > 0);
	/* And it is missed. */
	close(daemon);
	log_say(LOG_LEVEL_INFO, "four");
	NEED(came(pair[1], unreached, "level=info msg=four"));
	daemon = open_daemon();
	NEED(daemon >= 0);
	NEED(log_open("unit", &settings) == RC_OK);
	log_say(LOG_LEVEL_INFO, "five");
	NEED(came(daemon, "level=info msg=five", ""));
	NEED(!came(pair[1], "msg", ""));
	return true;
}

static void
where_syslog_is_not_reached_descriptor_2_is_in_its_place(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(syslog_comes_and_goes() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static const char missing[] = "msg=\"lines are missing here: they could "
			      "not be written\" lines=";

/* Each line is whole; how many were said, written or told of as missing. */
static unsigned
count_said(struct bytes text, unsigned *tellings)
{
	struct bytes line;
	const char *at;
	unsigned said = 0;

	while (text.len > 0 && bytes_split(&text, "\n", &line)) {
		assert_true(bytes_begin(line, "time="));
		at = memmem(line.data, line.len, missing, strlen(missing));
		if (at != NULL) {
			said += (unsigned)strtoul(at + strlen(missing), NULL,
			    10);
			(*tellings)++;
			assert_true(holds_text(line, " since=2"));
		} else {
			said++;
			assert_memory_equal(line.data + line.len - 8,
			    " end=end", 8);
		}
	}
	return said;
}

/* Some of them longer than what a pipe takes all of or nothing. */
static void
say_many(int n)
{
	char filler[4000];

	memset(filler, 'f', sizeof(filler));
	for (int i = 0; i < n; i++) {
		struct bytes some = { filler, i % 7 == 0 ? 3500 : 20 };
		struct log_line line;

		log_begin(&line, LOG_LEVEL_INFO, "many");
		log_bytes(&line, "filler", some);
		log_bytes(&line, "more", some);
		log_text(&line, "end", "end");
		log_end(&line);
	}
}

static void
take_all(int fd, struct buf *into)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(into, (struct bytes){ chunk, (size_t)n });
}

/* A pipe that nobody reads takes the place of descriptor 2; what that was. */
static int
open_pipe(int *reader)
{
	int ends[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	*reader = ends[0];
	return saved;
}

/* Without a bound this test would never end. */
static void
what_nobody_reads_is_dropped_and_counted(void **state)
{
	static const struct log_settings plain = { .level = LOG_LEVEL_INFO };
	struct buf text = { 0 };
	unsigned tellings = 0;
	int reader, saved = open_pipe(&reader);

	(void)state;
	log_open("unit", &plain);
	for (int i = 0; i < 2; i++) {
		say_many(1000);
		take_all(reader, &text);
		say_many(2);
		take_all(reader, &text);
	}
	say_many(1000);
	take_all(reader, &text);
	/* What is lost at the end is told of at the end. */
	log_close();
	take_all(reader, &text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reader);
	assert_int_equal(count_said(buf_view(&text), &tellings), 3004);
	/* A short line may still fit in where a long one was lost. */
	assert_in_range(tellings, 3, 30);
	buf_free(&text);
}

/*
 * As at a reload: a line of which only the beginning is out goes on there.
 * Each of these takes two pages of a pipe, of which there are 15 then.
 */
static void
what_is_opened_anew_has_whole_lines(void **state)
{
	static const struct log_settings plain = { .level = LOG_LEVEL_INFO };
	static const char page[4096];
	struct buf text = { 0 };
	unsigned tellings = 0;
	int reader, saved = open_pipe(&reader);

	(void)state;
	log_open("unit", &plain);
	assert_int_equal(write(STDERR_FILENO, page, sizeof(page)),
	    sizeof(page));
	for (int i = 0; i < 20; i++)
		say_many(1);
	log_open("unit", &plain);
	take_all(reader, &text);
	say_many(1);
	log_close();
	take_all(reader, &text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reader);
	assert_int_equal(count_said(bytes_skip(buf_view(&text), sizeof(page)),
			     &tellings),
	    21);
	buf_free(&text);
}

/* As a full disk. */
static void
what_has_no_room_is_counted(void **state)
{
	struct rlimit little, usual;
	struct buf text;
	unsigned tellings = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	open_file(LOG_TEXT, LOG_LEVEL_ERROR);
	open_file(LOG_TEXT, LOG_LEVEL_INFO);
	getrlimit(RLIMIT_FSIZE, &usual);
	little = (struct rlimit){ 10000, usual.rlim_max };
	setrlimit(RLIMIT_FSIZE, &little);
	say_many(100);
	setrlimit(RLIMIT_FSIZE, &usual);
	text = read_file(path);
	assert_int_equal(text.len, 10000);
	buf_free(&text);
	say_many(2);
	text = read_file(path);
	assert_int_equal(count_said(buf_view(&text), &tellings), 102);
	assert_int_equal(tellings, 1);
	buf_free(&text);
	signal(SIGXFSZ, SIG_DFL);
}

static void
the_path_need_not_stay(void **state)
{
	char name[PATH_MAX];
	struct log_settings settings = { LOG_TO_FILE, name, LOG_TEXT,
		LOG_LEVEL_INFO };
	struct buf text;

	(void)state;
	snprintf(name, sizeof(name), "%s", path);
	assert_int_equal(log_open("unit", &settings), RC_OK);
	memset(name, 'x', sizeof(name));
	log_say(LOG_LEVEL_INFO, "one");
	text = read_file(path);
	assert_int_equal(count_lines(&text), 1);
	buf_free(&text);
}

static void
some_things_are_said_once(void **state)
{
	(void)state;
	assert_true(log_once(LOG_ONCE_SIGNATURE));
	assert_false(log_once(LOG_ONCE_SIGNATURE));
	assert_true(log_once(LOG_ONCE_PARAMETER));
	assert_false(log_once(LOG_ONCE_SIGNATURE));
	assert_false(log_once(LOG_ONCE_PARAMETER));
}

#define LOG_TEST(test)                                                         \
	cmocka_unit_test_setup_teardown(test, start_afresh, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(before_it_is_opened_it_is_text_at_info),
		LOG_TEST(text_is_logfmt_on_one_line),
		LOG_TEST(json_is_one_object_on_one_line),
		LOG_TEST(text_holds_no_control_from_outside),
		LOG_TEST(json_holds_no_control_and_gives_it_back),
		LOG_TEST(a_message_is_escaped_as_well),
		LOG_TEST(utf8_text_stays_readable),
		LOG_TEST(values_that_differ_make_lines_that_differ),
		LOG_TEST(what_is_empty_is_left_out),
		LOG_TEST(only_wanted_levels_are_written),
		LOG_TEST(a_long_line_is_cut_at_a_fields_end),
		LOG_TEST(a_long_line_of_json_is_still_json),
		LOG_TEST(a_value_that_does_not_fit_is_left_out_and_said),
		LOG_TEST(a_value_too_long_once_escaped_is_left_out_and_said),
		LOG_TEST(a_long_message_is_cut_and_said),
		LOG_TEST(a_line_is_one_write_to_descriptor_2),
		LOG_TEST(a_closed_descriptor_2_is_not_written_to),
		LOG_TEST(the_file_is_created_for_its_owner_only),
		LOG_TEST(a_file_that_is_there_is_appended_to),
		LOG_TEST(a_file_that_was_moved_is_opened_anew),
		LOG_TEST(a_file_that_is_left_keeps_its_descriptor),
		LOG_TEST(a_symbolic_link_is_not_followed),
		LOG_TEST(the_old_settings_stay_where_a_file_is_missing),
		LOG_TEST(a_pipe_without_reader_does_not_hang),
		LOG_TEST(what_cannot_be_opened_holds_nothing_up),
		LOG_TEST(nothing_is_written_where_others_can_make_files),
		LOG_TEST(without_descriptors_an_open_log_stays_open),
		LOG_TEST(without_descriptor_2_its_lines_go_to_syslog),
		LOG_TEST(
		    where_syslog_is_not_reached_descriptor_2_is_in_its_place),
		LOG_TEST(what_nobody_reads_is_dropped_and_counted),
		LOG_TEST(what_is_opened_anew_has_whole_lines),
		LOG_TEST(what_has_no_room_is_counted),
		LOG_TEST(the_path_need_not_stay),
		LOG_TEST(some_things_are_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
