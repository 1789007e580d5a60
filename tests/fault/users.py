# SPDX-License-Identifier: ISC
"""root types pelihookctl: whatever the word, no file is made that the web
server's user cannot write, and no command is run by root.

usage: users.py [WORD of a test's name...]"""

import os
import sys

import harness
from fault import DEAD, DONE, MARK, QUEUED, Site, check_journal, event
from harness import check, status_of

USER = int(os.environ["ORDINARY"])
OTHER = USER - 1
harness.WRAP[:0] = ["setpriv", "--reuid=%d" % USER, "--regid=%d" % USER,
                    "--clear-groups"]


CONFIG = """journal @OWN@/journal.db
log @OWN@/queue.log
dispatch none
hook peliqan
  secret-file @OWN@/secret
  retry 1ms
  on * run @MARK@ @OWN@
"""


class Owned(Site):
    """The configuration is root's, all else the web server's user's."""

    def configure(self, hook="", globals="", retry=None):
        self.own = self.path("own")
        os.makedirs(os.path.join(self.own, "locks"))
        os.chmod(self.dir, 0o755)
        os.rename(self.path("secret.new"), self.path("own/secret"))
        self.journal = self.path("own/journal.db")
        self.conf = self.config(CONFIG.replace("@OWN@", self.own)
                                .replace("@MARK@", MARK))
        os.chmod(self.conf, 0o644)
        self.write("log", "")
        os.chown(self.path("log"), USER, USER)
        self.give(USER)

    def give(self, user):
        for directory, _, names in os.walk(self.own):
            for name in [directory] + [os.path.join(directory, name)
                                       for name in names]:
                os.chown(name, user, user)

    def read(self, name):
        return super().read("own/" + name)

    def append(self, number, **fields):
        status = status_of(self.ask_cgi(event(number, **fields)))
        check(status == 202, "answered %d" % status)

    def state(self, number):
        return self.deliveries()[number][1]

    def foreign(self):
        """The files that are not the user's."""
        found = []
        for directory, _, names in os.walk(self.own):
            found += [name for name in names if os.lstat(
                os.path.join(directory, name)).st_uid != USER]
        return found

    def as_root(self, *words, status=0):
        self.ctl(*words, status=status)
        check(not self.foreign(), "%s made %r" % (words, self.foreign()))


def words_of_root(site):
    """Each word, on files that the word itself has to make."""
    for words in ("list",), ("stats",), ("purge",), ("drain",), ("check",), \
            ("runs",), ("pipelines",):
        site.as_root(*words)
        for name in os.listdir(site.own):
            if name.startswith("journal.db") or name == "queue.log":
                os.remove(os.path.join(site.own, name))
    site.append(1)
    site.append(2, bad=1)
    site.append(3)
    name = {number: row[3] for number, row in site.deliveries().items()}
    # A process that ends may take the write-ahead log with it, so that the
    # next word has to make it.
    site.as_root("list", "--json")
    site.as_root("show", name[1])
    site.as_root("drop", name[3])
    site.as_root("drain")
    check(site.state(1) == DONE and site.state(2) == DEAD, "not drained")
    site.as_root("retry", name[2])
    site.as_root("retry", "--dead")
    site.as_root("stats", "--prometheus")
    site.as_root("drain")
    site.as_root("purge")
    site.as_root("runs")
    site.as_root("pipelines")
    site.as_root("mute", "--all", "--for", "1d")
    site.as_root("unmute", "--all")
    site.as_root("check")
    check_journal(site.journal)
    runs = site.runs()
    check(len(runs) == 3, "%d runs" % len(runs))
    check({run.uid for run in runs} == {USER}, "run by %r" %
          {run.uid for run in runs})
    # The user goes on as if nobody else had been there.
    site.append(4)
    site.as_root("drain")
    check(site.state(4) == DONE, "not done")


def named_user(site):
    """-u says who, where the directory says somebody else."""
    site.append(1)
    site.ctl("-u", "nobody", "drain")
    check(not site.foreign(), "made %r" % site.foreign())
    check(site.state(1) == DONE, "not done")
    check({run.uid for run in site.runs()} == {USER}, "run by another")


def owned_by_root(site):
    """A journal of root's own is looked at, but not run."""
    site.append(1)
    site.give(0)
    site.ctl("drain", status=78)
    site.ctl("list")
    check(site.read("marks") is None, "a command was run")
    check(site.state(1) == QUEUED, "it is not queued any more")


def strangers_file(site, path, mode):
    """It is told, not opened and not written to."""
    if os.path.exists(path):
        os.remove(path)
    with open(path, "wb") as file:
        file.write(b"no frame of ours")
    os.chown(path, OTHER, OTHER)
    os.chmod(path, mode)
    before = os.stat(path)
    site.ctl("check", status=78)
    site.ctl("list", status=78)
    status = status_of(site.ask_cgi(event(2)))
    check(status == 500, "%s: answered %d" % (path, status))
    check(path.encode() in site.read("queue.log"), "the log does not tell")
    after = os.stat(path)
    check((before.st_size, before.st_mtime_ns, before.st_ino) ==
          (after.st_size, after.st_mtime_ns, after.st_ino),
          "%s was written to" % path)
    os.remove(path)


def strangers_files(site):
    """Nobody but the user made the journal's files."""
    site.append(1)
    site.as_root("drain")
    for end in "-wal", "-shm", "-runners", "-journal":
        strangers_file(site, site.journal + end, 0o644)
        strangers_file(site, site.journal + end, 0o666)
    site.append(3)
    site.as_root("drain")
    check(site.state(1) == DONE and site.state(3) == DONE, "not done")


def sticky_directory(site):
    """Whoever may make a file in the journal's directory may make a
    write-ahead log with events that nobody signed."""
    site.append(1)
    for mode in 0o1777, 0o777, 0o1770, 0o770:
        os.chmod(site.own, mode)
        site.ctl("check", status=78)
        site.ctl("drain", status=78)
        status = status_of(site.ask_cgi(event(2)))
        check(status == 500, "%o: answered %d" % (mode, status))
    os.chmod(site.own, 0o700)
    site.as_root("drain")
    check(site.state(1) == DONE, "not done")


def first_there(site):
    """In a directory like /tmp another user was first, and root does not
    become who that is."""
    os.mkdir(site.path("tmp"))
    os.chmod(site.path("tmp"), 0o1777)
    site.append(1)
    os.rename(site.own, site.path("tmp/own"))
    with open(site.conf, encoding="utf-8") as file:
        text = file.read()
    site.config(text.replace(site.own, site.path("tmp/own")))
    site.own = site.path("tmp/own")
    site.journal = site.path("tmp/own/journal.db")
    for words in ("list",), ("check",), ("drain",):
        site.ctl(*words, status=78)
    check(site.read("marks") is None, "a command was run")
    site.ctl("-u", "nobody", "drain")
    check(site.state(1) == DONE, "not done")


TESTS = (
    ("root types every word of the queue", words_of_root),
    ("root names a user", named_user),
    ("a drain as root is refused", owned_by_root),
    ("another user's file beside the journal", strangers_files),
    ("a sticky directory is no place for a journal", sticky_directory),
    ("root does not become who was first in a sticky directory",
     first_there),
)


def run(test):
    site = Owned()
    try:
        test(site)
    finally:
        site.close()


sys.exit(harness.run_tests((name, run, test) for name, test in TESTS))
