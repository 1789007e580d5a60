/* SPDX-License-Identifier: ISC */

/*
 * A responder as libfcgi's manual has it, to show what pelihook.fcgi is proof
 * against: one thread, no more care than the examples take.  It refuses large
 * bodies unread, and prints who asked.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fcgiapp.h>

enum { NAIVE_BODY = 4096 };

static void
answer(FCGX_Request *request)
{
	const char *length = FCGX_GetParam("CONTENT_LENGTH", request->envp);
	const char *remote = FCGX_GetParam("REMOTE_ADDR", request->envp);
	char body[NAIVE_BODY];

	printf("%s\n", remote != NULL ? remote : "nobody");
	fflush(stdout);
	if (length != NULL && strtol(length, NULL, 10) > NAIVE_BODY) {
		FCGX_FPrintF(request->out,
		    "Status: 413 Content Too Large\r\n\r\n");
		return;
	}
	while (FCGX_GetStr(body, sizeof(body), request->in) > 0)
		;
	FCGX_FPrintF(request->out, "Status: 200 OK\r\n\r\n");
}

int
main(void)
{
	FCGX_Request request;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		answer(&request);
		FCGX_Finish_r(&request);
	}
	return 0;
}
