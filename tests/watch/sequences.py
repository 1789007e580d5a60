# SPDX-License-Identifier: ISC
"""Plays every case and compares runs, pipelines and what is told with what
the case says.  README.md says how a case is written.

PELIHOOK_WATCH_CASES: a pattern of which (*).

usage: sequences.py [FILE.case...]"""

import glob
import os
import re
import sys

from harness import Tap, check
from playing import DAY, EVENTS, HOUR, MINUTE, Told, play, seconds, stamp

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
SHORT = {"started": "pipeline_run_started",
         "completed": "pipeline_run_completed",
         "partial": "pipeline_run_completed_with_errors",
         "error": "pipeline_run_error", "killed": "pipeline_run_killed",
         "removed": "connection_removed", "added": "connection_added"}


def span(word):
    return int(word[:-1]) * UNITS[word[-1]]


class History:
    """TIME history PIPELINE for D every D [took D] [weekdays] [hours A-B]:
    runs with success, each with its start where it took something; time then
    is that of the last one's end."""

    def __init__(self, time, words):
        self.pipeline = words[0]
        options = dict(zip(words[1::2], words[2::2]))
        self.begin = time
        self.end = time + span(options["for"])
        self.every = span(options["every"])
        self.took = span(options.get("took", "0s"))
        self.days = range(5) if options.get("days") == "weekdays" else range(7)
        first, last = options.get("hours", "0-23").split("-")
        self.hours = range(int(first), int(last) + 1)

    def lines(self):
        for time in range(self.begin, self.end, self.every):
            if (time // DAY + 3) % 7 not in self.days or \
                    time % DAY // HOUR not in self.hours:
                continue
            if self.took:
                yield time, "event pipeline_run_started pipeline=%s run=%d" % \
                    (self.pipeline, time)
            yield time + self.took, "event pipeline_run_completed " \
                "pipeline=%s run=%d" % (self.pipeline, time)


class Case:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            head, _, reply = file.read().partition("\n---\n")
        lines = head.splitlines()
        check(lines[0].startswith("# "), path + ": no case")
        self.name = os.path.basename(path)[:-5] + ": " + lines[0][2:]
        lines = [line for line in lines if not line.startswith("#")]
        empty = lines.index("")
        self.watch = lines[:empty]
        self.lines = [line for line in lines[empty:] if line]
        self.expected = reply.splitlines()

    def script(self):
        """Histories side by side become one."""
        time, script = 0, []
        histories = []
        for line in self.lines:
            at, word, *rest = line.split()
            if word == "history":
                base = self._time(at, time)
                histories += History(base, rest).lines()
                continue
            if histories:
                histories.sort()
                script += ["%s %s" % (stamp(t), what) for t, what in histories]
                time, histories = histories[-1][0], []
            time = self._time(at, time)
            word = re.sub("^(%s)$" % "|".join(SHORT),
                          lambda match: "event " + SHORT[match[1]], word)
            script.append(" ".join([stamp(time), word] + rest))
        return "\n".join(script) + "\n"

    @staticmethod
    def _time(word, time):
        if word == "=":
            return time
        if word[0] in "+-":
            return time + span(word[1:]) * (1 if word[0] == "+" else -1)
        return seconds(word.replace("Z", ":00Z") if len(word) == 17 else word)


def shown(lines):
    """What is told at the same time has no order."""
    told, done = [], []
    for line in lines:
        if line.startswith("told "):
            told.append(Told(line).line())
        else:
            done += sorted(told) + [line]
            told = []
    return done + sorted(told)


def run_case(case):
    got = shown(play(case.watch, case.script()))
    check(got == case.expected, "expected\n%s\ngot\n%s" % (
        "\n".join(case.expected), "\n".join(got)))


def all_were_told():
    """Told has looked at every key of each."""
    check(Told.seen == set(EVENTS), "no case tells %s" %
          ", ".join(sorted(set(EVENTS) - Told.seen)))


def main():
    paths = sys.argv[1:] or sorted(glob.glob(os.path.join(
        HERE, (os.environ.get("PELIHOOK_WATCH_CASES") or "*") + ".case")))
    tap = Tap()
    for path in paths:
        case = Case(path)
        tap.run(case.name, run_case, case)
    if not sys.argv[1:] and not os.environ.get("PELIHOOK_WATCH_CASES"):
        tap.run("each key of every payload is there, of its type",
                all_were_told)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
