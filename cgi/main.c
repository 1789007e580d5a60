/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "cgi.h"

#include "base/thread.h"

/* A web server may put words of a query string into argv: never read. */
static int
answer(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return cgi_answer();
}

int
main(void)
{
	/* Nothing is buffered, and no library has to clean up. */
	_exit(thread_main(answer, 0, NULL));
}
