/* SPDX-License-Identifier: ISC */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/stats.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/trust.h"
#include "config/uri.h"

/*
 * Everything that changes is one word that is changed by one atomic
 * operation, or a text that is written once: whoever is killed on the way
 * leaves nothing that others would wait for, and a text at most that nobody
 * reads.
 */

enum {
	VERSION = 1,
	HOOKS = 512, /* the unknown one and the rest included */
	UNKNOWN = 0,
	OTHERS = HOOKS - 1,
	REASONS = 64, /* the first stands for none */
	LABEL = 180,  /* bytes of a text, its NUL included */
	FILE_MAX = 4 * 1024 * 1024,
	LOOK = 60 * 1000, /* between looks at the file's name, ms */
	/* A counter of an hour is that hour and a number below it. */
	HOUR_SHIFT = 40,
	/* The last refusal is its time, its kind and its reason. */
	TIME_SHIFT = 16,
	KIND_SHIFT = 8,
	BYTE = 0xff,
};

static const uint64_t count_mask = (UINT64_C(1) << HOUR_SHIFT) - 1;
static const int64_t hour_length = 3600000;
static const char magic[8] = "plhkstat";
/* What each user's directory is named by there, before the number. */
static const char in_memory[] = "/dev/shm/pelihook-";

enum label_state {
	LABEL_FREE,
	LABEL_CLAIMED, /* somebody writes it, or was killed meanwhile */
	LABEL_WRITTEN,
};

/* A text that is written once. */
struct label {
	_Atomic uint32_t state;
	char text[LABEL];
};

struct secret_slot {
	struct label label; /* first */
	_Atomic uint64_t used;
	_Atomic uint64_t last;
};

struct hook_slot {
	struct label label; /* first */
	_Atomic uint64_t event;
	_Atomic uint64_t refused;
	_Atomic uint64_t totals[JOURNAL_STATS_KINDS];
	_Atomic uint64_t hours[JOURNAL_STATS_HOURS][JOURNAL_STATS_KINDS];
	struct secret_slot secrets[JOURNAL_STATS_SECRETS];
};

/* What the file begins with, in the machine's own order of bytes. */
struct stats_head {
	char magic[sizeof(magic)];
	uint64_t version;
	int64_t source;
	int64_t made;
	uint64_t later[4]; /* zeroes */
};

struct stats_file {
	struct stats_head head;
	struct label reasons[REASONS];
	struct hook_slot hooks[HOOKS];
};

static_assert(sizeof(struct stats_file) <= FILE_MAX,
    "it is written whole when it is made");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
    "processes share no lock but those of the machine itself");

struct journal_stats {
	char *path; /* of the file */
	_Atomic(struct stats_file *) file;
	atomic_llong look_at; /* clock_steady */
	pthread_mutex_t lock; /* of what follows, and of who changes file */
	dev_t device;
	ino_t inode;
	bool warned;
};

static const int statuses[] = { 400, 401, 404, 405, 408, 413, 415, 422, 500,
	503, 504 };

static const char *const words[] = { "ignored", "duplicate", "queued",
	"delivered", "400", "401", "404", "405", "408", "413", "415", "422",
	"500", "503", "504" };

static_assert(sizeof(words) / sizeof(words[0]) == JOURNAL_STATS_KINDS,
    "each kind has a word");
static_assert(JOURNAL_STATS_REFUSED + sizeof(statuses) / sizeof(statuses[0]) ==
	JOURNAL_STATS_KINDS,
    "each status is a kind");

int
journal_stats_status(unsigned kind)
{
	return kind < JOURNAL_STATS_REFUSED || kind >= JOURNAL_STATS_KINDS ?
	    0 :
	    statuses[kind - JOURNAL_STATS_REFUSED];
}

const char *
journal_stats_word(unsigned kind)
{
	return words[kind];
}

int64_t
journal_stats_hour(int64_t time)
{
	return time / hour_length;
}

/* A status that is none of them is trouble of ours. */
static unsigned
kind_of_status(int status)
{
	unsigned kind = JOURNAL_STATS_REFUSED;

	while (
	    kind < JOURNAL_STATS_KINDS && journal_stats_status(kind) != status)
		kind++;
	return kind < JOURNAL_STATS_KINDS ? kind : kind_of_status(500);
}

