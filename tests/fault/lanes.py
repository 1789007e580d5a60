# SPDX-License-Identifier: ISC
"""A long queue whose lanes change under it: a lane is named, renamed, added
and taken away while all is run, and each event is run to its end, never twice
at once and in the order of its key.  And a journal of 0.1.0, whose deliveries
had no lanes.

PELIHOOK_BACKLOG: how many wait (2000).

usage: lanes.py [WORD of a test's name...]"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import harness
from fault import DRAIN, MARK, WORK, Site, check_journal, event
from harness import check, post, status_of, wait_for

BACKLOG = int(os.environ.get("PELIHOOK_BACKLOG", "2000"))
KEYS = 12
SENDERS = 4

HEAD = """journal @JOURNAL@
log @DIR@/queue.log
stop-timeout 2s
dispatch @DISPATCH@
hook peliqan
  secret-file @DIR@/secret.new
  retry 20ms 20ms 20ms
  max-queue 1000000
  concurrency 3
  order /key
"""
# Odd keys are those of failures, so that a key is in one lane under each.
PLAIN = "  on * run @MARK@ @DIR@\n"
NAMED = """  lane %s concurrency 2
  on * lane %s run @MARK@ @DIR@
"""
APART = """  lane work concurrency 2
  lane failures concurrency 1
  on @failure lane failures run @MARK@ @DIR@
  on * lane work run @MARK@ @DIR@
"""
TOGETHER = """  on @failure run @MARK@ @DIR@
  on * run @MARK@ @DIR@
"""
# Alone: another command, so that a lane is added and another taken away.
OTHER = """  on @failure run @MARK@ @DIR@
  on * run /usr/bin/env @MARK@ @DIR@
