/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CLIENT_H
#define PELIHOOK_FCGI_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "bodies.h"
#include "clients.h"
#include "connections.h"
#include "large.h"
#include "records.h"
#include "responder.h"

/*
 * What only those modules know that make a client: client_io reads and sends,
 * client_answer sends a reply and takes what is left of the input,
 * client_request collects a request and begins it, clients holds all of them.
 * Each uses those before it.
 */

struct exchange;

enum {
	CLIENT_READ = 64 * 1024, /* bytes that are read at once */
	CLIENT_EVICTED = 64,	 /* most that are ended by who needs room */
	CLIENT_CLOSING = 64,	 /* bytes of the records that end a request */
};

struct clients {
	struct connections *connections;
	struct current *current;
	const struct sink *sink;
	struct journal_stats *stats;
	struct pages *pages;
	struct bodies *bodies;
	struct large *large;
	struct responder *responder;
	atomic_uint_fast64_t served;
	atomic_int_fast64_t report_at; /* when the log hears of it again */
	pthread_mutex_t lock;	       /* of what follows */
	/* Those that have to go; each may be closed, or another, by now. */
	struct client *evicted[CLIENT_EVICTED];
	size_t evicted_len;
};

/* A web server's connection and the request on it. */
struct client {
	struct connection connection; /* first: found by its address */
	struct clients *clients;
	struct records records;
	struct buf input;  /* what is kept of the request, then the rest */
	size_t kept;	   /* so many bytes of it */
	struct bytes body; /* what is still to be read of it, once it began */
	struct buf output; /* what could not be sent at once */
	size_t sent;	   /* so many bytes of it are */
	int64_t began;	   /* its first byte came; clock_steady; 0: none did */
	int64_t deadline;  /* of its reply; clock_steady */
	struct body_share share;
	struct responder_request *request;
	struct exchange *exchange;    /* until it is begun or refused */
	struct client *next;	      /* of those that large keeps */
	bool page;		      /* the exchange is the page's */
	bool unseen;		      /* its input was not looked at yet */
	bool answered;		      /* what is left is to be sent and taken */
	bool broken;		      /* nothing more is read of it */
	bool lingers;		      /* all is sent; the server has to close */
	char closing[CLIENT_CLOSING]; /* sent once its input is taken */
	size_t closing_len;
};

/* What a worker has of a client's input. */
struct window {
	char *data;
	size_t kept; /* so many bytes are the request's */
	size_t rest; /* from here on nothing was looked at */
	size_t len;
};

/* client_io */

/* What could not be sent before.  RC_SYSTEM: the peer is gone. */
enum rc client_send_pending(struct client *client);
/* What cannot be sent now waits.  RC_SYSTEM: the peer is gone; RC_MEMORY. */
enum rc client_send(struct client *client, struct bytes bytes);
/* What is there of the client's input. */
struct window client_window(const struct client *client);
/* What has come now, after what is there of the request; *got: how much.
 * RC_MEMORY: the client is broken. */
enum rc client_receive(struct client *client, struct desk *desk,
    struct window *window, size_t *got);
/* Keeps what the window has for the next look.  RC_MEMORY. */
enum rc client_keep(struct client *client, const struct window *window);
/* Keeps what follows the request, which is not looked at again; where there
 * is no memory the client is broken. */
void client_keep_rest(struct client *client, struct window window);
/* What is kept of its input. */
void client_free_input(struct client *client);
/* Looks at what the window has; *more: so many bytes more are the request's.
 * As records_scan. */
enum rc client_scan(struct client *client, struct window *window, size_t *more);

/* client_answer */

/* Whether nothing of the request is to come any more. */
bool client_is_over(const struct client *client);
/* Closes its connection; its memory is another's from then on. */
void client_drop(struct client *client);
/* The gateway's.  The client is not the caller's any more. */
enum rc client_reply(void *context, struct bytes bytes, int64_t unread);
/* Of one that was answered: it may have something to say.  It is not the
 * caller's any more. */
void client_finish(struct client *client, struct desk *desk);

/* client_request */

/* Of one that was not: the same. */
void client_read_request(struct client *client, struct desk *desk);

#endif
