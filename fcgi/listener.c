/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <arpa/inet.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"

#include "base/account.h"
#include "base/buf.h"

enum {
	LISTENER_BACKLOG = 1024,
	LISTENER_SYSTEMD = 3, /* SD_LISTEN_FDS_START */
	LISTENER_HOST = 256,
	LISTENER_LOCK = sizeof(struct sockaddr_un) + sizeof(".lock"),
	LISTENER_TRIES = 8,
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 &&
	    yes != 0;
}

static void
close_on_exec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

/* A sentence about a system call; always RC_SYSTEM. */
static enum rc
failed(struct buf *why, const char *what, const char *where)
{
	int error = errno;

	(void)buf_printf(why, "cannot %s %s: %s", what, where,
	    strerrordesc_np(error));
	return RC_SYSTEM;
}

/* sd_listen_fds(3), without the library.  RC_OK: descriptor 3 is it. */
static enum rc
find_systemd(struct buf *why)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	unsigned long long value;

	if (pid == NULL || count == NULL ||
	    bytes_number(bytes_of(pid), INT32_MAX, &value) != RC_OK ||
	    value != (unsigned long long)getpid())
		return RC_MISSING;
	if (strcmp(count, "1") != 0) {
		(void)buf_printf(why,
		    "LISTEN_FDS is %s: give the unit one "
		    "ListenStream",
		    count);
		return RC_SYNTAX;
	}
	if (is_listening(LISTENER_SYSTEMD))
		return RC_OK;
	(void)buf_text(why,
	    "descriptor 3 of LISTEN_FDS does not listen: give "
	    "the unit one ListenStream and Accept=no");
	return RC_SYNTAX;
}

