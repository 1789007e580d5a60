/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "config/digest.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "config/conf.h"

static void
add_text(struct buf *into, const char *text)
{
	if (text == NULL)
		buf_text(into, "-");
	else
		buf_printf(into, "%zu:%s", bytes_of(text).len, text);
}

static void
add_number(struct buf *into, int64_t number)
{
	buf_printf(into, "%lld,", (long long)number);
}

/* NULL: no command. */
static void
add_command(struct buf *into, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		add_text(into, *words);
	add_text(into, NULL);
}

static void
add_rule(struct buf *into, const struct rule *rule)
{
	add_number(into, (int64_t)rule->events_len);
	for (size_t i = 0; i < rule->events_len; i++)
		add_text(into, rule->events[i]);
	add_number(into, (int64_t)rule->where_len);
	for (size_t i = 0; i < rule->where_len; i++) {
		add_text(into, rule->where[i].pointer);
		add_text(into, rule->where[i].glob);
	}
	add_number(into, rule->also);
	add_command(into, rule->command);
}

static void
add_pairs(struct buf *into, const struct event_pair *pairs, size_t n)
{
	add_number(into, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		add_text(into, pairs[i].name);
		add_text(into, pairs[i].value);
	}
}

static void
add_running(struct buf *into, const struct hook *hook)
{
	add_number(into, hook->delivery);
	add_number(into, hook->timeout);
	add_number(into, hook->kill_after);
	add_number(into, hook->concurrency);
	add_number(into, hook->batch);
	add_number(into, hook->input);
	add_number(into, hook->reading.order.from);
	add_text(into, hook->reading.order.pointer);
	add_number(into, (int64_t)hook->retry_len);
	for (size_t i = 0; i < hook->retry_len; i++)
		add_number(into, hook->retry[i]);
	add_command(into, hook->on_dead);
}

/*
 * Each value is written with its length before it.  What a later version adds
 * is written only where it is not the default: an upgrade is no change of the
 * rules.
 */
enum rc
conf_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	uint8_t sum[CRYPTO_DIGEST];
	enum rc rc;

	add_number(&text, (int64_t)hook->rules_len);
	for (size_t i = 0; i < hook->rules_len; i++)
		add_rule(&text, &hook->rules[i]);
	add_running(&text, hook);
	add_pairs(&text, hook->reading.env, hook->reading.env_len);
	add_pairs(&text, hook->setenv, hook->setenv_len);
	rc = text.rc;
	if (rc == RC_OK)
		rc = crypto_sha256(buf_view(&text), sum);
	if (rc == RC_OK)
		encode_hex(sum, sizeof(sum), into);
	/* The constants of setenv may be meant for the command alone. */
	buf_wipe(&text);
	return rc;
}
