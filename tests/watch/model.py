# SPDX-License-Identifier: ISC
"""Random sequences of events and judgements against what SPEC.md says of runs
and watch, written a second time.

Each round has limits and pipelines of its own; after each step the runs, the
pipelines and what is told have to be those of the model.  The clock comes from
outside and nothing waits.

PELIHOOK_WATCH_SECONDS: no round begins after so many (20).
PELIHOOK_WATCH_SEED: what chance begins with; a failed round prints the seed
that begins with that round."""

import os
import random
import statistics
import sys
import time

from harness import Failure, Tap, check
from playing import DAY, HOUR, MINUTE, WEEK, Told, play, seconds, stamp

SECONDS = float(os.environ.get("PELIHOOK_WATCH_SECONDS") or 20)
SEED = int(os.environ.get("PELIHOOK_WATCH_SEED") or random.SystemRandom()
           .randrange(1 << 32))
BEGIN = seconds("2026-01-05T00:00:00Z")
NEVER = 1 << 60
STEPS = 150

ENDS = {"completed": "success", "completed_with_errors": "partial",
        "error": "failure", "timeout": "failure", "killed": "stopped"}
SUCCESS = "success", "partial"


class Run:
    def __init__(self, pipeline, run, began, ended, event, outcome):
        self.pipeline, self.run = pipeline, run
        self.began, self.ended = began, ended
        self.event, self.outcome = event, outcome

    def line(self):
        return "run %s %s %s %s %s" % (
            self.pipeline or "-", self.run or "-", when(self.began),
            when(self.ended), self.outcome if self.ended else "open")


class Pipeline:
    def __init__(self, now):
        self.first = now
        self.success = 0
        self.successes = []
        self.failures = 0
        self.failed = 0


class Judged:
    def __init__(self, since, due):
        self.since, self.due = since, due
        self.told = self.over = 0


def when(at):
    """Medians may be half a second."""
    return "-" if not at else stamp(at) if at == int(at) else \
        stamp(at)[:-1] + ".500Z"


