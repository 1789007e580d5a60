/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/source.h"

#include "config/conf.h"
#include "config/digest.h"
#include "config/keywords.h"
#include "config/load.h"

enum { ERRORS = 4096 };

enum verdict {
	OURS,	/* it is noted as this file's, or not at all */
	SAME,	/* by another path, or by a file that may as well have it */
	VACANT, /* as one's that does not have it any more */
	THEIRS,
};

enum rc
queue_source_file(const char *file, char path[JOURNAL_FILE_SIZE])
{
	char here[JOURNAL_FILE_SIZE] = "";
	int n;

	if (file[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return RC_SYSTEM;
	n = snprintf(path, JOURNAL_FILE_SIZE, "%s%s%s", here,
	    file[0] == '/' ? "" : "/", file);
	return n < JOURNAL_FILE_SIZE ? RC_OK : RC_RANGE;
}

/* The first line of what is wrong with the other file. */
static void
add_first_line(struct bytes errors, struct buf *why)
{
	struct bytes line = { 0 };

	bytes_split(&errors, "\n", &line);
	buf_text(why, ": it cannot be read (");
	buf_add(why, line);
	buf_text(why, ")");
}

static bool
has_same_rules(const struct hook *hook, const struct hook *other)
{
	char digests[2][CONF_DIGEST_SIZE];

	return hook->keep == other->keep &&
	    hook->keep_dead == other->keep_dead &&
	    conf_digest(hook, digests[0]) == RC_OK &&
	    conf_digest(other, digests[1]) == RC_OK &&
	    strcmp(digests[0], digests[1]) == 0;
}

/* The other file, and its hook of that name where it has one for the journal.
 * NULL: it cannot be read, as why tells. */
static struct conf *
load_other(const struct journal *journal, const char *name, const char *noted,
    const struct hook **hook, struct buf *why)
{
	struct buf errors = { .max = ERRORS };
	struct conf *conf = NULL;

	*hook = NULL;
	if (conf_load(noted, &conf, &errors) != RC_OK)
		add_first_line(buf_view(&errors), why);
	else if (conf->journal != NULL &&
	    journal_is_named(journal, conf->journal))
		*hook = conf_find(conf, bytes_of(name));
	buf_free(&errors);
	return conf;
}

/* What is wrong with the other file is no reason to run its events. */
static enum verdict
read_other(const struct journal *journal, const struct hook *hook,
    const char *noted, struct buf *why)
{
	const struct hook *other;
	struct conf *conf = load_other(journal, hook->name, noted, &other, why);
	enum verdict verdict = THEIRS;

	if (conf != NULL && other == NULL)
		verdict = VACANT;
	else if (other != NULL && has_same_rules(hook, other))
		verdict = SAME;
	conf_release(conf);
	return verdict;
}

static bool
is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

static enum verdict
judge(const struct journal *journal, const struct hook *hook, const char *noted,
    struct buf *why)
{
	struct stat theirs;
	struct stat ours;

	buf_printf(why, "the journal's events of hook %s are those of %s",
	    hook->name, noted);
	if (stat(noted, &theirs) == -1) {
		if (is_missing(errno))
			return VACANT;
		buf_printf(why, ": %s", strerror(errno));
		return THEIRS;
	}
	/* This one was moved away: older rules, which are stored by. */
	if (stat(hook->file, &ours) == -1) {
		if (is_missing(errno))
			return SAME;
	} else if (ours.st_dev == theirs.st_dev &&
	    ours.st_ino == theirs.st_ino) {
		return SAME;
	}
	return read_other(journal, hook, noted, why);
}

struct finding {
	enum verdict verdict;
	char own[JOURNAL_FILE_SIZE];
	char noted[JOURNAL_FILE_SIZE]; /* where it is not OURS */
};

/* why is set where it is not OURS. */
static enum rc
look(struct journal *journal, const struct hook *hook, struct finding *out,
    struct buf *why)
{
	enum rc rc = queue_source_file(hook->file, out->own);

	if (rc == RC_OK)
		rc = journal_source_find(journal, hook->name, out->noted);
	out->verdict = OURS;
	if (rc == RC_MISSING)
		return RC_OK;
	if (rc == RC_OK && strcmp(out->noted, out->own) != 0)
		out->verdict = judge(journal, hook, out->noted, why);
	if (out->verdict == THEIRS)
		buf_text(why,
		    ": take the hook out of one of the two files, give it "
		    "another name, or name another journal");
	return rc;
}

enum rc
queue_source_settle(struct journal *journal, const struct hook *hook,
    char path[JOURNAL_FILE_SIZE], struct buf *why)
{
	struct finding found;
	enum rc rc = look(journal, hook, &found, why);

	if (rc != RC_OK)
		return rc;
	memcpy(path, found.verdict == SAME ? found.noted : found.own,
	    JOURNAL_FILE_SIZE);
	switch (found.verdict) {
	case OURS:
	case SAME:
		break;
	case VACANT:
		return journal_source_change(journal, hook->name, found.noted,
		    path);
	case THEIRS:
		return why->rc == RC_MEMORY ? RC_MEMORY : RC_CONFIG;
	}
	return RC_OK;
}

enum rc
queue_source_check(struct journal *journal, const struct conf *conf,
    struct buf *errors)
{
	struct finding found;
	bool refused = false;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = &conf->hooks[i];
		struct buf why = { 0 };

		if (hook->delivery != CONF_QUEUE)
			continue;
		rc = look(journal, hook, &found, &why);
		if (rc == RC_OK && found.verdict == THEIRS) {
			buf_printf(errors, "%s:%u: %s\n", conf->file,
			    conf_line(conf, KEYWORD_JOURNAL),
			    why.rc == RC_OK ? why.data : "out of memory");
			refused = true;
		}
		buf_free(&why);
	}
	return rc == RC_OK && refused ? RC_CONFIG : rc;
}

bool
queue_source_is_other(const struct journal *journal, const struct conf *conf,
    const char *hook, const char *noted)
{
	char own[JOURNAL_FILE_SIZE];
	const struct hook *found = NULL;
	struct conf *other = NULL;
	struct buf why = { 0 };
	struct stat theirs;
	struct stat ours;
	bool is_other = true;

	if (noted[0] == '\0' || stat(noted, &theirs) == -1 ||
	    queue_source_file(conf->file, own) != RC_OK ||
	    strcmp(own, noted) == 0)
		return false;
	if (stat(own, &ours) == 0 && ours.st_dev == theirs.st_dev &&
	    ours.st_ino == theirs.st_ino)
		return false;
	/* One that cannot be read may have it. */
	other = load_other(journal, hook, noted, &found, &why);
	if (other != NULL && found == NULL)
		is_other = false;
	conf_release(other);
	buf_free(&why);
	return is_other;
}
