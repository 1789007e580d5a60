/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_MACHINE_H
#define PELIHOOK_MACHINE_H

#include <sys/eventfd.h>

#include <pthread.h>

#include "commands.h"
#include "queue.h"

#include "config/conf.h"
#include "config/files.h"
#include "config/load.h"
#include "queue/dispatch.h"
#include "queue/hooks.h"
#include "queue/route.h"

/*
 * What the tests that drain a queue share: a journal, a configuration and a
 * drain in a thread, and commands that mark what they do in a file.
 */

/* The process of the tests; others must not go on where one fails. */
static pid_t tester;
static char marks_path[PATH_MAX + 16];

/* A drain in a thread, as pelihook.fcgi has it. */
struct machine {
	struct journal *journal;
	struct conf *conf;
	pthread_mutex_t lock; /* guards the configuration */
	struct dispatch settings;
	pthread_t thread;
	enum rc rc;
};

static inline int
make_all(void **state)
{
	if (make_place(state) != 0)
		return -1;
	snprintf(marks_path, sizeof(marks_path), "%s/marks", scratch);
	return scratch_log(LOG_LEVEL_DEBUG);
}

static inline bool
file_holds(const char *path, const char *text)
{
	return count_of(path, text) > 0;
}

static inline void
give_up(void)
{
	if (getpid() != tester)
		_exit(1);
	fail();
}

static inline void
wait_for(const char *path, const char *text)
{
	int64_t deadline = clock_steady() + PATIENCE;

	while (!file_holds(path, text) && clock_left(deadline) > 0)
		poll(NULL, 0, 5);
	if (!file_holds(path, text)) {
		struct buf all = read_file(scratch_path("log"));

		print_error("%s lacks <%s>; log:\n%s\n", path, text, all.data);
		buf_free(&all);
		give_up();
	}
}

/* A command that marks its start and its end, and does something between. */
static inline void
write_command(const char *name, const char *between)
{
	struct buf text = { 0 };

	assert_int_equal(
	    buf_printf(&text,
		"#!/bin/sh\n"
		"M=%s D=%s\n"
		"body=$(cat); n=$(printf '%%s' \"$body\" | head -n 1 |"
		" tr -dc 0-9)\n"
		"echo \"start $n $PELIHOOK_ATTEMPT\" >>$M\n"
		"code=0\n%s\n"
		"echo \"end $n $PELIHOOK_ATTEMPT $code\" >>$M\n"
		"exit $code\n",
		marks_path, scratch, between),
	    RC_OK);
	scratch_file(name, text.data, 0755);
	buf_free(&text);
}

static inline struct conf *
load(const char *hooks)
{
	struct buf errors = { .max = 4096 };
	struct buf text = { 0 };
	struct conf *conf = NULL;
	enum rc rc;

	assert_int_equal(buf_printf(&text,
			     "journal %s\nstop-timeout 200ms\n"
			     "%s",
			     journal_path, hooks),
	    RC_OK);
	rc = conf_load(scratch_file("conf", text.data, 0600), &conf, &errors);
	if (rc == RC_OK)
		rc = conf_load_all_files(conf, &errors);
	if (rc != RC_OK)
		print_error("%s", errors.data);
	assert_int_equal(rc, RC_OK);
	buf_free(&errors);
	buf_free(&text);
	return conf;
}

/* One hook, h, whose last line runs the command `cmd`: in the lane `l`, where
 * the directives begin with that. */
static inline struct conf *
load_hook(const char *directives)
{
	struct buf text = { 0 };
	struct conf *conf;

	assert_int_equal(buf_printf(&text,
			     "hook h\nsignature none\n"
			     "%s%son * %srun %s/cmd\n",
			     strstr(directives, "retry") == NULL ?
				 "retry 20ms 20ms 20ms\n" :
				 "",
			     directives,
			     strncmp(directives, "lane l", 6) == 0 ? "lane l " :
								     "",
			     scratch),
	    RC_OK);
	conf = load(text.data);
	buf_free(&text);
	return conf;
}