class Model:
    def __init__(self, limits):
        self.limits = limits    # failing, late, stuck, silent, remind
        self.now = 0
        self.mode = None        # dues, or seconds, or None: nobody judges
        self.pipelines = {}
        self.runs = []          # by their first event
        self.judged = {}        # (pipeline, kind, run or None)
        self.noted = self.anew = self.event = self.muted = 0
        self.mutes = {}
        self.lines = []

    # Runs.

    def known(self, pipeline, run):
        return [one for one in reversed(self.runs)
                if one.run == run and one.pipeline == pipeline]

    def started(self, pipeline, run, event):
        known = self.known(pipeline, run) if run else []
        newest = [one for one in self.runs if one.pipeline == pipeline][-1:]
        if not run and newest and not newest[0].run and \
                not newest[0].began and newest[0].ended > self.now:
            known = newest
        elif not run:
            for one in self.runs:
                if one.pipeline == pipeline and not one.run and not one.ended:
                    one.ended, one.outcome = self.now, "unknown"
        if any(one.began for one in known):
            pass
        elif known:
            known[-1].began = min(self.now, known[-1].ended)
        else:
            self.runs.append(Run(pipeline, run, self.now, 0, event, ""))
        self.pipelines.setdefault(pipeline, Pipeline(self.now))

    def ended(self, pipeline, run, event, outcome):
        if run and not pipeline:
            known = [one for one in reversed(self.runs) if one.run == run]
            known.sort(key=lambda one: one.ended != 0)
        elif run:
            known = self.known(pipeline, run)
        else:
            known = [one for one in reversed(self.runs)
                     if one.pipeline == pipeline and not one.ended]
        of = next((one for one in known
                   if not one.ended or one.event == event), None)
        if run and not pipeline and known:
            pipeline = (of or known[0]).pipeline
        row = self.pipelines.setdefault(pipeline, Pipeline(self.now))
        if of and of.ended:
            return
        if of:
            of.ended, of.event, of.outcome = self.now, event, outcome
        else:
            self.runs.append(Run(pipeline, run, 0, self.now, event, outcome))
        if outcome in SUCCESS:
            row.success = self.now
            if self.now not in row.successes:
                row.successes.append(self.now)
            row.failures = row.failed = 0
        else:
            row.failed = row.failed if row.failures else self.now
            row.failures += 1

    def forget(self, pipeline):
        if self.pipelines.pop(pipeline, None) is None:
            return
        for one in self.runs:
            if one.pipeline == pipeline and not one.ended:
                one.ended, one.outcome = self.now, "unknown"
        self.judged = {key: one for key, one in self.judged.items()
                       if key[0] != pipeline or key[1] == "silent"}

    # Limits: since when each thing is wrong, also where that is to come.

    def late(self, row):
        limit = self.limits["late"]
        if not limit:
            return None
        if limit != "auto":
            return max(row.success or row.first, self.anew) + limit
        known = row.successes[-11:]
        gaps = [b - a for a, b in zip(known, known[1:])]
        if len(gaps) < 3:
            return None
        gap = statistics.median(gaps)
        if gap <= 3 * DAY:
            begin = max(row.success + gap / 2, self.anew)
            weeks = [[at for at in row.successes if at >= begin - n * WEEK]
                     for n in (1, 2)]
            if any(len(week) < 2 for week in weeks):
                return None
            since = HOUR + max(week[1] + n * WEEK
                               for n, week in enumerate(weeks, 1))
        else:
            since = max(row.success, self.anew) + 2 * max(gaps)
        return max(since, row.first + 15 * DAY)

    def stuck(self, pipeline):
        limit = self.limits["stuck"]
        if limit == "auto":
            took = [one.ended - one.began for one in self.runs
                    if one.pipeline == pipeline and one.began and
                    one.ended > one.began and one.outcome != "unknown"][-20:]
            limit = max(3 * statistics.median(took), HOUR) \
                if len(took) >= 4 else None
        return limit

    def wrong(self, pipeline, row):
        """{(kind, run): since}"""
        found = {}
        if self.limits["failing"] and row.failures >= self.limits["failing"]:
            found["failing", None] = row.failed
        late = self.late(row)
        if late is not None:
            found["late", None] = late
        stuck = self.stuck(pipeline)
        for one in self.runs:
            if stuck and one.pipeline == pipeline and not one.ended:
                found["stuck", one] = one.began + stuck
        return found

    def all_wrong(self):
        found = {(pipeline,) + what: since
                 for pipeline, row in self.pipelines.items()
                 for what, since in self.wrong(pipeline, row).items()}
        if self.limits["silent"] and self.event:
            found[None, "silent", None] = \
                max(self.event, self.anew) + self.limits["silent"]
        return found

    # Judging.

    def wait(self, kind):
        return 5 * MINUTE if kind and len(self.pipelines) >= 4 else 0

    def remind(self):
        return self.now + self.limits["remind"] if self.limits["remind"] \
            else NEVER

    def end_of(self, key, one):
        """When that ended which was missed; None: it did not."""
        pipeline, kind, run = key
        if kind == "stuck":
            return run.ended or None
        if kind == "silent":
            return self.event if self.event >= one.since else None
        row = self.pipelines[pipeline]
        return min((at for at in row.successes if at >= one.since),
                   default=one.since if kind == "failing" and
                   not row.failures else None)

    def judge(self):
        if self.now - self.noted > 65 * MINUTE:
            self.anew = self.now
        if self.now - self.noted >= 5 * MINUTE:
            self.noted = self.now
        found = {key: since for key, since in self.all_wrong().items()
                 if since <= self.now}
        for key, one in list(self.judged.items()):
            what = key[:3]
            if one.over:
                continue
            end = self.end_of(what, one)
            if end is not None and end < one.since:
                end = None
            if what in found and (end is None or end > found[what] or
                                  found[what] == one.since):
                continue
            if not one.told:
                del self.judged[key]
            elif end is not None:
                one.over = end
                one.due = end + self.wait(
                    key[1] not in ("failing", "silent"))
        known = {key[:3] for key, one in self.judged.items() if not one.over}
        for what, since in found.items():
            if what not in known:
                self.judged[what + (since,)] = Judged(since, since + self.wait(
                    what[1] not in ("failing", "silent")))
        while True:
            due = [key for key, one in self.judged.items()
                   if one.due <= self.now]
            if not due:
                break
            self.tell(min(due, key=lambda key: (not self.judged[key].over,
                                                self.judged[key].due)))

    def tell(self, first):
        chosen = self.judged[first]
        again = chosen.told and not chosen.over
        group = {}
        for key, one in self.judged.items():
            if bool(one.over) != bool(chosen.over) or \
                    bool(one.told) != bool(chosen.told) or \
                    key[1] != first[1] or \
                    one.due > (self.now if again else NEVER - 1):
                continue
            muted = max(self.muted, self.mutes.get(key[0], 0))
            if muted > self.now:
                one.due = muted
            else:
                group[key] = one
        n = len(group)
        one_for_all = n > 1 and first[1] != "failing" and \
            (n >= 10 or len(self.pipelines) >= 4 and
             2 * n > len(self.pipelines))
        for keys in [list(group)] if one_for_all else [[k] for k in group]:
            self.lines.append(("told", int(self.now), sorted(
                (kind, key or "-", run.run if run else
                 self.failed_last(key) if kind == "failing" and
                 not chosen.over else "",
                 int(since),
                 int(group[key, kind, run, since].over - since)
                 if chosen.over else -1)
                for key, kind, run, since in keys)))
        for key, one in group.items():
            if one.over:
                del self.judged[key]
            else:
                one.told = self.now
                one.due = self.remind()

    def failed_last(self, pipeline):
        """The run that failed last."""
        return [one.run for one in self.runs if one.pipeline == pipeline and
                one.ended and one.outcome in ("failure", "stopped")][-1]

    def due(self):
        """When there is something to find or to tell."""
        return min([since for since in self.all_wrong().values()
                    if since > self.now] +
                   [max(one.due, self.now) for one in self.judged.values()] +
                   [NEVER])

    def advance(self, at):
        while self.mode is not None:
            due = self.due() if self.mode == "dues" else \
                (self.now // self.mode + 1) * self.mode
            if self.mode == "dues":
                # That somebody judges is noted every five minutes.
                self.noted += max(0, (min(due, at) - self.noted) //
                                  (5 * MINUTE) * 5 * MINUTE)
            if due > at:
                break
            self.now = due
            self.judge()
        self.now = at

    # What may happen; each as replay.c has it.

    def do(self, at, word, *rest):
        self.advance(at)
        if word in ("event", "record"):
            fields = dict(field.split("=") for field in rest[1:])
            self.do_event(rest[0].removeprefix("pipeline_run_"),
                          fields.get("pipeline", ""), fields.get("run", ""))
        elif word in ("dues", "every", "nobody"):
            self.mode = {"dues": "dues", "nobody": None,
                         "every": rest and int(rest[0][:-1]) * MINUTE}[word]
        elif word in ("mute", "unmute"):
            self.do_mute(rest[0], at + int(rest[1][:-1]) if len(rest) > 1
                         else 0)
        elif word == "forget":
            self.forget(rest[0])
        elif word == "runs":
            self.lines += [one.line() for one in reversed(self.runs)]
        elif word == "pipelines":
            self.lines += [self.pipeline_line(*item)
                           for item in sorted(self.pipelines.items())]
        if word == "race" or self.mode == "dues" and word in (
                "event", "record", "dues", "mute", "unmute", "forget"):
            self.judge()

    def do_event(self, name, pipeline, run):
        self.event = self.now
        if name == "started":
            self.started(pipeline, run, name)
        elif name in ENDS:
            self.ended(pipeline, run, name, ENDS[name])
        elif name == "connection_removed" and pipeline:
            self.forget(pipeline)

    def do_mute(self, pipeline, until):
        """What was put off until a mute ends is looked at again."""
        every = pipeline == "--all"
        for key, one in self.judged.items():
            if one.due and (
                    every and one.due == self.muted or
                    one.due == self.mutes.get(key[0]) and
                    (every or key[0] == pipeline)):
                one.due = 0
        if every:
            self.muted = until
            if not until:
                self.mutes = {}
        elif not until:
            self.mutes.pop(pipeline, None)
        elif pipeline in self.pipelines:
            self.mutes[pipeline] = until

    def pipeline_line(self, pipeline, row):
        state, since = "fine", 0
        found = self.wrong(pipeline, row)
        for kind in "failing", "stuck", "late":
            true = [at for (one, _), at in found.items()
                    if one == kind and at <= self.now]
            if true:
                state, since = kind, min(true)
                break
        if state == "fine" and self.limits["late"] == "auto" and \
                self.now < row.first + 15 * DAY:
            state = "learning"
        return "pipeline %s %s %s %s %s" % (
            pipeline or "-", pipeline or "-", state, when(since),
            when(row.success))


def off_or(source, *values):
    return source.choice((0,) + values)


def word_of(value):
    return value if value == "auto" else \
        "off" if not value else "%ds" % value


class Round:
    def __init__(self, seed):
        self.random = source = random.Random(seed)
        self.limits = {
            "failing": off_or(source, 1, 1, 2, 3),
            "late": off_or(source, "auto", "auto", 30 * MINUTE, 5 * HOUR),
            "stuck": off_or(source, "auto", "auto", 20 * MINUTE, 2 * HOUR),
            "silent": off_or(source, 0, 0, HOUR, 4 * HOUR),
            "remind": off_or(source, 0, 0, 3 * HOUR, DAY)}
        self.ids = ["p%02d" % i for i in
                    range(source.choice((1, 2, 3, 4, 5, 8, 13)))]
        if source.random() < 0.2:
            self.ids[0] = ""
        self.identities = source.random() < 0.8
        self.runs = 0
        self.open = []
        self.time = BEGIN
        self.script = [(BEGIN, "every 60m")]
        if source.random() < 0.4:
            self.history()
        self.say(self.random.choice(("dues", "dues", "dues", "every 15m",
                                     "every 3m")))
        for _ in range(STEPS):
            self.step()

    def say(self, line):
        self.script.append((self.time, line))

    def pause(self):
        span = self.random.choice((
            0, 0, 1, 10, MINUTE, MINUTE, 5 * MINUTE, 5 * MINUTE, HOUR, HOUR,
            HOUR, self.random.choice((6 * HOUR, DAY, DAY, 4 * DAY))))
        if self.limits["silent"]:
            # While it is silent somebody looks every ten seconds.
            span = min(span, 6 * HOUR)
        self.time += int(span * self.random.choice((
            1, 1, self.random.random())))

    def history(self):
        """Weeks of successes, so that it is known what is usual."""
        lines = []
        for pipeline in self.ids[:4]:
            every = self.random.choice((HOUR, 4 * HOUR, DAY, 4 * DAY))
            hours = range(9, 18) if every == HOUR and \
                self.random.random() < 0.5 else range(24)
            for at in range(self.time, self.time + self.random.choice(
                    (16, 22)) * DAY, every):
                if at % DAY // HOUR not in hours:
                    continue
                self.runs += 1
                at += self.random.randrange(5 * MINUTE)
                of = "pipeline=%s run=%d" % (pipeline, self.runs)
                lines.append((at, "record pipeline_run_started " + of))
                lines.append((at + self.random.randrange(1, 30 * MINUTE),
                              "record pipeline_run_completed " + of))
        self.script += sorted(lines)
        self.time = self.script[-1][0]

    def event(self):
        source = self.random
        pipeline = source.choice(self.ids)
        kind = source.choice(("started", "started", "end", "end", "end"))
        run = ""
        if kind == "started":
            self.runs += 1
            run = str(self.runs)
            self.open.append((pipeline, run))
            name = "pipeline_run_started"
        else:
            name = "pipeline_run_" + source.choice(
                ("completed", "completed", "completed") + tuple(ENDS))
            if self.open and source.random() < 0.7:
                one = source.choice(self.open)
                pipeline, run = one
                if source.random() < 0.8:
                    self.open.remove(one)
            else:
                self.runs += 1
                run = str(self.runs)
                if source.random() < 0.5:
                    self.open.append((pipeline, run))
        if source.random() < 0.05:
            name = source.choice(("connection_added", "connection_removed",
                                  "something_else"))
        # Now and then again, or what was over long ago.
        if self.runs > 3 and source.random() < 0.1:
            run = str(source.randrange(1, self.runs))
        if not self.identities and source.random() < 0.9:
            run = ""
        # An end that names its run alone.
        if name != "pipeline_run_started" and run and source.random() < 0.1:
            pipeline = ""
        fields = (" pipeline=" + pipeline if pipeline else "") + \
            (" run=" + run if run else "")
        self.say(source.choice(("event ", "record ")) + name + fields)

    def step(self):
        source = self.random
        self.pause()
        what = source.random()
        if what < 0.8:
            self.event()
        elif what < 0.85:
            self.say("race")
        elif what < 0.9:
            span = source.choice((MINUTE, HOUR, 9 * HOUR, 3 * DAY))
            one = source.choice(self.seen() + ["--all"])
            self.say(source.choice(("mute %s %ds" % (one, span),
                                    "mute %s %ds" % (one, span),
                                    "unmute " + one)))
        elif what < 0.92 and self.seen():
            self.say("forget " + source.choice(self.seen()))
        elif what < 0.96:
            self.say(source.choice(("nobody", "dues", "dues", "every 15m",
                                    "every 3m")))
        if source.random() < 0.3:
            self.say("runs")
        self.say("pipelines")
        self.say("told")

    def seen(self):
        """What nobody has seen is an error to mute, and so is one that is
        forgotten; that is tried elsewhere."""
        seen = set()
        for _, line in self.script:
            word, *rest = line.split()
            fields = dict(field.split("=") for field in rest if "=" in field)
            pipeline = fields.get("pipeline")
            if pipeline and rest[0] != "connection_added" and \
                    rest[0] != "something_else":
                seen.add(pipeline)
            if word == "forget":
                seen.discard(rest[0])
            elif rest and rest[0] == "connection_removed":
                seen.discard(pipeline)
        return sorted(seen)

    def watch(self):
        return ["watch on " + " ".join(
            "%s %s" % (name, value or "off" if name == "failing"
                       else word_of(value))
            for name, value in self.limits.items())]

    def text(self, n=None):
        return "".join("%s %s\n" % (stamp(at), line)
                       for at, line in self.script[:n])

    def expected(self):
        """[(number of the line, what it prints)]"""
        model, expected, told = Model(self.limits), [], []
        for number, (at, line) in enumerate(self.script):
            model.do(at, *line.split())
            told += [line for line in model.lines if line[0] == "told"]
            expected += [(number, line) for line in model.lines
                         if line[0] != "told"]
            model.lines = []
            if line == "told":
                expected += [(number, one) for one in sorted(told)]
                told = []
        return expected


def read(line):
    """As the model has it."""
    told = Told(line)
    return "told", seconds(told.time), sorted(
        (one.get("recovered_from") or told.event.rpartition("_")[2],
         one["pipeline"]["id"] if one["pipeline"] else "-", one["run"] or "",
         seconds(one["since"]), int(one["lasted"] or 0)
         if "recovered_from" in one else -1) for one in told.of)


def sorted_told(lines):
    told, done = [], []
    for line in lines:
        if line.startswith("told "):
            told.append(read(line))
        else:
            done += sorted(told) + [line]
            told = []
    return done + sorted(told)


def run_round(seed):
    one = Round(seed)
    expected = one.expected()
    got = sorted_told(play(one.watch(), one.text()))
    for i, (number, line) in enumerate(expected + [(len(one.script), None)]):
        if (got[i] if i < len(got) else None) == line:
            continue
        near = [want for n, want in expected if n == number]
        raise Failure("seed %d, %s\n%sexpected %r\ngot      %r\nof %r" % (
            seed, one.watch()[0], one.text(number + 1)[-4000:], line,
            got[i] if i < len(got) else None, near))


def main():
    end = time.monotonic() + SECONDS
    print("# seed %d" % SEED)
    rounds = 0

    def all_rounds():
        nonlocal rounds
        while rounds == 0 or time.monotonic() < end:
            run_round(SEED + rounds)
            rounds += 1

    tap = Tap()
    tap.run("runs, pipelines and what is told are those of the model",
            all_rounds)
    print("# %d rounds" % rounds)
    check(tap.n == 1, "no test")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