"""
CHANGES = (NAMED % ("jobs", "jobs"), NAMED % ("work", "work"), APART,
           TOGETHER, APART, OTHER, PLAIN)


class Lanes(Site):
    def __init__(self):
        super().__init__()
        self.marks_read = self.runs_begun = 0
        self.command = MARK + " @DIR@"
        self.rule(PLAIN, "none")

    def rule(self, lines, dispatch):
        """Whole at once, and newer than what was there."""
        text = (HEAD + lines).replace("@JOURNAL@", self.journal)
        text = text.replace("@MARK@ @DIR@", self.command)
        text = text.replace("@DISPATCH@", dispatch)
        before = os.stat(self.conf).st_mtime_ns
        new = self.config(text, "new.conf")
        wait_for(lambda: os.utime(new) or
                 os.stat(new).st_mtime_ns > before + 20000000, "a later time")
        os.rename(new, self.path("pelihook.conf"))

    def store(self, first, server):
        connection = server.connect()
        for number in range(first, BACKLOG + 1, SENDERS):
            fields = {"key": number % KEYS + 1, "pad": "x" * 200}
            if number % 20 == 0:
                fields["fail"] = 1
            if number % KEYS % 2 == 0:
                fields["event"] = "pipeline_run_error"
            body = event(number, **fields)
            answer = connection.request(post(body), body, True)
            check(status_of(answer) == 202, "answered %r" % answer[:200])
        connection.close()

    def fill(self):
        server = self.fcgi()
        senders = [Guarded(self.store, first, server)
                   for first in range(1, SENDERS + 1)]
        for sender in senders:
            sender.end()
        check(server.stop() == 0, "it ended with %r" % server.status)

    def begun(self):
        """How many runs began; only what is new is read."""
        if os.path.exists(self.path("marks")):
            with open(self.path("marks"), "rb") as file:
                file.seek(self.marks_read)
                new = file.read()
            self.marks_read += len(new)
            self.runs_begun += new.count(b"S ")
        return self.runs_begun

    def places(self):
        return dict(self.ask_journal(
            "SELECT e.id, d.seq FROM events e JOIN deliveries d "
            "ON d.event = e.seq"))

    def judge(self):
        check_journal(self.journal)
        runs = self.runs()
        places = self.places()
        check(len(places) == BACKLOG, "%d are there" % len(places))
        states = self.ask_journal("SELECT DISTINCT state FROM deliveries")
        check(states == [(2,)], "in the end states %r" % states)
        well = {run.number for run in runs if run.what == "E"}
        check(len(well) == BACKLOG, "%d were run to their end" % len(well))
        last = {}
        for run in runs:
            before = last.get(run.key, run)
            check(places[before.id] <= places[run.id],
                  "event %d ran after %d of its key" %
                  (run.number, before.number))
            last[run.key] = run
        return len(runs)


class Guarded(threading.Thread):
    """A thread whose trouble is told when it is waited for."""

    def __init__(self, work, *arguments):
        super().__init__()
        self.work, self.arguments, self.error = work, arguments, None
        self.start()

    def run(self):
        try:
            self.work(*self.arguments)
        except Exception as error:
            self.error = error

    def end(self):
        self.join()
        if self.error is not None:
            raise self.error


def change_under_way(site, server):
    """Each change when another part of it has begun, two of them at once."""
    for number, lines in enumerate(CHANGES):
        wanted = BACKLOG * (number + 1) // (len(CHANGES) + 1)
        wait_for(lambda: site.begun() >= wanted, "run %d" % wanted,
                 60 + BACKLOG / 20)
        site.rule(lines, "thread")
        server.signal(signal.SIGHUP)
        if number == 3:
            site.rule(CHANGES[1], "thread")
            server.signal(signal.SIGHUP)


def drain_on(site, over):
    while not over.is_set():
        run = subprocess.run(
            site.ctl_command("drain"), stdin=subprocess.DEVNULL, check=False,
            capture_output=True, env={**harness.PASSED, **dict(DRAIN)})
        check(run.returncode in (0, 75), "a drain ended with %r: %r" %
              (run.returncode, run.stderr[-1000:]))
        over.wait(0.1)


def changing():
    site = Lanes()
    over = threading.Event()
    server = None
    threads = []
    try:
        site.fill()
        began = time.monotonic()
        site.rule(PLAIN, "thread")
        server = site.fcgi()
        threads.append(Guarded(drain_on, site, over))
        change_under_way(site, server)
        site.settled(120 + BACKLOG / 20)
        over.set()
        threads[0].end()
        check(server.stop() == 0, "it ended with %r" % server.status)
        runs = site.judge()
        print("# %d waited, %d runs, %d changes (%.0f s)" % (
            BACKLOG, runs, len(CHANGES) + 1, time.monotonic() - began))
    finally:
        over.set()
        for thread in threads:
            thread.join()
        if server is not None:
            server.end()
        site.close()


def while_running(before, *after):
    """What runs while its lane is renamed, or taken away, still comes before
    what waits behind it."""
    site = Lanes()
    site.command = os.path.join(WORK, "task") + " @DIR@ all 0"
    server = None

    def store(number, **fields):
        body = event(number, **fields)
        check(status_of(server.request(post(body), body)) == 202,
              "event %d is not stored" % number)

    try:
        site.rule(before, "thread")
        server = site.fcgi()
        store(1, key=1, until=1)
        wait_for(lambda: site.begun() == 1, "the first run")
        store(2, key=1)
        for number, lines in enumerate(after, 3):
            site.rule(lines, "thread")
            server.signal(signal.SIGHUP)
            # Of another key: once it is over all has been moved.
            store(number, key=number)
            wait_for(lambda: site.open_deliveries() == 2, "another run")
        check(site.open_deliveries() == 2, "not all that may be was run")
        site.write("go", "")
        site.settled(30)
        ran = numbers_by_name(site)["all"]
        check(ran == [[1], *([n] for n in range(3, 3 + len(after))), [2]],
              "ran %r" % ran)
    finally:
        if server is not None:
            server.end()
        site.close()


# Both lines in one lane and one order, and the first of them has to wait.
LINES = """  lane all order hook batch 5 retry 1h
  on @failure lane all run /bin/sh -c "echo first >>@DIR@/ran; exit 75"
  on * lane all run /bin/sh -c "echo second >>@DIR@/ran"
"""


def batch_waits():
    """A batch that is to be tried again holds back what is behind it, which
    another line of its lane takes."""
    site = Lanes()
    try:
        site.rule(LINES, "none")
        for number in range(1, 5):
            failure = {"event": "pipeline_run_error"} if number < 3 else {}
            answer = site.ask_cgi(event(number, **failure))
            check(status_of(answer) == 202, "answered %r" % answer[:200])
        site.ctl("drain")
        check(site.read("ran") == b"first\n", "ran %r" % site.read("ran"))
        check(site.open_deliveries() == 4, "not all wait")
    finally:
        site.close()


# A journal of 0.1.0.

UPGRADED = """journal @JOURNAL@
log @DIR@/queue.log
dispatch none
secret-file @DIR@/secret.new
retry 20ms 20ms
keep 3650d
hook jobs
  order hook
@LANES@
  on connection_added ignore
  on @failure @ALARMS@ also run @TASK@ @DIR@ alarm 1
  on * @WORK@ run @TASK@ @DIR@ job 1
hook bulk
  batch 5
  on * run @TASK@ @DIR@ bulk 1
