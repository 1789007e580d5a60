# SPDX-License-Identifier: ISC
"""Nothing runs twice at once, whatever ends a runner and whenever: named
cases first, side by side, then a storm.

In the storm two pelihook.fcgi and a drain now and then run one journal, with
batches, `also`, order and concurrency; they are killed at random and, by
killspawn.so, between claim, start, note and commit.  Commands have children
that are deaf to SIGTERM, leave their process group or become other programs.

PELIHOOK_KILLS: how many are killed (60).  PELIHOOK_SEED: what chance begins
with; what is printed repeats a run as far as a machine can.

usage: twice.py [WORD of a test's name...]"""

import contextlib
import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

import fastcgi
import harness
from fault import (DEAD, DONE, DRAIN, QUEUED, WORK, Site, check_journal,
                   end_process, event, preload)
from harness import (FCGI, PATIENCE, Failure, Process, check, post, spawn,
                     status_of, wait_for)

KILLS = int(os.environ.get("PELIHOOK_KILLS", "60"))
SEED = int(os.environ.get("PELIHOOK_SEED") or random.SystemRandom()
           .randrange(1 << 32))
USER = int(os.environ.get("ORDINARY", "65534"))
ROOT = os.getuid() == 0
TASK = os.path.join(WORK, "task")
OTHER = os.path.join(WORK, "other")     # a task that changes its user
SECOND = 1000 * 1000 * 1000

AS_USER = ["setpriv", "--reuid=%d" % USER, "--regid=%d" % USER,
           "--clear-groups"]
