/* SPDX-License-Identifier: ISC */
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/discard.h"

#include "base/descriptors.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/uuid.h"
#include "command/spawn.h"

enum {
	COMMANDS_MAX = 256,
	SHARE = 8, /* of the process's descriptors one for a command */
	EVENTS = 32,
	CHUNK = 16 * 1024,
	FIRST = STDERR_FILENO + 1, /* of a detached process's pipes */
};

/* The outputs of one command. */
struct pair {
	struct pair *next; /* younger */
	int fds[2];
	char hook[HOOK_NAME_SIZE];
	char id[UUID_SIZE];
};

struct discard {
	int epoll;
	size_t max;
	pthread_mutex_t lock; /* guards what follows */
	size_t n;
	struct pair *oldest;
};

/* What passes to another process. */
struct left {
	int n;
	int fds[2 * COMMANDS_MAX];
};

/* One by one, so that a higher limit never leaves less to others. */
size_t
discard_descriptors(size_t limit)
{
	size_t ends = 2 * limit / SHARE;

	if (ends < 2)
		ends = 2;
	return (ends < 2 * COMMANDS_MAX ? ends : 2 * COMMANDS_MAX) + 1;
}

enum rc
discard_open(struct discard **out)
{
	struct discard *discard = calloc(1, sizeof(*discard));

	if (discard == NULL)
		return RC_MEMORY;
	discard->max = (discard_descriptors(descriptors_limit()) - 1) / 2;
	discard->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (discard->epoll < 0) {
		free(discard);
		return RC_SYSTEM;
	}
	pthread_mutex_init(&discard->lock, NULL);
	*out = discard;
	return RC_OK;
}

/*
 * A command that another thread is just starting has a copy of what is
 * closed here for a moment, and epoll would go on to tell of it.
 */
static void
close_one(struct discard *discard, int *fd)
{
	if (*fd >= 0)
		epoll_ctl(discard->epoll, EPOLL_CTL_DEL, *fd, NULL);
	io_close(fd);
}

static void
drop(struct discard *discard, struct pair **at)
{
	struct pair *pair = *at;

	*at = pair->next;
	discard->n--;
	close_one(discard, &pair->fds[0]);
	close_one(discard, &pair->fds[1]);
	free(pair);
}

static void
log_pair(const char *message, const char *hook, const char *id)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, message);
	log_text(&line, "hook", hook);
	log_text(&line, "id", id);
	log_end(&line);
}

/* One piece; whether it has come to its end. */
static bool
read_piece(int fd)
{
	char trash[CHUNK];
	ssize_t n = read(fd, trash, sizeof(trash));

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
read_pair(struct discard *discard, struct pair *pair)
{
	for (size_t i = 0; i < 2; i++)
		if (pair->fds[i] >= 0 && read_piece(pair->fds[i]))
			close_one(discard, &pair->fds[i]);
}

/* Only then, as there may be two events of one. */
static void
drop_ended(struct discard *discard)
{
	struct pair **at = &discard->oldest;

	while (*at != NULL) {
		if ((*at)->fds[0] < 0 && (*at)->fds[1] < 0)
			drop(discard, at);
		else
			at = &(*at)->next;
	}
}

static void
read_ready(struct discard *discard)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(discard->epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++)
		read_pair(discard, events[i].data.ptr);
	if (n > 0)
		drop_ended(discard);
}

static void
make_room(struct discard *discard)
{
	if (discard->n >= discard->max)
		read_ready(discard);
	while (discard->n >= discard->max) {
		log_pair("too much is left running by commands: the oldest's "
			 "output is closed, and it ends if it writes more",
		    discard->oldest->hook, discard->oldest->id);
		drop(discard, &discard->oldest);
	}
}

static struct pair *
new_pair(struct discard *discard, const int fds[2], const char *hook,
    const char *id)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pair };
	int error = 0;

	if (pair == NULL)
		return NULL;
	strncpy(pair->hook, hook, sizeof(pair->hook) - 1);
	strncpy(pair->id, id, sizeof(pair->id) - 1);
	for (size_t i = 0; error == 0 && i < 2; i++) {
		pair->fds[i] = fds[i];
		if (fds[i] >= 0)
			error = epoll_ctl(discard->epoll, EPOLL_CTL_ADD, fds[i],
			    &event);
	}
	if (error == 0)
		return pair;
	for (size_t i = 0; i < 2; i++)
		if (fds[i] >= 0)
			epoll_ctl(discard->epoll, EPOLL_CTL_DEL, fds[i], NULL);
	free(pair);
	return NULL;
}

