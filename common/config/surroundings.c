/* SPDX-License-Identifier: ISC */
#include <sys/vfs.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "config/surroundings.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/pidfd.h"
#include "base/syslog_client.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/keywords.h"

#define IN_MEMORY                                                              \
	"is in memory, and gone when the machine or the container is started " \
	"anew, with events that were answered 202: name one on a disk"
#define ON_NETWORK                                                             \
	"is on a network file system, where its locks and its shared memory "  \
	"do not hold: name one on a local disk"
#define ON_FUSE                                                                \
	"is on a file system of another process (FUSE), which may be over "    \
	"the network, and gone with that process: name one on a local disk"

/* The types of statfs(2), also those that its manual does not list.  What a
 * disk is under, as overlayfs, is not told: that may outlive everything. */
static const struct {
	uint32_t type;
	const char *fault;
} file_systems[] = {
	{ 0x01021994, IN_MEMORY },  /* tmpfs */
	{ 0x858458f6, IN_MEMORY },  /* ramfs */
	{ 0x00006969, ON_NETWORK }, /* NFS */
	{ 0x0000517b, ON_NETWORK }, /* SMB */
	{ 0xff534d42, ON_NETWORK }, /* CIFS */
	{ 0xfe534d42, ON_NETWORK }, /* SMB 2 and later */
	{ 0x01021997, ON_NETWORK }, /* 9P: a virtual machine's host's, WSL */
	{ 0x00c36400, ON_NETWORK }, /* Ceph */
	{ 0x5346414f, ON_NETWORK }, /* OpenAFS */
	{ 0x6b414653, ON_NETWORK }, /* the kernel's AFS */
	{ 0x73757245, ON_NETWORK }, /* Coda */
	{ 0x0000564c, ON_NETWORK }, /* NCP */
	{ 0x0bd00bd0, ON_NETWORK }, /* Lustre */
	{ 0x47504653, ON_NETWORK }, /* GPFS */
	{ 0x19830326, ON_NETWORK }, /* BeeGFS */
	{ 0xaad7aaea, ON_NETWORK }, /* PanFS */
	{ 0x01161970, ON_NETWORK }, /* GFS2 */
	{ 0x7461636f, ON_NETWORK }, /* OCFS2 */
	{ 0x786f4256, ON_NETWORK }, /* VirtualBox's shared folders */
	{ 0xbacbacbc, ON_NETWORK }, /* VMware's */
	{ 0x7c7c6673, ON_NETWORK }, /* Parallels' */
	{ 0x65735546, ON_FUSE },
};

const char *
surroundings_judge(unsigned long type)
{
	/* Some machines extend its sign. */
	for (size_t i = 0; i < sizeof file_systems / sizeof file_systems[0];
	     i++)
		if (file_systems[i].type == (uint32_t)type)
			return file_systems[i].fault;
	return NULL;
}

/* Of the journal, or of where it will be made.  NULL also where that cannot be
 * looked at. */
static const char *
judge_journal(const char *journal)
{
	struct buf directory = { 0 };
	struct statfs system;
	const char *fault = NULL;

	if (statfs(journal, &system) == 0)
		return surroundings_judge((unsigned long)system.f_type);
	if (buf_add(&directory, io_directory(journal)) == RC_OK &&
	    statfs(directory.data, &system) == 0)
		fault = surroundings_judge((unsigned long)system.f_type);
	buf_free(&directory);
	return fault;
}

static void
warn_journal(const struct conf *conf, struct conf_errors *list)
{
	const char *fault = NULL;

	if (conf->journal != NULL && !conf_journal_is_shared(conf))
		fault = judge_journal(conf->journal);
	if (fault != NULL)
		conf_error(list, conf_line(conf, KEYWORD_JOURNAL),
		    "the journal %s %s", conf->journal, fault);
}

static bool
runs_commands(const struct conf *conf)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		for (size_t k = 0; k < conf->hooks[i].rules_len; k++)
			if (conf->hooks[i].rules[k].command != NULL)
				return true;
	return false;
}

static void
warn_kernel(const struct conf *conf, struct conf_errors *list)
{
	if (runs_commands(conf) && pidfd_check() != RC_OK)
		conf_error(list, 0, "%s", pidfd_fault(errno));
}

static bool
has_queue(const struct conf *conf)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (conf->hooks[i].delivery == CONF_QUEUE)
			return true;
	return false;
}

/* Whether queued commands are run by drains that others start, whose standard
 * error is nobody's. */
static bool
has_drains(const struct conf *conf, bool cgi)
{
	return has_queue(conf) &&
	    (conf->dispatch == CONF_DISPATCH_DRAIN ||
		(conf->dispatch == CONF_DISPATCH_DEFAULT && cgi));
}

static void
warn_log(const struct conf *conf, bool cgi, struct conf_errors *list)
{
	bool drains = conf->log.target == LOG_TO_STDERR &&
	    has_drains(conf, cgi);
	int error;

	if (!drains && conf->log.target != LOG_TO_SYSLOG)
		return;
	error = syslog_client_check(SYSLOG_CLIENT_PATH);
	if (error == 0)
		return;
	conf_error(list, conf_line(conf, KEYWORD_LOG),
	    "nobody reads syslog here (%s: %s), where the log %s: start its "
	    "daemon, or write `log' and a file's path",
	    SYSLOG_CLIENT_PATH, strerrordesc_np(error),
	    drains ? "of queued commands goes, as standard error is not there "
		     "for them" :
		     "goes");
}

void
surroundings_warn(const struct conf *conf, bool cgi, struct conf_errors *list)
{
	warn_journal(conf, list);
	warn_kernel(conf, list);
	warn_log(conf, cgi, list);
}
