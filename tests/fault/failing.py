# SPDX-License-Identifier: ISC
"""One call fails: the first allocation, the second, and so on until there is
no further one; and the same for what opens, writes, syncs, starts, accepts.
With PELIHOOK_ALL it is every call, otherwise each of the first and some of
the others.  Each time there is a right reply or a closed connection, a 2xx
means that the event was handled or is in the journal, nothing is left open
or allocated, and the next request is answered.

usage: failing.py [WORD of a test's name...]"""

import errno
import json
import mmap
import os
import re
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

ORDER = struct.Struct("iiqq")    # as in failing.c
ALLOCATION, OPEN, WRITE, FSYNC, PIPE, SPAWN, MEMORY_FILE, ACCEPT, READ, \
    RENAME, TRUNCATE, DESCRIPTOR, THREAD = range(1, 14)
KINDS = {
    "allocation": (ALLOCATION, errno.ENOMEM),
    "open, too many": (OPEN, errno.EMFILE),
    "open, disk full": (OPEN, errno.ENOSPC),
    "open, error": (OPEN, errno.EIO),
    "write, disk full": (WRITE, errno.ENOSPC),
    "write, error": (WRITE, errno.EIO),
    "write, later": (WRITE, errno.EAGAIN),
    "write, only half": (WRITE, 0),
    "read, error": (READ, errno.EIO),
    "sync, error": (FSYNC, errno.EIO),
    "sync, disk full": (FSYNC, errno.ENOSPC),
    "truncate": (TRUNCATE, errno.EIO),
    "pipe": (PIPE, errno.EMFILE),
    "spawn": (SPAWN, errno.EAGAIN),
    "memory file, too many": (MEMORY_FILE, errno.EMFILE),
    "memory file, disk full": (MEMORY_FILE, errno.ENOSPC),
    "accept": (ACCEPT, errno.EMFILE),
    "other descriptor": (DESCRIPTOR, errno.EMFILE),
    "thread": (THREAD, errno.EAGAIN),
}
MOST = 50000    # calls; none makes as many
# The first forty, then fewer and fewer; or all of them.  What takes longer
# has fewer from the start.
EACH, SLOW = (MOST, MOST) if os.environ.get("PELIHOOK_ALL") else (40, 10)
WAIT = "delivery wait"
CAPTURE = WAIT + "\n  capture @DIR@/captured"
QUEUE = "delivery queue\n  retry " + 8 * " 1ms"
CONFIG = """journal @JOURNAL@
log @DIR@/queue.log
dispatch @DISPATCH@
hook peliqan
  secret-file @DIR@/secret.new
  @HOOK@
  timeout 20s
  env NUMBER /n
  on pipeline_run_completed run @MARK@ @DIR@
"""


class Failing(Site):
    """A site whose programs do as the order says."""

    def __init__(self, hook, dispatch="none"):
        super().__init__(hook=hook, globals=dispatch)
        with open(self.path("order"), "wb") as file:
            file.write(bytes(ORDER.size))
        with open(self.path("order"), "r+b") as file:
            self.order = mmap.mmap(file.fileno(), ORDER.size)
        self.preload = preload("failing",
                               PELIHOOK_TEST_FAILING=self.path("order"))
        self.number = 0
        self.dispatches = dispatch.startswith("thread")

    def configure(self, hook="", globals="", retry=None):
        text = CONFIG.replace("@HOOK@", hook).replace("@MARK@", MARK)
        text = text.replace("@DISPATCH@", globals)
        self.conf = self.config(text.replace("@JOURNAL@", self.journal))

    def close(self):
        self.order.close()
        super().close()

    # What is live is counted by the program at the same time.
    FIELDS = struct.Struct("iiq")

    def arm(self, kind, error, nth):
        self.FIELDS.pack_into(self.order, 0, 0, 0, nth)
        self.FIELDS.pack_into(self.order, 0, kind, error, nth)

    def disarm(self):
        """Whether the call came."""
        left = ORDER.unpack(self.order[:])[2]
        self.FIELDS.pack_into(self.order, 0, 0, 0, 0)
        return left <= 0

    def live(self):
        return ORDER.unpack(self.order[:])[3]

    def next_event(self, **fields):
        self.number += 1
        return event(self.number, **fields)

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

    def judge(self, answer, may_close, kind, error):
        """An event that was good is never called bad; what could not be
        read has not come."""
        # Half a write is no failure.
        may_close = may_close and error != 0
        if not answer:
            check(may_close, "there was no answer")
            return
        status = status_of(answer)
        check(status in (200, 202) or
              (error != 0 and status in (500, 503, 504)) or
              (status == 400 and kind == READ),
              "a good event was answered %d" % status)
        if status < 300:
            check(self.is_kept(self.number), "it was answered %d and is "
                  "lost" % status)


