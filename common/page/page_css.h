/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_PAGE_CSS_H
#define PELIHOOK_PAGE_PAGE_CSS_H

#include <stddef.h>

/* page.css without its comments; page_css.c is made of it by embed.sh. */
extern const char page_css[];
extern const size_t page_css_len;

#endif