static unsigned
kind_of(const struct journal_stats_request *request)
{
	switch (request->outcome) {
	case OUTCOME_IGNORED:
		return JOURNAL_STATS_IGNORED;
	case OUTCOME_DUPLICATE:
		return JOURNAL_STATS_DUPLICATE;
	case OUTCOME_QUEUED:
		return JOURNAL_STATS_QUEUED;
	case OUTCOME_DELIVERED:
		return JOURNAL_STATS_DELIVERED;
	case OUTCOME_REFUSED:
	case OUTCOME_REJECTED:
	case OUTCOME_TEMPORARY:
	case OUTCOME_FAILED:
	case OUTCOME_UNSTARTED:
	case OUTCOME_BUSY:
	case OUTCOME_TIMEOUT:
	case OUTCOME_STOPPED:
		break;
	}
	return kind_of_status(request->status);
}

/* Finding and making the file. */

/*
 * Beside a database there is no place.  What is folded is there, and the rest
 * is this machine's: so it is kept in its memory, where all of a user's
 * processes find it, however they were started, and nothing of an earlier
 * machine is.  /run is not ours to write to, and /tmp often differs between
 * services.
 */
enum rc
journal_stats_path(const char *journal, struct buf *out)
{
	char digest[2 * CRYPTO_DIGEST + 1];
	uint8_t sum[CRYPTO_DIGEST];
	enum rc rc;

	if (!uri_is(journal))
		return buf_printf(out, "%s-stats", journal);
	rc = crypto_sha256(bytes_of(journal), sum);
	if (rc != RC_OK)
		return rc;
	encode_hex(sum, sizeof(sum), digest);
	return buf_printf(out, "%s%lu/%s-stats", in_memory,
	    (unsigned long)geteuid(), digest);
}

static bool
is_in_memory(const char *name)
{
	return bytes_begin(bytes_of(name), in_memory);
}

static void warn(struct journal_stats *stats, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
warn(struct journal_stats *stats, const char *format, ...)
{
	char text[PATH_MAX + 256];
	va_list arguments;

	if (stats->warned)
		return;
	stats->warned = true;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)log_once(LOG_ONCE_COUNTS);
	log_say(LOG_LEVEL_WARNING, "requests are not counted: %s", text);
}

static const char *
judge_head(const struct stats_head *head)
{
	if (memcmp(head->magic, magic, sizeof(magic)) != 0)
		return "is no file of counts: take it away";
	if (head->version != VERSION)
		return "was made by another release: take it away once that "
		       "does not run any more";
	return NULL;
}

static enum rc
judge_owner(const struct stat *about, struct buf *error)
{
	enum rc rc = trust_own(about, S_IFREG, error);

	if (!S_ISREG(about->st_mode))
		(void)buf_text(error, ": take it away");
	return rc;
}

/*
 * Maps what is open, of this user and of nobody else, and the whole of it.
 * NULL, and error has a sentence without the file's name.  Its directory is
 * looked at where the file is made and when the journal is opened: what others
 * could do here is to give the name to another such file of this user.
 */
static struct stats_file *
map(int fd, int protection, struct stat *about, struct buf *error)
{
	struct stats_file *file;
	const char *wrong;

	if (fstat(fd, about) != 0) {
		(void)buf_text(error, strerror(errno));
		return NULL;
	}
	if (judge_owner(about, error) != RC_OK)
		return NULL;
	if (about->st_size != sizeof(*file)) {
		(void)buf_text(error, "is no file of counts: take it away");
		return NULL;
	}
	file = mmap(NULL, sizeof(*file), protection, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED) {
		(void)buf_printf(error, "cannot be mapped: %s",
		    strerror(errno));
		return NULL;
	}
	wrong = judge_head(&file->head);
	if (wrong == NULL)
		return file;
	(void)buf_text(error, wrong);
	munmap(file, sizeof(*file));
	return NULL;
}

/* Where the file system would write each page anew elsewhere, one that was
 * allocated could still find no room; an empty file can be told. */
