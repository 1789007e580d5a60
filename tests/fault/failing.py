# SPDX-License-Identifier: ISC
"""One call fails: the first allocation, the second, and so on until there is
no further one; and the same for what opens, writes, syncs, starts, accepts.
With PELIHOOK_ALL it is every call, otherwise each of the first and some of
the others.  Each time there is a right reply or a closed connection, a 2xx
means that the event was handled or is in the journal, nothing is left open,
and the next request is answered.

usage: failing.py [WORD of a test's name...]"""

import errno
import mmap
import os
import resource
import signal
import struct
import subprocess
import sys
import threading

import fastcgi
import harness
from fault import (DONE, MARK, QUEUED, RUNNING, Site, check_journal, event,
                   preload)
from harness import PATIENCE, Failure, check, post, status_of, wait_for

ORDER = struct.Struct("iiq")    # as in failing.c
ALLOCATION, OPEN, WRITE, FSYNC, PIPE, SPAWN, MEMORY_FILE, ACCEPT, READ = \
    range(1, 10)
KINDS = {
    "allocation": (ALLOCATION, errno.ENOMEM),
    "open, too many": (OPEN, errno.EMFILE),
    "open, disk full": (OPEN, errno.ENOSPC),
    "write, disk full": (WRITE, errno.ENOSPC),
    "write, error": (WRITE, errno.EIO),
    "write, later": (WRITE, errno.EAGAIN),
    "read, error": (READ, errno.EIO),
    "sync": (FSYNC, errno.EIO),
    "pipe": (PIPE, errno.EMFILE),
    "spawn": (SPAWN, errno.EAGAIN),
    "memory file": (MEMORY_FILE, errno.EMFILE),
    "accept": (ACCEPT, errno.EMFILE),
}
MOST = 10000    # calls; none makes as many
# The first forty, then fewer and fewer; or all of them.
EACH = MOST if os.environ.get("PELIHOOK_ALL") else 40
WAIT = "wait"
QUEUE = "queue\n  retry 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms"
CONFIG = """journal @JOURNAL@
log @DIR@/queue.log
dispatch none
hook peliqan
  secret-file @DIR@/secret.new
  delivery @DELIVERY@
  timeout 20s
  env NUMBER /n
  on pipeline_run_completed run @MARK@ @DIR@
"""


class Failing(Site):
    """A site whose programs do as the order says."""

    def __init__(self, hook):
        super().__init__(hook=hook)
        with open(self.path("order"), "wb") as file:
            file.write(bytes(ORDER.size))
        with open(self.path("order"), "r+b") as file:
            self.order = mmap.mmap(file.fileno(), ORDER.size)
        self.preload = preload("failing",
                               PELIHOOK_TEST_FAILING=self.path("order"))
        self.number = 0

    def configure(self, hook="", globals="", retry=None):
        text = CONFIG.replace("@DELIVERY@", hook).replace("@MARK@", MARK)
        self.conf = self.config(text.replace("@JOURNAL@", self.journal))

    def close(self):
        self.order.close()
        super().close()

    def arm(self, kind, error, nth):
        self.order[:] = ORDER.pack(0, 0, 0)
        self.order[:] = ORDER.pack(kind, error, nth)

    def disarm(self):
        """Whether the call came."""
        left = ORDER.unpack(self.order[:])[2]
        self.order[:] = ORDER.pack(0, 0, 0)
        return left <= 0

    def next_event(self):
        self.number += 1
        return event(self.number)

    def ran(self, number):
        return [run for run in self.runs() if run.number == number]

    def is_kept(self, number):
        """Whether the event was handled, or waits to be."""
        if any(run.what == "E" for run in self.ran(number)):
            return True
        if not os.path.exists(self.journal):
            return False
        found = self.deliveries().get(number)
        return found is not None and found[1] in (QUEUED, RUNNING, DONE)

    def judge(self, answer, may_close, kind):
        """An event that was good is never called bad; what could not be
        read has not come."""
        if not answer:
            check(may_close, "there was no answer")
            return
        status = status_of(answer)
        check(status in (200, 202, 500, 503, 504) or
              (status == 400 and kind == READ),
              "a good event was answered %d" % status)
        if status < 300:
            check(self.is_kept(self.number), "it was answered %d and is "
                  "lost" % status)

def every_call(one):
    """one(nth) says whether there was such a call.  The number of tries."""
    nth = tries = 1
    while nth < MOST:
        try:
            if not one(nth):
                check(nth > 1, "there is no such call")
                return "%d of %d calls" % (tries - 1, nth - 1)
        except Failure as failure:
            raise Failure("the %d. call: %s" % (nth, failure))
        nth += 1 + nth // EACH
        tries += 1
    raise Failure("there is no end of it")


