# SPDX-License-Identifier: ISC
"""A quarter of 200 pipelines, with the clock from outside: each fault that is
planted is told within the limit that SPEC.md's rule gives it, and nothing is
told that was not planted.

Pipelines run hourly, hourly in office hours, daily, daily on weekdays, weekly,
monthly and by hand, with jitter, with reruns, and an hour later from the end
of daylight saving time on.  After the first weeks some hang, some fail and
some stop.  On holidays nothing of weekdays runs, and somebody mutes all.

PELIHOOK_QUARTER_WEEKS: how many (13).  PELIHOOK_QUARTER_SEED: what chance
begins with.

usage: quarter.py [WORD of a test's name...]"""

import os
import random
import statistics
import sys
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor

from harness import check, run_tests
from playing import DAY, HOUR, MINUTE, WEEK, Told, play, seconds, stamp

WEEKS = int(os.environ.get("PELIHOOK_QUARTER_WEEKS") or 13)
SEED = int(os.environ.get("PELIHOOK_QUARTER_SEED") or 2026)

BEGIN = seconds("2026-08-31T00:00:00Z")     # a Monday
END = BEGIN + WEEKS * WEEK
PLANTED = BEGIN + 5 * WEEK                  # nothing is wrong before
SHIFT = seconds("2026-10-25T01:00:00Z")     # what is local comes later
LEARNING = 15 * DAY
WAIT = 5 * MINUTE                           # for others of the same kind
CRON = 15 * MINUTE
KEEP = 30 * DAY

# What pauses: a Wednesday, a week, a Monday.  All is muted until each has run
# again.
HOLIDAYS = [(BEGIN + day * DAY, BEGIN + (day + n) * DAY)
            for day, n in ((6 * 7 + 2, 1), (8 * 7, 7), (11 * 7, 1))
            if day + n < WEEKS * 7]
MUTED = DAY + 2 * HOUR

KINDS = {"hourly": 9, "office": 45, "daily": 56, "weekdays": 50,
         "weekly": 15, "monthly": 10, "hand": 15}
# The longest time after the last success that a stop may go unnoticed: were
# the rule much slower, this would not be watching.
AT_MOST = {"hourly": 5 * HOUR, "office": 4 * DAY, "daily": 3 * DAY,
           "weekdays": 5 * DAY, "weekly": 15 * DAY, "hand": 22 * DAY}


def is_holiday(time):
    return any(begin <= time < end for begin, end in HOLIDAYS)


def near_holiday(begin, end):
    """What happens then has other limits than usual."""
    return any(begin < over + 2 * DAY and end > start - DAY
               for start, over in HOLIDAYS)


