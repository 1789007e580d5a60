/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FUZZ_H
#define PELIHOOK_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/pool.h"

/*
 * What the fuzz targets share.  What a target promises is written with
 * holds(): where it does not, the process ends as from a crash, and
 * libFuzzer keeps the input.
 */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define holds(what) holds_at((what), #what, __FILE__, __LINE__)

static inline void
holds_at(bool held, const char *what, const char *file, int line)
{
	if (held)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* A directory of the process's own; what is in it is small. */
static char fuzz_directory[] = "/tmp/pelihook-fuzz-XXXXXX";

static inline const char *
fuzz_path(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", fuzz_directory, name);
	return path;
}

static inline void
fuzz_write(const char *path, struct bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	holds(fd >= 0);
	holds(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
	close(fd);
}

/* Once where a process ends of itself; a crash leaves its directory. */
static inline void
fuzz_tidy(void)
{
	static const char *const names[] = { "conf", "secret", "log", "sock",
		"sock.lock", "auto", "github", "stripe", "slack", "standard" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(fuzz_path(names[i]));
	rmdir(fuzz_directory);
}

/* Everything is logged, for what is logged came from outside. */
static inline void
fuzz_begin(void)
{
	struct log_settings settings = {
		.target = LOG_TO_FILE,
		.level = LOG_LEVEL_DEBUG,
	};

	umask(077);
	holds(mkdtemp(fuzz_directory) != NULL);
	atexit(fuzz_tidy);
	settings.path = fuzz_path("log");
	holds(log_open("fuzz", &settings) == RC_OK);
}

/* The log of one input is looked at and then thrown away. */
static inline void
fuzz_read_log(void)
{
	static char text[1 << 16];
	int fd = open(fuzz_path("log"), O_RDWR | O_CLOEXEC);
	ssize_t n;

	holds(fd >= 0);
	n = read(fd, text, sizeof(text));
	holds(n >= 0);
	for (ssize_t i = 0; i < n; i++)
		holds((unsigned char)text[i] >= 0x20 ? text[i] != 0x7f :
						       text[i] == '\n');
	if (n > 0)
		holds(ftruncate(fd, 0) == 0);
	close(fd);
}

/* Cuts off what is before the next LF. */
static inline bool
fuzz_line(struct bytes *rest, struct bytes *line)
{
	return bytes_split(rest, "\n", line);
}

/*
 * The lines up to an empty one, as texts of the pool that end with NULL:
 * what a process finds in its environment.
 */
static inline const char **
fuzz_lines(struct bytes *rest, size_t most, struct pool *pool)
{
	const char **list = pool_alloc(pool, most + 1, sizeof(*list));
	struct bytes line;
	size_t n = 0;

	holds(list != NULL);
	while (fuzz_line(rest, &line) && line.len > 0)
		if (n < most)
			list[n++] = pool_copy(pool, line);
	return list;
}

#endif
