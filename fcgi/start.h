/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_START_H
#define PELIHOOK_FCGI_START_H

/* All of pelihook.fcgi: main() only calls this.  Returns the exit status. */
int start(int argc, char **argv);

#endif
