# SPDX-License-Identifier: ISC
"""SIGKILL at every step of what a program writes to the journal: at the
first, at the second, and so on until it gets through; once before the step
and once in the middle of its write.  After each the journal opens, is whole,
and what was promised is kept.

usage: steps.py [WORD of a test's name...]"""

import os
import shutil
import sqlite3
import subprocess
import sys
import time

import harness
from fault import (DEAD, DONE, DROPPED, QUEUED, Site, check_journal, event,
                   preload)
from harness import Failure, check, status_of

# Most of the time each waits for the disk and for commands.
AT_ONCE = 2 * (os.cpu_count() or 1)
MOST = 2000     # steps; no change of the journal takes as many
BEFORE, TORN = {}, {"PELIHOOK_TEST_TORN": "1"}


class Steps(Site):
    """A site whose journal goes back to how it was prepared."""

    def __init__(self, hook=""):
        super().__init__(hook=hook, globals="dispatch none", retry="1ms")

    def configure(self, hook="", globals="", retry=None):
        self.directory = self.path("journal")
        os.mkdir(self.directory, 0o700)
        self.journal = os.path.join(self.directory, "journal.db")
        super().configure(hook, globals, retry)

    def append(self, number, **fields):
        answer = self.ask_cgi(event(number, **fields))
        check(status_of(answer) == 202, "answered %r" % answer)

    def keep(self):
        shutil.copytree(self.directory, self.path("prepared"))

    def restore(self):
        shutil.rmtree(self.directory)
        shutil.copytree(self.path("prepared"), self.directory)
        self.remove("marks")

    def preloaded(self, step, torn):
        return preload("killat", PELIHOOK_TEST_STEP=str(step),
                       PELIHOOK_TEST_JOURNAL=self.journal, **torn)

    def state(self, number):
        found = self.deliveries().get(number)
        return None if found is None else found[1]

    def drained(self):
        """Everything runs to its end by the programs as they are.  A command
        that a killed runner was just about to start holds up some drains."""
        end = time.monotonic() + harness.PATIENCE
        self.ctl("drain")
        while self.open_deliveries() > 0 and time.monotonic() < end:
            self.ctl("drain")
        check(self.open_deliveries() == 0, "it is never drained: %r: %r" %
              (self.deliveries(), self.read("log")))
        check_journal(self.journal)

    def id_of(self, number):
        return self.deliveries()[number][3]


def word(site, *words):
    """Runs pelihookctl; whether it got through."""
    def run(environment):
        process = subprocess.run(
            site.ctl_command(*words), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            env={**harness.PASSED, **dict(environment)})
        check(process.returncode in (0, -9), "%s ended with %r: %r" %
              (words, process.returncode, process.stderr))
        return process.returncode == 0
    return run


def one_step(site, act, judge, killed_at):
    step, torn = killed_at
    site.restore()
    try:
        survived = act(site.preloaded(step, torn))
        if os.path.exists(site.journal) and \
                os.path.getsize(site.journal) > 0:
            check_journal(site.journal)
        judge(survived)
    except Failure as failure:
        raise Failure("killed %s step %d: %s" % (
            "in" if torn else "before", step, failure))
    return survived


