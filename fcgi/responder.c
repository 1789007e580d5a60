/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include <fcgiapp.h>

#include "responder.h"

#include "base/clock.h"
#include "base/startup.h"
#include "assertion.h"
#include "memory_file.h"
#include "records.h"

enum {
	RESPONDER_MEMORY_WAIT = 1000, /* milliseconds */
	RESPONDER_MEMORY_PAUSE = 10,
	/* libfcgi writes records of 8 KiB: their headers and padding. */
	RESPONDER_RECORD = 4096,
	RESPONDER_FRAME = 16,
	RESPONDER_END = 64, /* its first and its last records */
};

struct responder {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	unsigned count; /* of files */
	unsigned free;	/* the first so many of unused are there */
	struct memory_file **unused;
	struct memory_file files[];
};

struct responder_request {
	FCGX_Request fcgx;
};

enum rc
responder_prepare(void)
{
	if (FCGX_Init() != 0)
		return RC_SYSTEM;
	startup_signal(SIGPIPE, SIG_IGN);
	startup_signal(SIGUSR1, SIG_DFL);
	startup_signal(SIGTERM, SIG_DFL);
	return RC_OK;
}

enum rc
responder_open(unsigned threads, struct responder **out)
{
	struct responder *responder = calloc(1,
	    sizeof(*responder) + threads * sizeof(struct memory_file));
	enum rc rc = RC_OK;

	if (responder == NULL)
		return RC_MEMORY;
	pthread_mutex_init(&responder->lock, NULL);
	pthread_cond_init(&responder->returned, NULL);
	responder->unused = calloc(threads, sizeof(responder->unused[0]));
	if (responder->unused == NULL)
		rc = RC_MEMORY;
	for (unsigned i = 0; i < threads && rc == RC_OK; i++) {
		rc = memory_file_open(&responder->files[i]);
		if (rc == RC_OK) {
			responder->unused[i] = &responder->files[i];
			responder->count = responder->free = i + 1;
		}
	}
	if (rc == RC_OK)
		*out = responder;
	else
		responder_close(responder);
	return rc;
}

void
responder_close(struct responder *responder)
{
	if (responder == NULL)
		return;
	for (unsigned i = 0; i < responder->count; i++)
		memory_file_close(&responder->files[i]);
	free(responder->unused);
	pthread_cond_destroy(&responder->returned);
	pthread_mutex_destroy(&responder->lock);
	free(responder);
}

/* Nobody who has one waits for anything, so that this is no wait either. */
static struct memory_file *
take_file(struct responder *responder)
{
	struct memory_file *file;

	pthread_mutex_lock(&responder->lock);
	while (responder->free == 0)
		pthread_cond_wait(&responder->returned, &responder->lock);
	file = responder->unused[--responder->free];
	pthread_mutex_unlock(&responder->lock);
	return file;
}

static void
give_file(struct responder *responder, struct memory_file *file)
{
	memory_file_trim(file);
	pthread_mutex_lock(&responder->lock);
	responder->unused[responder->free++] = file;
	pthread_cond_signal(&responder->returned);
	pthread_mutex_unlock(&responder->lock);
}

/* The head's records, up to the file's end. */
static enum rc
write_input(const struct responder_input *input, struct memory_file *file)
{
	size_t size = RECORDS_BEGIN + records_size(input->params.len);
	enum rc rc = memory_file_at_end(file, size);

	if (rc == RC_OK)
		records_write_head(input->records, input->params,
		    file->map + file->at);
	return rc;
}

/* libfcgi asserts that it gets memory, and ends in the guard where not. */
static enum rc
parse(FCGX_Request *fcgx, struct memory_file *file)
{
	jmp_buf guard;

	FCGX_InitRequest(fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fcgx->ipcFd = file->fd;
	fcgx->keepConnection = 1;
	if (setjmp(guard) != 0) {
		FCGX_Free(fcgx, 0);
		return RC_MEMORY;
	}
	assertion_guard(&guard);
	if (FCGX_Accept_r(fcgx) == 0) {
		assertion_guard(NULL);
		/* The next one gets its memory, while it is at hand. */
		FCGX_FreeStream(&fcgx->in);
		return RC_OK;
	}
	assertion_guard(NULL);
	if (fcgx->ipcFd < 0) {
		file->fd = -1;
		memory_file_renew(file);
	}
	return RC_SYNTAX;
}

static enum rc
accept_now(const struct responder_input *input, struct memory_file *file,
    struct responder_request **out)
{
	struct responder_request *request = malloc(sizeof(*request));
	enum rc rc = request == NULL ? RC_MEMORY : write_input(input, file);

	if (rc == RC_OK)
		rc = parse(&request->fcgx, file);
	if (rc == RC_OK)
		*out = request;
	else
		free(request);
	return rc;
}

enum rc
responder_accept(const struct responder_input *input, struct memory_file *file,
    struct responder_request **out)
{
	int64_t deadline = clock_steady() + RESPONDER_MEMORY_WAIT;
	enum rc rc = accept_now(input, file, out);

	while (
	    (rc == RC_MEMORY || rc == RC_SYSTEM) && clock_left(deadline) != 0) {
		poll(NULL, 0, RESPONDER_MEMORY_PAUSE);
		rc = accept_now(input, file, out);
	}
	return rc;
}

const char *const *
responder_variables(const struct responder_request *request)
{
	return (const char *const *)request->fcgx.envp;
}

/* In the order of FCGX_Finish_r, which would free the request. */
static enum rc
write_output(FCGX_Request *fcgx, struct bytes answer)
{
	int len = (int)answer.len;

	if (FCGX_PutStr(answer.data, len, fcgx->out) != len ||
	    FCGX_FClose(fcgx->err) != 0 || FCGX_FClose(fcgx->out) != 0)
		return RC_SYSTEM;
	return RC_OK;
}

enum rc
responder_print(struct responder *responder, struct responder_request *request,
    struct bytes answer, struct responder_output *out)
{
	size_t frames = answer.len / RESPONDER_RECORD * RESPONDER_FRAME;
	struct memory_file *file = take_file(responder);
	size_t len = 0;
	enum rc rc = memory_file_anywhere(file,
	    answer.len + frames + RESPONDER_END);

	*out = (struct responder_output){ .file = file };
	if (rc != RC_OK)
		return rc;
	request->fcgx.ipcFd = file->fd;
	rc = write_output(&request->fcgx, answer);
	out->records = (struct bytes){ file->map + file->at,
		file->size - file->at };
	if (rc == RC_OK)
		rc = records_find_end(out->records, &out->end, &len);
	out->records.len = len;
	file->at += len;
	if (rc == RC_OK)
		return RC_OK;
	memory_file_renew(file);
	return RC_SYSTEM;
}

void
responder_done(struct responder *responder, struct responder_output *out)
{
	give_file(responder, out->file);
	*out = (struct responder_output){ 0 };
}

void
responder_free(struct responder_request *request)
{
	if (request == NULL)
		return;
	FCGX_Free(&request->fcgx, 0);
	free(request);
}