static bool
keep(struct discard *discard, const int fds[2], const char *hook,
    const char *id)
{
	struct pair **last = &discard->oldest;
	struct pair *pair;

	make_room(discard);
	pair = new_pair(discard, fds, hook, id);
	if (pair == NULL)
		return false;
	while (*last != NULL)
		last = &(*last)->next;
	*last = pair;
	discard->n++;
	return true;
}

void
discard_take(struct discard *discard, int fds[2], const char *hook,
    const char *id)
{
	bool kept = false;

	if (discard != NULL && (fds[0] >= 0 || fds[1] >= 0)) {
		pthread_mutex_lock(&discard->lock);
		kept = keep(discard, fds, hook, id);
		pthread_mutex_unlock(&discard->lock);
		if (!kept)
			log_pair("what a command left running ends if it "
				 "writes more: its output cannot be kept",
			    hook, id);
	}
	for (size_t i = 0; i < 2; i++) {
		if (kept)
			fds[i] = -1;
		io_close(&fds[i]);
	}
}

int
discard_fd(const struct discard *discard)
{
	return discard == NULL ? -1 : discard->epoll;
}

void
discard_read(struct discard *discard)
{
	if (discard == NULL)
		return;
	pthread_mutex_lock(&discard->lock);
	read_ready(discard);
	pthread_mutex_unlock(&discard->lock);
}

/* The detached process, of which spawn_copy says what it may call. */

/*
 * Nothing of ours stays open: no lock, no log, and nothing that a web server
 * waits for.  Of descriptors in order the n-th is never below its new place.
 */
static void
keep_only(int *fds, int n)
{
	int null = open("/dev/null", O_RDWR | O_NOCTTY);

	for (int fd = STDIN_FILENO; fd < FIRST; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	for (int i = 0; i < n; i++) {
		dup2(fds[i], FIRST + i);
		fds[i] = FIRST + i;
	}
	closefrom(FIRST + n);
}

static void
read_to_the_end(const int *fds, int n)
{
	struct pollfd polled[2 * COMMANDS_MAX];
	int left = n;

	for (int i = 0; i < n; i++)
		polled[i] = (struct pollfd){ fds[i], POLLIN, 0 };
	while (left > 0) {
		if (poll(polled, (nfds_t)n, -1) < 0)
			continue;
		for (int i = 0; i < n; i++) {
			if (polled[i].revents == 0 || !read_piece(polled[i].fd))
				continue;
			io_close(&polled[i].fd);
			left--;
		}
	}
}

/* By another name than ours, it is no command that is just being started. */
static void
outlive(void *context)
{
	struct left *left = context;

	keep_only(left->fds, left->n);
	(void)!chdir("/");
	prctl(PR_SET_NAME, "discard");
	read_to_the_end(left->fds, left->n);
}

static int
compare(const void *a, const void *b)
{
	const int *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void
pass_on(const struct discard *discard)
{
	struct left left = { .n = 0 };
	enum rc rc;

	for (const struct pair *at = discard->oldest; at != NULL; at = at->next)
		for (size_t i = 0; i < 2; i++)
			if (at->fds[i] >= 0)
				left.fds[left.n++] = at->fds[i];
	qsort(left.fds, (size_t)left.n, sizeof(left.fds[0]), compare);
	rc = spawn_copy(outlive, &left);
	if (rc != RC_OK)
		log_say(LOG_LEVEL_WARNING,
		    "what commands left running ends if it writes more: no "
		    "process for its output: %s",
		    strerrordesc_np(errno));
}

void
discard_close(struct discard *discard)
{
	if (discard == NULL)
		return;
	discard_read(discard);
	if (discard->oldest != NULL)
		pass_on(discard);
	while (discard->oldest != NULL)
		drop(discard, &discard->oldest);
	io_close(&discard->epoll);
	pthread_mutex_destroy(&discard->lock);
	free(discard);
}
