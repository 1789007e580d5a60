/* SPDX-License-Identifier: ISC */
#include "page/answer.h"

#include "http/reply.h"
#include "page/html.h"

/* Its own style by its hash, forms to itself, and nothing else. */
static void
add_policy(struct buf *into)
{
	buf_printf(into,
	    "Content-Security-Policy: default-src 'none'; "
	    "style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'\r\n",
	    html_style_hash());
	buf_text(into,
	    "X-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: same-origin\r\n"
	    "Cache-Control: no-store\r\n");
}

enum rc
answer_print(const struct answer *answer, struct buf *into)
{
	static const char *const types[] = {
		[ANSWER_HTML] = "text/html; charset=utf-8",
		[ANSWER_JSON] = "application/json",
		[ANSWER_PROBLEM] = "application/problem+json",
	};

	buf_printf(into, "Status: %s\r\n", reply_status_line(answer->status));
	if (answer->type != ANSWER_NOTHING)
		buf_printf(into, "Content-Type: %s\r\n", types[answer->type]);
	if (!answer->head)
		buf_printf(into, "Content-Length: %zu\r\n", answer->body.len);
	add_policy(into);
	if (answer->status == 405)
		buf_text(into, "Allow: GET, HEAD, POST\r\n");
	/* Whatever it is, it may pass. */
	if (answer->status == 503)
		buf_text(into, "Retry-After: 30\r\n");
	if (answer->location.len > 0) {
		buf_text(into, "Location: ");
		buf_add(into, answer->location);
		buf_text(into, "\r\n");
	}
	buf_text(into, "\r\n");
	if (!answer->head)
		buf_add(into, answer->body);
	return into->rc;
}
