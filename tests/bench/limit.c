/* SPDX-License-Identifier: ISC */
/*
 * The limit for what is not waited for: libfcgi behind the epoll loop that
 * pelihook.fcgi has, which reads a request and answers 202.
 *
 *	limit SOCKET THREADS [COMMAND [ARGUMENT...]]
 *
 * With a COMMAND it is the limit for what is waited for: it runs it before
 * it answers.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "bare.h"

static int the_socket;
static int the_set;
static char **the_command;

static int
open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, 1024) == -1)
		return -1;
	return fd;
}

static void
welcome(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	int fd = accept4(the_socket, NULL, NULL, SOCK_CLOEXEC);
	FCGX_Request *request;

	if (fd == -1)
		return;
	request = malloc(sizeof(*request));
	if (request == NULL)
		abort();
	FCGX_InitRequest(request, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	request->ipcFd = fd;
	request->keepConnection = 1;
	event.data.ptr = request;
	epoll_ctl(the_set, EPOLL_CTL_ADD, fd, &event);
}

static void
answer(FCGX_Request *request)
{
	char body[16384];

	while (FCGX_GetStr(body, sizeof(body), request->in) > 0)
		continue;
	if (*the_command != NULL && bare_run(the_command) != 0)
		FCGX_PutS("Status: 500 Internal Server Error\r\n\r\n",
		    request->out);
	else
		FCGX_PutS("Status: 202 Accepted\r\n"
			  "Content-Type: text/plain\r\n\r\nqueued\n",
		    request->out);
	FCGX_Finish_r(request);
}

static void
attend(FCGX_Request *request)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLONESHOT,
		.data.ptr = request,
	};

	if (FCGX_Accept_r(request) == 0)
		answer(request);
	if (request->ipcFd < 0)
		free(request);
	else
		epoll_ctl(the_set, EPOLL_CTL_MOD, request->ipcFd, &event);
}

static void *
work(void *context)
{
	struct epoll_event event;

	(void)context;
	for (;;) {
		if (epoll_wait(the_set, &event, 1, -1) < 1)
			continue;
		if (event.data.ptr == NULL)
			welcome();
		else
			attend(event.data.ptr);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	pthread_t thread;

	if (argc < 3 || FCGX_Init() != 0)
		return 64;
	the_command = argv + 3;
	signal(SIGPIPE, SIG_IGN);
	the_socket = open_socket(argv[1]);
	the_set = epoll_create1(EPOLL_CLOEXEC);
	if (the_socket == -1 ||
	    epoll_ctl(the_set, EPOLL_CTL_ADD, the_socket, &event) == -1) {
		perror(argv[1]);
		return 71;
	}
	for (long n = strtol(argv[2], NULL, 10); n > 1; n--)
		if (pthread_create(&thread, NULL, work, NULL) != 0)
			return 71;
	work(NULL);
}
