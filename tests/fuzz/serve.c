/* SPDX-License-Identifier: ISC */
/*
 * One request from its variables and body to the reply, through serve().
 * The first three bytes of an input are switches, lines up to an empty one
 * are variables, the rest is the body.  Nothing may reach the sink that was
 * not signed with the secret of its hook, and whatever happens there is one
 * whole reply, before the input is taken to its end.
 */
#include "fuzz.h"

#include "base/account.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/pool.h"
#include "command/environment.h"
#include "command/input.h"
#include "command/job.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/load.h"
#include "http/gateway.h"
#include "http/header_name.h"
#include "http/reply.h"
#include "receive/serve.h"
#include "receive/sink.h"
#include "signature/recipe.h"
#include "signature/sign.h"

enum {
	VARIABLES = 60,
	SIGN = 1,    /* with the secret of the hook in bits 4-7 */
	CUT = 2,     /* the input ends otherwise */
	UNKNOWN = 4, /* no CONTENT_LENGTH is added */
	BROKEN = 8,  /* there is no configuration */
};

static const char hooks[] =
    "env NAME /a/b\nenv EVENT_KEY /event\ndedupe /id\norder /id\n"
    "journal %1$s/journal.db\n"
    "hook auto\n secret-file %1$s/auto\n max-body 2K\n"
    " on pipeline_run_started ignore\n"
    " on @failure also run /bin/true\n"
    " on * where /name \"a*[b-d]?\" run /bin/true x\n on @unknown run "
    "/bin/true\n"
    "hook github\n secret-file %1$s/github\n signature github\n"
    " dedupe header X-GitHub-Delivery\n event-name header X-GitHub-Event\n"
    " input line\n on * run /bin/true\n"
    "hook stripe\n secret-file %1$s/stripe\n signature stripe\n"
    " event-name /type\n batch 4\n on * run /bin/true\n"
    "hook slack\n secret-file %1$s/slack\n signature slack\n dedupe body\n"
    " order hook\n on * run /bin/true\n"
    "hook standard\n secret-file %1$s/standard\n signature standard-webhooks\n"
    " dedupe header Webhook-Id\n on * run /bin/true\n"
    "hook open\n signature none\n dedupe none\n order none\n"
    " on * run /bin/true\n";

static const char *const names[] = { "auto", "github", "stripe", "slack",
	"standard" };

static struct conf *conf;

/* A front end and a sink. */
static struct {
	struct bytes input;
	size_t taken;
	size_t step;
	enum rc end; /* of the input */
	enum outcome outcome;
	enum rc reason; /* of the outcome, which is the sink's */
	const struct hook *signer;
	struct buf output;
	unsigned writes;
	unsigned drains;
	unsigned puts;
} front;

static enum rc
front_read(void *context, char *into, size_t room, int64_t deadline,
    size_t *got)
{
	size_t n = front.input.len - front.taken;

	(void)context;
	(void)deadline;
	holds(front.drains == 0 && front.writes == 0);
	if (n == 0 && front.end != RC_OK)
		return front.end;
	n = n > room ? room : n;
	n = n > front.step ? front.step : n;
	if (n > 0)
		memcpy(into, front.input.data + front.taken, n);
	front.taken += n;
	*got = n;
	return RC_OK;
}

static enum rc
front_write(void *context, struct bytes bytes)
{
	(void)context;
	holds(front.drains == 0);
	front.writes++;
	return buf_add(&front.output, bytes);
}

static void
front_drain(void *context, int64_t left, int64_t deadline)
{
	(void)context;
	(void)deadline;
	holds(left >= -1);
	front.drains++;
}

/* What a command would get of it. */
static void
check_job(const struct job *job)
{
	static const struct account user = { "nobody", "/" };
	const char *const *variables;
	struct job marked = *job;
	struct pool pool = { 0 };
	int fd;

	marked.mark = "0123456789abcdef0123456789abcdef";
	holds(job->event[0] != '\0' && strlen(job->event) < EVENT_NAME_SIZE);
	holds(job->body.len == front.taken);
	holds(memcmp(job->body.data, front.input.data, front.taken) == 0);
	marked.user = &user;
	holds(environment_make(&marked, 1, &pool, &variables) == RC_OK);
	for (; *variables != NULL; variables++)
		holds(strchr(*variables, '=') != NULL &&
		    strncmp(*variables, "HTTP_", 5) != 0);
	holds(input_open(job, 1, &fd) == RC_OK);
	close(fd);
	pool_free(&pool);
}

