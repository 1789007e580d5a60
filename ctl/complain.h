/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_COMPLAIN_H
#define PELIHOOK_CTL_COMPLAIN_H

/* A line on standard error, after the program's name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