def every_call(one, each=EACH):
    """one(nth) says whether there was such a call.  The number of tries."""
    nth = tries = 1
    while nth < MOST:
        try:
            if not one(nth):
                check(nth > 1, "there is no such call")
                return "%d of %d calls" % (tries - 1, nth - 1)
        except Failure as failure:
            raise Failure("the %d. call: %s" % (nth, failure))
        nth += 1 + nth // each
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
    site.judge(answer, kind == WRITE and process.status == 74, kind, error)
    if not came:
        check(status_of(answer) in (200, 202), "answered %r" % answer)
    elif kind == FSYNC:
        check(status_of(answer) == 503, "not synced, answered %r" % answer)
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
        self.asked = 0
        self.start()

    def start(self):
        self.fcgi = self.site.fcgi("-j", "2", environment=self.site.preload)
        for fail in 0, 1, 0:
            self.ask(self.site.next_event(fail=fail))
            self.settle()
        wait_for(self.is_idle, "connections that are closed")
        self.usual = self.state()
        self.live = self.site.live()

    def state(self):
        return descriptors(self.fcgi.pid), threads(self.fcgi.pid)

    def is_idle(self):
        """Only the socket that listens is left, and main, the workers and
        the queue's two; where it is run here there is one for a claim."""
        return descriptors(self.fcgi.pid).count("socket") == 1 and \
            threads(self.fcgi.pid) == 7 + self.site.dispatches

    def settle(self):
        """What was stored has been run where it is run by itself."""
        if self.site.dispatches:
            wait_for(lambda: self.site.open_deliveries() == 0,
                     "the end of what is queued")

    def ask(self, body):
        self.asked += 1
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

    def await_usual(self):
        try:
            wait_for(lambda: self.state() == self.usual, "")
        except Failure:
            raise Failure("%r instead of %r" % (self.state(), self.usual))

    def check_live(self):
        """The store keeps statements, those of a purge too, which may come
        later, and pages as the journal grows."""
        live = self.site.live() - self.live
        kept = (260 if self.site.dispatches else 5) + self.asked // 8
        check(live <= kept, "%d allocations are left" % live)


def fcgi_once(server, kind, error, nth):
    site = server.site
    body = site.next_event()
    site.arm(kind, error, nth)
    answer = server.ask(body)
    if answer and status_of(answer) == 202:
        server.settle()
    came = site.disarm()
    site.judge(answer, kind in (WRITE, READ, ALLOCATION, ACCEPT, OPEN,
                                DESCRIPTOR), kind, error)
    check(not came or kind != FSYNC or site.dispatches or
          status_of(answer) == 503, "not synced, answered %r" % answer)
    before, answer = answer, server.ask(site.next_event())
    if not before and not answer:
        wait_for(server.has_died, "its end or an answer")
        server.start()
        return True
    check(answer and status_of(answer) < 300, "the next was answered %r" %
          answer)
    server.settle()
    server.await_usual()
    return came