"""
OLD_JOBS = [11, *range(13, 33)]
OLD_ALARMS = [14, 18, 22, 26, 30]
OLD_BULK = [*range(6, 11), *range(33, 37)]
FINISHED = {1: ["done"], 2: ["done", "done"], 3: ["dead"], 4: ["done"],
            5: ["done"], 12: ["dropped"]}


def open_earlier(site, lanes):
    """The IDs and bodies of what 0.1.0 stored, by number."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "earlier_lanes.sql")
    with open(path) as file:
        text = file.read()
    made = sqlite3.connect(site.journal)
    made.executescript(text)
    # The pauses are over, whatever the time is here.
    made.execute("UPDATE deliveries SET since = 1, due = 1 "
                 "WHERE state = 0 AND since > 0")
    made.commit()
    found = {json.loads(body)["n"]: (name, body) for name, body in
             made.execute("SELECT id, body FROM events")}
    made.close()
    os.chmod(site.journal, 0o600)
    text = UPGRADED.replace("@JOURNAL@", site.journal)
    for word, value in lanes.items():
        text = text.replace(word, value)
    site.conf = site.config(text.replace("@TASK@",
                                         os.path.join(WORK, "task")))
    return found


def is_as_it_was(site, old):
    """Each event is shown with its bytes, and what was over is over."""
    for number, (name, body) in old.items():
        check(site.ctl("show", "--body", name) == body,
              "the body of event %d is another" % number)
        shown = json.loads(site.ctl("show", "--json", name))
        states = [one["state"] for one in shown["deliveries"]]
        check(number not in FINISHED or states == FINISHED[number],
              "event %d: %r" % (number, states))


def request_meanwhile(site, numbers):
    for number in numbers:
        failure = {"event": "pipeline_run_error"} if number % 2 else {}
        answer = site.ask_cgi(event(number, **failure), PATH_INFO="/jobs")
        check(status_of(answer) == 202, "answered %r" % answer[:200])


def numbers_by_name(site):
    """What each command ran, each run a list of numbers, as they began."""
    ran = {}
    for words in map(str.split, site.read("marks").decode().splitlines()):
        check(words[0] in "SE", "two at once: %r" % words)
        if words[0] == "S":
            numbers = [int(word) for word in words[3].split(",")]
            ran.setdefault(words[2], []).append(numbers)
    return ran


def upgraded(lanes):
    """It is opened as it is; each delivery goes to the lane of its line."""
    site = Site()
    try:
        old = open_earlier(site, lanes)
        request_meanwhile(site, [101])
        is_as_it_was(site, old)
        drain = Guarded(site.ctl, "drain")
        request_meanwhile(site, range(102, 110))
        drain.end()
        site.ctl("drain")
        ran = numbers_by_name(site)
        check(ran["job"] == [[n] for n in OLD_JOBS + [*range(101, 110)]],
              "jobs %r" % ran["job"])
        check(ran["alarm"] == [[n] for n in
                               OLD_ALARMS + [*range(101, 110, 2)]],
              "alarms %r" % ran["alarm"])
        bulk = [number for run in ran["bulk"] for number in run]
        check(sorted(bulk) == OLD_BULK and max(map(len, ran["bulk"])) <= 5,
              "in batches %r" % ran["bulk"])
        is_as_it_was(site, old)
        rows = map(json.loads, site.ctl("list", "--json", "--limit",
                                        "1000").splitlines())
        states = [row["state"] for row in rows]
        check((states.count("dead"), states.count("dropped")) == (1, 1) and
              states.count("done") == len(states) - 2, "states %r" % states)
        check_journal(site.journal)
    finally:
        site.close()


DEFAULT = {"@LANES@": "", "@ALARMS@": "", "@WORK@": ""}
OTHERS = {"@LANES@": "  lane alarms concurrency 1\n  lane work",
          "@ALARMS@": "lane alarms", "@WORK@": "lane work"}

TESTS = [
    ("lanes change under a long queue, and all is run once, in order",
     changing),
    ("a batch that has to wait holds back the other lines of its lane",
     batch_waits),
    ("what runs in a lane that is renamed holds back its key",
     lambda: while_running(NAMED % ("jobs", "jobs"),
                           NAMED % ("work", "work"))),
    ("what runs in a lane that is taken away holds back its key",
     lambda: while_running(NAMED % ("jobs", "jobs"), PLAIN)),
    ("what runs while its lanes change again and again holds back its key",
     lambda: while_running(NAMED % ("jobs", "jobs"), APART, TOGETHER, APART,
                           NAMED % ("work", "work"), PLAIN)),
    ("a journal of 0.1.0: what waits goes to the lanes of its lines",
     lambda: upgraded(DEFAULT)),
    ("a journal of 0.1.0: what waits goes to named lanes",
     lambda: upgraded(OTHERS)),
]

sys.exit(harness.run_tests(TESTS))