/* RC_MISSING: the file was removed between open and flock. */
static enum rc
try_lock(const char *path, int *lock, struct buf *why)
{
	struct stat held, named;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum rc rc = RC_OK;

	if (fd < 0)
		return failed(why, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		rc = failed(why, "lock", path);
	else if (fstat(fd, &held) != 0 || lstat(path, &named) != 0 ||
	    held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		rc = RC_MISSING;
	if (rc == RC_OK)
		*lock = fd;
	else
		close(fd);
	return rc;
}

/* So that of two that start at once only one looks at an old socket. */
static enum rc
take_lock(struct listener *listener, struct buf *why)
{
	char path[LISTENER_LOCK];
	enum rc rc = RC_MISSING;

	snprintf(path, sizeof(path), "%s.lock", listener->path);
	for (int i = 0; i < LISTENER_TRIES && rc == RC_MISSING; i++)
		rc = try_lock(path, &listener->lock, why);
	if (rc != RC_MISSING)
		return rc;
	errno = EAGAIN;
	return failed(why, "lock", path);
}

/* Only while the lock is held. */
static void
drop_lock(struct listener *listener)
{
	char path[LISTENER_LOCK];

	if (listener->lock < 0)
		return;
	snprintf(path, sizeof(path), "%s.lock", listener->path);
	unlink(path);
	close(listener->lock);
	listener->lock = -1;
}

/* Whether nobody listens on it any more. */
static bool
is_dead(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool dead;

	if (fd < 0)
		return false;
	dead = connect(fd, (const struct sockaddr *)address,
		   sizeof(*address)) != 0 &&
	    errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static enum rc
clear_place(const struct sockaddr_un *address, struct buf *why)
{
	const char *path = address->sun_path;
	const char *hindrance = NULL;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? RC_OK : failed(why, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		hindrance = "is there and is no socket: name another path";
	else if (st.st_uid != geteuid())
		hindrance = "is a socket of another user: remove it";
	else if (!is_dead(address))
		hindrance = "is in use by another process";
	if (hindrance != NULL) {
		(void)buf_printf(why, "%s %s", path, hindrance);
		return RC_SYSTEM;
	}
	return unlink(path) == 0 ? RC_OK : failed(why, "remove", path);
}

static enum rc
refuse_group(const struct listener *listener, gid_t group, struct buf *why)
{
	bool stranger = errno == EPERM;
	enum rc rc = failed(why, "give the group of", listener->path);
	char name[ACCOUNT_NAME_SIZE];

	account_group(group, name);
	(void)buf_printf(why, ": %s%s", name,
	    stranger ? " is no group of this user: add the user to it" : "");
	return rc;
}

static enum rc
give_to_group(const struct listener *listener,
    const struct listener_place *place, struct buf *why)
{
	if (place->group == LISTENER_ANY_GROUP)
		return RC_OK;
	if (lchown(listener->path, (uid_t)-1, place->group) != 0)
		return refuse_group(listener, place->group, why);
	if (fchmodat(AT_FDCWD, listener->path, place->mode,
		AT_SYMLINK_NOFOLLOW) != 0)
		return failed(why, "set the mode of", listener->path);
	return RC_OK;
}

static enum rc
bind_file(struct listener *listener, const struct sockaddr_un *address,
    const struct listener_place *place, struct buf *why)
{
	bool any = place->group == LISTENER_ANY_GROUP;
	struct stat st;
	mode_t mask;
	int bound;

	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		return failed(why, "make a socket for", listener->path);
	listener->own = true;
	/* So that there is no moment of another mode, nor one in which a
	 * group has the rights of the one that is to get them. */
	mask = umask(0777 & ~(any ? place->mode : place->mode & ~0070U));
	bound = bind(listener->fd, (const struct sockaddr *)address,
	    sizeof(*address));
	umask(mask);
	if (bound != 0)
		return failed(why, "bind", listener->path);
	if (lstat(listener->path, &st) != 0)
		return failed(why, "look at", listener->path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	if (give_to_group(listener, place, why) != RC_OK)
		return RC_SYSTEM;
	if (listen(listener->fd, LISTENER_BACKLOG) != 0)
		return failed(why, "listen on", listener->path);
	return RC_OK;
}

static enum rc
open_file(const struct listener_place *place, struct listener *listener,
    struct buf *why)
{
	const char *path = place->where;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum rc rc;

	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		(void)buf_printf(why, "the socket's path has 1 to %zu bytes",
		    sizeof(address.sun_path) - 1);
		return RC_SYNTAX;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	listener->path = path;
	rc = take_lock(listener, why);
	if (rc != RC_OK)
		return rc;
	rc = clear_place(&address, why);
	if (rc == RC_OK)
		rc = bind_file(listener, &address, place, why);
	return rc;
}

/* HOST:PORT, the host of IPv6 in brackets, into host; *port points at PORT. */
static enum rc
split_address(const char *where, char host[LISTENER_HOST], const char **port,
    struct buf *why)
{
	const char *colon = strrchr(where, ':');
	struct bytes name = { where, (size_t)(colon - where) };
	bool bracketed = name.len >= 2 && name.data[0] == '[' &&
	    name.data[name.len - 1] == ']';
	unsigned long long number;

	if (bracketed)
		name = (struct bytes){ name.data + 1, name.len - 2 };
	if (name.len == 0 || name.len >= LISTENER_HOST ||
	    (!bracketed && memchr(name.data, ':', name.len) != NULL) ||
	    bytes_number(bytes_of(colon + 1), 65535, &number) != RC_OK ||
	    number == 0) {
		(void)buf_printf(why,
		    "%s is no HOST:PORT: write "
		    "127.0.0.1:9000 or [::1]:9000",
		    where);
		return RC_SYNTAX;
	}
	memcpy(host, name.data, name.len);
	host[name.len] = '\0';
	*port = colon + 1;
	return RC_OK;
}

static enum rc
bind_address(struct listener *listener, const struct addrinfo *info,
    const char *where, struct buf *why)
{
	int yes = 1;

	listener->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		return failed(why, "make a socket for", where);
	listener->own = true;
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener->fd, info->ai_addr, info->ai_addrlen) != 0)
		return failed(why, "bind", where);
	if (listen(listener->fd, LISTENER_BACKLOG) != 0)
		return failed(why, "listen on", where);
	return RC_OK;
}

static enum rc
open_address(const char *where, struct listener *listener, struct buf *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *info = NULL;
	char host[LISTENER_HOST];
	const char *port;
	enum rc rc = split_address(where, host, &port, why);
	int error;

	if (rc != RC_OK)
		return rc;
	error = getaddrinfo(host, port, &hints, &info);
	if (error != 0) {
		(void)buf_printf(why, "cannot find %s: %s", where,
		    gai_strerror(error));
		return RC_SYSTEM;
	}
	rc = bind_address(listener, info, where, why);
	freeaddrinfo(info);
	return rc;
}

bool
listener_is_address(const char *where)
{
	return strchr(where, '/') == NULL && strchr(where, ':') != NULL;
}

static enum rc
open_own(const struct listener_place *place, struct listener *listener,
    struct buf *why)
{
	listener->name = place->where;
	if (listener_is_address(place->where))
		return open_address(place->where, listener, why);
	return open_file(place, listener, why);
}

static enum rc
find(const struct listener_place *place, struct listener *listener,
    struct buf *why)
{
	enum rc rc;

	if (is_listening(STDIN_FILENO)) {
		listener->fd = STDIN_FILENO;
		listener->name = "descriptor 0";
		return RC_OK;
	}
	rc = find_systemd(why);
	if (rc == RC_OK) {
		listener->fd = LISTENER_SYSTEMD;
		listener->name = "LISTEN_FDS";
		close_on_exec(LISTENER_SYSTEMD);
	}
	if (rc != RC_MISSING)
		return rc;
	if (place->where != NULL)
		return open_own(place, listener, why);
	(void)buf_text(why,
	    "there is no socket: start it by spawn-fcgi, "
	    "systemd or the web server, or name one with -s");
	return RC_MISSING;
}

enum rc
listener_open(const struct listener_place *place, struct listener *out,
    struct buf *why)
{
	struct listener listener = { .fd = -1, .lock = -1 };
	enum rc rc = find(place, &listener, why);

	if (rc != RC_OK) {
		listener_close(&listener);
		return rc;
	}
	listener.peers = getenv("FCGI_WEB_SERVER_ADDRS");
	*out = listener;
	return RC_OK;
}

static bool
is_own_file(const struct listener *listener)
{
	struct stat st;

	return lstat(listener->path, &st) == 0 &&
	    st.st_ino == listener->inode && st.st_dev == listener->device;
}

void
listener_close(struct listener *listener)
{
	if (listener->own && listener->path != NULL && is_own_file(listener))
		unlink(listener->path);
	if (listener->own)
		close(listener->fd);
	drop_lock(listener);
	listener->fd = -1;
	listener->own = false;
}

/* Only addresses of the network are listed, so a local peer always is. */
static bool
is_listed(const struct listener *listener, const union address *peer,
    socklen_t len)
{
	struct bytes rest, item;
	char host[NI_MAXHOST];

	if (listener->peers == NULL || peer->any.sa_family == AF_UNIX)
		return true;
	if (getnameinfo(&peer->any, len, host, sizeof(host), NULL, 0,
		NI_NUMERICHOST) != 0)
		return false;
	rest = bytes_of(listener->peers);
	while (bytes_split(&rest, ",", &item))
		if (bytes_is(bytes_trim(item), host))
			return true;
	return false;
}

/* Replies go out in one piece, so nothing is gained by waiting for more. */
static void
set_options(int fd, int family)
{
	int yes = 1;

	if (family == AF_INET || family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

int
listener_accept(const struct listener *listener)
{
	union address peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = accept4(listener->fd, &peer.any, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!is_listed(listener, &peer, len)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	set_options(fd, peer.any.sa_family);
	return fd;
}

bool
listener_is_public(const struct listener *listener)
{
	union address own = { 0 };
	socklen_t len = sizeof(own);

	if (getsockname(listener->fd, &own.any, &len) != 0)
		return false;
	if (own.any.sa_family == AF_INET)
		return ntohl(own.in.sin_addr.s_addr) >> 24 != 127;
	if (own.any.sa_family == AF_INET6)
		return !IN6_IS_ADDR_LOOPBACK(&own.in6.sin6_addr);
	return false;
}
