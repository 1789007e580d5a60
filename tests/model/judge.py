# SPDX-License-Identifier: ISC
"""What the ledger, the answers and the journal have to look like, whatever
happened.  A round that was calm is judged exactly; where rules changed, runs
are compared only as far as both were run under rules that say the same."""

import re
from collections import defaultdict


class Violation(Exception):
    def __init__(self, what, *runs):
        super().__init__(what)
        self.runs = runs


class Item:
    """An event of a run."""

    def __init__(self, text):
        number, self.id, attempt = text.split(":")
        self.number, self.attempt = int(number), int(attempt)


class Run:
    """One run of a command; begun and ended are lines of the ledger."""

    def __init__(self, at, line, words):
        self.begun, self.line = at, line
        self.tag, self.version, self.hook = words[2], int(words[3]), words[4]
        self.claim, self.count = words[5], int(words[7])
        self.items = [Item(text) for text in words[8].split(",")]
        self.live = set() if words[9] == "-" else set(words[9].split(","))
        self.ended = None       # it did not end by itself
        self.outcome = None
        self.end_line = None

    def end(self, at, line, outcome):
        self.ended, self.end_line, self.outcome = at, line, outcome


# A line as it is written: in one write, which ends with its line feed.
WHOLE = re.compile(
    r"S \d+ \S+ \d+ \S+ \S+ \d+ \d+ \d+:[^\s:,]*:\d+(,\d+:[^\s:,]*:\d+)* \S+$"
    r"|E \d+ \S+ \S$"
    r"|X \d+ \S+$"
    r"|# \d+ .*$")


def whole_lines(text):
    """Each with its place, in words.  A command that is killed in the middle
    of its write leaves the beginning of a line, and what is written next is
    appended to that: such a beginning is passed over, for it says nothing but
    that its command was killed.  The commands alone are killed, so that a line
    of the model's (#) is always whole."""
    *lines, _ = text.split("\n")
    for at, line in enumerate(lines):
        found = WHOLE.search(line)
        if not found or found.start() > 0 and line[0] not in "SEX":
            raise Violation("line %d of the ledger cannot be read, not even "
                            "as the beginning of a line, cut off by a kill, "
                            "and a whole line: %s" % (at + 1, line))
        if "X" in line[:found.start()]:
            raise Violation("two runs have one PELIHOOK_CLAIM: %s" % line)
        yield at, found[0], found[0].split()


def read_drops(text):
    """After which line each event was given up for good, by its ID."""
    drops = {}
    for at, _, words in whole_lines(text):
        if words[0] == "#" and words[2:3] == ["drop"] and words[4] == "0":
            drops.setdefault(words[3], at)
    return drops


def read_ledger(text):
    runs = {}
    for at, line, words in whole_lines(text):
        if words[0] == "S":
            run = Run(at, line, words)
            if run.claim in runs:
                raise Violation("two runs have one PELIHOOK_CLAIM",
                                runs[run.claim], run)
            runs[run.claim] = run
        elif words[0] == "E":
            if words[2] not in runs:
                raise Violation("a run ended that never began: %s" % line)
            runs[words[2]].end(at, line, words[3])
        elif words[0] == "X":
            raise Violation("two runs have one PELIHOOK_CLAIM: %s" % line)
    return list(runs.values())


