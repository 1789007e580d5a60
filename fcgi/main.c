/* SPDX-License-Identifier: ISC */
#include "fcgi.h"

int
main(int argc, char **argv)
{
	return fcgi(argc, argv);
}
