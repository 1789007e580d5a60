/* SPDX-License-Identifier: ISC */
#include "start.h"

int
main(int argc, char **argv)
{
	return start(argc, argv);
}