def fcgi(kind, error, hook, dispatch="none"):
    site = Failing(hook, dispatch)
    server = None
    try:
        server = Server(site)
        # A failure of what runs the queue is followed by a pause.
        count = every_call(lambda nth: fcgi_once(server, kind, error, nth),
                           SLOW if site.dispatches else EACH)
        print("# %s, %d times ended by libfcgi, %d more allocations" % (
            count, server.ends, site.live() - server.live))
        server.check_live()
        check(server.fcgi.stop() == 0, "it did not stop well")
        finish(site, hook)
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def dispatching(kind, error, hook):
    fcgi(kind, error, hook, "thread")


class Starting(harness.Fcgi):
    """One that may as well refuse to start."""

    def __init__(self, site, told):
        self.site = site
        self.told = told
        super().__init__(site, site.conf, "-j", "2",
                         environment=site.environment + site.preload)

    def _is_ready(self):
        """It listens before it has all it needs."""
        if self.has_ended():
            return True
        if self.told and b"msg=started" not in \
                (self.site.read("queue.log") or b""):
            return False
        return super()._is_ready() and threads(self.pid) == 8


def start_once(site, kind, error, nth):
    before = site.read("log") or b""
    site.remove("queue.log")
    site.arm(kind, error, nth)
    server = Starting(site, told=kind != WRITE)
    came = site.disarm()
    try:
        if not server.has_ended():
            body = site.next_event()
            answer = server.request(post(body), body)
            check(status_of(answer) < 300, "it was answered %r" % answer)
            check(server.stop() == 0, "it did not stop well")
            return came
        told = (site.read("log") or b"")[len(before):] + \
            (site.read("queue.log") or b"")
        check(came, "it did not start: %r" % told)
        check(server.status in (64, 70, 71, 74, 78) or
              (server.status == -signal.SIGABRT and b"fcgiapp.c" in told),
              "it ended with %r: %r" % (server.status, told[-500:]))
        check(told or kind == WRITE, "it did not say why it ended")
        check(kind != THREAD or os.strerror(error).encode() in told,
              "it gave another reason: %r" % told[-500:])
        return came
    finally:
        server.end()


def starting(kind, error, hook):
    site = Failing(hook, "thread")
    try:
        print("# " + every_call(
            lambda nth: start_once(site, kind, error, nth)))
    finally:
        site.close()


def reload_once(server, kind, error, nth):
    """The old configuration or the new one, and it says which."""
    site = server.site

    def told():
        return sum((site.read(name) or b"").count(word)
                   for name in ("log", "queue.log")
                   for word in (b"reloaded ", b"configuration stays"))

    before = told()
    site.arm(kind, error, nth)
    server.fcgi.signal(signal.SIGHUP)
    wait_for(lambda: told() > before, "what came of SIGHUP")
    came = site.disarm()
    answer = server.ask(site.next_event())
    check(answer and status_of(answer) < 300, "it was answered %r" % answer)
    server.await_usual()
    return came


def reloading(kind, error, hook):
    site = Failing(hook)
    server = None
    try:
        server = Server(site)
        count = every_call(
            lambda nth: reload_once(server, kind, error, nth))
        print("# %s, %d more allocations" % (
            count, site.live() - server.live))
        server.check_live()
        check(server.fcgi.stop() == 0, "it did not stop well")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def capture_once(site, kind, error, nth):
    """It is refused, and what is captured is whole."""
    where = site.path("captured")
    for name in os.listdir(where):
        os.remove(os.path.join(where, name))
    body = site.next_event()
    site.arm(kind, error, nth)
    answer = site.ask_cgi(body, environment=site.preload,
                          HTTP_X_SIGNATURE="sha256=" + 64 * "0")
    came = site.disarm()
    # The reply itself may be what is not written.
    check(not answer and came and kind == WRITE and error != 0 or
          status_of(answer) in ((401, 500, 503) if came else (401,)),
          "a bad signature was answered %r" % answer)
    found = os.listdir(where)
    check(found or came, "it was not captured")
    for name in found:
        with open(os.path.join(where, name), "rb") as file:
            check(file.read().endswith(b"\n\n" + body), "half a file")
    check(not site.ran(site.number), "it was run")
    return came


