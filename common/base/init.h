/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_INIT_H
#define PELIHOOK_BASE_INIT_H

#include <stdbool.h>

#include "base/rc.h"

/*
 * The first process of a PID namespace, as a container has it, becomes the
 * parent of all there whose own parent has ended: of what commands leave
 * running.  Somebody has to wait for their ends, or they stay zombies until
 * no number is left.
 */
struct init {
	/*
	 * This process is the one that the first of its namespace waits for:
	 * when it ends, all of the namespace does.
	 */
	bool served;
	/* This is the first process itself and the other has ended: the
	 * caller ends with this status, 128 and the signal where it died. */
	bool over;
	int status;
};

/*
 * To be called before threads, and before anything is opened that must be
 * closed at the program's end.  Where this process is the first, it starts
 * another one, which goes on with the caller's work; the first reaps what it
 * is given, passes on the signals that ask a program to end or to reload, and
 * returns once the other has ended.  Where it is not, it only gives up being
 * a subreaper (PR_SET_CHILD_SUBREAPER), as whoever became this program may
 * have been: others then get what commands leave.
 * RC_SYSTEM with errno set: no process can be started.  The one that serves
 * ends by exit: it has the thread that called this and no other, and where
 * that is not the first of the program nobody is left to take its status.
 */
enum rc init_begin(struct init *out);

#endif
