# SPDX-License-Identifier: ISC
"""SIGKILL at the steps of a pass that watches, by a drain and by
pelihook.fcgi, with the clock from outside.  After it another pass comes to
its end: each change of a state is told once, none is lost and none is told
that is not true, and `runs' and `pipelines' say what they say where nothing
was killed.

What a command was told is counted by the ID of the event, as the journal
lists it: one that was under way when its runner was killed is run again.

PELIHOOK_ALL: at every step, otherwise at some of them.

usage: watch.py [WORD of a test's name...]"""

import collections
import datetime
import json
import math
import os
import shutil
import signal
import sys
import time

import harness
from fault import check_journal, event, preload, set_clock
from harness import FCGI, Process, check, spawn, status_of, wait_for
from steps import Steps, each_step, word

ALL = bool(os.environ.get("PELIHOOK_ALL"))
BASE = 1772442000       # 2026-03-02T09:00:00Z
HANGING = ["hang-%d" % number for number in range(10)]
LATE = ["late-1", "late-2"]
FAILING = ["fail-1", "fail-2"]

# Each run of the command leaves a file, which is whole or not there.
CONFIG = """journal @JOURNAL@
log @DIR@/queue.log
stop-timeout 2s
dispatch @DISPATCH@
hook peliqan
  secret-file @DIR@/secret.new
  retry @RETRY@
  timeout 10s
  kill-after 300ms
  batch 100
  directory @DIR@/told
  watch on failing 1 late off stuck 20m silent 40m
  watch for late-* failing off late 30m stuck off
  watch for again-* failing 1 late off stuck off remind 9m
  on @watch run /bin/sh -c 'f=$(mktemp .XXXXXX) && cat >$f && mv $f ${f#.}'
  on * ignore
"""


class Watched(Steps):
    """A site with a hook that watches; its time is that of the test, in
    minutes."""

    def configure(self, hook="", globals="", retry=None):
        os.mkdir(self.path("told"), 0o700)
        super().configure(hook, globals, retry)
        self.dispatch("none")
        self.clock = self.path("clock")
        self.at(0)
        self.environment += preload("clock", PELIHOOK_TEST_CLOCK=self.clock)

    def dispatch(self, how):
        text = CONFIG.replace("@JOURNAL@", self.journal)
        text = text.replace("@RETRY@", "1ms " * 20)
        self.conf = self.config(text.replace("@DISPATCH@", how))

    def at(self, minute, second=0):
        set_clock(self.clock, math.ceil(BASE + 60 * minute + second -
                                        time.time()))

    def preloaded(self, step, torn):
        both = dict(super().preloaded(step, torn))
        clock = dict(preload("clock", PELIHOOK_TEST_CLOCK=self.clock))
        clock["LD_PRELOAD"] += ":" + both["LD_PRELOAD"]
        return [*{**both, **clock}.items()]

    def ctl(self, *words, **how):
        return super().ctl(*words, environment=self.environment, **how)

    def lines(self, *words):
        return [json.loads(line) for line in self.ctl(*words).splitlines()]

    def say(self, minute, what, *pipelines, run):
        for second, pipeline in enumerate(pipelines):
            self.at(minute, second)
            answer = self.ask_cgi(event(
                0, event="pipeline_run_" + what, run_id=run,
                pipeline={"id": pipeline}))
            check(status_of(answer) == 200, "answered %r" % answer)

    def drain_at(self, minute):
        """Drains until all is done.  Where others start processes that
        cannot be looked at, a command may count as running until it has to
        be over."""
        self.at(minute)
        wait_for(lambda: self.ctl("drain") == b"" and
                 self.open_deliveries() == 0, "all that is told")
        check_journal(self.journal)

    def keep(self):
        self.known = {row["id"] for row in self.listed()}
        super().keep()

    def restore(self):
        super().restore()
        shutil.rmtree(self.path("told"))
        os.mkdir(self.path("told"), 0o700)

    # What came of it.

    def listed(self):
        return self.lines("list", "--json", "--limit", "1000")

    def told(self):
        """How often each event was told, by its ID, and its payload."""
        counts = collections.Counter()
        payloads = {}
        for name in os.listdir(self.path("told")):
            if name.startswith("."):
                continue
            for line in self.read("told/" + name).splitlines():
                envelope = json.loads(line)
                one, payload = envelope["id"], envelope["data"]
                check(payloads.setdefault(one, payload) == payload,
                      "%s was told in two ways" % one)
                counts[one] += 1
        return counts, payloads

    def changes(self):
        """The payloads of what was told since keep(), once an event."""
        counts, payloads = self.told()
        listed = {row["id"]: row["state"] for row in self.listed()
                  if row["id"] not in self.known}
        check(set(listed) == set(counts), "stored: %r, told: %r" %
              (sorted(listed), sorted(counts)))
        check(set(listed.values()) <= {"done"}, "states %r" % listed)
        return sorted(payloads.values(), key=json.dumps)

    def is_told(self):
        return len(self.told()[0]) >= self.expected and \
            self.open_deliveries() == 0

    def words(self):
        """What `runs' and `pipelines' say, but for how long a run that is
        open has taken."""
        runs = self.lines("runs", "--json", "--limit", "1000")
        for one in runs:
            if one["ended"] is None:
                del one["duration"]
        return runs + self.lines("pipelines", "--json")


def minutes(time):
    """Since the beginning; what a machine is slow by is left out."""
    moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return int(moment.timestamp() - BASE) // 60


