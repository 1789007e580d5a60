/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/syslog_client.h"

#include "base/bounded_write.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"

enum {
	SYSLOG_HEAD = 256,  /* most bytes of what comes before the text */
	SYSLOG_LINE = 9000, /* of all of it */
};

/* RC_SLOW: a daemon that listens has no room for one more connection. */
static enum rc
connect_as(const char *path, int type, int *out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return RC_SYSTEM;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return RC_SYSTEM;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    0) {
		*out = fd;
		return RC_OK;
	}
	error = errno;
	close(fd);
	errno = error;
	return error == EAGAIN ? RC_SLOW : RC_SYSTEM;
}

static enum rc
connect_client(struct syslog_client *client)
{
	enum rc rc;

	if (client->fd >= 0)
		return RC_OK;
	client->stream = false;
	rc = connect_as(client->path, SOCK_DGRAM, &client->fd);
	if (rc != RC_SYSTEM || errno != EPROTOTYPE)
		return rc;
	client->stream = true;
	return connect_as(client->path, SOCK_STREAM, &client->fd);
}

int
syslog_client_check(const char *path)
{
	struct syslog_client client = { .path = path, .fd = -1 };
	int error = connect_client(&client) == RC_SYSTEM ? errno : 0;

	syslog_client_close(&client);
	return error;
}

/* RFC 3164 in local time, as the C library writes it and daemons know it. */
static enum rc
print_head(const struct syslog_client *client, int priority, struct buf *into)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)(clock_wall() / 1000);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return RC_SYSTEM;
	return buf_printf(into,
	    "<%d>%.3s %2d %02d:%02d:%02d %.64s[%d]: ", LOG_DAEMON | priority,
	    months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, client->program, (int)getpid());
}

/* The daemon was started anew, or had never been there. */
static bool
is_over(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET ||
	    error == ENOTCONN || error == EPIPE || error == EDESTADDRREQ;
}

/* Half a line on a stream would be taken for the beginning of the next. */
static enum rc
send_connected(struct syslog_client *client, struct bytes text,
    int64_t deadline)
{
	struct bytes rest = text;
	enum rc rc = bounded_write(client->fd, &rest, deadline);
	int error = errno;

	if (rc == RC_SYSTEM || (rc == RC_SLOW && rest.len != text.len))
		syslog_client_close(client);
	errno = error;
	return rc;
}

enum rc
syslog_client_send(struct syslog_client *client, int priority,
    struct bytes line, int64_t deadline)
{
	char space[SYSLOG_HEAD + SYSLOG_LINE];
	struct buf text = {
		.data = space,
		.capacity = sizeof(space),
		.max = sizeof(space) - 1,
	};
	bool connected = client->fd >= 0;
	enum rc rc = print_head(client, priority, &text);

	if (rc == RC_OK)
		rc = buf_add(&text, line);
	if (rc == RC_OK)
		rc = connect_client(client);
	/* On a stream lines end so. */
	if (rc == RC_OK && client->stream)
		rc = buf_add(&text, (struct bytes){ "", 1 });
	if (rc == RC_OK)
		rc = send_connected(client, buf_view(&text), deadline);
	if (rc == RC_SYSTEM && connected && is_over(errno))
		return syslog_client_send(client, priority, line, deadline);
	return rc;
}

void
syslog_client_close(struct syslog_client *client)
{
	io_close(&client->fd);
}