class Pipeline:
    def __init__(self, source, kind, number):
        self.random = source
        self.kind = kind
        self.id = "%s%d" % (kind, number)
        self.minute = source.randrange(0, 2 if kind == "office" else 50) * \
            MINUTE
        self.hour = source.randrange(0, 23)
        self.day = source.randrange(0, 7 if kind in ("weekly", "monthly")
                                    else 5)
        self.takes = source.randrange(2, 9) * MINUTE
        self.faults = []        # (begin, end, what)
        self.planted = None     # the same, for ever
        self.lines = []         # (time, line)
        self.runs = 0
        self.successes = []
        self.ended = []         # (time, whether that is a success)
        self.open = []          # (began, ended or None) of what hangs
        self.durations = []     # (ended, how long it took)

    def local(self, day, hour):
        time = day + hour * HOUR + self.minute
        return time + HOUR if time >= SHIFT else time

    def plan(self):
        """When it would run."""
        if self.kind == "hand":
            time = BEGIN + self.random.randrange(0, 4 * DAY)
            while time < END:
                yield time
                time += self.random.randrange(4 * DAY, 7 * DAY)
            return
        for day in range(BEGIN, END, DAY):
            number = (day - BEGIN) // DAY
            weekday = number % 7
            if self.kind == "hourly":
                yield from (day + hour * HOUR + self.minute
                            for hour in range(24))
            elif self.kind == "office" and weekday < 5 and \
                    not is_holiday(day):
                yield from (self.local(day, hour) for hour in range(9, 18))
            elif self.kind == "daily":
                yield self.local(day, self.hour)
            elif self.kind == "weekdays" and weekday < 5 and \
                    not is_holiday(day):
                yield self.local(day, self.hour)
            elif self.kind == "weekly" and weekday == self.day:
                yield self.local(day, self.hour)
            elif self.kind == "monthly" and number % 30 == self.day:
                yield self.local(day, self.hour)

    def plant(self, begin, end, what):
        self.planted = begin, end, what
        self.faults.append(self.planted)

    def fault(self, time):
        for begin, end, what in self.faults:
            if begin <= time < end:
                return what
        return None

    def event(self, time, name):
        self.lines.append((time, "record pipeline_run_%s pipeline=%s run=%s-%d"
                           % (name, self.id, self.id, self.runs)))

    def run(self, time, what):
        if what == "stops":
            return
        self.runs += 1
        took = self.takes + self.random.randrange(0, 3 * MINUTE)
        self.event(time, "started")
        if what == "hangs":
            self.faults = [f for f in self.faults if not f[0] <= time < f[1]]
            self.open.append((time, None))
        elif what == "fails":
            self.event(time + took, self.random.choice(
                ("error", "remote_error", "timeout", "killed")))
            self.ended.append((time + took, False))
            self.durations.append((time + took, took))
        else:
            self.event(time + took, self.random.choice(
                ("completed", "completed", "completed_with_errors")))
            self.successes.append(time + took)
            self.ended.append((time + took, True))
            self.durations.append((time + took, took))

    def live(self):
        last = 0
        for time in self.plan():
            time += self.random.randrange(0, 5 * MINUTE)
            what = self.fault(time)
            # Two at once are no fault of theirs, but nothing to plan with.
            if time < last:
                continue
            self.run(time, what)
            last = time + 11 * MINUTE
            if what is None and self.random.random() < 0.004:
                self.run(last, None)
                last += 11 * MINUTE
        self.successes.sort()

    # What SPEC.md's rule says.

    def late_after(self, i):
        """When it is late whose last success is the i-th; None: never."""
        known = self.successes[max(0, i - 10):i + 1]
        gaps = [b - a for a, b in zip(known, known[1:])]
        if len(gaps) < 3:
            return None
        last = known[-1]
        gap = statistics.median(gaps)
        if gap > 3 * DAY:
            since = last + 2 * max(gaps)
        else:
            since = 0
            for weeks in 1, 2:
                at = bisect_left(self.successes,
                                 last + gap / 2 - weeks * WEEK) + 1
                if at > i:
                    return None
                since = max(since, self.successes[at] + weeks * WEEK + HOUR)
        first = self.lines[0][0]
        return since and max(since, first + LEARNING)

    def lates(self):
        """(since, when a success came or None)"""
        for i, _ in enumerate(self.successes):
            late = self.late_after(i)
            over = self.successes[i + 1] if i + 1 < len(self.successes) \
                else None
            if late is not None and late < (over or END):
                yield late, over

    def fails(self):
        since = None
        for time, good in self.ended:
            if good and since:
                yield since, time
                since = None
            elif not good and not since:
                since = time
        if since:
            yield since, None

    def hangs(self):
        for began, over in self.open:
            takes = [took for ended, took in self.durations
                     if ended <= began + HOUR][-20:]
            if len(takes) >= 4:
                yield began + max(3 * statistics.median(takes), HOUR), over


