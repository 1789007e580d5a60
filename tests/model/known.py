# SPDX-License-Identifier: ISC
"""The judge itself: ledgers written by hand, most of which hold what must
never be, and what has to be said of each."""

from judge import Judge, Violation, read_drops, read_ledger
from rules import Hook, Lane, Line, Rules


class Event:
    def __init__(self, number, **fields):
        self.number, self.hook, self.event = number, "a", "connection_added"
        self.fields = {"where": "a1", **fields}
        self.answer, self.id = (202, "queued"), "id%d" % number
        self.low = self.high = 0
        self.began = self.answered = number


def lane(concurrency=1, order="none", batch=1):
    made = Lane.__new__(Lane)
    made.concurrency, made.order, made.batch = concurrency, order, batch
    made.retry = "10ms 10ms"
    return made


def line(tag, named=None, also=False, patterns=("*",)):
    made = Line.__new__(Line)
    made.tag, made.lane, made.also = tag, named, also
    made.patterns, made.where, made.ignore = list(patterns), None, False
    return made


def rules(number, settings, lines, lanes=None):
    hook = Hook.__new__(Hook)
    hook.name, hook.dedupe, hook.input = "a", "/twin", None
    hook.settings, hook.lines, hook.lanes = settings, lines, lanes or {}
    made = Rules.__new__(Rules)
    made.number, made.hooks = number, {"a": hook}
    return made


def begins(claim, events, tag="t1", version=0, attempt=1, live="-", count=0):
    return "S 0 %s %d a %s 1 %d %s %s" % (
        tag, version, claim, count or len(events),
        ",".join("%d:id%d:%d" % (number, number, attempt)
                 for number in events), live)


def ends(claim, outcome="0"):
    return "E 0 %s %s" % (claim, outcome)


def runs(*numbers, **how):
    """Whole runs of single events, one after the other."""
    return [text for number in numbers for text in
            (begins("c%d" % number, [number], **how), ends("c%d" % number))]


ONE = [rules(0, lane(), [line("t1")])]
THREE = [rules(0, lane(3), [line("t1")])]
ORDER = [rules(0, lane(3, "/key"), [line("t1")])]
BATCH = [rules(0, lane(1, "hook", 2), [line("t1")])]
PAIR = [rules(0, lane(), [line("t1", "x", True), line("t2", "x")],
              {"x": lane(1)})]
RENAMED = [rules(0, lane(), [line("t1", "x")], {"x": lane(3, "/key")}),
           rules(1, lane(), [line("t1", "y")], {"y": lane(3, "/key")})]
APART = [rules(0, lane(3, "/key"), [line("t1", None, True), line("t2")])]
KEYS = [Event(1, key="k"), Event(2, key="k")]
TWO = [Event(1), Event(2)]
TWINS = [Event(1, twin="d"), Event(2, twin="d")]
RETRIES = [text for i in (1, 2, 3) for text in (
    begins("c%d" % i, [1], attempt=i), ends("c%d" % i, "1"))]

