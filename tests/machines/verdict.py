# SPDX-License-Identifier: ISC
"""Judges what the commands of several machines wrote down, and what was
answered.  The ledger is that of tests/model/ledger.c, with the machine as each
run's tag, and lines "# CLOCK freeze MACHINE", "thaw" and "kill" between.

    verdict.py judge [NAME=VALUE...]    status 1 and what is wrong, if it is
    verdict.py left             how many accepted events have not run well yet
    verdict.py begun N          how often event N began
    verdict.py runs N           its runs, a line each: MACHINE OUTCOME
    verdict.py machines         how many runs each machine had
    verdict.py words            how many answers of each kind

Names of `judge`: concurrency=N: at most so many at once (0: any number);
lease=MILLISECONDS (3000): a machine frozen for longer cannot end its commands;
order=0: keys have none; once=1: nothing was killed, so each ran once."""

import json
import os
import sys
from collections import Counter, defaultdict

import judge as model

SHARED = os.environ["SHARED"]


def lines_of(name):
    try:
        with open(os.path.join(SHARED, name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Sent:
    """An event and its answer."""

    def __init__(self, line):
        self.fields = line["fields"]
        self.number = self.fields["n"]
        self.hook, self.key = line["hook"], self.fields.get("key")
        self.began, self.answered = line["began"], line["answered"]
        self.status, self.word = line["status"], line["word"]
        self.id = line["id"]

    def is_queued(self):
        return self.word == "queued"


class Judge:
    def __init__(self, lease=3000, concurrency=0, order=1, once=0):
        self.lease, self.concurrency = lease * 1000000, concurrency
        self.order, self.once = order, once
        text = lines_of("ledger")
        self.runs = model.read_ledger(text)
        self.notes = [(at, int(words[1]), words[2], words[3])
                      for at, _, words in model.whole_lines(text)
                      if words[0] == "#"]
        self.by_claim = {run.claim: run for run in self.runs}
        self.sent = {}
        for line in lines_of("answers").splitlines():
            one = Sent(json.loads(line))
            self.sent[one.number] = one
        self.wrong = []

    def say(self, what, *runs):
        self.wrong.append(what + "".join("\n    " + run.line for run in runs))

    def runs_of(self, number):
        return [run for run in self.runs
                if any(item.number == number for item in run.items)]

    def left(self):
        """Accepted, and not run to exit 0."""
        well = {item.number for run in self.runs if run.outcome == "0"
                for item in run.items}
        return [one for one in self.sent.values()
                if one.is_queued() and one.number not in well]

    # What may be at once.

    def begun_at(self, run):
        return int(run.line.split()[1])

    def was_frozen(self, run, by):
        """Whether the machine of a run was frozen before `by` began, and for
        longer than a lease then."""
        return any(kind == "freeze" and machine == run.tag.split(".")[0] and
                   run.begun < at < by.begun and
                   self.begun_at(by) - clock >= self.lease
                   for at, clock, kind, machine in self.notes)

    def alive_with(self, run, under_way):
        """As the kernel told when it looked, or by the order of their
        lines."""
        claims = run.live | {one.claim for one in under_way
                             if one.ended is not None}
        return [self.by_claim[claim] for claim in claims
                if claim in self.by_claim and
                not self.was_frozen(self.by_claim[claim], run)]

    def at_once(self):
        under_way = []
        for run in self.runs:
            under_way = [one for one in under_way
                         if one.ended is None or one.ended > run.begun]
            others = [one for one in self.alive_with(run, under_way)
                      if one.hook == run.hook]
            for other in others:
                self.beside(run, other)
            if self.concurrency and len(others) + 1 > self.concurrency:
                self.say("%d at once, of %d" %
                         (len(others) + 1, self.concurrency), *others, run)
            under_way.append(run)

    def beside(self, run, other):
        both = {item.id for item in run.items} & \
            {item.id for item in other.items}
        if both:
            self.say("twice at once: %s" % ", ".join(both), other, run)
        keys = {self.key_of(item) for item in run.items} & \
            {self.key_of(item) for item in other.items} - {None}
        if keys and not both and self.order:
            self.say("two of the key %s at once" % ", ".join(keys), other, run)

    def key_of(self, item):
        one = self.sent.get(item.number)
        return one and one.key

    # What comes first.

    def precedes(self, one, two):
        return one.answered is not None and one.is_queued() and \
            one.answered < two.began

    def orders(self):
        """No event of a key begins after a later one, nor before the end of
        an earlier one."""
        begun = defaultdict(list)
        for run in self.runs:
            for item in run.items:
                one = self.sent.get(item.number)
                if one is None or one.key is None:
                    continue
                for other in begun[one.hook, one.key]:
                    if self.precedes(one, self.sent[other]):
                        self.say("event %d of the key %s began after %d, "
                                 "which is later" %
                                 (one.number, one.key, other), run)
                        break
                if one.number not in begun[one.hook, one.key]:
                    begun[one.hook, one.key].append(one.number)

    # Each.

    def each(self):
        for run in self.runs:
            for item in run.items:
                one = self.sent.get(item.number)
                if one is None:
                    self.say("event %d was sent by nobody" % item.number, run)
                elif one.id is not None and one.id != item.id:
                    self.say("event %d was answered the ID %s" %
                             (one.number, one.id), run)
                elif one.word in ("duplicate", "ignored"):
                    self.say("event %d was answered %s, and ran" %
                             (one.number, one.word), run)
        for one in self.left():
            self.say("event %d, %s, was accepted and is lost" %
                     (one.number, one.id), *self.runs_of(one.number))
        if self.once:
            for number in self.sent:
                runs = [run for run in self.runs_of(number)
                        if run.outcome == "0"]
                if len(runs) > 1:
                    self.say("event %d was run again after it was done" %
                             number, *runs)

    def twins(self):
        taken = defaultdict(set)
        for one in self.sent.values():
            twin = one.fields.get("twin")
            if twin is not None and (one.is_queued() or
                                     self.runs_of(one.number)):
                taken[one.hook, one.fields["event"], twin].add(one.number)
        for (_, _, twin), numbers in taken.items():
            if len(numbers) > 1:
                self.say("of the twins %r more than one was taken: %r" %
                         (twin, sorted(numbers)))

    def judge(self):
        self.each()
        self.twins()
        self.at_once()
        if self.order:
            self.orders()
        return self.wrong


def main(what, *words):
    if what == "judge":
        judge = Judge(**{name: int(value) for name, value in
                         (word.split("=") for word in words)})
        wrong = judge.judge()
        print("%d sent, %d accepted, %d runs, %d wrong" % (
            len(judge.sent), sum(one.is_queued()
                                 for one in judge.sent.values()),
            len(judge.runs), len(wrong)))
        print("\n".join(wrong[:20]))
        return 1 if wrong else 0
    judge = Judge()
    if what == "left":
        print(len(judge.left()))
    elif what == "begun":
        print(len(judge.runs_of(int(words[0]))))
    elif what == "runs":
        for run in judge.runs_of(int(words[0])):
            print(run.tag, run.outcome or "-")
    elif what == "machines":
        for tag, count in sorted(Counter(
                run.tag.split(".")[0] for run in judge.runs).items()):
            print(tag, count)
    elif what == "words":
        for word, count in sorted(Counter(
                str(one.word or one.status)
                for one in judge.sent.values()).items()):
            print(word, count)
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