def line_of(payload):
    """A change as the tests below write it."""
    who = " ".join(sorted(one["pipeline"]["id"] if one["pipeline"] else "-"
                          for one in payload.get("list", [payload])))
    line = "%s %s since %d" % (payload["event"].removeprefix("pelihook."),
                               who, minutes(payload["since"]))
    if "recovered_from" in payload:
        line += " from %s after %d" % (payload["recovered_from"],
                                       round(payload["lasted"] / 60))
    return line


def check_told(site, *expected):
    """These changes, each once, as they are written here."""
    changes = site.changes()
    found = sorted(map(line_of, changes))
    check(found == sorted(expected), "told:\n%s\nwhere it should be:\n%s" %
          ("\n".join(found), "\n".join(sorted(expected))))
    return changes


def drain(site):
    return word(site, "drain")


def server(site):
    """pelihook.fcgi, which is stopped once all is told; whether it got
    through."""
    def run(environment):
        site.dispatch("thread")
        null = os.open("/dev/null", os.O_RDWR)
        process = Process(spawn(
            [FCGI, "-c", site.conf, "-s", site.path("sock")], environment,
            [null, null], site.path("log")))
        os.close(null)
        try:
            wait_for(lambda: process.has_ended() or site.is_told(),
                     "all that is to be told")
            if not process.has_ended():
                process.signal(signal.SIGTERM)
            status = process.wait()
        finally:
            process.end()
            site.dispatch("none")
        check(status in (0, -signal.SIGKILL), "it ended with %r: %r" %
              (status, site.read("log")))
        return status == 0
    return run


# And every which step; the half writes are those between.  Hardly any
# transaction has as few as half of that.
BY_DRAIN = drain, 12
BY_SERVER = server, 36


def each_pass(site, by, minute, expected, after):
    """A pass at this minute is killed, and another one comes to its end a
    minute later: then all is as it is where nothing is killed.  after(): what
    happens then."""
    site.keep()
    site.restore()
    site.drain_at(minute)
    whole = check_told(site, *expected) + site.words()
    site.expected = len(expected)
    program, stride = by
    killed = program(site)

    def act(environment):
        site.at(minute)
        return killed(environment)

    def judge(survived):
        site.drain_at(minute + 1)
        found = check_told(site, *expected) + site.words()
        check(found == whole, "found %r, and not %r" % (
            [one for one in found if one not in whole],
            [one for one in whole if one not in found]))
        most = max(site.told()[0].values())
        check(most <= (1 if survived else 2), "told %d times" % most)
        after()

    each_step(site, act, judge, 1 if ALL else stride)


def begin(site):
    """All pipelines are known and judged, and the runs that hang begin."""
    site.say(0, "completed", "fine", "again-1", *LATE, *FAILING, run="r1")
    site.say(0, "started", *HANGING, run="r1")
    site.drain_at(1)
    site.say(2, "error", "again-1", *FAILING, run="r2")


# What has come true after fifty minutes.
TRUE = [
    "pipeline_failing again-1 since 2",
    "pipeline_failing fail-1 since 2",
    "pipeline_failing fail-2 since 2",
    "pipeline_late late-1 since 31",
    "pipeline_late late-2 since 31",
    "runs_stuck %s since 20" % " ".join(HANGING),
    "hook_silent - since 42",
]


def come_true(site, by):
    """And what is told to be over behind the kill is what was told before."""
    begin(site)

    def end():
        site.say(52, "completed", "hang-0", run="r1")
        site.say(52, "completed", "fail-1", "late-1", run="r3")
        site.drain_at(58)
        check_told(site, *TRUE, "recovered - since 42 from silent after 10",
                   "recovered fail-1 since 2 from failing after 50",
                   "recovered late-1 since 31 from late after 21",
                   "recovered hang-0 since 20 from stuck after 32")

    each_pass(site, by, 50, TRUE, end)


OVER = [
    "recovered - since 42 from silent after 9",
    "recovered fail-1 since 2 from failing after 49",
    "recovered fail-2 since 2 from failing after 49",
    "recovered late-1 since 31 from late after 20",
    "recovered late-2 since 31 from late after 20",
    "pipelines_recovered %s since 20 from stuck after 31" %
    " ".join(HANGING),
    "pipeline_failing again-1 since 2",
]


def are_over(site, by):
    """One goes on and is told again; and what comes true anew behind the
    kill is told."""
    begin(site)
    site.drain_at(50)
    site.say(51, "completed", *HANGING, run="r1")
    site.say(51, "completed", *FAILING, *LATE, run="r3")

    def fail():
        site.say(64, "error", "fail-1", run="r4")
        site.drain_at(65)
        check_told(site, *OVER, "pipeline_failing fail-1 since 64")

    each_pass(site, by, 62, OVER, fail)


def wait(site, by):
    """What waits for others is told later, but for what is over by then."""
    begin(site)
    now = [line for line in TRUE if "failing" in line]

    def go_on():
        site.say(23, "completed", "hang-0", run="r1")
        site.drain_at(27)
        check_told(site, *now,
                   "runs_stuck %s since 20" % " ".join(HANGING[1:]))

    each_pass(site, by, 21, now, go_on)


TESTS = (
    ("what comes true", come_true, BY_DRAIN),
    ("what is over", are_over, BY_DRAIN),
    ("what waits for others", wait, BY_DRAIN),
    ("what comes true, in pelihook.fcgi", come_true, BY_SERVER),
    ("what is over, in pelihook.fcgi", are_over, BY_SERVER),
)


def run(test, by):
    site = Watched()
    try:
        test(site, by)
    finally:
        site.close()


sys.exit(harness.run_tests(
    ("SIGKILL at the steps of watching: " + name, run, test, by)
    for name, test, by in TESTS))