static inline struct conf *
get_conf(void *context)
{
	struct machine *machine = context;
	struct conf *conf;

	pthread_mutex_lock(&machine->lock);
	conf = conf_hold(machine->conf);
	pthread_mutex_unlock(&machine->lock);
	return conf;
}

static inline void
build(struct machine *machine, struct conf *conf)
{
	*machine = (struct machine){ .conf = conf };
	pthread_mutex_init(&machine->lock, NULL);
	machine->journal = open_journal();
	machine->settings = (struct dispatch){
		.journal = machine->journal,
		.conf = get_conf,
		.context = machine,
		.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
}

static inline void *
run_machine(void *context)
{
	struct machine *machine = context;

	machine->rc = dispatch_queue(&machine->settings);
	return NULL;
}

static inline void
start(struct machine *machine)
{
	assert_int_equal(pthread_create(&machine->thread, NULL, run_machine,
			     machine),
	    0);
}

static inline void
ring_stop(struct machine *machine)
{
	uint64_t word = 1;

	assert_int_equal(write(machine->settings.stop, &word, sizeof(word)),
	    sizeof(word));
}

static inline void
stop(struct machine *machine)
{
	ring_stop(machine);
	pthread_join(machine->thread, NULL);
	assert_int_equal(machine->rc, RC_OK);
}

static inline void
take_apart(struct machine *machine)
{
	journal_close(machine->journal);
	conf_release(machine->conf);
	close(machine->settings.stop);
	pthread_mutex_destroy(&machine->lock);
}

static inline void
drain_empty(struct machine *machine)
{
	machine->settings.until_empty = true;
	assert_int_equal(dispatch_queue(&machine->settings), RC_OK);
}

static inline bool
counts_are(struct journal *journal, const char *text)
{
	struct buf got = { 0 };
	bool same;

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_counts(journal, add_count, &got), RC_OK);
	same = strcmp(got.data, text) == 0;
	buf_free(&got);
	return same;
}

static inline void
wait_for_counts(struct journal *journal, const char *text)
{
	int64_t deadline = clock_steady() + PATIENCE;

	while (!counts_are(journal, text) && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
	if (!counts_are(journal, text)) {
		struct buf got = { 0 };
		struct buf log = read_file(scratch_path("log"));

		(void)journal_counts(journal, add_count, &got);
		print_error("counts <%s>, not <%s>; log:\n%s\n",
		    got.len > 0 ? got.data : "", text, log.data);
		give_up();
	}
}

static inline void
expect_marks(const char *text)
{
	struct buf all = read_file(marks_path);

	assert_string_equal(all.data, text);
	buf_free(&all);
}

/* Claims what is due as the dispatcher of this configuration does. */
static inline void
claim_as_others_do(struct journal *journal, struct conf *conf, int64_t now,
    struct journal_claim *claim)
{
	struct journal_router router = route_router(conf);
	struct queue_hooks hooks = { 0 };
	bool more = true;

	assert_int_equal(queue_hooks_make(conf, &hooks), RC_OK);
	assert_int_equal(queue_hooks_note(&hooks, journal), RC_OK);
	while (more)
		assert_int_equal(journal_move(journal, &hooks.limits, &router,
				     now, &more),
		    RC_OK);
	assert_int_equal(journal_claim_due(journal, &hooks.limits, now, claim),
	    RC_OK);
	queue_hooks_free(&hooks);
}

/* One with a text at /k, for an order by that. */
static inline void
append_keyed(struct journal *journal, unsigned number, char key)
{
	struct sample sample;

	fill_sample(&sample, "h", number);
	sample.entry.body.len = (size_t)snprintf(sample.body,
	    sizeof(sample.body), "{\"n\":%u,\"k\":\"%c\"}", number, key);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_all, scratch_end)

#endif
