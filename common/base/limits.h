/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_LIMITS_H
#define PELIHOOK_BASE_LIMITS_H

/* The sizes of texts that every room knows, the NUL included. */
enum {
	HOOK_NAME_SIZE = 65,   /* the name of a hook */
	EVENT_NAME_SIZE = 256, /* the name of an event */
	IDENTITY_SIZE = 256,   /* of a pipeline or a run, and its name */
};

/* The PATH of what command/spawn starts. */
#define SPAWN_PATH                                                             \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#endif
