/* SPDX-License-Identifier: ISC */
#include "subcommands.h"

#include "base/bytes.h"
#include "journal/journal.h"
#include "print.h"

/* Needs neither a configuration nor a database. */
enum rc
subcommand_schema(struct session *session, char **operands, size_t n)
{
	(void)session;
	(void)operands;
	(void)n;
	print_bytes(bytes_of(journal_schema_text()));
	return RC_OK;
}
