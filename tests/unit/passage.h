/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_PASSAGE_H
#define PELIHOOK_UNIT_PASSAGE_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "front.h"

#include "conf.h"
#include "crypto.h"
#include "encode.h"
#include "job.h"
#include "log.h"

/* What the tests of handle and serve share: a sink that records, a log. */

#define SECRET "0123456789abcdef0123456789abcdef"
#define BODY "{\"event\":\"connection_added\",\"id\":7,\"key\":\"value\"}"

/* A sink that notes what it was given and says what it is told to say. */
struct record {
	enum rc rc;
	unsigned puts;
	struct job job;		/* its pointers hold during put only */
	struct receipt receipt;
	char event[JOB_NAME];
	char body[256];
	char order_key[100];
	char dedupe_key[100];
	char field[100];	/* the first of them */
};

static inline void
record_text(char *into, size_t room, struct bytes text)
{
	snprintf(into, room, "%.*s", (int)text.len,
	    text.len > 0 ? text.data : "");
}

static inline enum rc
record_put(void *context, const struct job *job)
{
	struct record *record = context;

	record->puts++;
	record->job = *job;
	record->receipt = *job->receipt;
	snprintf(record->event, sizeof(record->event), "%s", job->event);
	record_text(record->body, sizeof(record->body), job->body);
	record_text(record->order_key, sizeof(record->order_key),
	    job->order_key);
	record_text(record->dedupe_key, sizeof(record->dedupe_key),
	    job->dedupe_key);
	if (job->fields != NULL && job->fields[0] != NULL)
		snprintf(record->field, sizeof(record->field), "%s",
		    job->fields[0]);
	return record->rc;
}

static inline struct sink
record_sink(struct record *record)
{
	return (struct sink){record, record_put};
}

/* HTTP_X_SIGNATURE=sha256=... for a body, into a static array. */
static inline const char *
signed_by(const char *key, struct bytes body)
{
	static char variable[120];
	uint8_t mac[CRYPTO_DIGEST];
	size_t n;

	assert_int_equal(crypto_hmac(bytes_of(key), &body, 1, mac), RC_OK);
	n = (size_t)snprintf(variable, sizeof(variable),
	    "HTTP_X_SIGNATURE=sha256=");
	encode_hex(mac, CRYPTO_DIGEST, variable + n);
	return variable;
}

static char log_path[300];
static char log_content[65536];

static inline int
passage_open_log(void **state)
{
	struct log_settings settings = {LOG_TO_FILE, log_path, LOG_TEXT,
	    LOG_LEVEL_INFO};
	const char *base = getenv("TMPDIR");
	int fd;

	(void)state;
	snprintf(log_path, sizeof(log_path), "%s/unit-passage-XXXXXX",
	    base != NULL && base[0] == '/' && strlen(base) < 200
	    ? base : "/tmp");
	fd = mkstemp(log_path);
	if (fd < 0)
		return -1;
	close(fd);
	return log_open("unit", &settings) == RC_OK ? 0 : -1;
}

static inline int
passage_close_log(void **state)
{
	(void)state;
	log_close();
	return unlink(log_path);
}

/* What was logged since the last call. */
static inline const char *
passage_log(void)
{
	int fd = open(log_path, O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, log_content, sizeof(log_content) - 1);

	assert_true(n >= 0);
	log_content[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return log_content;
}

static inline size_t
passage_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

#define PASSAGE_TEST(test) cmocka_unit_test_setup_teardown(test, \
	passage_open_log, passage_close_log)

#endif
