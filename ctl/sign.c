/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "config/conf.h"
#include "signature/sign.h"
#include "complain.h"
#include "print.h"
#include "session.h"

/* What is signed need not be what the hook would take: also how a hook
 * refuses is to be tried. */
enum { SIGN_MAX = 1 << 30 };

static enum rc
print_signature(const struct hook *hook, struct bytes body)
{
	char id[UUID_SIZE];
	struct buf lines = { 0 };
	int64_t now = clock_wall();
	enum rc rc = uuid_make(now, id);

	if (rc == RC_OK)
		rc = sign(&hook->signature, hook->secrets[0].key, body, now, id,
		    &lines);
	if (rc == RC_OK)
		print_bytes(buf_view(&lines));
	buf_free(&lines);
	return rc;
}

enum rc
subcommand_sign(struct session *session, char **operands, size_t n)
{
	struct buf body = { 0 };
	struct hook *hook = NULL;
	enum rc rc = session_open_hook(session, operands[0], &hook);

	(void)n;
	if (rc == RC_OK)
		rc = session_read_input(SIGN_MAX, &body);
	if (rc == RC_OK && hook->secrets_len == 0)
		complain("hook %s takes unsigned requests: no header",
		    hook->name);
	else if (rc == RC_OK)
		rc = print_signature(hook, buf_view(&body));
	buf_free(&body);
	return rc;
}
