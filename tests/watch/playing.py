# SPDX-License-Identifier: ISC
"""What happens to pipelines, played by tests/watch/replay, and what it says."""

import datetime
import json
import os
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


class Told:
    """An event of pelihook's own, off a line that begins with `told`."""

    def __init__(self, line):
        word, self.time, body = line.split(" ", 2)
        check(word == "told", "no event: " + line)
        self.body = json.loads(body)
        self.event = self.body["event"]
        self.text = self.body["text"]
        check(self.text.endswith("."), "no sentence: " + line)
        self.of = self.body.get("list") or [self.body]

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
    span = int(span or 0)
    for unit, name in (DAY, "d"), (HOUR, "h"), (MINUTE, "m"):
        if span and span % unit == 0:
            return "%d%s" % (span // unit, name)
    return "%ds" % span
