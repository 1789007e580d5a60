/* SPDX-License-Identifier: ISC */
/*
 * The whole of pelihook.fcgi in this process, and a web server that speaks
 * FastCGI records to its socket.  An input is a row of
 *
 *	bits 0-3 type, 4 long, 5 id, 6 no request, 7 no record
 *	length of the content, one byte or two
 *	content
 *
 * Whatever is sent, what comes back is records, a reply begins with its
 * status, the connection is closed in time, and the next good request is
 * answered.
 */
#include "fuzz.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "../../fcgi/start.h"

#include "base/buf.h"

enum {
	HEADER = 8,
	BEGIN = 1,
	END = 3,
	PARAMS = 4,
	OUTPUT = 6,
	ERRORS = 7,
	RESULT = 10,
	UNKNOWN_TYPE = 11,
	LONG = 0x10,
	OTHER_ID = 0x20,
	NO_REQUEST = 0x40,
	NO_RECORD = 0x80,
	PATIENCE = 20, /* seconds */
	EVERY = 16,    /* inputs, one good request */
};

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void *
serve_all(void *context)
{
	static char *arguments[] = { "pelihook.fcgi", "-c", NULL, "-s", NULL,
		"-j", "2", NULL };

	(void)context;
	arguments[2] = strdup(fuzz_path("conf"));
	arguments[4] = address.sun_path;
	fprintf(stderr, "pelihook.fcgi ended: %d\n", start(7, arguments));
	abort();
}

static int
connect_to(void)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	holds(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
await_server(void)
{
	int fd = -1;

	for (int i = 0; i < 1000 && fd < 0; i++) {
		fd = connect_to();
		if (fd < 0)
			usleep(10000);
	}
	holds(fd >= 0);
	close(fd);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char hooks[] =
	    "allow-root yes\n"
	    "log %1$s\nlog-level debug\n"
	    "hook signed\n secret-file %2$s\n on * ignore\n"
	    "hook open\n signature none\n on * ignore\n";
	char text[512];
	pthread_t thread;

	(void)argc;
	(void)argv;
	fuzz_begin();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    fuzz_path("sock"));
	fuzz_write(fuzz_path("secret"),
	    bytes_of("0123456789abcdef0123456789abcdef\n"));
	snprintf(text, sizeof(text), hooks, fuzz_path("log"),
	    fuzz_path("secret"));
	fuzz_write(fuzz_path("conf"), bytes_of(text));
	holds(pthread_create(&thread, NULL, serve_all, NULL) == 0);
	await_server();
	return 0;
}

static bool
take(struct bytes *from, size_t n, struct bytes *out)
{
	if (from->len < n)
		n = from->len;
	*out = (struct bytes){ from->data, n };
	*from = bytes_skip(*from, n);
	return n > 0;
}

static void
add_header(struct buf *into, unsigned type, unsigned id, size_t len)
{
	char header[HEADER] = { 1, (char)type, 0, (char)id, (char)(len >> 8),
		(char)len };

	holds(buf_add(into, (struct bytes){ header, HEADER }) == RC_OK);
}

static unsigned
id_of(unsigned op)
{
	if (op & NO_REQUEST)
		return 0;
	return op & OTHER_ID ? 2 : 1;
}

static void
compose(struct bytes from, struct buf *into)
{
	struct bytes part, content;
	size_t len;
	unsigned op;

	while (take(&from, 1, &part)) {
		op = (unsigned char)part.data[0];
		len = 0;
		take(&from, op & LONG ? 2 : 1, &part);
		for (size_t i = 0; i < part.len; i++)
			len = len << 8 | (unsigned char)part.data[i];
		take(&from, len, &content);
		if (!(op & NO_RECORD))
			add_header(into, op & 0xf, id_of(op), content.len);
		holds(buf_add(into, content) == RC_OK);
	}
}

static void
receive(int fd, struct buf *into)
{
	ssize_t n;

	for (;;) {
		holds(buf_reserve(into, 65536) == RC_OK);
		/* libFuzzer's clock interrupts what has a time-out. */
		do
			n = recv(fd, into->data + into->len, 65536, 0);
		while (n < 0 && errno == EINTR);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return;
		holds(n > 0);
		into->len += (size_t)n;
	}
}

static void
talk(struct bytes out, struct buf *in)
{
	int fd = connect_to();
	ssize_t n;

	holds(fd >= 0);
	while (out.len > 0) {
		do
			n = send(fd, out.data, out.len, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			break;
		holds(n > 0);
		out = bytes_skip(out, (size_t)n);
	}
	shutdown(fd, SHUT_WR);
	receive(fd, in);
	close(fd);
}

/* Whole records, and a status first. */
static void
check_records(struct bytes in)
{
	static const char status[] = "Status: ";
	bool fresh = true;
	size_t len;

	while (in.len >= HEADER) {
		unsigned char type = (unsigned char)in.data[1];

		len = (size_t)(unsigned char)in.data[4] << 8 |
		    (unsigned char)in.data[5];
		holds(in.data[0] == 1);
		holds(type == END || type == OUTPUT || type == ERRORS ||
		    type == RESULT || type == UNKNOWN_TYPE);
		if (type == OUTPUT && len > 0 && fresh) {
			holds(in.len >= HEADER + strlen(status) &&
			    memcmp(in.data + HEADER, status, strlen(status)) ==
				0);
			fresh = false;
		}
		if (type == END)
			fresh = true;
		len += HEADER + (size_t)(unsigned char)in.data[6];
		if (len > in.len)
			return;
		in = bytes_skip(in, len);
	}
}

static void
check_alive(void)
{
	static const char variables[] = "\x0e\x04REQUEST_METHODPOST"
					"\x0d\x04PELIHOOK_HOOKopen\x0e\x02"
					"CONTENT_LENGTH13";
	static const char body[] = "{\"event\":\"x\"}";
	struct buf out = { 0 }, in = { 0 };

	add_header(&out, BEGIN, 1, 8);
	buf_add(&out, (struct bytes){ "\0\1\0\0\0\0\0\0", 8 });
	add_header(&out, PARAMS, 1, strlen(variables));
	buf_text(&out, variables);
	add_header(&out, PARAMS, 1, 0);
	add_header(&out, 5, 1, strlen(body));
	buf_text(&out, body);
	add_header(&out, 5, 1, 0);
	talk(buf_view(&out), &in);
	holds(in.len > HEADER + 11 &&
	    memcmp(in.data + HEADER, "Status: 200", 11) == 0);
	buf_free(&out);
	buf_free(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned turn;
	struct buf out = { 0 }, in = { 0 };

	compose((struct bytes){ (const char *)data, size }, &out);
	talk(buf_view(&out), &in);
	check_records(buf_view(&in));
	buf_free(&out);
	buf_free(&in);
	if (++turn % EVERY == 0) {
		check_alive();
		fuzz_read_log();
	}
	return 0;
}