static void
write_in_place(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_NOCOW_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/* Its room first, so that it is there for whoever maps it. */
static int
fill(int fd)
{
	struct stats_head head = { .version = VERSION, .made = clock_wall() };
	int error;

	memcpy(head.magic, magic, sizeof(magic));
	if (crypto_random(&head.source, sizeof(head.source)) != RC_OK)
		return EIO;
	head.source &= INT64_MAX;
	write_in_place(fd);
	error = posix_fallocate(fd, 0, sizeof(struct stats_file));
	if (error != 0)
		return error;
	return pwrite(fd, &head, sizeof(head), 0) == sizeof(head) ? 0 : EIO;
}

/* Not all file systems know RENAME_NOREPLACE.  By link(2) it has two names for
 * a moment, in which others do not trust it. */
static int
give_name(const char *path, const char *name)
{
	if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && link(path, name) == 0)
		return 0;
	return errno;
}

/* EEXIST: another process was faster. */
static int
make_as(const char *path, const char *name)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	int error;

	if (fd == -1)
		return errno;
	error = fill(fd);
	if (error == 0)
		error = give_name(path, name);
	unlink(path);
	close(fd);
	return error;
}

/* A directory of /dev/shm is made by whoever needs it first. */
static enum rc
check_directory(const char *name, struct buf *error)
{
	struct buf directory = { 0 };
	struct buf why = { 0 };
	enum rc rc = buf_add(&directory, io_directory(name));

	if (rc == RC_OK && is_in_memory(name))
		(void)mkdir(directory.data, 0700);
	if (rc == RC_OK)
		rc = trust_path(directory.data, TRUST_PRIVATE, &why);
	if (rc != RC_OK)
		(void)buf_printf(error, "cannot be made: directory %s %s",
		    directory.data, why.len > 0 ? why.data : "is not trusted");
	buf_free(&directory);
	buf_free(&why);
	return rc;
}

static bool
make(const char *name, struct buf *error)
{
	struct buf path = { 0 };
	char mark[CRYPTO_MARK];
	int number;

	if (check_directory(name, error) != RC_OK ||
	    crypto_mark(mark) != RC_OK ||
	    buf_printf(&path, "%s.%s", name, mark) != RC_OK)
		return false;
	number = make_as(path.data, name);
	if (number != 0 && number != EEXIST)
		(void)buf_printf(error, "cannot be made: %s", strerror(number));
	buf_free(&path);
	return number == 0 || number == EEXIST;
}