# /proc shows only the processes of whoever looks.
HIDDEN = ["unshare", "-m", "--propagation", "private", "sh", "-c",
          'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"]
FIRST = ["unshare", "-p", "-f", "--mount-proc", "--kill-child"]
# Not the first process there, so that its commands outlive it.
INNER = FIRST + ["sh", "-c", '"$@" & while :; do sleep 1; done', "sh"]

HEAD = """journal @JOURNAL@
log @DIR@/queue.log
stop-timeout @STOP@
dispatch @DISPATCH@
secret-file @DIR@/secret.new
"""


class Skip(Exception):
    pass


@contextlib.contextmanager
def privileged():
    """As root, in a test that needs one; in others nothing changes."""
    before = os.geteuid()
    if os.getuid() == 0:
        os.seteuid(0)
    try:
        yield
    finally:
        if os.geteuid() != before:
            os.seteuid(before)


# What the commands wrote down.

class Run:
    def __init__(self, words):
        self.began, self.name = int(words[1]), words[2]
        self.numbers = [int(word) for word in words[3].split(",")]
        self.key, self.claim, self.id = int(words[4]), words[5], words[6]
        self.count, self.attempt = words[7], words[8]
        self.pid, self.parent = int(words[9]), int(words[10])
        self.uid = int(words[11])
        self.ended = None
        self.what = "S"


class Told:
    """A SIGTERM that a command got."""

    def __init__(self, words):
        self.at, self.name, self.claim = int(words[1]), words[2], words[5]
        self.pid, self.parent = int(words[9]), int(words[10])
        self.same_parent = words[12] == "1"


class Overlap:
    """A lock that was taken; freed: when it was let go, if it was."""

    def __init__(self, words):
        self.at, self.name, self.pid = int(words[1]), words[2], int(words[9])
        self.holder = words[12]
        self.freed = None
        self.line = " ".join(words)


class Marks:
    def __init__(self, text):
        self.runs, self.told, self.overlaps = [], [], []
        self.kills = {}
        under_way = {}
        for words in map(str.split, text.splitlines()):
            if words[0] == "K":
                self.kills[int(words[2])] = int(words[1])
                continue
            pid = int(words[9])
            if words[0] == "S":
                run = under_way[pid] = Run(words)
                self.runs.append(run)
            elif words[0] == "T":
                self.told.append(Told(words))
            elif words[0] == "O":
                self.overlaps.append(Overlap(words))
            elif words[0] == "W":
                overlap = next(one for one in reversed(self.overlaps)
                               if one.pid == pid)
                overlap.freed = int(words[1]) if words[12] == "1" else None
            else:
                run = under_way.pop(pid)
                run.what, run.ended = words[0], int(words[1])


class Runner(Process):
    """A process that runs the queue; not waited for."""

    count = 0

    def __init__(self, site, at=None, prefix=(), program=FCGI):
        Runner.count += 1
        self.site, self.at = site, at
        self.address = site.path("sock.%d" % Runner.count)
        self.fifo = site.path("fifo.%d" % Runner.count)
        self.began = time.monotonic()
        environment = list(DRAIN)
        if at is not None:
            if at.startswith("exec"):
                os.mkfifo(self.fifo, 0o600)
            environment += preload(
                "killspawn", PELIHOOK_TEST_AT=at,
                PELIHOOK_TEST_JOURNAL=site.journal,
                PELIHOOK_TEST_FIFO=self.fifo,
                PELIHOOK_TEST_KILLS=site.path("marks"))
        words = [program, "-c", site.conf, "-s", self.address]
        if program == "drain":
            words = site.ctl_command("drain")
        null = os.open("/dev/null", os.O_RDWR)
        wrap = harness.WRAP[:]
        harness.WRAP[:] = [*prefix, *(AS_USER if site.root else [])]
        try:
            with privileged():
                super().__init__(spawn(words, environment, [null, null],
                                       site.path("log")))
        finally:
            harness.WRAP[:] = wrap
            os.close(null)

    def inner(self):
        """The program itself, where it was started through others."""
        return [pid for pid, kind in self.site.processes()
                if kind == "fcgi" and state_of(pid) != "Z"]

    def kill(self):
        with privileged():
            end_process(self.pid)
        self.wait()

    def kill_inner(self, which=0):
        pid = wait_for(self.inner, "the runner")[which]
        with privileged():
            end_process(pid)
        self.ended_inner()

    def ended_inner(self):
        wait_for(lambda: not self.inner(), "the runner's end")

    def release(self):
        """Lets a command go on that waits before its program."""
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
            return True
        except OSError as error:
            check(error.errno in (errno.ENXIO, errno.ENOENT), str(error))
            return False

    def stop(self):
        if not self.has_ended():
            self.signal(signal.SIGTERM)
        return self.wait()

    def end(self):
        with privileged():
            super().end()


def state_of(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


class Twice(Site):
    """A site with hooks of its own, and runners to be killed."""

    def __init__(self, hooks, stop="2s", root=False):
        self.hooks, self.stop_timeout, self.root = hooks, stop, root
        self.runners = []
        super().__init__()
        self.write("log", "")
        self.write("marks", "")

    def configure(self, *_):
        text = (HEAD + self.hooks).replace("@STOP@", self.stop_timeout)
        text = text.replace("@JOURNAL@", self.journal)
        text = text.replace("@TASK@", TASK + " " + self.dir)
        text = text.replace("@OTHER@", OTHER + " " + self.dir)
        self.conf = self.config(text.replace("@DISPATCH@", "thread"))

    def close(self):
        with privileged():
            for runner in self.runners:
                runner.end()
            for _ in range(2):
                for pid, _ in self.processes():
                    end_process(pid)
            super().close()

    def start(self, at=None, **how):
        self.runners.append(Runner(self, at, **how))
        return self.runners[-1]

    def append(self, hook, number, **fields):
        """Stored by a process that runs nothing, nor has it run."""
        body = event(number, **fields)
        wrap = harness.WRAP[:]
        harness.WRAP[:] = AS_USER if self.root else []
        try:
            with privileged():
                process = harness.Cgi(self, self.conf,
                                      DRAIN + post(body, "/" + hook))
        finally:
            harness.WRAP[:] = wrap
        try:
            process.send(body)
            process.end_input()
            status = status_of(process.answer())
            process.wait()
        finally:
            process.close()
        check(status == 202, "event %d was answered %d" % (number, status))

    def marks(self):
        return Marks((self.read("marks") or b"").decode())

    def begun(self, count, patience=PATIENCE):
        """The runs, once there are so many."""
        wait_for(lambda: len(self.marks().runs) >= count,
                 "run %d" % count, patience)
        return self.marks().runs

    def logged(self, pattern):
        return re.search(pattern, (self.read("queue.log") or b"").decode())

    def no_overlap(self):
        overlaps = self.marks().overlaps
        check(not overlaps, "two runs at once: %s" %
              "; ".join(one.line for one in overlaps[:3]))

    def states(self):
        return [row[0] for row in
                self.ask_journal("SELECT state FROM deliveries ORDER BY seq")]

    def finish(self, *expected):
        """The commands may end, and everything is done."""
        self.write("go", "")
        self.settled(PATIENCE)
        check_journal(self.journal)
        states = self.states()
        check(states == list(expected or [DONE] * len(states)),
              "in the end %r" % states)


# The named cases.

PLAIN = """hook q
  kill-after 300ms
  retry 50ms 50ms 50ms 50ms
  @MORE@
  on * run @TASK@ q 1
"""
ALSO = """hook q
  concurrency 2
  kill-after 300ms
  retry 2s 2s 2s
  on * also run @TASK@ a 2
  on * run @TASK@ b 2
"""
BATCH = PLAIN.replace("@MORE@", "batch 5\n  input line")
ONE = PLAIN.replace("@MORE@", "")


def noted():
    """By now a command that has begun is noted, if not proven: what is not
    has a case of its own."""
    time.sleep(0.2)


def killed_at(site, at, runs=1):
    """A runner that is gone, and its command that has begun."""
    runner = site.start(at)
    if at is None:
        site.begun(runs)
        noted()
        runner.kill()
    else:
        check(runner.wait() == -signal.SIGKILL, "it was not killed")
        site.begun(runs)


def orphan(hooks, at, count=1, alone=False, **fields):
    """What is left of a command is gone before the next run begins; alone:
    the command itself is gone first, and left children."""
    site = Twice(hooks)
    try:
        for number in range(count):
            site.append("q", number + 1, until=1, **fields)
        killed_at(site, at)
        if alone:
            end_process(site.marks().runs[0].pid)
        site.start()
        runs = site.begun(2)
        site.no_overlap()
        check(runs[0].numbers == runs[1].numbers and
              len(runs[0].numbers) == count, "%r, then %r" %
              (runs[0].numbers, runs[1].numbers))
        site.finish()
        site.no_overlap()
        check(site.runners[-1].stop() == 0, "no orderly end")
    finally:
        site.close()


def sibling():
    """Delivery 2 is claimed and its runner killed while delivery 1 of the
    same event, in its second try too, runs under a runner that lives."""
    site = Twice(ALSO)
    try:
        site.append("q", 1, **{"a.fail": 1, "a.until": 1, "b.fail": 1,
                               "b.work": 3000})
        first = site.start()
        runs = site.begun(3)
        check([run.name for run in runs].count("a") == 2, "not a again")
        wait_for(lambda: [run.what for run in site.marks().runs
                          if run.name == "b"] == ["F"], "the end of b")
        wait_for(lambda: sorted(site.states()) == [0, 1], "the end of b")
        first.signal(signal.SIGSTOP)
        check(sorted(site.states()) == [0, 1], "b began too early")
        check(site.start("spawn 1").wait() == -signal.SIGKILL, "not killed")
        site.start()
        wait_for(lambda: [run.what for run in site.marks().runs
                          if run.name == "b"] == ["F", "E"], "b again")
        wait_for(lambda: sorted(site.states()) == [1, 2], "the end of b")
        first.signal(signal.SIGCONT)
        site.finish()
        marks = site.marks()
        check(not marks.told, "the command of a live runner was ended")
        check(len(marks.runs) == 4, "%d runs" % len(marks.runs))
        site.no_overlap()
    finally:
        site.close()


def apart(at):
    """Killed in the second of the single runs of a batch."""
    site = Twice(BATCH)
    try:
        for number in 1, 2, 3:
            site.append("q", number, fail=1, **{"until": number > 1 and 1
                                                or 0})
        killed_at(site, at, 3)
        runs = site.marks().runs
        check([run.numbers for run in runs] == [[1, 2, 3], [1], [2]],
              "runs %r" % [run.numbers for run in runs])
        site.start()
        check(2 in site.begun(4)[3].numbers, "not 2 again")
        site.no_overlap()
        site.finish()
        site.no_overlap()
        whole = [run.numbers for run in site.marks().runs if run.what == "E"]
        check(whole.count([1]) == 1 and
              not any(1 in numbers and len(numbers) > 1 for numbers in whole),
              "what was done ran again: %r" % whole)
    finally:
        site.close()


def exec_late(name=None):
    """The command has no program yet when its runner is killed."""
    site = Twice(ONE)
    try:
        site.append("q", 1, work=100)
        program = FCGI
        if name is not None:
            program = site.path(name)
            os.symlink(FCGI, program)
        first = site.start("exec 1", program=program)
        check(first.wait() == -signal.SIGKILL, "it was not killed")
        second = site.start()
        # Either it is held to be there, or it is gone before the next run.
        end = time.monotonic() + 4
        while time.monotonic() < end and not site.marks().runs:
            time.sleep(0.01)
        again = site.marks().runs
        check(not first.release() or not again,
              "it was run again, and the first was still to come")
        site.finish()
        site.no_overlap()
        check(second.stop() == 0, "no orderly end")
    finally:
        site.close()


# What cannot be looked at.

LIMIT = 4       # seconds: timeout and kill-after
UNSEEN = """hook q
  timeout 3s
  kill-after 1s
  retry 50ms 50ms 50ms 50ms
  on * run @PROGRAM@ q 1
"""


def unseen(program, prefix, at=None, once=6000, seen=False):
    """It is waited for as long as it may run; where it can be seen, as long
    as it does run."""
    site = Twice(UNSEEN.replace("@PROGRAM@", program), root=True)
    try:
        site.append("q", 1, once=once)
        first = site.start(at, prefix=prefix[0])
        run = site.begun(1)[0]
        if program == "@OTHER@" and run.uid == USER:
            raise Skip("set-user-ID programs do not change the user here")
        if at is not None and prefix[0] == INNER:
            first.ended_inner()
        elif at is not None:
            check(first.wait() == -signal.SIGKILL, "it was not killed")
        else:
            noted()
            (first.kill_inner if prefix[0] == INNER else first.kill)()
        site.start(prefix=prefix[1])
        again = site.begun(2)[1]
        overlaps = site.marks().overlaps
        waited = (min([again.began] + [one.at for one in overlaps]) -
                  run.began) / SECOND
        print("# run again after %.1f s%s" %
              (waited, ", at once with it" if overlaps else ""))
        check(not overlaps or (waited >= LIMIT - 0.5 and not seen),
              "two at once after %.1f s" % waited)
        site.finish()
        if once > LIMIT * 1000 and not seen and overlaps:
            check(site.logged(r"level=(warning|error) .*looked at"),
                  "the log does not say that it cannot be looked at")
    finally:
        site.close()


CHILD = """hook q
  timeout 1s
  kill-after 300ms
  retry 100ms 100ms 100ms
  on * run /bin/sh -c 'exec 3<&0; @OTHER@ q 1 <&3 & wait'
"""


def child_of_another_user():
    """The command ends in time; the place is taken until its child has."""
    site = Twice(CHILD, root=True)
    try:
        site.append("q", 1, once=4000)
        site.start()
        run = site.begun(1)[0]
        if run.uid == USER:
            raise Skip("set-user-ID programs do not change the user here")
        again = site.begun(2)[1]
        site.no_overlap()
        waited = (again.began - run.began) / SECOND
        check(waited >= 3.5, "run again after %.1f s" % waited)
        check(site.logged(r"level=error .*outlives SIGKILL"),
              "the log does not say that it cannot be ended")
        site.finish()
    finally:
        site.close()


def first_of_namespace(which):
    """All of it ended with the runner, and nothing is waited for."""
    hooks = UNSEEN.replace("@PROGRAM@", "@TASK@").replace("3s", "10m")
    site = Twice(hooks, root=True)
    try:
        site.append("q", 1, once=600000, deaf=1)
        runner = site.start(prefix=FIRST)
        site.begun(1)
        runner.kill_inner(which)
        site.start()
        site.begun(2)
        site.no_overlap()
        site.finish()
    finally:
        site.close()


# As the first process of a namespace.

LEAVING = """hook q
  on pipeline_run_completed run /bin/sh -c 'sleep 0.05 & :'
hook long
  kill-after 200ms
  on * run @TASK@ long 1
"""


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def first_process(runner):
    """The namespace's, by its number out here, once it serves."""
    first = wait_for(lambda: children(runner.pid), "the first process")[0]
    wait_for(lambda: children(first), "the one that serves")
    return first


def signal_first(first, number):
    with privileged():
        os.kill(first, number)


def first_reaps():
    """Whatever commands leave behind, and it hears what it is told."""
    site = Twice(LEAVING, root=True)
    try:
        runner = site.start(prefix=FIRST)
        first = first_process(runner)
        for number in range(1, 11):
            site.append("q", number)
        site.settled(PATIENCE)
        wait_for(lambda: len(children(first)) == 1, "an end of the zombies")
        signal_first(first, signal.SIGHUP)
        wait_for(lambda: site.logged("msg=.reloaded "), "the reload")
        signal_first(first, signal.SIGTERM)
        check(runner.wait() == 0, "it ended with %r" % runner.status)
        check(site.states() == [DONE] * 10, "%r" % site.states())
    finally:
        site.close()


def first_drains():
    """A drain as the first process ends as any other, and hears a stop."""
    site = Twice(LEAVING, stop="100ms", root=True)
    try:
        site.append("q", 1)
        runner = site.start(prefix=FIRST, program="drain")
        check(runner.wait() == 0, "it ended with %r" % runner.status)
        site.append("long", 2, once=600000, deaf=1)
        runner = site.start(prefix=FIRST, program="drain")
        site.begun(1)
        signal_first(first_process(runner), signal.SIGTERM)
        check(runner.wait() == 0, "it ended with %r" % runner.status)
        check(site.states() == [DONE, QUEUED], "%r" % site.states())
    finally:
        site.close()


def first_passes_status():
    site = Twice(LEAVING, root=True)
    try:
        for program, status in (FCGI, 78), ("drain", 78):
            site.config("hook\n")
            runner = site.start(prefix=FIRST, program=program)
            check(runner.wait() == status, "%s ended with %r" %
                  (program, runner.status))
    finally:
        site.close()


# Tries that did not end by themselves.

LOST = """hook q
  kill-after 200ms
  retry 4s
  on-dead run @TASK@ dead 0
  on * run @TASK@ q 1
"""


def gaps(site):
    runs = [run for run in site.marks().runs if run.name == "q"]
    return [(after.began - before.began) / SECOND
            for before, after in zip(runs, runs[1:])]


def lost_tries(end):
    """Three in a row use up no pause; then each does, until it is dead."""
    site = Twice(LOST, stop="100ms")
    try:
        site.append("q", 1, **{"q.until": 1})
        starts = 0
        while starts < 12:
            runner = site.start()
            wait_for(lambda: site.states() == [DEAD] or
                     len(gaps(site)) + 1 > starts and site.marks().runs,
                     "the next run")
            if site.states() == [DEAD]:
                break
            starts += 1
            if end == "kill":
                runner.kill()
            else:
                check(runner.stop() == 0, "no orderly end")
        found = gaps(site)
        print("# seconds from run to run: %s" %
              " ".join("%.1f" % gap for gap in found))
        check(site.states() == [DEAD], "it never dies")
        check(5 <= starts <= 8, "dead after %d runs" % starts)
        check(max(found[:3]) < 3.5, "a pause before the fourth")
        check(found[3] >= 3.5, "no pause before the fifth")
        tries = site.ask_journal("SELECT attempts FROM deliveries")[0][0]
        check(tries >= starts - 3, "%d runs are %d tries" % (starts, tries))
        wait_for(lambda: any(run.name == "dead" for run in
                             site.marks().runs), "on-dead")
        check(runner.stop() == 0, "no orderly end")
        dead = [run for run in site.marks().runs if run.name == "dead"]
        check(len(dead) == 1, "on-dead ran %d times" % len(dead))
        site.no_overlap()
        check_journal(site.journal)
    finally:
        site.close()


# The mark of a run.

ENVIRONMENT = """hook q
  retry 20ms 20ms
  on-dead run @SH@ 'echo 0'
  on * run @SH@ 'test -e @DIR@/failed && echo 65 || echo 1; : >@DIR@/failed'
hook batch
  batch 5
  input line
  retry 20ms
  on * run @SH@ 'test -e @DIR@/apart && echo 0 || echo 1; : >@DIR@/apart'
hook waits
  delivery wait
  on * run @SH@ 'echo 0'
"""
DUMP = """#!/bin/sh
umask 077
part=$(mktemp @DIR@/part.XXXXXX)
env >"$part"
mv "$part" "@DIR@/env.${part##*.}"
exit "$(sh -c "$1")"
"""
OF_BATCH = {"PELIHOOK_HOOK", "PELIHOOK_COUNT", "PELIHOOK_CLAIM"}


def environments(site):
    found = []
    for name in os.listdir(site.dir):
        if name.startswith("env."):
            text = site.read(name).decode()
            found.append(dict(line.partition("=")[::2]
                              for line in text.splitlines()))
    return found


def mark_of_run():
    """PELIHOOK_CLAIM: another one for each run, whatever runs it."""
    site = Twice(ENVIRONMENT.replace("@SH@", "@DIR@/dump"))
    try:
        path = site.write("dump", DUMP.replace("@DIR@", site.dir))
        os.chmod(path, 0o700)
        site.append("q", 1)
        for number in 2, 3, 4:
            site.append("batch", number)
        body = event(5)
        process = harness.Cgi(site, site.conf, post(body, "/waits"))
        try:
            process.send(body)
            process.end_input()
            status = status_of(process.answer())
        finally:
            process.close()
        check(status == 200, "answered %d" % status)
        site.start()
        site.settled(PATIENCE)
        for hook in "q", "waits":
            subprocess.run(site.ctl_command("try", hook), input=body,
                           env=harness.PASSED, timeout=PATIENCE,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        # q: twice and on-dead; the batch, and each of it; wait; both tried.
        wait_for(lambda: len(environments(site)) == 10, "ten runs")
        found = environments(site)
        for one in found:
            check(re.fullmatch("[0-9A-Fa-f-]{32,128}",
                               one.get("PELIHOOK_CLAIM", "")),
                  "PELIHOOK_CLAIM %r in hook %s" %
                  (one.get("PELIHOOK_CLAIM"), one["PELIHOOK_HOOK"]))
        claims = {one["PELIHOOK_CLAIM"] for one in found}
        check(len(claims) == len(found), "a mark serves two runs")
        batch = [one for one in found if one["PELIHOOK_COUNT"] == "3"]
        check(len(batch) == 1, "%d batches" % len(batch))
        names = {name for name in batch[0] if name.startswith("PELIHOOK_")}
        check(names == OF_BATCH, "in a batch: %r" % sorted(names))
    finally:
        site.close()


# The storm.

TIMEOUT = 8     # seconds
# A command that nobody noted counts as running for as long as it may, where
# other users' processes began at the same time.
STORM = """kill-after 300ms
timeout @TIMEOUT@s
max-queue 1000000
retry @RETRY@
hook batch
  batch 5
  input line
  on * run @TASK@ batch 1
hook also
  concurrency 3
  on * also run @TASK@ a 3
  on * also run @TASK@ b 3
  on * run @TASK@ c 3
hook keyed
  order /key
  concurrency 2
  on * run @TASK@ keyed 2
hook one
  on * run @TASK@ one 1
""".replace("@RETRY@", "30ms " * 60).replace("@TIMEOUT@", str(TIMEOUT))
NAMES = {"batch": ("batch",), "also": ("a", "b", "c"), "keyed": ("keyed",),
         "one": ("one",)}
POINTS = {"spawn": 4, "started": 4, "note": 4, "noted": 4, "write": 60,
          "wrote": 60, "sync": 12, "synced": 12, "exec": 3, "lost": 2}
COMES = 0.6     # seconds, within which most of these come
MOST_OPEN = 60


class Storm:
    def __init__(self, site, seed):
        self.site, self.random = site, random.Random(seed)
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.full = False
        self.sent = 0
        self.accepted = {}
        self.errors = []
        self.kills = {}
        self.killed = {}        # runner's pid: when it was killed
        self.stopped = {}       # or told to stop
        self.stopping = []
        self.held = []          # runners with a command before its program
        self.drains = 0
        self.pids = set()
        self.servers = [self.server(), self.server()]
        self.drain = None

    # Senders.

    def next_event(self, source):
        with self.lock:
            self.sent += 1
            number = self.sent
        hook = source.choice(tuple(NAMES))
        fields = {"work": source.choice((5, 5, 5, 20, 60, 150, 1000))}
        if hook == "keyed":
            fields["key"] = source.randint(1, 6)
        for name, chance in (("deaf", 0.1), ("child", 0.2), ("leave", 0.15),
                             ("exec", 0.15)):
            if source.random() < chance:
                fields[name] = 1
        if source.random() < 0.1:
            fields["fail"] = 1
        return hook, number, fields

    def send(self, source):
        while not self.over.is_set():
            if self.full:
                self.over.wait(0.05)
                continue
            hook, number, fields = self.next_event(source)
            body = event(number, **fields)
            try:
                connection = fastcgi.Connection(
                    source.choice(self.servers).address, PATIENCE)
                try:
                    answer = connection.request(post(body, "/" + hook), body)
                finally:
                    connection.close()
            except (OSError, fastcgi.Closed):
                self.over.wait(0.01)
                continue
            if answer:
                status = status_of(answer)
                check(status in (202, 503), "answered %d" % status)
                if status == 202:
                    self.accepted[number] = hook
            self.over.wait(source.random() * 0.03)

    def guarded(self, source):
        try:
            self.send(source)
        except Exception:
            self.errors.append(traceback.format_exc())
            self.over.set()

    # Runners.

    def point(self):
        if self.random.random() < 0.35:
            return None
        where = self.random.choice(tuple(POINTS))
        return "%s %d" % (where, self.random.randint(1, POINTS[where]))

    def start(self, at, **how):
        runner = self.site.start(at, **how)
        self.pids.add(runner.pid)
        return runner

    def server(self):
        return self.start(self.point())

    def count(self, kind):
        self.kills[kind] = self.kills.get(kind, 0) + 1

    def total(self):
        return sum(self.kills.values())

    def reap(self, runner, others=()):
        """Whether it ended; by whom it was killed is counted."""
        if not runner.has_ended():
            return False
        if runner.status == -signal.SIGKILL:
            if runner.pid not in self.killed:
                self.count(runner.at.split()[0])
            if runner.at is not None and runner.at.startswith("exec"):
                self.held.append((time.monotonic() + self.random.random() *
                                  0.4, runner))
        else:
            check(runner.status in others, "it ended with %r" %
                  runner.status)
        self.site.runners.remove(runner)
        return True

    def kill(self, runner, kind):
        if not runner.has_ended():
            self.killed[runner.pid] = time.monotonic_ns()
            end_process(runner.pid)
            runner.wait()
            self.count(kind)

    def stop(self, runner):
        self.stopped[runner.pid] = time.monotonic_ns()
        runner.signal(signal.SIGTERM)
        self.stopping.append(runner)

    def look(self):
        """After each that ended a new one is started at once."""
        for i, runner in enumerate(self.servers):
            if self.reap(runner):
                self.servers[i] = self.server()
        if self.drain is not None and self.reap(self.drain, (0, 74, 75)):
            self.drain = None
        self.stopping = [runner for runner in self.stopping
                         if not self.reap(runner, (0, -signal.SIGTERM))]
        now = time.monotonic()
        # One that does not come to wait in a second never will.
        self.held = [(at, runner) for at, runner in self.held if now < at or
                     not runner.release() and now < at + 1]

    def act(self):
        if self.drain is None and self.random.random() < 0.3:
            self.drain = self.start(self.point(), program="drain")
            self.drains += 1
        i = self.random.randrange(2)
        if self.random.random() < 0.15 and len(self.stopping) < 2 and \
                not self.servers[i].has_ended():
            self.stop(self.servers[i])
            self.servers[i] = self.server()
        elif self.drain is not None and self.random.random() < 0.4:
            self.kill(self.drain, "drain")
        elif self.stopping and self.random.random() < 0.3:
            self.kill(self.stopping[0], "stopping")
        elif self.servers[i].at is None or \
                time.monotonic() > self.servers[i].began + COMES:
            self.kill(self.servers[i], "server")

    def rage(self, kills):
        next_act = next_count = time.monotonic()
        while self.total() < kills and not self.over.is_set():
            now = time.monotonic()
            self.look()
            if now >= next_act:
                next_act = now + self.random.random() * 0.4
                self.act()
            if now >= next_count:
                next_count = now + 0.2
                self.full = self.site.open_deliveries() > MOST_OPEN
            time.sleep(0.005)

    def settle(self):
        """Two that are left alone run all that is left."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        check(not self.errors, "".join(self.errors))
        for i, runner in enumerate(self.servers):
            self.kill(runner, "server")
            self.reap(runner)
            self.servers[i] = self.start(None)
        end = time.monotonic() + 60 + KILLS / 5
        while self.site.open_deliveries() != 0 or self.stopping or \
                self.held or self.drain is not None:
            check(time.monotonic() < end, "waited in vain for the end of all "
                  "that is queued: %r" % self.site.ask_journal(
                      "SELECT state, count(*) FROM deliveries "
                      "GROUP BY state"))
            self.look()
            time.sleep(0.02)
        for runner in self.servers:
            check(runner.stop() == 0, "it ended with %r" % runner.status)

    def run(self, kills):
        self.threads = [threading.Thread(
            target=self.guarded, args=(random.Random(self.random.random()),))
            for _ in range(2)]
        for thread in self.threads:
            thread.start()
        try:
            self.rage(kills)
            self.settle()
        finally:
            self.over.set()
            for thread in self.threads:
                thread.join()

    # The judgement.

    def was_ending(self, told):
        """Whether the runner of a command that got SIGTERM was dead, before
        or after the command had begun, or stopping by then; or it took too
        long."""
        if not told.same_parent or told.parent not in self.pids or any(
                told.parent in times and times[told.parent] <= told.at
                for times in (self.killed, self.stopped, self.marks.kills)):
            return True
        return any(run.pid == told.pid and run.claim == told.claim and
                   told.at - run.began > (TIMEOUT - 1) * SECOND
                   for run in self.marks.runs)

    def is_excused(self, overlap):
        """A child that outlived a stop gets SIGKILL, which takes a moment."""
        return overlap.freed is not None and \
            overlap.freed - overlap.at < SECOND / 2 and \
            any(told.claim == overlap.holder and told.parent in self.stopped
                for told in self.marks.told)

    def judge(self):
        self.marks = marks = self.site.marks()
        for overlap in marks.overlaps:
            check(self.is_excused(overlap), "two runs at once: %s (%d in "
                  "all)" % (overlap.line, len(marks.overlaps)))
        for told in marks.told:
            check(self.was_ending(told), "a command of %s (%d) was ended "
                  "under a runner (%d) that lives" %
                  (told.name, told.pid, told.parent))
        killed = self.site.ask_journal(
            "SELECT delivery, number, code FROM attempts "
            "WHERE outcome = 'signal'")
        check(not killed, "commands were killed: %r" % killed[:3])
        claims = [run.claim for run in marks.runs]
        check("-" not in claims and len(set(claims)) == len(claims),
              "a run without a mark of its own")
        self.judge_ends()
        self.judge_order()

    def judge_ends(self):
        check_journal(self.site.journal)
        whole = {(run.name, number) for run in self.marks.runs
                 if run.what == "E" for number in run.numbers}
        for number, hook in self.accepted.items():
            for name in NAMES[hook]:
                check((name, number) in whole, "event %d of %s was accepted "
                      "and did not run to its end" % (number, name))
        states = set(self.site.states())
        check(states == {DONE}, "in the end states %r" % states)

    def judge_order(self):
        order = {}
        for seq, body in self.site.ask_journal(
                "SELECT d.seq, b.body FROM deliveries d JOIN bodies b "
                "ON b.event = d.event WHERE d.hook = 'keyed'"):
            order[int(re.search(rb'"n":(\d+)', body).group(1))] = seq
        last = {}
        for run in self.marks.runs:
            if run.name == "keyed":
                seq = order[run.numbers[0]]
                check(last.get(run.key, 0) <= seq, "event %d ran behind a "
                      "later one of its key" % run.numbers[0])
                last[run.key] = seq

    def tell(self):
        marks = self.site.marks()
        print("# killed: %s" % ", ".join(
            "%s %d" % item for item in sorted(self.kills.items())))
        print("# stops %d, drains %d, events %d, runs %d, of batches %d, "
              "ended by SIGTERM %d, waited for a killed child %d" % (
                  len(self.stopped), self.drains, len(self.accepted),
                  len(marks.runs),
                  sum(len(run.numbers) > 1 for run in marks.runs),
                  len(marks.told), len(marks.overlaps)))


def storm():
    print("# seed %d" % SEED)
    site = Twice(STORM, stop="500ms")
    try:
        weather = Storm(site, SEED)
        try:
            weather.run(KILLS)
        finally:
            weather.tell()
        weather.judge()
    finally:
        site.close()


# Each in a process of its own.

TESTS = (
    ("a batch's child outlives its runner",
     lambda: orphan(BATCH, None, 3, child=1), False),
    ("a batch's child outlives its runner, not noted",
     lambda: orphan(BATCH, "started 1", 3, child=1), False),
    ("a batch outlives its runner, not noted",
     lambda: orphan(BATCH, "started 1", 3, deaf=1), False),
    ("a child outlives its runner", lambda: orphan(ONE, None, child=1),
     False),
    ("children outlive their runner and their parent",
     lambda: orphan(ONE, None, alone=True, child=2), False),
    ("children outlive their runner and their parent, not noted",
     lambda: orphan(ONE, "started 1", alone=True, child=2), False),
    ("a sibling's runner is killed before the start", sibling, False),
    ("a batch taken apart outlives its runner", lambda: apart(None), False),
    ("a batch taken apart outlives its runner, not noted",
     lambda: apart("started 3"), False),
    ("a command that left its group", lambda: orphan(ONE, None, leave=1),
     False),
    ("a command that left its group, not noted",
     lambda: orphan(ONE, "started 1", leave=1), False),
    ("a command that left its group, and a child in it",
     lambda: orphan(ONE, None, leave=1, child=1), False),
    ("a command that left its session",
     lambda: orphan(ONE, None, leave=2, deaf=1), False),
    ("a command that left its session, not noted",
     lambda: orphan(ONE, "started 1", leave=2, deaf=1), False),
    ("a command that became another program",
     lambda: orphan(ONE, "started 1", exec=1, deaf=1), False),
    ("a command that has no program yet", exec_late, False),
    ("a command that has no program yet, of a server by another name",
     lambda: exec_late("hook.fcgi"), False),
    ("hidden /proc: a command of another user",
     lambda: unseen("@OTHER@", (HIDDEN, HIDDEN)), True),
    ("hidden /proc: a command of another user, not noted",
     lambda: unseen("@OTHER@", (HIDDEN, HIDDEN), "started 1"), True),
    ("hidden /proc: a short command of another user",
     lambda: unseen("@OTHER@", (HIDDEN, HIDDEN), None, 1500, True), True),
    ("hidden /proc: a command of the same user",
     lambda: unseen("@TASK@", (HIDDEN, HIDDEN), None, 6000, True), True),
    ("hidden /proc: a command of the same user, not noted",
     lambda: unseen("@TASK@", (HIDDEN, HIDDEN), "started 1", 6000, True),
     True),
    ("a command of another user is waited for",
     lambda: unseen("@OTHER@", ((), ()), None, 5500, True), True),
    ("a child of another user outlives a time-out",
     child_of_another_user, True),
    ("a command of another user, not noted",
     lambda: unseen("@OTHER@", ((), ()), "started 1"), True),
    ("a command in another PID namespace",
     lambda: unseen("@TASK@", (INNER, ())), True),
    ("a command in another PID namespace, not noted",
     lambda: unseen("@TASK@", (INNER, ()), "started 1"), True),
    ("a command outside of the PID namespace",
     lambda: unseen("@TASK@", ((), INNER)), True),
    ("a runner that was the first of its PID namespace",
     lambda: first_of_namespace(0), True),
    ("a runner that the first of its PID namespace waited for",
     lambda: first_of_namespace(-1), True),
    ("the first process of a PID namespace leaves no zombies",
     first_reaps, True),
    ("a drain that is the first process of a PID namespace",
     first_drains, True),
    ("the first process of a PID namespace passes on how it ended",
     first_passes_status, True),
    ("tries ended by a kill are not counted, up to three",
     lambda: lost_tries("kill"), False),
    ("tries ended by a stop are not counted, up to three",
     lambda: lost_tries("stop"), False),
    ("each run has a mark of its own", mark_of_run, False),
    ("runners are killed and nothing runs twice at once", storm, False),
)


def become_user():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)


def become_half():
    """Root's again only where it has to be."""
    os.setgroups([])
    os.seteuid(USER)


def run_test(test, needs_root):
    """The words of the test's line that follow its name, or a failure."""
    if needs_root:
        if not ROOT:
            raise Skip("only for root")
        for prefix in HIDDEN, FIRST:
            if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL,
                              check=False).returncode != 0:
                raise Skip("no namespaces")
        become_half()
    elif ROOT:
        become_user()
    test()


def in_child(number, name, test, needs_root):
    """Prints what a Tap does; its own end says whether that was bad."""
    status = 0
    try:
        run_test(test, needs_root)
        result = "ok %d - %s" % (number, name)
    except Skip as skip:
        result = "ok %d - %s # SKIP %s" % (number, name, skip)
    except Exception as error:
        text = str(error) if isinstance(error, Failure) else \
            traceback.format_exc()
        result = "\n# ".join(["not ok %d - %s" % (number, name)] +
                             text.splitlines())
        status = 1
    print(result, flush=True)
    return status


def begin(number, name, test, needs_root):
    """The child's number, and where it writes."""
    output = os.memfd_create("output", 0)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.dup2(output, 1)
        # Processes of another session are not taken for a command, and what
        # other tests start as root cannot be looked at.
        os.setsid()
        os._exit(in_child(number, name, test, needs_root))
    return pid, output


def end(pid, output):
    _, status = os.waitpid(pid, 0)
    with os.fdopen(output, "rb") as file:
        file.seek(0)
        sys.stdout.write(file.read().decode())
    sys.stdout.flush()
    return status != 0


def make_other():
    """A command that is another user's, started by the ordinary one."""
    shutil.copy(TASK, OTHER)
    os.chmod(OTHER, 0o4755)
    os.chown(os.environ["TMPDIR"], USER, USER)


def main():
    wanted = sys.argv[1:]
    tests = [test for test in TESTS if not wanted or
             any(word in test[0] for word in wanted)]
    if ROOT:
        make_other()
    failed = 0
    begun = []
    for number, test in enumerate(tests):
        # The storm has the machine for itself.
        if test[1] is storm:
            failed += sum(end(*one) for one in begun)
            begun = []
        begun.append(begin(number + 1, *test))
    failed += sum(end(*one) for one in begun)
    print("1..%d" % len(tests))
    return 1 if failed or not tests else 0


sys.exit(main())
