/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CGI_CGI_H
#define PELIHOOK_CGI_CGI_H

/*
 * Answers the one request that environ and descriptors 0 and 1 hold (RFC
 * 3875).  Returns the process's exit status: 0 once the answer is written,
 * EX_IOERR where it could not be.
 */
int cgi_answer(void);

#endif