def capturing(kind, error, hook):
    site = Failing(hook)
    try:
        os.mkdir(site.path("captured"), 0o700)
        print("# " + every_call(
            lambda nth: capture_once(site, kind, error, nth)))
    finally:
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
        count = every_call(lambda nth: drain_once(site, kind, error, nth),
                           SLOW)
        print("# " + count)
        drain_all(site)
    finally:
        site.close()


# The other words of pelihookctl.

def word_once(site, words, usual, kind, error, nth):
    site.arm(kind, error, nth)
    run = subprocess.run(
        site.ctl_command(*words), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        env={**harness.PASSED, **dict(site.preload)})
    came = site.disarm()
    check(run.returncode in (0, 70, 71, 74, 75, 78), "it ended with %r: %r" %
          (run.returncode, run.stderr[-500:]))
    check(run.returncode != 0 or constant(run.stdout) == usual,
          "it ended well with %r" % run.stdout)
    check(run.returncode == 0 or run.stderr, "it did not say what failed")
    return came


def constant(text):
    return re.sub(rb'"age":[0-9.]+', b"", text)


def word(kind, error, hook, *words):
    site = Failing(hook)
    try:
        for _ in range(3):
            site.ask_cgi(site.next_event())
        usual = constant(site.ctl(*words))
        print("# " + every_call(lambda nth: word_once(
            site, words, usual, kind, error, nth), SLOW))
        check(constant(site.ctl(*words)) == usual,
              "it is not as it was")
    finally:
        site.close()


def nothing_is_renamed(hook):
    """So nothing can go wrong with it, as long as this is so."""
    site = Failing(hook, "thread")
    server = None
    try:
        site.arm(RENAME, errno.EIO, 1)
        server = Server(site)
        server.fcgi.signal(signal.SIGHUP)
        check(server.fcgi.stop() == 0, "it did not stop well")
        site.ask_cgi(site.next_event(), environment=site.preload)
        check(not site.disarm(), "something is renamed")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def no_drain_starts(hook):
    """The reply is out; the next request's drain runs both events."""
    site = Failing(hook, "drain")
    try:
        site.arm(SPAWN, errno.EAGAIN, 1)
        answer = site.ask_cgi(site.next_event(), environment=site.preload)
        check(status_of(answer) == 202, "it was answered %r" % answer)
        check(site.disarm(), "no drain was to be started")
        check(not site.ran(1) and site.is_kept(1), "the event is lost")
        answer = site.ask_cgi(site.next_event(), environment=site.preload)
        check(status_of(answer) == 202, "it was answered %r" % answer)
        site.settled(PATIENCE)
        check(site.ran(1) and site.ran(2), "not both were run")
    finally:
        site.close()


def no_drain_of_server_starts(hook):
    """It is tried again, though no other event comes."""
    site = Failing(hook, "drain")
    server = None
    try:
        server = Server(site)
        site.arm(-SPAWN, errno.EAGAIN, 0)
        # The first may be taken along by a drain that is at work still.
        server.ask(site.next_event())
        wait_for(lambda: b"cannot be started" in site.read("queue.log") and
                 "drain" not in dict(site.processes()).values(),
                 "the failure")
        server.ask(site.next_event())
        check(site.is_kept(site.number) and not site.ran(site.number),
              "it was run")
        site.disarm()
        site.settled(PATIENCE)
        check(server.fcgi.stop() == 0, "it did not stop well")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def no_drain_is_watched(hook):
    """Whatever descriptor is missing, what is stored later is run, too."""
    site = Failing(hook, "drain")
    server = None
    try:
        server = Server(site)
        for nth in range(1, 9):
            site.arm(DESCRIPTOR, errno.EMFILE, nth)
            server.ask(site.next_event())
            site.settled(PATIENCE)
            site.disarm()
            answer = server.ask(site.next_event())
            check(status_of(answer) == 202, "it was answered %r" % answer)
            site.settled(PATIENCE)
        check(server.fcgi.stop() == 0, "it did not stop well")
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


