# SPDX-License-Identifier: ISC
"""Random configurations, and what SPEC.md says that they mean: which lines
take an event, in which lanes these are, and by which rules those are run."""

import copy
import fnmatch

# Each event and the groups that have it.
EVENTS = {
    "pipeline_run_started": ("@pipeline", "@started"),
    "pipeline_run_completed": ("@pipeline", "@success", "@terminal"),
    "pipeline_run_error": ("@pipeline", "@failure", "@terminal", "@problem"),
    "pipeline_run_rate_limited": ("@pipeline", "@failure", "@terminal",
                                  "@problem"),
    "pipeline_run_killed": ("@pipeline", "@stopped", "@terminal",
                            "@problem"),
    "connection_added": ("@connection",),
}
PATTERNS = (*EVENTS, "@pipeline", "@failure", "@terminal", "@problem",
            "@connection", "pipeline_run_*", "*e*d", "*", "*")
PAUSES = ("10ms", "10ms 40ms", "10ms 50ms 100ms",
          "10ms 20ms 50ms 50ms 50ms 100ms")
ORDERS = ("none", "none", "hook", "/key", "/key")


class Lane:
    """How what is in a lane is run; None: as the hook says."""

    def __init__(self, random, whole):
        def maybe(values):
            return random.choice(values) if whole or random.random() < 0.5 \
                else None
        self.concurrency = maybe((1, 1, 2, 3))
        self.order = maybe(ORDERS)
        self.retry = maybe(PAUSES)
        self.batch = maybe((1, 1, 1, 2, 3, 5))

    def words(self):
        names = "concurrency", "order", "retry", "batch"
        return [(name, getattr(self, name)) for name in names
                if getattr(self, name) is not None]

    def over(self, hook):
        """With the hook's values where it has none of its own."""
        lane = copy.copy(self)
        for name, value in hook.words():
            if getattr(lane, name) is None:
                setattr(lane, name, value)
        return lane


class Line:
    def __init__(self, random, tag):
        self.tag = tag
        self.lane = None
        self.patterns = random.sample(PATTERNS, random.randint(1, 3))
        self.where = random.choice((None, None, None, "a*", "b*", "*"))
        self.also = random.random() < 0.45
        self.ignore = random.random() < 0.08

    def takes(self, event, fields):
        return any(pattern in EVENTS[event] or
                   fnmatch.fnmatchcase(event, pattern)
                   for pattern in self.patterns) and \
            (self.where is None or
             fnmatch.fnmatchcase(fields["where"], self.where))

    def text(self):
        text = "on " + " ".join(self.patterns)
        if self.where is not None:
            text += " where /where %s" % self.where
        if self.ignore:
            return text + " ignore"
        if self.lane is not None:
            text += " lane %s" % self.lane
        return text + "%s run @LEDGER@ @DIR@ %s" % (
            " also" if self.also else "", self.tag)


