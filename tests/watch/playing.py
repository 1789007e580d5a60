# SPDX-License-Identifier: ISC
"""What happens to pipelines, played by tests/watch/replay, and what it says."""

import datetime
import json
import os
import re
import subprocess

from harness import BUILD, Place, check

REPLAY = os.environ.get("PELIHOOK_REPLAY",
                        os.path.join(BUILD, "tests/watch/replay"))
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 7 * 86400

CONF = """journal @DIR@/journal/journal.db
hook h
  signature none
%s
  on @watch run /bin/true
  on * ignore
"""
QUIET = 600     # seconds until a program that says nothing is given up


def stamp(time):
    """Seconds since 1970 as a script has them."""
    return datetime.datetime.fromtimestamp(
        time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    """The other way round; fractions are cut off."""
    return int(datetime.datetime.strptime(
        text[:19], "%Y-%m-%dT%H:%M:%S").replace(
            tzinfo=datetime.timezone.utc).timestamp())


def play(watch, script):
    """The lines that come of a script, for a hook with these lines."""
    place = Place()
    try:
        os.mkdir(place.path("journal"), 0o700)
        conf = place.config(CONF % "\n".join("  " + line for line in watch))
        done = subprocess.run([REPLAY, conf], input=script, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=QUIET, check=False)
    finally:
        place.close()
    check(done.returncode == 0, "replay ended with %d: %s%s" %
          (done.returncode, done.stdout[-500:], done.stderr[:1000]))
    return done.stdout.splitlines()


# Which alarm each event tells, and whether of many; None: recovered_from says.
EVENTS = {"pelihook.pipeline_failing": ("failing", False),
          "pelihook.pipeline_late": ("late", False),
          "pelihook.pipelines_late": ("late", True),
          "pelihook.run_stuck": ("stuck", False),
          "pelihook.runs_stuck": ("stuck", True),
          "pelihook.hook_silent": ("silent", False),
          "pelihook.recovered": (None, False),
          "pelihook.pipelines_recovered": (None, True)}
KEYS = ["pipeline", "run", "since", "expected", "usual", "last_success",
        "cause"]
OVER = ["recovered_from", "lasted"]
CAUSES = ("destination", "platform", "connector", "source", "user", "limit",
          "configuration", "unknown")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")


def is_text(value):
    return isinstance(value, str) and value != "" and value.isprintable()


def is_time(value):
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def is_span(value):
    return isinstance(value, float) and value >= 0


def is_pipeline(value):
    return isinstance(value, dict) and list(value) == ["id", "name"] and \
        is_text(value["id"]) and is_text(value["name"])


def expect(one, key, rule, may_be_null):
    value = one[key]
    check(may_be_null if value is None else rule(value),
          "%s is %r in %r" % (key, value, one))


def check_change(one, alarm, over, many):
    """One change, or what is common to many: each member has its type, and is
    null where there can be nothing."""
    none = many or alarm == "silent"
    failing = alarm == "failing" and not over and not many
    expect(one, "pipeline", lambda value: not none and is_pipeline(value), True)
    expect(one, "run", lambda value: not none and is_text(value) and
           (alarm == "stuck" or failing), True)
    expect(one, "since", is_time, False)
    timed = alarm != "failing" and not many
    expect(one, "expected", lambda value: timed and is_time(value) and
           value <= one["since"], not timed)
    expect(one, "usual", lambda value: alarm in ("late", "stuck") and
           not many and is_span(value), True)
    expect(one, "last_success", lambda value: not none and is_time(value),
           True)
    expect(one, "cause", lambda value: not none and value in CAUSES,
           not failing)
    if over:
        expect(one, "recovered_from", lambda value: value == alarm, False)
        # 0 is null.
        expect(one, "lasted", is_span, False)


def check_payload(body):
    """Every key of an event of pelihook's own, in the order of the manual."""
    check(body.get("event") in EVENTS, "no such event: %r" % body)
    alarm, many = EVENTS[body["event"]]
    over = alarm is None
    alarm = alarm or body.get("recovered_from")
    members = KEYS + (OVER if over else [])
    check(list(body) == ["event", "hook"] + members + ["text"] +
          (["list"] if many else []), "other keys: %r" % list(body))
    check(body["hook"] == "h", "another hook: %r" % body)
    check(alarm in ("failing", "late", "stuck", "silent"),
          "no such alarm: %r" % body)
    check(is_text(body["text"]) and body["text"].endswith("."),
          "no sentence: %r" % body)
    check_change(body, alarm, over, many)
    for one in body.get("list", []):
        check(list(one) == members, "other keys: %r" % list(one))
        check_change(one, alarm, over, False)
    check(len(body.get("list", [0, 0])) > 1, "a list of one: %r" % body)


class Told:
    """An event of pelihook's own, off a line that begins with `told`."""

    seen = set()    # which there were

    def __init__(self, line):
        word, self.time, body = line.split(" ", 2)
        check(word == "told", "no event: " + line)
        self.body = json.loads(body)
        check_payload(self.body)
        self.event = self.body["event"]
        self.text = self.body["text"]
        self.of = self.body.get("list") or [self.body]
        Told.seen.add(self.event)

    def names(self):
        """Which pipelines, and runs, it tells of."""
        return [self._name(one) for one in self.of]

    @staticmethod
    def _name(one):
        name = one["pipeline"]["id"] if one["pipeline"] else "-"
        return name + ("/" + one["run"] if one["run"] else "")

    def line(self):
        """As a case has it."""
        line = "told %s %s %s since %s" % (
            self.time, self.event.removeprefix("pelihook."),
            ",".join(sorted(self.names())), self.body["since"][:19] + "Z")
        if "recovered_from" in self.body:
            line += " from %s after %s" % (self.body["recovered_from"],
                                           lasted(self.body["lasted"]))
        return line


def lasted(span):
    """Seconds, in the largest unit that is exact."""
    span = int(span)
    for unit, name in (DAY, "d"), (HOUR, "h"), (MINUTE, "m"):
        if span and span % unit == 0:
            return "%d%s" % (span // unit, name)
    return "%ds" % span