class Quarter:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pipelines = [Pipeline(self.random, kind, number)
                          for kind, count in KINDS.items()
                          for number in range(count)]
        self.plant()
        for pipeline in self.pipelines:
            pipeline.live()
        self.mutes = [(begin, end + MUTED) for begin, end in HOLIDAYS]

    def quiet_time(self, length):
        """A time at which a fault may be planted."""
        while True:
            begin = self.random.randrange(PLANTED, max(END - 4 * WEEK,
                                                       PLANTED + WEEK))
            if not near_holiday(begin, begin + length):
                return begin

    def plant(self):
        spans = {"hourly": 2 * DAY, "office": 3 * DAY, "daily": 4 * DAY,
                 "weekdays": 5 * DAY, "weekly": 3 * WEEK, "hand": 25 * DAY}
        for what in "stops", "fails", "hangs":
            for kind, span in spans.items():
                of_kind = [pipeline for pipeline in self.pipelines
                           if pipeline.kind == kind and not pipeline.faults]
                for pipeline in self.random.sample(of_kind, 3):
                    long = span > WEEK
                    begin = self.random.randrange(PLANTED, PLANTED + WEEK) \
                        if long else self.quiet_time(span)
                    pipeline.plant(begin, begin + span, what)
        # All that is of office hours at the same time, a Tuesday.
        self.outage = PLANTED + DAY
        for pipeline in self.pipelines:
            if pipeline.kind == "office" and not pipeline.faults:
                pipeline.plant(self.outage, self.outage + DAY, "stops")

    def script(self, mode):
        lines = [(time, i, line) for pipeline in self.pipelines
                 for i, (time, line) in enumerate(pipeline.lines)
                 if time < END]
        for begin, until in self.mutes:
            lines.append((begin, -1, "mute --all %ds" % (until - begin)))
        for day in range(BEGIN + DAY, END, DAY):
            lines.append((day, -2, "purge"))
        lines.sort()
        return "\n".join(["%s %s" % (stamp(BEGIN), mode)] +
                         ["%s %s" % (stamp(time), line)
                          for time, _, line in lines] +
                         ["%s until" % stamp(END), "= told"]) + "\n"

    # What has to be told: {(pipeline, what): [(since, over)]}

    def expected(self):
        expected = {}
        for pipeline in self.pipelines:
            for what, spans in (("late", pipeline.lates()),
                                ("failing", pipeline.fails()),
                                ("stuck", pipeline.hangs())):
                for since, over in spans:
                    expected.setdefault((pipeline.id, what), []).append(
                        (since, over))
        return expected

    def told_from(self, since):
        """When it can be told at the earliest: not while it is muted."""
        for begin, until in self.mutes:
            if begin <= since < until:
                return until
        return since


class Alarm:
    """What was told of one pipeline or run."""

    def __init__(self, told, one):
        self.time = seconds(told.time)
        self.pipeline = one["pipeline"]["id"]
        self.since = seconds(one["since"])
        self.over = "recovered_from" in one
        self.what = one["recovered_from"] if self.over else \
            {"pipeline_failing": "failing", "pipeline_late": "late",
             "pipelines_late": "late", "run_stuck": "stuck",
             "runs_stuck": "stuck"}[told.event.removeprefix("pelihook.")]
        self.with_others = len(told.of)

    def __str__(self):
        return "%s %s of %s since %s told at %s" % (
            "recovered from" if self.over else "it is", self.what,
            self.pipeline, stamp(self.since), stamp(self.time))


