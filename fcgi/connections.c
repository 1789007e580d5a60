/* SPDX-License-Identifier: ISC */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connections.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "listener.h"

enum {
	CONNECTION_TICK = 100, /* milliseconds */
	/* A server that has just connected is about to send. */
	CONNECTION_FRESH = 1000,
	CONNECTION_CLOSE_IDLE = 16, /* at once, where descriptors are short */
	CONNECTION_REPORT = 60 * 1000,
};

struct connections {
	const struct listener *listener;
	int set;    /* epoll */
	int quit;   /* an eventfd in the set */
	int wakeup; /* an eventfd for main */
	size_t max;
	pthread_mutex_t lock;	/* of what follows */
	struct connection head; /* a ring, the longest idle is first */
	size_t count;
	bool asleep; /* main sleeps until it is woken */
	bool stopping;
	bool aborted;
	bool paused;	   /* the listener is not in the set */
	int64_t resume;	   /* when it comes back */
	int64_t report_at; /* when the log hears of a lack again */
};

/* Under the lock: main has something to look after from now on. */
static void
wake_main(struct connections *all)
{
	if (!all->asleep)
		return;
	all->asleep = false;
	(void)io_signal(all->wakeup);
}

/*
 * EPOLLET, so that a connection wakes one worker and not one after the other
 * until somebody has accepted it; that one then accepts all there are.
 */
static enum rc
watch_listener(struct connections *all)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE,
		.data.ptr = &all->listener,
	};

	return epoll_ctl(all->set, EPOLL_CTL_ADD, all->listener->fd, &event) ==
		0 ?
	    RC_OK :
	    RC_SYSTEM;
}

static enum rc
watch_quit(struct connections *all)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.ptr = &all->quit,
	};

	return epoll_ctl(all->set, EPOLL_CTL_ADD, all->quit, &event) == 0 ?
	    RC_OK :
	    RC_SYSTEM;
}

