/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_ASSERTION_H
#define PELIHOOK_FCGI_ASSERTION_H

#include <setjmp.h>

/*
 * An assertion of this thread that fails in a library from now on does not end
 * the process but comes back to the guard, whose function must not have
 * returned; that ends the guard, and so does NULL.  What the library had in
 * hand is lost.  libfcgi asserts that it gets memory.
 */
void assertion_guard(jmp_buf *guard);

#endif
