/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_PEERS_H
#define PELIHOOK_UNIT_PEERS_H

#include <sys/socket.h>
#include <sys/un.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

#include "../../fcgi/connections.h"
#include "../../fcgi/listener.h"

/* What the tests of connections share: a socket, main, and web servers. */

enum { BACKLOG = 200 };

static struct listener listener;
static struct sockaddr_un address;
static socklen_t address_len;
static struct connections *connections;
static pthread_t main_thread;
static atomic_bool over; /* main is to end */

/* Main's part, while a test is a worker. */
static inline void *
be_main(void *context)
{
	(void)context;
	while (!atomic_load(&over)) {
		(void)connections_tick(connections);
		poll(NULL, 0, 5);
	}
	return NULL;
}

/* Linux chooses a name (unix(7), autobind). */
static inline int
listen_somewhere(void)
{
	struct sockaddr any = { .sa_family = AF_UNIX };

	listener = (struct listener){
		.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
	};
	address_len = sizeof(address);
	return listener.fd < 0 ||
	    bind(listener.fd, &any, sizeof(any.sa_family)) != 0 ||
	    listen(listener.fd, BACKLOG) != 0 ||
	    getsockname(listener.fd, (struct sockaddr *)&address,
		&address_len) != 0;
}

/* The server's end of a new connection. */
static inline int
call(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address,
			     address_len),
	    0);
	return fd;
}

#endif