# What an event says of a run is written, and lost where the machine is.

MANY = 1 << 40


def count_syncs(site, ask, status):
    site.arm(FSYNC, errno.EIO, MANY)
    answer = ask(site.next_event(**status[1]))
    left = ORDER.unpack(site.order[:])[2]
    site.disarm()
    check(status_of(answer) == status[0], "it was answered %r" % answer)
    return MANY - left


def run_is_there(site, outcome):
    """Whether the newest event's run is."""
    runs = [json.loads(line) for line in
            site.ctl("runs", "--json", "--limit", "1").splitlines()]
    return [(run["run"], run["outcome"]) for run in runs] == \
        [(str(site.number), outcome)]


def syncs_of(site, ask, hook):
    """Of three events each: what is ignored, and what is run or stored."""
    ignored = done = 0
    for _ in range(3):
        run = {"pipeline_id": 7, "run_id": site.number + 1}
        ignored += count_syncs(site, ask, (200, {
            "event": "pipeline_run_started", **run}))
        check(run_is_there(site, "open"), "its run is not there")
        run["run_id"] = site.number + 1
        done += count_syncs(site, ask, (200 if hook == WAIT else 202, run))
        check(run_is_there(site, "success"), "its run is not there")
    check(ignored == 0, "%d syncs of what is ignored" % ignored)
    check(done == 0 if hook == WAIT else done >= 3,
          "%d syncs of three events" % done)


def not_synced(hook):
    """What is stored is; so that the syncs are counted at all."""
    site = Failing(hook)
    server = None
    try:
        site.ask_cgi(site.next_event(pipeline_id=7))
        syncs_of(site, lambda body: site.ask_cgi(
            body, environment=site.preload), hook)
        server = site.fcgi("-j", "2", environment=site.preload)
        body = site.next_event(pipeline_id=7)
        server.request(post(body), body)
        syncs_of(site, lambda body: server.request(post(body), body), hook)
        check(server.stop() == 0, "it did not stop well")
    finally:
        if server is not None:
            server.end()
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
        server.await_usual()
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
            check(status_of(answer) == 503, "it was answered %r" % answer)
            check(not site.ran(site.number), "it was run")
            resource.prlimit(pid, resource.RLIMIT_NPROC, usual)
            answer = server.ask(site.next_event())
            check(status_of(answer) == 200, "it was answered %r" % answer)
        server.await_usual()
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def no_threads(hook):
    """The one that was there runs what it can; the dispatcher itself runs
    nothing, and so it hears a stop."""
    site = Failing(hook + "\n  concurrency 4",
                   "thread\nstop-timeout 500ms")
    server = None
    try:
        server = Server(site)
        site.arm(-THREAD, errno.EAGAIN, 0)
        for _ in range(3):
            server.ask(site.next_event())
        server.settle()
        first = site.number + 1
        for _ in range(2):
            answer = server.ask(site.next_event(work=60000))
            check(status_of(answer) == 202, "it was answered %r" % answer)
        wait_for(lambda: site.ran(first), "the command")
        check(server.fcgi.stop() == 0, "it ended with %r" %
              server.fcgi.status)
        check(not site.ran(first + 1), "there was a thread for the second")
        check(all(site.deliveries()[number][1:3] == (QUEUED, 0)
                  for number in (first, first + 1)), "a try was counted")
        said = site.read("queue.log").count(b"no thread for a queued")
        check(1 <= said <= 5, "it was said %d times" % said)
    finally:
        if server is not None:
            server.fcgi.end()
        site.close()