def cgi_once(site, kind, error, nth):
    body = site.next_event()
    files = set(os.listdir(site.dir))
    site.arm(kind, error, nth)
    process = site.cgi(body, site.preload)
    try:
        answer = process.answer()
        process.wait()
    finally:
        process.close()
    came = site.disarm()
    check(process.status >= 0, "it was ended by signal %d" % -process.status)
    # What cannot be written is no answer.
    site.judge(answer, kind == WRITE and process.status == 74, kind)
    if not came:
        check(status_of(answer) in (200, 202), "answered %r" % answer)
    left = set(os.listdir(site.dir)) - files - {
        "journal.db", "journal.db-wal", "journal.db-shm", "journal.db-lock",
        "journal.db-locks", "queue.log", "log", "marks"}
    check(not left, "it left %r" % left)
    return came


def cgi(kind, error, hook):
    site = Failing(hook)
    try:
        site.ask_cgi(site.next_event())
        count = every_call(lambda nth: cgi_once(site, kind, error, nth))
        print("# " + count)
        finish(site, hook)
    finally:
        site.close()


def finish(site, hook):
    """The next request, and all that is in the journal comes to its end."""
    answer = site.ask_cgi(site.next_event())
    check(status_of(answer) == (200 if hook == WAIT else 202),
          "the next was answered %r" % answer)
    if hook == QUEUE:
        drain_all(site)


def drain_all(site):
    for _ in range(20):
        if site.open_deliveries() == 0:
            break
        site.ctl("drain")
    check(site.open_deliveries() == 0, "the queue is not run")
    check_journal(site.journal)


# pelihook.fcgi.

def descriptors(pid):
    found = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except FileNotFoundError:
            pass
    return sorted(link.split(":")[0] for link in found)


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


class Server:
    """A pelihook.fcgi, started anew where libfcgi has ended it."""

    def __init__(self, site):
        self.site = site
        self.ends = 0
        self.start()

    def start(self):
        self.fcgi = self.site.fcgi("-j", "2", environment=self.site.preload)
        self.ask(self.site.next_event())
        self.ask(self.site.next_event())
        wait_for(self.is_idle, "connections that are closed")
        self.usual = self.state()

    def state(self):
        return descriptors(self.fcgi.pid), threads(self.fcgi.pid)

    def is_idle(self):
        """Only the socket that listens is left."""
        return descriptors(self.fcgi.pid).count("socket") == 1

    def ask(self, body):
        try:
            return self.fcgi.request(post(body), body)
        except (fastcgi.Closed, ConnectionError, OSError):
            return b""

    def has_died(self):
        """Only of libfcgi's assertion that there is memory."""
        if not self.fcgi.has_ended():
            return False
        text = (self.site.read("log") or b"").decode()
        check(text.count("fcgiapp.c") > self.ends, "pelihook.fcgi ended "
              "with %r: %s" % (self.fcgi.status, text[-500:]))
        self.ends = text.count("fcgiapp.c")
        return True

    def is_usual(self):
        return self.state() == self.usual


def fcgi_once(server, kind, error, nth):
    site = server.site
    body = site.next_event()
    site.arm(kind, error, nth)
    answer = server.ask(body)
    came = site.disarm()
    site.judge(answer, kind in (WRITE, READ, ALLOCATION, ACCEPT, OPEN),
               kind)
    if not answer:
        # A process that ends closes its sockets first.
        for _ in range(20):
            if server.has_died():
                server.start()
                return True
            os.sched_yield()
    answer = server.ask(site.next_event())
    check(answer and status_of(answer) < 300, "the next was answered %r" %
          answer)
    try:
        wait_for(server.is_usual, "what is usual")
    except Failure:
        raise Failure("%r instead of %r" % (server.state(), server.usual))
    return came


def fcgi(kind, error, hook):
    site = Failing(hook)
    server = None
    try:
        server = Server(site)
        count = every_call(lambda nth: fcgi_once(server, kind, error, nth))
        print("# %s, %d times ended by libfcgi" % (count, server.ends))
        check(server.fcgi.stop() == 0, "it did not stop well")
        finish(site, hook)
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


# pelihookctl drain.

def drain_once(site, kind, error, nth):
    answer = site.ask_cgi(site.next_event())
    check(status_of(answer) == 202, "answered %r" % answer)
    site.arm(kind, error, nth)
    run = subprocess.run(
        site.ctl_command("drain"), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        env={**harness.PASSED, **dict(site.environment),
             **dict(site.preload)})
    came = site.disarm()
    check(run.returncode in (0, 70, 71, 74, 75, 78), "it ended with %r: %r" %
          (run.returncode, run.stderr[-500:]))
    check(site.is_kept(site.number), "the event is lost")
    if run.returncode != 0 or site.open_deliveries() != 0:
        drain_all(site)
    check(site.ran(site.number), "it was not run")
    return came


