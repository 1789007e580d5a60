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
	CONNECTION_SLAB = 64,
};

/* Memory for connections: never given back while an event of one may come. */
struct slab {
	struct slab *next;
	char memory[];
};

struct connections {
	const struct listener *listener;
	int set;    /* epoll */
	int quit;   /* an eventfd in the set */
	int work;   /* the same, for one worker each time; counts the calls */
	int queue;  /* the same, where there are nudged ones */
	int wakeup; /* an eventfd for main */
	size_t max;
	size_t size;	      /* of a connection with what follows it */
	pthread_mutex_t lock; /* of what follows */
	struct slab *slabs;
	struct connection *unused;
	struct connection idle;	   /* a ring, the longest idle is first */
	struct connection watched; /* those with a deadline */
	struct connection *first;  /* of those that were nudged */
	struct connection *last;
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

static enum rc
add_to_set(struct connections *all, int fd, uint32_t events, void *mark)
{
	struct epoll_event event = { .events = events, .data.ptr = mark };

	return epoll_ctl(all->set, EPOLL_CTL_ADD, fd, &event) == 0 ? RC_OK :
								     RC_SYSTEM;
}

/*
 * EPOLLET, so that a connection wakes one worker and not one after the other
 * until somebody has accepted it; that one then accepts all there are.
 */
static enum rc
watch_listener(struct connections *all)
{
	return add_to_set(all, all->listener->fd,
	    EPOLLIN | EPOLLET | EPOLLEXCLUSIVE, &all->listener);
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
	all->work = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->queue = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->set < 0 || all->quit < 0 || all->work < 0 || all->queue < 0 ||
	    all->wakeup < 0 ||
	    add_to_set(all, all->quit, EPOLLIN, &all->quit) != RC_OK ||
	    /* Each signal is an edge, which wakes one. */
	    add_to_set(all, all->work, EPOLLIN | EPOLLET, &all->work) !=
		RC_OK ||
	    add_to_set(all, all->queue, EPOLLIN | EPOLLET, &all->queue) !=
		RC_OK)
		return RC_SYSTEM;
	return watch_listener(all);
}

enum rc
connections_open(const struct listener *listener, size_t max, size_t size,
    struct connections **out)
{
	struct connections *all = calloc(1, sizeof(*all));
	int error;

	if (all == NULL)
		return RC_MEMORY;
	all->listener = listener;
	all->set = all->quit = all->work = all->queue = all->wakeup = -1;
	all->max = max;
	all->size = size;
	all->idle.next = all->idle.prev = &all->idle;
	all->watched.next = all->watched.prev = &all->watched;
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
	struct slab *next;

