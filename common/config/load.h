/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LOAD_H
#define PELIHOOK_CONFIG_LOAD_H

#include "base/buf.h"
#include "base/rc.h"

struct conf;

/*
 * Reads and checks the file's grammar, and that the file itself can be
 * trusted (base/trust.h).  Every error is a line `FILE:LINE: reason` in errors
 * (`FILE: reason` where it is about the file itself), which has to have a
 * ceiling; those that do not fit are counted in a last line.  RC_CONFIG
 * where there is any; *out is then left alone.  RC_MEMORY.
 * The caller holds one reference to *out (conf_release).
 */
enum rc conf_load(const char *file, struct conf **out, struct buf *errors);

#endif
