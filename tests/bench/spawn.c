/* SPDX-License-Identifier: ISC */
/*
 * The limit for hooks that wait: starts a command and waits for its end, and
 * does nothing else, in as many threads as there are clients.
 *
 *	spawn CLIENTS SECONDS COMMAND [ARGUMENT...]
 *
 * Prints how many a second it ran.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bare.h"

enum { CLIENTS = 64 };

struct client {
	pthread_t thread;
	char **command;
	double until;
	long runs;
	int failed;
};

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *
work(void *context)
{
	struct client *client = context;

	while (!client->failed && now() < client->until) {
		client->failed = bare_run(client->command);
		client->runs++;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct client clients[CLIENTS];
	long runs = 0;
	double began = now();
	int failed = 0;
	int n;

	if (argc < 4)
		return 64;
	n = (int)strtol(argv[1], NULL, 10);
	if (n < 1 || n > CLIENTS)
		return 64;
	for (int i = 0; i < n; i++) {
		clients[i].command = argv + 3;
		clients[i].until = began + strtod(argv[2], NULL);
		if (pthread_create(&clients[i].thread, NULL, work,
			&clients[i]) != 0)
			return 71;
	}
	for (int i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		runs += clients[i].runs;
		failed |= clients[i].failed;
	}
	printf("%.1f\n", (double)runs / (now() - began));
	return failed;
}
