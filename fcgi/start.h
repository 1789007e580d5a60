/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_START_H
#define PELIHOOK_FCGI_START_H

/*
 * All of pelihook.fcgi, from the command line to the exit status; main() only
 * calls this.
 */
int start(int argc, char **argv);

#endif
