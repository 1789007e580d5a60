/* SPDX-License-Identifier: ISC */
#include <stdarg.h>

#include "complain.h"

#include "print.h"

void
complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_note_list("pelihookctl: ", format, arguments);
	va_end(arguments);
}