class Hook:
    def __init__(self, random, name):
        self.name = name
        self.settings = Lane(random, True)
        self.dedupe = random.choice((None, None, "/twin"))
        self.input = random.choice((None, None, "line", "cloudevents"))
        self.lanes = {}
        self.lines = []
        self.tags = 0
        for _ in range(random.randint(1, 6)):
            self.add_line(random)
        for _ in range(random.randint(0, 2)):
            self.add_lane(random)
        # So that most events are wanted.
        last = Line(random, self.next_tag())
        last.patterns, last.where, last.ignore = ["*"], None, False
        last.also = False
        self.lines.append(last)

    def next_tag(self):
        self.tags += 1
        return "t%d" % self.tags

    def add_line(self, random):
        self.lines.insert(random.randint(0, len(self.lines)),
                          Line(random, self.next_tag()))

    def add_lane(self, random):
        """A new one, for some of the lines."""
        lines = [line for line in self.lines if not line.ignore]
        name = "lane%d" % random.randint(1, 5)
        if not lines or name in self.lanes:
            return
        self.lanes[name] = Lane(random, False)
        for line in random.sample(lines, random.randint(1, len(lines))):
            line.lane = name
        self.tidy()

    def tidy(self):
        """A lane that no line names would be an error."""
        used = {line.lane for line in self.lines if not line.ignore}
        for name in set(self.lanes) - used:
            del self.lanes[name]

    def change(self, random):
        """As an administrator may."""
        changes = [self.change_line, self.swap_lines, self.change_values,
                   self.add_line, self.remove_line, self.change_command,
                   self.rename_lane, self.rename_lane, self.add_lane,
                   self.remove_lane, self.change_lane]
        random.choice(changes)(random)
        self.tidy()

    def change_line(self, random):
        line = random.choice(self.lines[:-1] or self.lines)
        fresh = Line(random, line.tag)
        if line is not self.lines[-1]:
            line.patterns, line.where = fresh.patterns, fresh.where
            line.also = fresh.also

    def change_command(self, random):
        random.choice(self.lines).tag = self.next_tag()

    def swap_lines(self, random):
        if len(self.lines) > 2:
            i = random.randrange(len(self.lines) - 2)
            self.lines[i:i + 2] = self.lines[i + 1], self.lines[i]

    def change_values(self, random):
        fresh = Lane(random, True)
        name = random.choice(("concurrency", "order", "retry", "batch"))
        setattr(self.settings, name, getattr(fresh, name))

    def remove_line(self, random):
        if len(self.lines) > 2:
            del self.lines[random.randrange(len(self.lines) - 1)]

    def rename_lane(self, random):
        if not self.lanes:
            return
        old = random.choice(sorted(self.lanes))
        # Few, so that some come back.
        new = "lane%d" % random.randint(1, 5)
        if new in self.lanes:
            return
        self.lanes[new] = self.lanes.pop(old)
        for line in self.lines:
            if line.lane == old:
                line.lane = new

    def remove_lane(self, random):
        if not self.lanes:
            return
        old = random.choice(sorted(self.lanes))
        for line in self.lines:
            if line.lane == old:
                line.lane = None

    def change_lane(self, random):
        if self.lanes:
            self.lanes[random.choice(sorted(self.lanes))] = \
                Lane(random, False)

    # What it means.

    def takers(self, event, fields):
        """The lines that run it, in their order."""
        found = []
        for line in self.lines:
            if not line.takes(event, fields):
                continue
            if not line.ignore:
                found.append(line)
            if line.ignore or not line.also:
                break
        return found

    def line(self, tag):
        for line in self.lines:
            if line.tag == tag and not line.ignore:
                return line
        return None

    def lane_key(self, line):
        """What tells a lane from the hook's others."""
        return line.lane or "command " + line.tag

    def lane(self, line):
        if line.lane is None:
            return self.settings
        return self.lanes[line.lane].over(self.settings)

    def order_key(self, line, fields):
        """The text that is run in order, or None."""
        order = self.lane(line).order
        if order == "hook":
            return ""
        return fields.get("key") if order == "/key" else None

    def text(self, version, more):
        batches = [self.lane(line).batch for line in self.lines]
        lines = ["hook " + self.name, "  setenv VERSION %d" % version]
        lines += ["  %s %s" % word for word in self.settings.words()]
        if self.dedupe is not None:
            lines.append("  dedupe " + self.dedupe)
        if self.input is not None and (self.input == "cloudevents" or
                                       max(batches) == 1):
            lines.append("  input " + self.input)
        for name in sorted(self.lanes):
            words = self.lanes[name].words()
            lines.append("  lane %s %s" % (name, " ".join(
                "%s %s" % word for word in words)))
        return lines + more + ["  " + line.text() for line in self.lines]


class Rules:
    """One version of a configuration: its hooks by their names."""

    def __init__(self, random):
        self.number = 0
        self.hooks = {name: Hook(random, name)
                      for name in "abc"[:random.randint(1, 3)]}

    def changed(self, random):
        """The next version, in which something differs."""
        rules = copy.deepcopy(self)
        rules.number += 1
        for _ in range(random.randint(1, 3)):
            random.choice(sorted(rules.hooks.items()))[1].change(random)
        return rules

    def text(self, more):
        return "\n".join(line for name in sorted(self.hooks) for line in
                         self.hooks[name].text(self.number, more)) + "\n"
