/* SPDX-License-Identifier: ISC */
#include "start.h"

#include "base/thread.h"

int
main(int argc, char **argv)
{
	return thread_main(start, argc, argv);
}