class Judge:
    """site: its journal is at rest.  happened: what the round did, of
    "kills", "stops", "reloads", "operator", "purge".  versions: all rules in
    their order.  sent: what was sent, by number."""

    def __init__(self, happened, versions, sent, ledger):
        self.happened = happened
        self.versions = versions
        self.sent = sent
        self.runs = read_ledger(ledger)
        self.drops = read_drops(ledger)
        self.by_claim = {run.claim: run for run in self.runs}
        self.retried = set()    # IDs that pelihookctl retry was asked for
        self.dropped = set()
        self.rows = {}          # by ID: list's rows, by their delivery
        self.places = {}        # by ID: the journal's first sequence
        self.ids = {}           # by number, as commands were told
        for run in self.runs:
            for item in run.items:
                self.ids[item.number] = item.id

    def interrupted(self):
        return bool(self.happened & {"kills", "stops"})

    def stays(self):
        """All rules of the round are the first ones."""
        return len(self.versions) == 1

    # Rules.

    def hook(self, version, name):
        return self.versions[version].hooks[name]

    def line(self, run):
        return self.hook(run.version, run.hook).line(run.tag)

    def lane_key(self, run):
        hook = self.hook(run.version, run.hook)
        return hook.lane_key(hook.line(run.tag))

    def order_key(self, run, item):
        hook = self.hook(run.version, run.hook)
        return hook.order_key(hook.line(run.tag),
                              self.sent[item.number].fields)

    def takers(self, version, sent):
        hook = self.hook(version, sent.hook)
        return [line.tag for line in hook.takers(sent.event, sent.fields)]

    def is_stable(self, low, high, runs, sent):
        """Whether these rules have both runs in one lane and order
        throughout, and send both events to the same lines, a delivery to
        each: then none goes to another one's when its lane is gone."""
        if low < high and not all(self.is_even(low, one) for one in sent):
            return False
        seen = set()
        for version in range(low, high + 1):
            hook = self.hook(version, runs[0].hook)
            lines = [hook.line(run.tag) for run in runs]
            if None in lines or len(set(map(hook.lane_key, lines))) > 1:
                return False
            seen.add((hook.lane(lines[0]).order,
                      *[tuple(self.takers(version, one)) for one in sent]))
        return len(seen) == 1

    def is_even(self, version, sent):
        name = sent.id or self.ids.get(sent.number)
        rows = self.rows.get(name)
        return rows is not None and \
            len(rows) == len(self.takers(version, sent))

    # All of it.

    def judge(self):
        self.answers()
        self.dedupe()
        for run in self.runs:
            self.routing(run)
            self.batch(run)
        self.at_once()
        self.starts()
        self.attempts()
        self.deliveries()

    def answers(self):
        allowed = {(202, "queued"), (200, "ignored"), (200, "duplicate")}
        if self.interrupted():
            allowed |= {None, (503, None)}
        for one in self.sent.values():
            if one.answer not in allowed:
                raise Violation("event %d of hook %s was answered %r" %
                                (one.number, one.hook, one.answer))
            if one.answer is None or one.answer[1] in (None, "duplicate"):
                continue
            wanted = {bool(self.takers(version, one)) for version in
                      range(one.low, one.high + 1)}
            if (one.answer[0] == 202) not in wanted:
                raise Violation("event %d of hook %s was answered %r" %
                                (one.number, one.hook, one.answer))

    def dedupe(self):
        twins = defaultdict(list)
        for one in self.sent.values():
            if "twin" in one.fields and \
                    self.hook(0, one.hook).dedupe is not None:
                twins[one.hook, one.event, one.fields["twin"]].append(one)
        for key, ones in twins.items():
            words = [one.answer and one.answer[1] for one in ones]
            if words.count("queued") > 1:
                raise Violation("two events with the key %r were taken: %r" %
                                (key, [one.number for one in ones]))
            if "duplicate" in words and words.count("queued") + \
                    words.count(None) == 0:
                raise Violation("of the events with the key %r none was "
                                "taken: %r" % (key, words))

    def routing(self, run):
        for item in run.items:
            sent = self.sent[item.number]
            if sent.hook != run.hook or \
                    run.tag not in self.takers(run.version, sent):
                raise Violation("event %d was run by a line that does not "
                                "take it" % item.number, run)
            if sent.answer is not None and sent.id is not None and \
                    sent.id != item.id:
                raise Violation("event %d was answered the ID %s" %
                                (item.number, sent.id), run)

    def batch(self, run):
        hook = self.hook(run.version, run.hook)
        most = hook.lane(hook.line(run.tag)).batch
        if run.count != len(run.items) or run.count > most:
            raise Violation("a batch of %d where PELIHOOK_COUNT is %d and "
                            "batch %d" % (len(run.items), run.count, most),
                            run)
        last = {}
        for item in run.items:
            key = self.order_key(run, item)
            if key is not None and key in last and \
                    self.precedes(item, last[key]):
                raise Violation("a batch has events of one key in another "
                                "order: %d" % item.number, run)
            last[key] = item

    # What runs at once.

    def at_once(self):
        under_way = []
        for run in self.runs:
            under_way = [one for one in under_way if one.ended is None or
                         one.ended > run.begun]
            # What was alive when it looked, and what had begun when it wrote,
            # which is a moment later: together they need not be at once.
            alive = [self.by_claim[claim] for claim in run.live
                     if claim in self.by_claim]
            self.beside(run, alive)
            self.beside(run, [one for one in under_way
                              if one.ended is not None])
            under_way.append(run)

    def beside(self, run, others):
        others = [one for one in others if one.hook == run.hook]
        for one in others:
            self.same_delivery(run, one)
            self.same_key(run, one)
        key = self.lane_key(run)
        lane = [one for one in others if self.lane_key(one) == key] + [run]
        newest = max(one.version for one in lane)
        lane = [one for one in lane if self.keeps_lane(one, newest)]
        numbers = [one.version for one in lane] or [newest]
        most = 0
        for version in range(min(numbers), max(numbers) + 1):
            hook = self.hook(version, run.hook)
            most = max([most, *[hook.lane(line).concurrency
                                for line in hook.lines
                                if hook.lane_key(line) == key]])
        if len(lane) > most:
            raise Violation("%d runs at once in the lane %r, concurrency %d" %
                            (len(lane), key, most), *lane)
        for item in run.items:
            every = [one for one in [run] + others
                     if any(item.id == other.id for other in one.items)]
            most = self.most_deliveries(run, item.id)
            if len({one.claim for one in every}) > most:
                raise Violation("event %d has more runs at once than "
                                "deliveries" % item.number, *every)

    def keeps_lane(self, run, newest):
        """Whether no rules up to the newest have its deliveries in another
        lane; what runs meanwhile may be counted there."""
        for version in range(run.version, newest + 1):
            hook = self.hook(version, run.hook)
            line = hook.line(run.tag)
            if line is None or hook.lane_key(line) != self.lane_key(run) or \
                    any(run.tag not in
                        self.takers(version, self.sent[item.number])
                        for item in run.items):
                return False
        return True

    def same_delivery(self, run, other):
        """Where each line has one delivery of the event: that of a line that is
        gone may be run by another line beside its own."""
        if run.tag != other.tag:
            return
        low, high = sorted((run.version, other.version))
        both = {item.id for item in run.items
                if all(self.is_even(version, self.sent[item.number])
                       for version in range(low, high + 1))} & \
            {item.id for item in other.items}
        if both:
            raise Violation("twice at once: %s" % ", ".join(both), other, run)

    def same_key(self, run, other):
        for item in run.items:
            key = self.order_key(run, item)
            for before in other.items if key is not None else ():
                if self.order_key(other, before) != key:
                    continue
                if self.is_together(other, before, run, item):
                    raise Violation("events %d and %d of one key %r at once" %
                                    (before.number, item.number, key),
                                    other, run)

    def is_together(self, one, before, other, item):
        """Whether one order holds for both."""
        sent = self.sent[before.number], self.sent[item.number]
        low = min(one.version, other.version, self.earliest(before),
                  self.earliest(item))
        return self.is_stable(low, max(one.version, other.version),
                              (one, other), sent)

    def earliest(self, item):
        """The first rules that the event may have been run by."""
        if "kills" in self.happened:
            return self.sent[item.number].low
        return min(run.version for run in self.runs_of(item.id))

    def runs_of(self, name):
        if not hasattr(self, "runs_by_id"):
            self.runs_by_id = defaultdict(list)
            for run in self.runs:
                for item in run.items:
                    self.runs_by_id[item.id].append(run)
        return self.runs_by_id[name]

    # What comes first.

    def precedes(self, item, other):
        """Whether it was committed before, as far as that is known."""
        if item.id == other.id:
            return False
        if item.id in self.places and other.id in self.places and \
                "purge" not in self.happened:
            return self.places[item.id] < self.places[other.id]
        one, two = self.sent[item.number], self.sent[other.number]
        return one.answered is not None and one.answered < two.began

    def was_run(self, run, item):
        """Whether the line has had the event: another of its deliveries goes
        there once its own line is gone."""
        return any(one.tag == run.tag and one.outcome == "0" and
                   one.ended is not None and one.ended < run.begun
                   for one in self.runs_of(item.id))

    def starts(self):
        """The events of a key begin in the order of their commits, and all
        tries of one before the next."""
        begun = defaultdict(list)
        for run in self.runs:
            for item in run.items:
                key = self.order_key(run, item)
                if key is None or item.id in self.retried or \
                        self.was_run(run, item):
                    continue
                before = begun[run.hook, key]
                for other, last in reversed(before[-200:]):
                    # A batch that is taken apart begins once more.
                    if any(one.id == item.id for one in other.items):
                        continue
                    if last.id not in self.retried and \
                            self.precedes(item, last) and \
                            self.is_together(other, last, run, item):
                        raise Violation(
                            "event %d of the key %r began after %d, which is "
                            "later" % (item.number, key, last.number),
                            other, run)
                before.append((run, item))

    # Tries.

    def attempts(self):
        """Each ends by itself and is counted, or was cut off."""
        tries = defaultdict(list)
        for run in self.runs:
            for item in run.items:
                tries[item.id, run.tag].append((item.attempt, run))
                if self.drops.get(item.id, run.begun) < run.begun and \
                        item.id not in self.retried:
                    raise Violation("%s was run after it was dropped" %
                                    item.id, run)
        for (name, tag), made in tries.items():
            # What was moved may be run by the line of one that is over.
            if self.stays() or self.most_deliveries(made[0][1], name) == 1:
                self.tries(name, [attempt for attempt, _ in made],
                           [run for _, run in made])

    def most_deliveries(self, run, name):
        number = [item.number for item in run.items if item.id == name][0]
        return max(len(self.takers(version, self.sent[number]))
                   for version in range(len(self.versions)))

    def tries(self, name, numbers, runs):
        if numbers != sorted(numbers):
            raise Violation("the tries of %s are %r" % (name, numbers), *runs)
        batches = any(run.count > 1 for run in runs)
        most = (8 if batches else 4) if self.interrupted() else 1
        if any(numbers.count(number) > most for number in numbers):
            raise Violation("a try of %s was made more than %d times: %r" %
                            (name, most, numbers), *runs)
        if self.stays() and not self.interrupted():
            if numbers != list(range(1, len(numbers) + 1)):
                raise Violation("the tries of %s are %r" % (name, numbers),
                                *runs)
            ends = [run.outcome for run in runs]
            if "0" in ends[:-1] and name not in self.retried:
                raise Violation("%s was run again after it was done" % name,
                                *runs)

    # The end of all.

    def deliveries(self):
        for one in self.sent.values():
            name = one.id or self.ids.get(one.number)
            rows = self.rows.get(name)
            if one.answer is not None and one.answer[1] == "queued" and \
                    rows is None and "purge" not in self.happened:
                raise Violation("event %d, %s, was answered 202 and is lost" %
                                (one.number, name))
            if rows is not None:
                self.states(one, name, rows)
            elif one.answer is not None and one.answer[1] == "queued":
                self.purged(one, name)

    def states(self, one, name, rows):
        runs = self.runs_of(name)
        states = [row["state"] for row in rows]
        if set(states) - {"done", "dead", "dropped"}:
            raise Violation("event %d, %s, ends as %r" %
                            (one.number, name, states), *runs)
        if "dropped" in states and name not in self.dropped:
            raise Violation("%s was dropped by nobody" % name, *runs)
        counts = {len(self.takers(version, one))
                  for version in range(one.low, one.high + 1)}
        if len(rows) not in counts:
            raise Violation("event %d, %s, has %d deliveries, not %r" %
                            (one.number, name, len(rows), counts), *runs)
        if not self.stays():
            self.moved(one, name, states, runs)
            return
        for tag, row in zip(self.takers(0, one), rows):
            self.state(name, row, [run for run in runs if run.tag == tag])

    def moved(self, one, name, states, runs):
        """Done is what was run well, or what no line takes any more."""
        least = min(len(self.takers(version, one))
                    for version in range(one.low, len(self.versions)))
        well = [run.tag for run in runs if run.outcome == "0"]
        if least >= len(states) and \
                states.count("done") > len(well):
            raise Violation("event %d, %s, is %r, and %r ended well" % (
                one.number, name, states, well), *runs)

    def state(self, name, row, runs):
        """Of a delivery whose line was the same all the time."""
        state, attempts = row["state"], row["attempts"]
        last = runs[-1] if runs else None
        tried = last and [item.attempt for item in last.items
                          if item.id == name][0]
        if state == "dropped":
            return
        if last is None and not self.interrupted():
            raise Violation("%s is %s, and never ran" % (name, state))
        if last is None and state == "done":
            raise Violation("%s is done, and never ran" % name)
        if last is None:
            return
        if (last.outcome == "0") != (state == "done"):
            # A result that could not be saved any more, and three such.
            if not (state == "dead" and last.outcome is None):
                raise Violation("%s is %s" % (name, state), *runs)
        if attempts != tried and (not self.interrupted() or
                                  attempts < tried or state == "done"):
            raise Violation("%s has %d tries, of %d" %
                            (name, attempts, tried), *runs)
        if state == "dead":
            self.dead(name, attempts, runs)

    def dead(self, name, attempts, runs):
        last = runs[-1]
        hook = self.hook(0, last.hook)
        pauses = len(hook.lane(hook.line(last.tag)).retry.split())
        exact = hook.lane(hook.line(last.tag)).batch == 1 and \
            not self.interrupted() and name not in self.retried
        if last.outcome == "6":
            return
        if attempts < pauses + 1 or (exact and attempts != pauses + 1):
            raise Violation("%s is dead after %d tries and %d pauses" %
                            (name, attempts, pauses), *runs)

    def purged(self, one, name):
        """It is kept no more: then it was run well, or dropped."""
        if name in self.dropped or not self.stays():
            return
        runs = self.runs_of(name)
        for tag in self.takers(0, one):
            if not any(run.tag == tag and run.outcome == "0" for run in runs):
                raise Violation("event %d, %s, is gone before its end" %
                                (one.number, name), *runs)