# What is said (None: nothing), the rules, the events, the ledger, and what
# else differs: states of the events, tries, what happened.
CASES = (
    ("", ONE, TWO, runs(1, 2), {}),
    ("", ORDER, KEYS, runs(1, 2), {}),
    ("", APART, [Event(1, key="k")],
     [begins("c1", [1]), begins("c2", [1], "t2"), ends("c1"), ends("c2")],
     {"states": [["done", "done"]]}),
    ("", BATCH, TWO, [begins("c1", [1, 2]), ends("c1")], {}),
    ("", BATCH, TWO,
     [begins("c1", [1, 2]), ends("c1", "1")] +
     [text for i in (1, 2) for text in
      (begins("d%d" % i, [i], attempt=2), ends("d%d" % i))], {"tries": 2}),
    ("", ONE, [Event(1)], RETRIES, {"states": [["dead"]], "tries": 3}),
    ("lost", ONE, TWO, runs(1), {"states": [["done"], None]}),
    ("ends as", ONE, TWO, runs(1), {"states": [["done"], ["queued"]]}),
    ("never ran", ONE, TWO, runs(1), {}),
    ("is dead", ONE, [Event(1)], runs(1), {"states": [["dead"]]}),
    ("dropped by nobody", ONE, [Event(1)], [], {"states": [["dropped"]]}),
    ("is done", ONE, [Event(1)], RETRIES, {"tries": 3}),
    ("is dead after", ONE, [Event(1)], RETRIES[:4],
     {"states": [["dead"]], "tries": 2}),
    ("tries, of", ONE, [Event(1)], runs(1), {"tries": 2}),
    ("deliveries, not", PAIR, [Event(1)], runs(1), {}),
    ("were taken", ONE, TWINS, runs(1, 2), {}),
    ("one PELIHOOK_CLAIM", ONE, [Event(1)], runs(1, 1), {}),
    ("one PELIHOOK_CLAIM", ONE, [Event(1)], [*runs(1), "X 0 c1"], {}),
    ("one PELIHOOK_CLAIM", ONE, [Event(1)], ["X 0" + text for text in
                                             runs(1)], {}),
    ("cannot be read", ONE, [Event(1)], [*runs(1), "E 0 c1"], {}),
    ("cannot be read", ONE, [Event(1)], ["no line" + text for text in
                                         runs(1)], {}),
    ("never began", ONE, [Event(1)], [ends("c1")], {}),
    ("does not take it", ONE, [Event(1)], runs(1, tag="t2"), {}),
    ("does not take it", [rules(0, lane(), [line("t1"), line("t2")])],
     [Event(1)], runs(1, tag="t2"), {}),
    ("batch of 2", ONE, TWO, [begins("c1", [1, 2]), ends("c1")], {}),
    ("batch of 2", BATCH, TWO, [begins("c1", [1, 2], count=1), ends("c1")],
     {}),
    ("in another order", BATCH, TWO, [begins("c1", [2, 1]), ends("c1")], {}),
    ("in the lane", ONE, TWO, [begins("c1", [1]), begins("c2", [2]),
                               ends("c1"), ends("c2")], {}),
    ("in the lane", ONE, TWO, [begins("c1", [1]),
                               begins("c2", [2], live="c1")],
     {"happened": {"kills"}}),
    ("in the lane", [*ONE, rules(1, lane(), [line("t1"), line("t2")])], TWO,
     [begins("c1", [1]), begins("c2", [2], version=1), ends("c1"),
      ends("c2")], {}),
    ("", [*ONE, rules(1, lane(), [line("t2"), line("t1")])], TWO,
     [begins("c1", [1]), begins("c2", [2], "t2", 1), ends("c1"),
      ends("c2")], {}),
    ("in the lane", PAIR, [Event(1)],
     [begins("c1", [1]), begins("c2", [1], "t2"), ends("c1"), ends("c2")],
     {"states": [["done", "done"]]}),
    ("twice at once", THREE, [Event(1)],
     [begins("c1", [1]), begins("c2", [1], live="c1"), ends("c2")], {}),
    ("twice at once", RENAMED, [Event(1)],
     [begins("c1", [1]), begins("c2", [1], version=1), ends("c1"),
      ends("c2")], {}),
    ("k' at once", ORDER, KEYS, [begins("c1", [1]), begins("c2", [2]),
                                 ends("c1"), ends("c2")], {}),
    ("k' at once", RENAMED, KEYS,
     [begins("c1", [1]), begins("c2", [2], version=1), ends("c1"),
      ends("c2")], {}),
    ("which is later", ORDER, KEYS, runs(2, 1), {}),
    ("which is later", RENAMED, KEYS, runs(2) + runs(1, version=1), {}),
    ("which is later", ORDER, KEYS,
     [begins("c1", [1]), ends("c1", "1")] + runs(2) +
     [begins("c3", [1], attempt=2), ends("c3")], {"tries": 2}),
    ("the tries of", ONE, [Event(1)], runs(1, attempt=2), {"tries": 2}),
    ("more than 1 times", ONE, [Event(1)],
     [begins("c1", [1]), ends("c1", "1"), begins("c2", [1]), ends("c2")],
     {}),
    ("after it was done", ONE, [Event(1)],
     [*runs(1), begins("c2", [1], attempt=2), ends("c2")], {"tries": 2}),
    ("after it was dropped", ONE, [Event(1)],
     ["# 0 drop id1 0", *runs(1)], {}),
    ("", ONE, [Event(1)], ["# 0 drop id1 75", *runs(1)], {}),
    ("more than 4 times", ONE, [Event(1)],
     [text for i in range(5) for text in
      (begins("c%d" % i, [1]), ends("c%d" % i))], {"happened": {"kills"}}),
)


def verdict(versions, events, ledger, states=None, tries=1,
            happened=frozenset()):
    """What the judge says; empty if nothing."""
    states = states or [["done"]] * len(events)
    try:
        judge = Judge(set(happened), versions,
                      {event.number: event for event in events},
                      "".join(text + "\n" for text in ledger))
        judge.rows = {event.id: [{"state": state, "attempts": tries}
                                 for state in found]
                      for event, found in zip(events, states) if found}
        judge.places = {event.id: event.number for event in events}
        judge.judge()
    except Violation as violation:
        return str(violation)
    return ""


# Of what is written after it nothing is lost, wherever a line was cut off.
FIRST = begins("c8", [8, 9], live="c7,c6")
CUT_OFF = (begins("c9", [9], live="c8"), ends("c8", "7"))
WRITTEN = (begins("c1", [1, 2], live="c8"), ends("c8"), "# 0 drop id1 0",
           "# 0 killed")


def read(text):
    return ([(run.claim, run.line, run.outcome) for run in read_ledger(text)],
            sorted(read_drops(text)))


def beginnings():
    """How a ledger is read that has the beginning of a line in it, or two."""
    for cut, line in ((cut, line) for line in CUT_OFF
                      for cut in range(1, len(line) + 1)):
        torn = line[:cut]
        for before in (torn, "S" + torn, "E 0 c" + torn):
            for written in WRITTEN:
                yield before + written, [FIRST, written]
        yield torn, [FIRST]


def mistakes():
    """What the judge says otherwise than it should."""
    for number, (wanted, versions, events, ledger, more) in enumerate(CASES):
        said = verdict(versions, events, ledger, **more)
        if (said == "") != (wanted == "") or wanted not in said:
            yield "case %d: %r instead of %r" % (number, said, wanted)
    for line, lines in beginnings():
        end = "\n" if len(lines) > 1 else ""
        wanted = read("".join(text + "\n" for text in lines))
        try:
            found = read(FIRST + "\n" + line + end)
        except Violation as violation:
            found = str(violation)
        if found != wanted:
            yield "%r: %r instead of %r" % (line, found, wanted)
