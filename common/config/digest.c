/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "config/digest.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "config/conf.h"

/*
 * All that decides how a hook's events are run, each value with its length
 * before it.  What a later version adds is written only where it is not the
 * default: an upgrade is no change of the rules.
 */
struct digest {
	struct buf text;
	enum rc rc; /* the first one that was not RC_OK */
};

static void
add_text(struct digest *digest, const char *text)
{
	if (digest->rc == RC_OK)
		digest->rc = text == NULL ? buf_text(&digest->text, "-") :
					    buf_printf(&digest->text, "%zu:%s",
						bytes_of(text).len, text);
}

static void
add_number(struct digest *digest, int64_t number)
{
	if (digest->rc == RC_OK)
		digest->rc = buf_printf(&digest->text, "%lld,",
		    (long long)number);
}

/* NULL: no command. */
static void
add_command(struct digest *digest, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		add_text(digest, *words);
	add_text(digest, NULL);
}

static void
add_rule(struct digest *digest, const struct rule *rule)
{
	add_number(digest, (int64_t)rule->events_len);
	for (size_t i = 0; i < rule->events_len; i++)
		add_text(digest, rule->events[i]);
	add_number(digest, (int64_t)rule->where_len);
	for (size_t i = 0; i < rule->where_len; i++) {
		add_text(digest, rule->where[i].pointer);
		add_text(digest, rule->where[i].glob);
	}
	add_number(digest, rule->also);
	add_command(digest, rule->command);
}

static void
add_pairs(struct digest *digest, const struct event_pair *pairs, size_t n)
{
	add_number(digest, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		add_text(digest, pairs[i].name);
		add_text(digest, pairs[i].value);
	}
}

static void
add_running(struct digest *digest, const struct hook *hook)
{
	add_number(digest, hook->delivery);
	add_number(digest, hook->timeout);
	add_number(digest, hook->kill_after);
	add_number(digest, hook->concurrency);
	add_number(digest, hook->batch);
	add_number(digest, hook->input);
	add_number(digest, hook->reading.order.from);
	add_text(digest, hook->reading.order.pointer);
	add_number(digest, (int64_t)hook->retry_len);
	for (size_t i = 0; i < hook->retry_len; i++)
		add_number(digest, hook->retry[i]);
	add_command(digest, hook->on_dead);
}

enum rc
conf_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE])
{
	struct digest digest = { .rc = RC_OK };
	uint8_t sum[CRYPTO_DIGEST];

	add_number(&digest, (int64_t)hook->rules_len);
	for (size_t i = 0; i < hook->rules_len; i++)
		add_rule(&digest, &hook->rules[i]);
	add_running(&digest, hook);
	add_pairs(&digest, hook->reading.env, hook->reading.env_len);
	add_pairs(&digest, hook->setenv, hook->setenv_len);
	if (digest.rc == RC_OK)
		digest.rc = crypto_sha256(buf_view(&digest.text), sum);
	if (digest.rc == RC_OK)
		encode_hex(sum, sizeof(sum), into);
	/* The constants of setenv may be meant for the command alone. */
	buf_wipe(&digest.text);
	return digest.rc;
}
