/* SPDX-License-Identifier: ISC */
/* The limit for CGI: a program that does nothing but answer. */
#include <stdio.h>

int
main(void)
{
	fputs("Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n",
	    stdout);
	return 0;
}