static enum outcome
put(void *context, const struct job *job, enum rc *reason)
{
	(void)context;
	front.puts++;
	holds(job->hook->signature.kind == RECIPE_NONE ||
	    job->hook == front.signer);
	check_job(job);
	*reason = front.reason;
	return front.outcome;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct buf errors = { .max = 4096 };
	static char text[4096];

	(void)argc;
	(void)argv;
	fuzz_begin();
	/* Each its own, so that it shows whose was taken. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fuzz_write(fuzz_path(names[i]), bytes_of(names[i]));
	snprintf(text, sizeof(text), hooks, fuzz_directory);
	fuzz_write(fuzz_path("conf"), bytes_of(text));
	if (conf_load(fuzz_path("conf"), &conf, &errors) != RC_OK ||
	    conf_load_all_files(conf, &errors) != RC_OK || errors.len > 0)
		fputs(errors.data, stderr);
	holds(errors.len == 0);
	return 0;
}

static void
add(const char **variables, const char *variable)
{
	size_t n = 0;

	while (variables[n] != NULL)
		n++;
	if (n < VARIABLES)
		variables[n] = variable;
}

static void
sign_request(const struct hook *hook, const char **variables, struct pool *pool)
{
	char name[HEADER_VARIABLE_SIZE];
	struct buf lines = { 0 };
	struct bytes rest, line;
	size_t n;

	holds(sign(&hook->signature, hook->secrets[0].key, front.input,
		  (int64_t)time(NULL) * 1000, "an-id", &lines) == RC_OK);
	rest = buf_view(&lines);
	while (fuzz_line(&rest, &line) && line.len > 0) {
		n = (size_t)((char *)memchr(line.data, ':', line.len) -
		    line.data);
		holds(header_name_variable((struct bytes){ line.data, n },
			  name) == RC_OK);
		line = bytes_trim(bytes_skip(line, n + 1));
		add(variables,
		    pool_printf(pool, "%s=%.*s", name, (int)line.len,
			line.data));
	}
	front.signer = hook;
	buf_free(&lines);
}

/* RFC 3875 section 6, as reply.h promises it. */
static void
check_reply(const struct reply *reply)
{
	const char *text = front.output.data;
	const char *body;
	const char *length;

	holds(front.writes == 1 && front.drains == 1);
	holds(strlen(text) == front.output.len);
	holds(strncmp(text, "Status: ", 8) == 0);
	holds(strtol(text + 8, NULL, 10) ==
	    reply_status(reply->outcome, reply->reason));
	holds(strtol(text + 8, NULL, 10) / 100 != 3);
	body = strstr(text, "\r\n\r\n");
	holds(body != NULL);
	length = strstr(text, "Content-Length: ");
	if (length != NULL && length < body)
		holds(strtoul(length + 16, NULL, 10) == strlen(body + 4));
	else
		holds(body[4] == '\0');
	holds(front.puts == 0 ||
	    (front.puts == 1 && reply->outcome == front.outcome &&
		reply->reason == front.reason));
}

static void
try_request(const uint8_t switches[3], struct bytes rest, struct pool *pool)
{
	static const enum rc ends[] = { RC_SHORT, RC_SLOW, RC_STOPPING };
	static const struct {
		enum outcome outcome;
		enum rc reason;
	} results[] = { { OUTCOME_DELIVERED, RC_OK }, { OUTCOME_QUEUED, RC_OK },
		{ OUTCOME_DUPLICATE, RC_OK }, { OUTCOME_TEMPORARY, RC_OK },
		{ OUTCOME_REJECTED, RC_OK }, { OUTCOME_FAILED, RC_OK },
		{ OUTCOME_TIMEOUT, RC_OK }, { OUTCOME_UNSTARTED, RC_OK },
		{ OUTCOME_BUSY, RC_OK }, { OUTCOME_STOPPED, RC_OK },
		{ OUTCOME_REFUSED, RC_CROWDED },
		{ OUTCOME_REFUSED, RC_PENDING },
		{ OUTCOME_REFUSED, RC_QUEUE_FULL },
		{ OUTCOME_REFUSED, RC_STORE }, { OUTCOME_REFUSED, RC_LOCKED },
		{ OUTCOME_REFUSED, RC_CORRUPT },
		{ OUTCOME_REFUSED, RC_STOPPING },
		{ OUTCOME_REFUSED, RC_MEMORY },
		{ OUTCOME_REFUSED, RC_SYSTEM } };
	const char **variables = fuzz_lines(&rest, VARIABLES, pool);
	struct gateway gateway = { NULL, (const char *const *)variables,
		front_read, front_write, front_drain };
	struct sink sink = { NULL, put };
	struct reply reply;
	size_t result;

	front.input = rest;
	front.step = switches[1] == 0 ? SIZE_MAX : switches[1];
	front.end = switches[0] & CUT ? ends[switches[2] % 3] : RC_OK;
	result = switches[2] % (sizeof(results) / sizeof(results[0]));
	front.outcome = results[result].outcome;
	front.reason = results[result].reason;
	if (switches[0] & SIGN)
		sign_request(&conf->hooks[(switches[0] >> 4) %
				 (conf->hooks_len - 1)],
		    variables, pool);
	if (!(switches[0] & UNKNOWN))
		add(variables,
		    pool_printf(pool, "CONTENT_LENGTH=%zu", rest.len));
	reply = serve(&gateway, switches[0] & BROKEN ? NULL : conf, &sink);
	check_reply(&reply);
	fuzz_read_log();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = { 0 };

	if (size < 3)
		return 0;
	memset(&front, 0, sizeof(front));
	try_request(data, (struct bytes){ (const char *)data + 3, size - 3 },
	    &pool);
	buf_free(&front.output);
	pool_free(&pool);
	return 0;
}