def drain(kind, error, hook):
    site = Failing(hook)
    try:
        count = every_call(lambda nth: drain_once(site, kind, error, nth))
        print("# " + count)
        drain_all(site)
    finally:
        site.close()


# The reply's way is closed, a signal comes, the user may start nothing more.

def reply_closed(hook):
    site = Failing(hook)
    try:
        for _ in range(20):
            body = site.next_event()
            process = site.cgi(body)
            os.close(process.output)
            process.output = None
            check(process.wait() == 74, "it ended with %r" % process.status)
            check(site.is_kept(site.number), "the event is lost")
            process.close()
        finish(site, hook)
    finally:
        site.close()


def signals(hook):
    """What is not meant to end it does not, whatever it is at."""
    storm = (signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGCONT,
             signal.SIGWINCH, signal.SIGURG)
    site = Failing(hook)
    server = None
    try:
        server = Server(site)
        over = threading.Event()
        thread = threading.Thread(target=send_signals, args=(
            server.fcgi, storm, over))
        thread.start()
        try:
            for _ in range(300):
                answer = server.ask(site.next_event())
                check(answer and status_of(answer) < 300, "it was answered "
                      "%r" % answer)
                check(site.is_kept(site.number), "the event is lost")
        finally:
            over.set()
            thread.join()
        wait_for(server.is_usual, "what is usual")
        check(server.fcgi.stop() == 0, "it did not stop well")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def send_signals(process, numbers, over):
    while not over.is_set():
        for number in numbers:
            process.signal(number)
        over.wait(0.001)


def no_processes(hook):
    """The user's limit of processes: no command starts until there is room."""
    site = Failing(hook)
    server = None
    try:
        server = Server(site)
        pid = server.fcgi.pid
        usual = resource.prlimit(pid, resource.RLIMIT_NPROC)
        for _ in range(10):
            resource.prlimit(pid, resource.RLIMIT_NPROC, (1, usual[1]))
            answer = server.ask(site.next_event())
            check(status_of(answer) == 500, "it was answered %r" % answer)
            check(not site.ran(site.number), "it was run")
            resource.prlimit(pid, resource.RLIMIT_NPROC, usual)
            answer = server.ask(site.next_event())
            check(status_of(answer) == 200, "it was answered %r" % answer)
        wait_for(server.is_usual, "what is usual")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


CGI_KINDS = ["allocation", "open, too many", "open, disk full",
             "write, disk full", "write, error", "write, later",
             "read, error"]
COMMAND = ["pipe", "spawn", "memory file"]
# What a request leads to once the server runs: it opens nothing.
FCGI_KINDS = ["allocation", "write, disk full", "write, error",
              "write, later", "read, error", "accept"]
PROGRAMS = (
    ("pelihook.cgi, waiting", cgi, WAIT, CGI_KINDS + COMMAND),
    ("pelihook.cgi, queue", cgi, QUEUE, CGI_KINDS + ["sync"]),
    ("pelihook.fcgi, waiting", fcgi, WAIT, FCGI_KINDS + COMMAND),
    ("pelihook.fcgi, queue", fcgi, QUEUE, FCGI_KINDS + ["sync"]),
    ("pelihookctl drain", drain, QUEUE, CGI_KINDS + COMMAND + ["sync"]),
)
OTHERS = (
    ("the reply's pipe is closed, waiting", reply_closed, WAIT),
    ("the reply's pipe is closed, queue", reply_closed, QUEUE),
    ("a storm of signals, waiting", signals, WAIT),
    ("a storm of signals, queue", signals, QUEUE),
    ("no more processes", no_processes, WAIT),
)


def is_sanitized():
    """A sanitizer has its own allocator, which ours would replace."""
    with open(harness.CGI, "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def main():
    if is_sanitized():
        print("1..0 # SKIP not with sanitizers")
        return 0
    wanted = sys.argv[1:]
    tap = harness.Tap()
    tests = list(OTHERS)
    for program, test, hook, kinds in PROGRAMS:
        tests += [("%s: %s" % (program, kind), test, *KINDS[kind], hook)
                  for kind in kinds]
    for name, test, *arguments in tests:
        if not wanted or any(word in name for word in wanted):
            tap.run(name, test, *arguments)
    return tap.end()


sys.exit(main())
