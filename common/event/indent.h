/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_INDENT_H
#define PELIHOOK_EVENT_INDENT_H

#include "base/buf.h"

/*
 * Appends a body that payload_check() takes, a value a line and indented by what
 * it is in; each string, number and word is as it is in the body.  RC_JSON: it
 * is none.  RC_RANGE: it ends where the buffer is full.  RC_MEMORY.
 */
enum rc event_indent(struct bytes body, struct buf *into);

#endif