	if (all == NULL)
		return;
	for (struct slab *slab = all->slabs; slab != NULL; slab = next) {
		next = slab->next;
		free(slab);
	}
	io_close(&all->set);
	io_close(&all->quit);
	io_close(&all->work);
	io_close(&all->queue);
	io_close(&all->wakeup);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

/* Under the lock. */
static void
unlink_one(struct connection *one)
{
	if (one->next == NULL)
		return;
	one->prev->next = one->next;
	one->next->prev = one->prev;
	one->next = one->prev = NULL;
}

/* Under the lock. */
static void
link_last(struct connection *ring, struct connection *one)
{
	one->prev = ring->prev;
	one->next = ring;
	one->prev->next = one;
	ring->prev = one;
}

/* Under the lock: whoever called has it. */
static void
own(struct connection *one)
{
	one->armed = false;
	one->nudged = false;
	one->late = one->overdue;
	if (one->idle)
		unlink_one(one);
	one->idle = false;
}

/*
 * An event may be late: the connection was taken by another meanwhile, or
 * closed, or is another in the same memory, which then finds nothing to read.
 */
bool
connections_seize(struct connections *all, struct connection *one)
{
	bool armed;

	pthread_mutex_lock(&all->lock);
	armed = one->armed;
	if (armed)
		own(one);
	pthread_mutex_unlock(&all->lock);
	return armed;
}

/* Under the lock: for the next worker, who need not wait for its peer. */
static void
enqueue(struct connections *all, struct connection *one)
{
	one->armed = false;
	one->nudged = false;
	one->queued = NULL;
	if (all->first == NULL)
		all->first = one;
	else
		all->last->queued = one;
	all->last = one;
	(void)io_signal(all->queue);
}

/* One worker is woken for any number of them. */
static bool
dequeue(struct connections *all, struct connection **out)
{
	struct connection *one;

	pthread_mutex_lock(&all->lock);
	one = all->first;
	if (one != NULL) {
		all->first = one->queued;
		own(one);
		*out = one;
		if (all->first != NULL)
			(void)io_signal(all->queue);
	}
	pthread_mutex_unlock(&all->lock);
	return one != NULL;
}

/* Calls may wake one worker together: it wakes the next for those left. */
static bool
take_call(struct connections *all)
{
	uint64_t calls;

	/* What cannot be told is taken for a call. */
	if (read(all->work, &calls, sizeof(calls)) != sizeof(calls))
		return errno != EAGAIN;
	calls--;
	if (calls > 0)
		(void)!write(all->work, &calls, sizeof(calls));
	return true;
}

enum ready
connections_wait(struct connections *all, struct connection **out)
{
	struct epoll_event event;
	void *what;

	for (;;) {
		if (epoll_wait(all->set, &event, 1, -1) < 1)
			continue;
		what = event.data.ptr;
		if (what == &all->quit)
			return READY_QUIT;
		if (what == &all->listener)
			return READY_LISTENER;
		if (what == &all->work) {
			if (take_call(all))
				return READY_WORK;
		} else if (what == &all->queue) {
			if (dequeue(all, out))
				return READY_CONNECTION;
		} else if (connections_seize(all, what)) {
			*out = what;
			return READY_CONNECTION;
		}
	}
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

/* EINVAL: another who has the socket has shut it down. */
static bool
is_lasting(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EINVAL;
}

/* What accept said; RC_MISSING: not to be asked again for now. */
static enum rc
fail_accept(struct connections *all, int error)
{
	pthread_mutex_lock(&all->lock);
	uncount(all);
	if (is_lasting(error))
		pause_listener(all, strerrordesc_np(error));
	pthread_mutex_unlock(&all->lock);
	return error == EAGAIN || is_lasting(error) ? RC_MISSING : RC_SYSTEM;
}

/* Under the lock. */
static enum rc
add_slab(struct connections *all)
{
	struct slab *slab = calloc(1,
	    sizeof(*slab) + CONNECTION_SLAB * all->size);
	struct connection *one;

	if (slab == NULL)
		return RC_MEMORY;
	slab->next = all->slabs;
	all->slabs = slab;
	for (size_t i = 0; i < CONNECTION_SLAB; i++) {
		one = (struct connection *)(void *)(slab->memory +
		    i * all->size);
		one->next = all->unused;
		all->unused = one;
	}
	return RC_OK;
}

/* Its memory is that of one that was closed, if there is any. */
static enum rc
make_one(struct connections *all, int fd, struct connection **out)
{
	struct connection *one;
	enum rc rc = RC_OK;

	pthread_mutex_lock(&all->lock);
	if (all->unused == NULL)
		rc = add_slab(all);
	if (rc == RC_OK) {
		one = all->unused;
		all->unused = one->next;
		memset(one, 0, all->size);
		one->fd = fd;
		*out = one;
	} else {
		uncount(all);
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

enum rc
connections_accept(struct connections *all, struct connection **out)
{
	int fd;

	if (!reserve(all))
		return RC_MISSING;
	fd = listener_accept(all->listener);
	if (fd < 0)
		return fail_accept(all, errno);
	if (make_one(all, fd, out) == RC_OK)
		return RC_OK;
	close(fd);
	return RC_SYSTEM;
}

/*
 * Under the lock: once it is armed its next event may come, and what this
 * worker did with it is before what that worker does by the lock alone.
 */
static enum rc
arm(struct connections *all, struct connection *one, unsigned what)
{
	struct epoll_event event = { .events = EPOLLONESHOT, .data.ptr = one };
	int operation = one->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (one->nudged) {
		enqueue(all, one);
		return RC_OK;
	}
	if ((what & WATCH_INPUT) != 0)
		event.events |= EPOLLIN;
	if ((what & WATCH_OUTPUT) != 0)
		event.events |= EPOLLOUT;
	if (epoll_ctl(all->set, operation, one->fd, &event) != 0)
		return RC_SYSTEM;
	one->added = true;
	one->armed = true;
	return RC_OK;
}

enum rc
connections_idle(struct connections *all, struct connection *one, bool look)
{
	enum rc rc;

	pthread_mutex_lock(&all->lock);
	unlink_one(one);
	link_last(&all->idle, one);
	one->kept = one->since != 0;
	one->idle = true;
	one->overdue = false;
	one->nudged = one->nudged || look;
	one->since = clock_steady();
	rc = arm(all, one, WATCH_INPUT);
	pthread_mutex_unlock(&all->lock);
	return rc;
}

enum rc
connections_watch(struct connections *all, struct connection *one,
    unsigned what, int64_t deadline)
{
	enum rc rc;

	pthread_mutex_lock(&all->lock);
	if (one->next == NULL)
		link_last(&all->watched, one);
	one->overdue = false;
	one->deadline = deadline;
	wake_main(all);
	rc = arm(all, one, what);
	pthread_mutex_unlock(&all->lock);
	return rc;
}

void
connections_park(struct connections *all, struct connection *one)
{
	pthread_mutex_lock(&all->lock);
	unlink_one(one);
	pthread_mutex_unlock(&all->lock);
}

void
connections_drop(struct connections *all, struct connection *one)
{
	int fd = one->fd;

	pthread_mutex_lock(&all->lock);
	unlink_one(one);
	one->idle = false;
	one->next = all->unused;
	all->unused = one;
	pthread_mutex_unlock(&all->lock);
	/* Counted until it is closed, so that there are never more. */
	close(fd);
	pthread_mutex_lock(&all->lock);
	uncount(all);
	pthread_mutex_unlock(&all->lock);
}

/* Under the lock. */
static void
nudge(struct connections *all, struct connection *one)
{
	if (one->armed)
		enqueue(all, one);
	else
		one->nudged = true;
}

void
connections_nudge(struct connections *all, struct connection *one)
{
	pthread_mutex_lock(&all->lock);
	nudge(all, one);
	pthread_mutex_unlock(&all->lock);
}

bool
connections_call(struct connections *all)
{
	return io_signal(all->work) == RC_OK;
}

void
connections_call_main(struct connections *all)
{
	(void)io_signal(all->wakeup);
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
	struct connection *one = all->idle.next;
	int64_t fresh = clock_steady() - CONNECTION_FRESH;

	for (; one != &all->idle && n > 0; one = one->next) {
		/* One that is not armed was nudged: it may have been read. */
		if (one->closing || !one->armed ||
		    (!one->kept && one->since > fresh) || !is_quiet(one))
			continue;
		one->closing = true;
		shutdown(one->fd, SHUT_RDWR);
		n--;
	}
}

/* Under the lock.  A worker looks at what is late, and ends it. */
static void
end_late(struct connections *all)
{
	struct connection *one = all->watched.next;
	int64_t now = clock_steady();

	for (; one != &all->watched; one = one->next) {
		if (one->overdue || (one->deadline > now && !all->aborted))
			continue;
		one->overdue = true;
		nudge(all, one);
	}
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
	end_late(all);
	busy = all->watched.next != &all->watched;
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