static enum rc
open_descriptors(struct connections *all)
{
	int flags = fcntl(all->listener->fd, F_GETFL);

	/* Others may take a connection between epoll_wait and accept. */
	if (flags < 0 ||
	    fcntl(all->listener->fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return RC_SYSTEM;
	all->set = epoll_create1(EPOLL_CLOEXEC);
	all->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->set < 0 || all->quit < 0 || all->wakeup < 0 ||
	    watch_quit(all) != RC_OK)
		return RC_SYSTEM;
	return watch_listener(all);
}

enum rc
connections_open(const struct listener *listener, size_t max,
    struct connections **out)
{
	struct connections *all = calloc(1, sizeof(*all));
	int error;

	if (all == NULL)
		return RC_MEMORY;
	all->listener = listener;
	all->set = all->quit = all->wakeup = -1;
	all->max = max;
	all->head.next = all->head.prev = &all->head;
	pthread_mutex_init(&all->lock, NULL);
	if (open_descriptors(all) != RC_OK) {
		error = errno;
		connections_close(all);
		errno = error;
		return RC_SYSTEM;
	}
	*out = all;
	return RC_OK;
}

void
connections_close(struct connections *all)
{
	if (all == NULL)
		return;
	io_close(&all->set);
	io_close(&all->quit);
	io_close(&all->wakeup);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

enum ready
connections_wait(struct connections *all, struct connection **out)
{
	struct epoll_event event;
	int n;

	do
		n = epoll_wait(all->set, &event, 1, -1);
	while (n < 1);
	if (event.data.ptr == &all->quit)
		return READY_QUIT;
	if (event.data.ptr == &all->listener)
		return READY_LISTENER;
	*out = event.data.ptr;
	return READY_CONNECTION;
}

/* Under the lock, at most once a minute. */
static void
report_pause(struct connections *all, const char *why)
{
	if (clock_left(all->report_at) != 0)
		return;
	all->report_at = clock_steady() + CONNECTION_REPORT;
	log_say(LOG_LEVEL_WARNING, "new connections have to wait: %s", why);
}

/* Under the lock.  Until the next tick, so that a lack does not spin. */
static void
pause_listener(struct connections *all, const char *why)
{
	if (all->paused || all->stopping)
		return;
	all->paused = true;
	all->resume = clock_steady() + CONNECTION_TICK;
	epoll_ctl(all->set, EPOLL_CTL_DEL, all->listener->fd, NULL);
	wake_main(all);
	report_pause(all, why);
}

/* Counts a connection before it is there, so that main waits for it. */
static bool
reserve(struct connections *all)
{
	bool is_free;

	pthread_mutex_lock(&all->lock);
	is_free = all->count < all->max && !all->stopping;
	if (is_free)
		all->count++;
	else
		pause_listener(all, "the limit of open files is near");
	pthread_mutex_unlock(&all->lock);
	return is_free;
}

/* Under the lock. */
static void
uncount(struct connections *all)
{
	all->count--;
	if (all->stopping && all->count == 0)
		(void)io_signal(all->wakeup);
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* What accept said; RC_MISSING: not to be asked again for now. */
static enum rc
fail_accept(struct connections *all, int error)
{
	pthread_mutex_lock(&all->lock);
	uncount(all);
	if (is_shortage(error))
		pause_listener(all, strerrordesc_np(error));
	pthread_mutex_unlock(&all->lock);
	return error == EAGAIN || is_shortage(error) ? RC_MISSING : RC_SYSTEM;
}

enum rc
connections_accept(struct connections *all, int *fd)
{
	int accepted;

	if (!reserve(all))
		return RC_MISSING;
	accepted = listener_accept(all->listener);
	if (accepted < 0)
		return fail_accept(all, errno);
	*fd = accepted;
	return RC_OK;
}

void
connections_refuse(struct connections *all, int fd)
{
	close(fd);
	pthread_mutex_lock(&all->lock);
	uncount(all);
	pthread_mutex_unlock(&all->lock);
}

static void
unlink_one(struct connection *one)
{
	one->prev->next = one->next;
	one->next->prev = one->prev;
}

/* Under the lock: the youngest of the idle ones. */
static void
link_last(struct connections *all, struct connection *one)
{
	one->prev = all->head.prev;
	one->next = &all->head;
	one->prev->next = one;
	all->head.prev = one;
}

/*
 * Under the lock: once it is in the set its next event may come, and what
 * this worker did with it is before what that worker does by the lock alone.
 */
static enum rc
watch(struct connections *all, struct connection *one, int operation)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
		.data.ptr = one,
	};

	one->idle = true;
	one->since = clock_steady();
	link_last(all, one);
	if (all->stopping)
		wake_main(all);
	if (epoll_ctl(all->set, operation, one->fd, &event) == 0)
		return RC_OK;
	one->idle = false;
	return RC_SYSTEM;
}

enum rc
connections_add(struct connections *all, struct connection *one, int fd)
{
	enum rc rc;

	*one = (struct connection){ .fd = fd, .shutdown_fd = -1 };
	pthread_mutex_lock(&all->lock);
	rc = watch(all, one, EPOLL_CTL_ADD);
	if (rc != RC_OK) {
		unlink_one(one);
		uncount(all);
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

enum rc
connections_take(struct connections *all, struct connection *one)
{
	/* libfcgi closes its descriptor when it likes, and the number may
	 * then be another's: this one is closed only in here. */
	int shutdown_fd = fcntl(one->fd, F_DUPFD_CLOEXEC, 3);

	pthread_mutex_lock(&all->lock);
	one->idle = false;
	one->deadline = CLOCK_NEVER;
	one->shutdown_fd = shutdown_fd;
	pthread_mutex_unlock(&all->lock);
	return shutdown_fd >= 0 ? RC_OK : RC_SYSTEM;
}

void
connections_limit(struct connections *all, struct connection *one,
    int64_t deadline, int how)
{
	pthread_mutex_lock(&all->lock);
	one->deadline = deadline;
	one->how = how;
	if (deadline != CLOCK_NEVER)
		wake_main(all);
	pthread_mutex_unlock(&all->lock);
}

/* Under the lock; the caller closes what it returns, outside. */
static int
unlink_busy(struct connection *one)
{
	int shutdown_fd = one->shutdown_fd;

	one->shutdown_fd = -1;
	unlink_one(one);
	return shutdown_fd;
}

enum rc
connections_return(struct connections *all, struct connection *one)
{
	enum rc rc;
	int shutdown_fd;

	pthread_mutex_lock(&all->lock);
	shutdown_fd = unlink_busy(one);
	one->kept = true;
	rc = watch(all, one, EPOLL_CTL_MOD);
	pthread_mutex_unlock(&all->lock);
	io_close(&shutdown_fd);
	return rc;
}

void
connections_forget(struct connections *all, struct connection *one)
{
	int shutdown_fd;

	pthread_mutex_lock(&all->lock);
	shutdown_fd = unlink_busy(one);
	uncount(all);
	pthread_mutex_unlock(&all->lock);
	io_close(&shutdown_fd);
}

bool
connections_stopping(struct connections *all)
{
	bool stopping;

	pthread_mutex_lock(&all->lock);
	stopping = all->stopping;
	pthread_mutex_unlock(&all->lock);
	return stopping;
}

bool
connections_are_aborted(struct connections *all)
{
	bool aborted;

	pthread_mutex_lock(&all->lock);
	aborted = all->aborted;
	pthread_mutex_unlock(&all->lock);
	return aborted;
}

int
connections_wakeup(const struct connections *all)
{
	return all->wakeup;
}

static bool
is_quiet(const struct connection *one)
{
	struct pollfd input = { .fd = one->fd, .events = POLLIN };

	return poll(&input, 1, 0) == 0;
}

/*
 * Under the lock: ends up to n connections that wait for nothing.  The
 * worker that hears of it closes the descriptor.
 */
static void
close_idle(struct connections *all, size_t n)
{
	struct connection *one = all->head.next;
	int64_t fresh = clock_steady() - CONNECTION_FRESH;

	for (; one != &all->head && n > 0; one = one->next) {
		if (!one->idle || one->closing || !is_quiet(one) ||
		    (!one->kept && one->since > fresh))
			continue;
		one->closing = true;
		shutdown(one->fd, SHUT_RDWR);
		n--;
	}
}

/* Under the lock.  Returns whether any is left to be looked after. */
static bool
shutdown_late(struct connections *all)
{
	struct connection *one = all->head.next;
	int64_t now = clock_steady();
	bool any = false;

	for (; one != &all->head; one = one->next) {
		if (one->idle || one->deadline == CLOCK_NEVER)
			continue;
		if (one->deadline > now && !all->aborted) {
			any = true;
			continue;
		}
		shutdown(one->shutdown_fd, one->how);
		one->deadline = CLOCK_NEVER;
	}
	return any;
}

/* Under the lock. */
static void
resume_listener(struct connections *all)
{
	if (all->stopping || clock_left(all->resume) != 0)
		return;
	close_idle(all, CONNECTION_CLOSE_IDLE);
	all->paused = watch_listener(all) != RC_OK;
	all->resume = clock_steady() + CONNECTION_TICK;
}

int
connections_tick(struct connections *all)
{
	uint64_t count;
	ssize_t n = read(all->wakeup, &count, sizeof(count));
	bool busy;

	/* It is only emptied: what there is to do is seen below. */
	(void)n;
	pthread_mutex_lock(&all->lock);
	busy = shutdown_late(all);
	if (all->stopping)
		close_idle(all, all->count);
	if (all->paused)
		resume_listener(all);
	/* Whoever stops sleeps between two looks at the count, which may
	 * become 0 right after a look: nobody would wake him. */
	busy = busy || all->paused || all->stopping;
	all->asleep = !busy;
	pthread_mutex_unlock(&all->lock);
	return busy ? CONNECTION_TICK : -1;
}

void
connections_stop(struct connections *all)
{
	pthread_mutex_lock(&all->lock);
	all->stopping = true;
	if (!all->paused)
		epoll_ctl(all->set, EPOLL_CTL_DEL, all->listener->fd, NULL);
	all->paused = false;
	pthread_mutex_unlock(&all->lock);
}

void
connections_abort(struct connections *all)
{
	pthread_mutex_lock(&all->lock);
	all->aborted = true;
	pthread_mutex_unlock(&all->lock);
}

bool
connections_none(struct connections *all)
{
	bool none;

	pthread_mutex_lock(&all->lock);
	none = all->count == 0;
	pthread_mutex_unlock(&all->lock);
	return none;
}

void
connections_quit(struct connections *all)
{
	(void)io_signal(all->quit);
}