def each_step(site, act, judge, stride=1):
    """act(environment) tells whether it survived; judge(survived) what is
    left of it.  stride: 2 is every second step, and for half writes those
    between."""
    steps = []
    for torn in BEFORE, TORN:
        for step in range(1 + (stride // 2 if torn else 0), MOST, stride):
            survived = one_step(site, act, judge, (step, torn))
            if survived:
                break
        check(survived, "no end after %d steps" % MOST)
        check(step > 3, "it was never killed")
        steps.append(step - 1)
    print("# killed at %s of %s steps" % (
        "each" if stride == 1 else "one in %d" % stride,
        " and ".join(map(str, steps))))


def appending(site, number):
    """One request through pelihook.cgi; what it answered is kept."""
    told = {}

    def act(environment):
        answer = site.ask_cgi(event(number), environment=environment)
        told["status"] = status_of(answer) if answer else None
        check(told["status"] in (202, None), "answered %r" % answer)
        return told["status"] == 202

    def judge(_):
        if told["status"] == 202:
            check(site.state(number) == QUEUED, "202, and it is not there")
        # What was not answered may be there; another one always gets in.
        site.append(number + 1)
        site.drained()
        check(site.state(number + 1) == DONE, "the next one is not done")
        known = {run.number for run in site.runs() if run.what == "E"}
        check(known == set(site.deliveries()), "ran: %r" % known)

    return act, judge


def create(site):
    site.keep()
    act, judge = appending(site, 1)
    each_step(site, act, judge)


def append(site):
    site.append(1, key=1)
    site.keep()
    act, judge = appending(site, 2)
    each_step(site, act, judge)


def drain(site):
    """Claim, start and settle: one that is done, one whose key waits, one
    that is delayed first and one that dies."""
    site.append(1, key=1)
    site.append(2, key=1, fail=1)
    site.append(3, bad=1)
    site.keep()

    def judge(_):
        site.drained()
        for number, state in (1, DONE), (2, DONE), (3, DEAD):
            check(site.state(number) == state, "event %d is %r" %
                  (number, site.state(number)))
        runs = site.runs()
        whole = [run.number for run in runs if run.what == "E"]
        check(set(whole) == {1, 2, 3}, "run to the end: %r" % whole)
        keyed = [run.number for run in runs if run.key]
        check(keyed == sorted(keyed), "order %r" % keyed)

    each_step(site, word(site, "drain"), judge)


def died(site):
    """An event that is dead, and would not die again."""
    site.append(1, key=1, fail=2)
    site.append(2, key=1)
    site.drained()
    check(site.state(1) == DEAD, "it is not dead")
    site.keep()


def retry(site, *words):
    died(site)

    def judge(survived):
        state = site.state(1)
        check(state == QUEUED if survived else state in (QUEUED, DEAD),
              "it is %r" % state)
        if state == DEAD:
            site.ctl("retry", *(words or [site.id_of(1)]))
        site.drained()
        check(site.state(1) == DONE, "it is %r" % site.state(1))

    each_step(site, word(site, "retry", *(words or [site.id_of(1)])),
              judge)


def drop(site):
    died(site)

    def judge(survived):
        state = site.state(1)
        check(state == DROPPED if survived else state in (DROPPED, DEAD),
              "it is %r" % state)
        site.drained()

    each_step(site, word(site, "drop", site.id_of(1)), judge)


def purge(site):
    for number in range(1, 6):
        site.append(number, key=number % 2, fail=number % 2)
    site.append(6, bad=1)
    site.drained()
    site.keep()

    def judge(survived):
        left = set(site.deliveries())
        check(6 in left, "a dead one was taken out")
        check(not survived or left == {6}, "left: %r" % left)
        site.ctl("purge")
        check(set(site.deliveries()) == {6}, "never purged")
        check_journal(site.journal)

    each_step(site, word(site, "purge"), judge)


def compact(site):
    """An earlier journal, which is made anew, with room to give back."""
    for number in range(1, 6):
        site.append(number)
    site.drained()
    site.append(6, text="x" * 100000)
    site.drained()
    connection = sqlite3.connect(site.journal)
    connection.executescript(
        "PRAGMA auto_vacuum=NONE; VACUUM; UPDATE bodies"
        " SET body = CAST('{\"n\":6}' AS BLOB) WHERE event = 6")
    connection.close()
    site.keep()

    def judge(survived):
        check(set(site.deliveries()) == {1, 2, 3, 4, 5, 6}, "some are gone")
        site.ctl("purge", "--compact")
        check(site.ask_journal("PRAGMA freelist_count") == [(0,)],
              "there is free room")
        check(site.ask_journal("PRAGMA auto_vacuum") == [(2,)],
              "it was not made anew")
        check_journal(site.journal)
        site.append(7)
        site.drained()

    each_step(site, word(site, "purge", "--compact"), judge)


TESTS = (
    ("a journal that is made for the first event", create, ""),
    ("append", append, "  order /key"),
    ("claim, start and settle", drain, "  order /key"),
    ("retry", retry, "  order /key"),
    ("retry --dead", lambda site: retry(site, "--dead"), "  order /key"),
    ("drop", drop, "  order /key"),
    ("purge", purge, "  keep 1ms"),
    ("purge --compact", compact, ""),
)


def run(test, hook):
    site = Steps(hook)
    try:
        test(site)
    finally:
        site.close()


if __name__ == "__main__":
    sys.exit(harness.run_tests(
        (("SIGKILL at every step: " + name, run, test, hook)
         for name, test, hook in TESTS), AT_ONCE))