def no_threads_to_drain(hook):
    """Nothing is claimed, and so no try is lost."""
    site = Failing(hook)
    try:
        site.ask_cgi(site.next_event())
        site.arm(-THREAD, errno.EAGAIN, 0)
        site.ctl("drain", status=70, environment=site.preload)
        check(site.deliveries()[1][1:3] == (QUEUED, 0), "it was claimed")
        site.disarm()
        site.ctl("drain", environment=site.preload)
        check(site.deliveries()[1][1:3] == (DONE, 1), "it was not run")
    finally:
        site.close()


OPENS = ["open, too many", "open, disk full", "open, error"]
WRITES = ["write, disk full", "write, error", "write, later",
          "write, only half"]
SYNCS = ["sync, error", "sync, disk full"]
CGI_KINDS = ["allocation"] + OPENS + WRITES + ["read, error",
                                               "other descriptor"]
COMMAND = ["pipe", "spawn", "memory file, too many",
           "memory file, disk full"]
# What a request leads to once the server runs: it opens nothing.
FCGI_KINDS = ["allocation"] + WRITES + ["read, error", "accept"]
STARTING = ["allocation", "open, too many", "open, error",
            "write, disk full", "read, error", "other descriptor", "thread"]
PROGRAMS = (
    ("pelihook.cgi, waiting", cgi, WAIT, CGI_KINDS + COMMAND),
    ("pelihook.cgi, queue", cgi, QUEUE, CGI_KINDS + SYNCS + ["truncate"]),
    ("pelihook.cgi, capturing", capturing, CAPTURE,
     ["allocation"] + OPENS + WRITES),
    ("pelihook.fcgi, waiting", fcgi, WAIT,
     FCGI_KINDS + COMMAND + ["other descriptor"]),
    ("pelihook.fcgi, queue", fcgi, QUEUE, FCGI_KINDS + SYNCS),
    ("pelihook.fcgi, dispatching", dispatching, QUEUE,
     ["allocation", "write, disk full", "write, only half", "accept",
      "other descriptor"] + COMMAND + SYNCS),
    ("pelihook.fcgi, starting", starting, QUEUE, STARTING),
    ("pelihook.fcgi, reloading", reloading, QUEUE,
     ["allocation", "open, too many", "read, error", "other descriptor"]),
    ("pelihookctl drain", drain, QUEUE,
     CGI_KINDS + COMMAND + SYNCS + ["truncate", "thread"]),
)
WORDS = ("check",), ("list", "--json"), ("stats", "--json")
OTHERS = (
    ("the reply's pipe is closed, waiting", reply_closed, WAIT),
    ("the reply's pipe is closed, queue", reply_closed, QUEUE),
    ("a storm of signals, waiting", signals, WAIT),
    ("a storm of signals, queue", signals, QUEUE),
    ("no more processes", no_processes, WAIT),
    ("no more threads", no_threads, QUEUE),
    ("pelihookctl drain: no thread", no_threads_to_drain, QUEUE),
    ("no drain can be started", no_drain_starts, QUEUE),
    ("pelihook.fcgi: no drain can be started", no_drain_of_server_starts,
     QUEUE),
    ("no drain can be watched", no_drain_is_watched, QUEUE),
    ("nothing is renamed", nothing_is_renamed, QUEUE),
    ("what is ignored is recorded and not synced", not_synced, QUEUE),
    ("what is waited for is recorded and not synced", not_synced, WAIT),
) + tuple(("pelihookctl %s: allocation" % " ".join(words), word,
           *KINDS["allocation"], QUEUE, *words) for words in WORDS)


def is_sanitized():
    """A sanitizer has its own allocator, which ours would replace."""
    with open(harness.CGI, "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def main():
    if is_sanitized():
        print("1..0 # SKIP not with sanitizers")
        return 0
    tests = list(OTHERS)
    for program, test, hook, kinds in PROGRAMS:
        tests += [("%s: %s" % (program, kind), test, *KINDS[kind], hook)
                  for kind in kinds]
    return harness.run_tests(tests)


sys.exit(main())
