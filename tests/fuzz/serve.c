/* SPDX-License-Identifier: ISC */
/*
 * One request from its variables and body to the reply, through an exchange.
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
#include "event/catalog.h"
#include "http/gateway.h"
#include "http/header_name.h"
#include "http/reply.h"
#include "receive/exchange.h"
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
	enum rc input_end;
	struct exchange_end result; /* of the sink */
	struct exchange_end end;    /* of the exchange */
	const struct hook *signer;
	struct buf output;
	unsigned ends;
	unsigned releases; /* of the body */
	unsigned replies;
	unsigned puts;
} front;

static enum rc
front_read(void *context, char *into, size_t room, int64_t deadline,
    size_t *got)
{
	size_t n = front.input.len - front.taken;

	(void)context;
	(void)deadline;
	holds(front.replies == 0);
	if (n == 0 && front.input_end != RC_OK)
		return front.input_end;
	n = n > room ? room : n;
	n = n > front.step ? front.step : n;
	if (n > 0)
		memcpy(into, front.input.data + front.taken, n);
	front.taken += n;
	*got = n;
	return RC_OK;
}

static void
front_body_released(void *context)
{
	(void)context;
	holds(front.replies == 0);
	front.releases++;
}

static enum rc
front_reply(void *context, struct bytes bytes, int64_t unread)
{
	(void)context;
	holds(unread >= -1);
	front.replies++;
	return buf_add(&front.output, bytes);
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

static void
put(void *context, struct exchange *exchange)
{
	(void)context;
	front.puts++;
	holds(exchange->hook->signature.kind == RECIPE_NONE ||
	    exchange->hook == front.signer);
	if (exchange->deliveries > 0) {
		check_job(&exchange->job);
	} else {
		/* It is ignored, and what it says of a run is recorded. */
		holds(exchange->subject != NULL &&
		    catalog_step(exchange->event.row) != CATALOG_NO_STEP);
		front.result = (struct exchange_end){
			.outcome = OUTCOME_IGNORED,
		};
	}
	exchange->done(exchange, &front.result);
}

static void
done(struct exchange *exchange, const struct exchange_end *end)
{
	front.ends++;
	front.end = *end;
	serve_end(exchange, end);
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
check_reply(void)
{
	const struct exchange_end *end = &front.end;
	const char *text = front.output.data;
	const char *body;
	const char *length;
	long status;

	holds(front.ends == 1 && front.replies == 1);
	holds(front.releases == 1 || (front.releases == 0 && front.puts == 0));
	holds(strlen(text) == front.output.len);
	holds(strncmp(text, "Status: ", 8) == 0);
	status = strtol(text + 8, NULL, 10);
	holds(status == reply_status(end->outcome, end->reason));
	holds(status / 100 != 3);
	body = strstr(text, "\r\n\r\n");
	holds(body != NULL);
	length = strstr(text, "Content-Length: ");
	if (length != NULL && length < body)
		holds(strtoul(length + 16, NULL, 10) == strlen(body + 4));
	else
		holds(body[4] == '\0');
	holds(front.puts == 0 ||
	    (front.puts == 1 && end->outcome == front.result.outcome &&
		end->reason == front.result.reason));
}

static void
begin(struct exchange *exchange, const struct sink *sink)
{
	enum rc rc;

	holds(exchange != NULL);
	rc = serve_admit(exchange);
	exchange->done = done;
	if (rc != RC_OK)
		serve_refuse(exchange, rc);
	else
		serve_begin(exchange, sink);
}

static void
try_request(const uint8_t switches[3], struct bytes rest, struct pool *pool)
{
	static const enum rc ends[] = { RC_SHORT, RC_SLOW, RC_STOPPING };
	static const enum outcome outcomes[] = { OUTCOME_DELIVERED,
		OUTCOME_DUPLICATE, OUTCOME_QUEUED, OUTCOME_REJECTED,
		OUTCOME_TEMPORARY, OUTCOME_FAILED, OUTCOME_UNSTARTED,
		OUTCOME_BUSY, OUTCOME_TIMEOUT, OUTCOME_STOPPED };
	static const enum rc reasons[] = { RC_CROWDED, RC_PENDING,
		RC_QUEUE_FULL, RC_STORE, RC_LOCKED, RC_CORRUPT, RC_STOPPING,
		RC_MEMORY, RC_SYSTEM };
	enum {
		OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]),
		REASONS = sizeof(reasons) / sizeof(reasons[0]),
	};
	unsigned says = switches[2] % (OUTCOMES + REASONS);
	const char **variables = fuzz_lines(&rest, VARIABLES, pool);
	const struct gateway gateway = {
		.variables = (const char *const *)variables,
		.read = front_read,
		.body_released = front_body_released,
		.reply = front_reply,
	};
	struct sink sink = { NULL, put };

	front.input = rest;
	front.step = switches[1] == 0 ? SIZE_MAX : switches[1];
	front.input_end = switches[0] & CUT ? ends[switches[2] % 3] : RC_OK;
	if (says < OUTCOMES)
		front.result.outcome = outcomes[says];
	else
		front.result.reason = reasons[says - OUTCOMES];
	if (switches[0] & SIGN)
		sign_request(&conf->hooks[(switches[0] >> 4) %
				 (conf->hooks_len - 1)],
		    variables, pool);
	if (!(switches[0] & UNKNOWN))
		add(variables,
		    pool_printf(pool, "CONTENT_LENGTH=%zu", rest.len));
	begin(exchange_open(&gateway, switches[0] & BROKEN ? NULL : conf),
	    &sink);
	check_reply();
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
