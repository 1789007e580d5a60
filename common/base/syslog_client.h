/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_SYSLOG_CLIENT_H
#define PELIHOOK_BASE_SYSLOG_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/*
 * What syslog(3) does, but for waiting: a daemon that does not read would
 * hold its caller for ever.
 */
#define SYSLOG_CLIENT_PATH "/dev/log"

struct syslog_client {
	const char *path;    /* of the daemon's socket, borrowed */
	const char *program; /* the name in each line, borrowed */
	int fd;		     /* -1: not connected */
	bool stream;	     /* else each line is a datagram */
};

/* Whether somebody reads lines at path, if only slowly: 0, or an errno. */
int syslog_client_check(const char *path);
/*
 * One line without its end, under a priority of syslog(3) and facility
 * daemon; connects where that has to be done (again).  RC_SLOW: it could not
 * be passed on before the deadline of clock_steady; RC_SYSTEM with errno set.
 */
enum rc syslog_client_send(struct syslog_client *client, int priority,
    struct bytes line, int64_t deadline);
/* It may be used again. */
void syslog_client_close(struct syslog_client *client);

#endif