static int
open_file(const char *path, int flags)
{
	return open(path,
	    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Why it could not be opened: what it is tells more than the number. */
static void
explain(const char *name, int number, struct buf *error)
{
	struct stat about;

	if (lstat(name, &about) == 0 && judge_owner(&about, error) != RC_OK)
		return;
	(void)buf_printf(error, "cannot be opened: %s%s", strerror(number),
	    number == EACCES ? ": chmod u+rw it" : "");
}

/* Anybody may have made a directory there that has this user's name.  One that
 * is missing is found so when the file is opened. */
static bool
is_others_place(const char *name, struct buf *error)
{
	struct buf why = { 0 };
	struct buf directory = { 0 };
	struct stat about;
	bool is = false;

	if (!is_in_memory(name) ||
	    buf_add(&directory, io_directory(name)) != RC_OK)
		return false;
	if (lstat(directory.data, &about) == 0 || errno != ENOENT)
		is = trust_path(directory.data, TRUST_PRIVATE, &why) != RC_OK;
	if (is)
		(void)buf_printf(error, "cannot be used: directory %s %s",
		    directory.data, why.len > 0 ? why.data : "is not trusted");
	buf_free(&directory);
	buf_free(&why);
	return is;
}

/*
 * What there is.  NULL, and a sentence in error as above, or none where there
 * is no file.
 */
static struct stats_file *
map_existing(const char *name, int protection, struct stat *about,
    struct buf *error)
{
	struct stats_file *file = NULL;
	int fd;

	if (is_others_place(name, error))
		return NULL;
	fd = open_file(name, O_RDWR);

	/* Who only reads finds the same fault, but for a disk's. */
	if (fd == -1 && errno == EROFS && protection == PROT_READ)
		fd = open_file(name, O_RDONLY);
	if (fd != -1)
		file = map(fd, protection, about, error);
	else if (errno != ENOENT && errno != ENOTDIR)
		explain(name, errno, error);
	io_close(&fd);
	return file;
}

static bool
is_missing(const struct stats_file *file, const struct buf *error)
{
	return file == NULL && error->len == 0 && error->rc == RC_OK;
}

/* Under the lock. */
static void
map_file(struct journal_stats *stats)
{
	const int protection = PROT_READ | PROT_WRITE;
	struct buf error = { 0 };
	struct stat about;
	struct stats_file *file = map_existing(stats->path, protection, &about,
	    &error);

	if (is_missing(file, &error) && make(stats->path, &error))
		file = map_existing(stats->path, protection, &about, &error);
	if (file != NULL) {
		stats->device = about.st_dev;
		stats->inode = about.st_ino;
		atomic_store(&stats->file, file);
	} else {
		warn(stats, "%s %s", stats->path,
		    error.len > 0 ? error.data : "cannot be used");
	}
	buf_free(&error);
}

/*
 * What is mapped stays so, as other threads may be counting in it: that the
 * file is replaced is rare.
 */
static void
look(struct journal_stats *stats)
{
	struct stat about;

	if (atomic_load(&stats->file) != NULL &&
	    lstat(stats->path, &about) == 0 && about.st_dev == stats->device &&
	    about.st_ino == stats->inode)
		return;
	map_file(stats);
}

static struct stats_file *
file_in_force(struct journal_stats *stats)
{
	int64_t now = clock_steady();

	if (now >= atomic_load(&stats->look_at) &&
	    pthread_mutex_trylock(&stats->lock) == 0) {
		atomic_store(&stats->look_at, now + LOOK);
		look(stats);
		pthread_mutex_unlock(&stats->lock);
	}
	return atomic_load(&stats->file);
}

void
journal_stats_look(struct journal_stats *stats)
{
	if (stats == NULL)
		return;
	pthread_mutex_lock(&stats->lock);
	look(stats);
	pthread_mutex_unlock(&stats->lock);
}

enum rc
journal_stats_open(const char *path, struct journal_stats **out)
{
	struct journal_stats *stats = calloc(1, sizeof(*stats));
	struct buf name = { 0 };

	if (stats == NULL || journal_stats_path(path, &name) != RC_OK) {
		buf_free(&name);
		free(stats);
		return RC_MEMORY;
	}
	stats->path = name.data;
	pthread_mutex_init(&stats->lock, NULL);
	atomic_init(&stats->look_at, clock_steady() + LOOK);
	map_file(stats);
	*out = stats;
	return RC_OK;
}

void
journal_stats_begin(const char *path)
{
	struct buf name = { 0 };
	struct buf error = { 0 };

	if (journal_stats_path(path, &name) == RC_OK)
		(void)make(name.data, &error);
	buf_free(&name);
	buf_free(&error);
}

void
journal_stats_close(struct journal_stats *stats)
{
	struct stats_file *file;

	if (stats == NULL)
		return;
	file = atomic_load(&stats->file);
	if (file != NULL)
		munmap(file, sizeof(*file));
	pthread_mutex_destroy(&stats->lock);
	free(stats->path);
	free(stats);
}

/* Counting. */

/* Of a long text its end, which tells more of a path. */
static void
shorten(const char *text, char into[LABEL])
{
	size_t len = strlen(text);

	if (len < LABEL)
		memcpy(into, text, len + 1);
	else
		snprintf(into, LABEL, "...%s", text + len - (LABEL - 4));
}

/* Whether it has this text now.  Two that write the same at once may take two
 * places: whoever reads adds these up. */
static bool
has_text(struct label *label, const char text[LABEL])
{
	uint32_t state = LABEL_FREE;

	if (atomic_load_explicit(&label->state, memory_order_acquire) ==
	    LABEL_WRITTEN)
		return strncmp(label->text, text, LABEL) == 0;
	if (!atomic_compare_exchange_strong(&label->state, &state,
		LABEL_CLAIMED))
		return state == LABEL_WRITTEN &&
		    strncmp(label->text, text, LABEL) == 0;
	memcpy(label->text, text, strlen(text) + 1);
	atomic_store_explicit(&label->state, LABEL_WRITTEN,
	    memory_order_release);
	return true;
}

static struct hook_slot *
hook_slot(struct stats_file *file, const char *name)
{
	char text[LABEL];

	if (name == NULL)
		return &file->hooks[UNKNOWN];
	shorten(name, text);
	for (size_t i = UNKNOWN + 1; i < OTHERS; i++)
		if (has_text(&file->hooks[i].label, text))
			return &file->hooks[i];
	return &file->hooks[OTHERS];
}

static struct secret_slot *
secret_slot(struct hook_slot *hook, const char *path)
{
	char text[LABEL];
	size_t rest = JOURNAL_STATS_SECRETS - 1;

	shorten(path, text);
	for (size_t i = 0; i < rest; i++)
		if (has_text(&hook->secrets[i].label, text))
			return &hook->secrets[i];
	return &hook->secrets[rest];
}

static uint64_t
reason_number(struct stats_file *file, const char *reason)
{
	char text[LABEL];

	if (reason == NULL)
		return 0;
	shorten(reason, text);
	for (size_t i = 1; i < REASONS; i++)
		if (has_text(&file->reasons[i], text))
			return i;
	return 0;
}

/* Of another hour than this one it begins anew. */
static void
add_to_hour(_Atomic uint64_t *counter, uint64_t hour)
{
	uint64_t now = atomic_load(counter);
	uint64_t next;

	do
		next = now >> HOUR_SHIFT == hour ? now + 1 :
						   (hour << HOUR_SHIFT) + 1;
	while (!atomic_compare_exchange_weak(counter, &now, next));
}

void
journal_stats_count(struct journal_stats *stats,
    const struct journal_stats_request *request)
{
	struct stats_file *file = stats == NULL ? NULL : file_in_force(stats);
	uint64_t time = request->time > 0 ? (uint64_t)request->time : 0;
	uint64_t hour = time / (uint64_t)hour_length;
	unsigned kind = kind_of(request);
	struct secret_slot *secret;
	struct hook_slot *hook;

	if (file == NULL)
		return;
	hook = hook_slot(file, request->hook);
	add_to_hour(&hook->hours[hour % JOURNAL_STATS_HOURS][kind], hour);
	atomic_fetch_add(&hook->totals[kind], 1);
	if (request->event > 0)
		atomic_store(&hook->event, (uint64_t)request->event);
	if (kind >= JOURNAL_STATS_REFUSED)
		atomic_store(&hook->refused,
		    time << TIME_SHIFT | (uint64_t)kind << KIND_SHIFT |
			reason_number(file, request->reason));
	if (request->secret == NULL)
		return;
	secret = secret_slot(hook, request->secret);
	atomic_fetch_add(&secret->used, 1);
	atomic_store(&secret->last, time);
}

/* Reading. */

static int64_t
number_of(const _Atomic uint64_t *word)
{
	return (int64_t)(atomic_load(word) & INT64_MAX);
}

/* NULL: there is none, or no memory. */
static const char *
text_of(struct label *label, struct pool *pool)
{
	if (atomic_load_explicit(&label->state, memory_order_acquire) !=
	    LABEL_WRITTEN)
		return NULL;
	return pool_copy(pool,
	    (struct bytes){ label->text, strnlen(label->text, LABEL) });
}

static void
read_refusal(struct stats_file *file, const struct hook_slot *slot,
    struct pool *pool, struct journal_stats_hook *hook)
{
	uint64_t word = atomic_load(&slot->refused);
	size_t reason = word & BYTE;
	const char *text = reason == 0 || reason >= REASONS ?
	    NULL :
	    text_of(&file->reasons[reason], pool);

	if ((int64_t)(word >> TIME_SHIFT) <= hook->refused)
		return;
	hook->refused = (int64_t)(word >> TIME_SHIFT);
	hook->refused_status = journal_stats_status(word >> KIND_SHIFT & BYTE);
	hook->reason = text == NULL ? "" : text;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
read_secret(struct secret_slot *slot, const char *file,
    struct journal_stats_hook *hook)
{
	int64_t used = number_of(&slot->used);
	size_t i = 0;

	while (i < hook->secrets_n && strcmp(hook->secrets[i].file, file) != 0)
		i++;
	if (used == 0 || i == JOURNAL_STATS_SECRETS)
		return;
	if (i == hook->secrets_n)
		hook->secrets[hook->secrets_n++].file = file;
	hook->secrets[i].used += used;
	hook->secrets[i].last = later(hook->secrets[i].last,
	    number_of(&slot->last));
}

static void
read_secrets(struct hook_slot *slot, struct pool *pool,
    struct journal_stats_hook *hook)
{
	size_t rest = JOURNAL_STATS_SECRETS - 1;
	const char *file;

	for (size_t i = 0; i < rest; i++) {
		file = text_of(&slot->secrets[i].label, pool);
		if (file != NULL)
			read_secret(&slot->secrets[i], file, hook);
	}
	read_secret(&slot->secrets[rest], JOURNAL_STATS_OTHERS, hook);
}

/* Of two hours that share a place the later one. */
static void
read_hour(uint64_t *into, uint64_t word)
{
	if (*into >> HOUR_SHIFT == word >> HOUR_SHIFT)
		*into += word & count_mask;
	else if (word > *into)
		*into = word;
}

static void
read_numbers(const struct hook_slot *slot, struct journal_stats_hook *hook)
{
	hook->last_event = later(hook->last_event, number_of(&slot->event));
	for (size_t kind = 0; kind < JOURNAL_STATS_KINDS; kind++) {
		hook->totals[kind] += number_of(&slot->totals[kind]);
		for (size_t i = 0; i < JOURNAL_STATS_HOURS; i++)
			read_hour(&hook->hours[i][kind],
			    atomic_load(&slot->hours[i][kind]));
	}
}

/* NULL: no memory. */
static struct journal_stats_hook *
find_hook(struct journal_stats_report *report, const char *name,
    struct pool *pool)
{
	struct journal_stats_hook *hook;

	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->list[i].name, name) == 0)
			return &report->list[i];
	hook = pool_next(pool, &report->list, report->n);
	if (hook == NULL)
		return NULL;
	*hook = (struct journal_stats_hook){ .name = name, .reason = "" };
	report->n++;
	return hook;
}

static bool
was_used(const struct hook_slot *slot)
{
	for (size_t kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		if (atomic_load(&slot->totals[kind]) != 0)
			return true;
	return false;
}

static enum rc
read_file(struct stats_file *file, struct pool *pool,
    struct journal_stats_report *report)
{
	report->source = file->head.source & INT64_MAX;
	report->made = file->head.made;
	report->overflowed = was_used(&file->hooks[OTHERS]);
	for (size_t i = 0; i < HOOKS; i++) {
		struct hook_slot *slot = &file->hooks[i];
		const char *name = i == UNKNOWN ? "" : JOURNAL_STATS_OTHERS;
		struct journal_stats_hook *hook;

		if (!was_used(slot))
			continue;
		if (i != UNKNOWN && i != OTHERS) {
			if (atomic_load(&slot->label.state) != LABEL_WRITTEN)
				continue;
			name = text_of(&slot->label, pool);
		}
		hook = name == NULL ? NULL : find_hook(report, name, pool);
		if (hook == NULL)
			return RC_MEMORY;
		read_numbers(slot, hook);
		read_refusal(file, slot, pool, hook);
		read_secrets(slot, pool, hook);
	}
	return RC_OK;
}

/* NULL where it cannot be read; RC_MISSING where there is none. */
static struct stats_file *
map_to_read(const char *name, struct buf *error, enum rc *rc)
{
	struct buf why = { 0 };
	struct stat about;
	struct stats_file *file = map_existing(name, PROT_READ, &about, &why);

	*rc = is_missing(file, &why) ? RC_MISSING : RC_CONFIG;
	if (file == NULL && *rc == RC_CONFIG)
		(void)buf_printf(error, "%s %s", name,
		    why.len > 0 ? why.data : "cannot be used");
	buf_free(&why);
	return file;
}

enum rc
journal_stats_read(const char *path, struct pool *pool,
    struct journal_stats_report *report, struct buf *error)
{
	struct journal_stats_report found = { 0 };
	struct stats_file *file = NULL;
	struct buf name = { 0 };
	enum rc rc = journal_stats_path(path, &name);

	if (rc == RC_OK)
		file = map_to_read(name.data, error, &rc);
	buf_free(&name);
	if (file == NULL)
		return rc;
	rc = read_file(file, pool, &found);
	munmap(file, sizeof(*file));
	if (rc == RC_OK)
		*report = found;
	return rc;
}

int64_t
journal_stats_at(const struct journal_stats_hook *hook, unsigned kind,
    int64_t hour)
{
	uint64_t word;

	if (hour < 0)
		return 0;
	word = hook->hours[hour % JOURNAL_STATS_HOURS][kind];
	return word >> HOUR_SHIFT == (uint64_t)hour ?
	    (int64_t)(word & count_mask) :
	    0;
}