class Judged:
    """A quarter that was judged somehow: at the latest so long after it became
    true is something told."""

    def __init__(self, quarter, lines, found, told):
        self.quarter, self.found, self.told = quarter, found, told
        self.alarms = [Alarm(Told(line), one) for line in lines
                       for one in Told(line).of]
        self.kinds = {pipeline.id: pipeline.kind
                      for pipeline in quarter.pipelines}
        self.expected = quarter.expected()

    def of(self, pipeline, what, over):
        return [alarm for alarm in self.alarms if alarm.over == over and
                (alarm.pipeline, alarm.what) == (pipeline, what)]

    def limit(self, what, over=False):
        return self.found if what == "failing" and not over else self.told

    def every_fault_is_told(self):
        n = 0
        for (pipeline, what), spans in self.expected.items():
            for since, over in spans:
                first = self.quarter.told_from(since)
                last = first + self.limit(what)
                if (over or END) <= last:
                    continue
                n += 1
                check(any(alarm.since == since and first <= alarm.time <= last
                          for alarm in self.of(pipeline, what, False)),
                      "%s is %s since %s until %s, and that was not told; "
                      "planted: %r; told: %s" %
                      (pipeline, what, stamp(since), over and stamp(over),
                       self.planted(pipeline),
                       [str(a) for a in self.of(pipeline, what, False)]))
        check(n > 60, "only %d faults" % n)

    def planted(self, pipeline):
        one = next(p for p in self.quarter.pipelines if p.id == pipeline)
        return one.planted and [stamp(one.planted[0]), stamp(one.planted[1]),
                                one.planted[2]]

    def nothing_else_is_told(self):
        for alarm in self.alarms:
            if alarm.over:
                continue
            spans = self.expected.get((alarm.pipeline, alarm.what), [])
            check(alarm.since in [since for since, _ in spans],
                  "%s, which is not so" % alarm)
            check(self.planted(alarm.pipeline) is not None and
                  alarm.since >= seconds(self.planted(alarm.pipeline)[0]),
                  "%s, and nothing was planted" % alarm)

    def each_is_told_once(self):
        seen = set()
        for alarm in self.alarms:
            key = alarm.over, alarm.pipeline, alarm.what, alarm.since
            check(key not in seen, "%s, again" % alarm)
            seen.add(key)

    def all_that_is_over_is_told(self):
        over = {(pipeline, what, since): end
                for (pipeline, what), spans in self.expected.items()
                for since, end in spans if end}
        for alarm in self.alarms:
            end = over.get((alarm.pipeline, alarm.what, alarm.since))
            if alarm.over and alarm.what == "stuck" and end is None:
                # It never ends, and is kept no longer.
                check(alarm.time > alarm.since + KEEP,
                      "%s, which is not over" % alarm)
            elif alarm.over:
                check(end and end <= alarm.time, "%s, which is not over" %
                      alarm)
            elif end:
                first = self.quarter.told_from(max(end, alarm.time))
                last = first + self.limit(alarm.what, True)
                check(last > END or any(
                    first <= other.time <= last and other.since == alarm.since
                    for other in self.of(alarm.pipeline, alarm.what, True)),
                      "%s, and not that it was over at %s" %
                      (alarm, stamp(end)))

    def what_stops_is_told_soon(self):
        n = 0
        for pipeline in self.quarter.pipelines:
            if not pipeline.planted or pipeline.planted[2] != "stops":
                continue
            begin, end = pipeline.planted[:2]
            last = max(time for time in pipeline.successes if time < begin +
                       pipeline.takes + 3 * MINUTE)
            alarms = [alarm for alarm in self.of(pipeline.id, "late", False)
                      if begin <= alarm.time <= end + DAY]
            n += 1
            check(alarms and alarms[0].time - last <= AT_MOST[pipeline.kind],
                  "%s stopped after %s: %s" %
                  (pipeline.id, stamp(last), [str(a) for a in alarms]))
        check(n >= 18, "only %d stopped" % n)

    def many_are_told_as_one(self):
        alarms = [alarm for alarm in self.alarms if alarm.what == "late" and
                  not alarm.over and self.kinds[alarm.pipeline] == "office" and
                  self.quarter.outage < alarm.time < self.quarter.outage + DAY]
        check(len(alarms) >= 30, "only %d are late" % len(alarms))
        check(sum(alarm.with_others >= 10 for alarm in alarms) >=
              len(alarms) / 2, "%s are told with so many" %
              [alarm.with_others for alarm in alarms])


def main():
    if os.environ.get("PELIHOOK_KILLS") == "0":
        print("1..0 # SKIP a quarter is judged once")
        return 0
    quarter = Quarter(SEED)
    print("# seed %d, %d weeks, %d events" %
          (SEED, WEEKS, sum(len(p.lines) for p in quarter.pipelines)))
    ways = (("judged at its dues", "dues", 0, WAIT),
            ("judged by cron every 15 minutes", "every 15m", CRON, CRON + WAIT))
    with ThreadPoolExecutor() as pool:
        played = list(pool.map(lambda way: play(["watch on"],
                                                quarter.script(way[1])), ways))
    tests = []
    for (name, _, *limits), lines in zip(ways, played):
        judged = Judged(quarter, lines, *limits)
        tests += [(name + ": " + what, test) for what, test in (
            ("every fault is told within its limit",
             judged.every_fault_is_told),
            ("nothing is told that was not planted",
             judged.nothing_else_is_told),
            ("each is told once", judged.each_is_told_once),
            ("all that is over is told", judged.all_that_is_over_is_told),
            ("what stops is told soon", judged.what_stops_is_told_soon),
            ("many at once are told as one", judged.many_are_told_as_one))]
    return run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
