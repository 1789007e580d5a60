# SPDX-License-Identifier: ISC
"""Random hooks, lanes, orders, dedupe, batches, ends of commands, kills,
reloads, `retry`, `drop` and `purge`, over several processes at once, judged
by a model of what SPEC.md promises.

One round follows another: each has a configuration of its own, one or two
pelihook.fcgi, requests through them and through pelihook.cgi, and drains, and
some of what may happen besides.  When all is run to its end the round is
judged by what the commands wrote down, the answers, and pelihookctl.  No
round depends on how fast the machine is.

PELIHOOK_MODEL_JOURNAL=postgresql: each round's journal is a database on a
server that model.sh starts.

PELIHOOK_MODEL_SECONDS: no round begins after so many (60).
PELIHOOK_MODEL_SEED: what chance begins with; a failed round prints the seed
that begins with that round.  PELIHOOK_MODEL_HAPPENS: what happens in every
round, words of HAPPENS.

usage: model.py [WORD of a test's name...]"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import fastcgi
import harness
from fault import (DRAIN, WORK, Site, check_journal, check_refused,
                   end_process)
from harness import Failure, check, post, wait_for
from judge import Judge, Violation
from known import mistakes
from rules import EVENTS, Rules

SECONDS = float(os.environ.get("PELIHOOK_MODEL_SECONDS") or 60)
SEED = int(os.environ.get("PELIHOOK_MODEL_SEED") or random.SystemRandom()
           .randrange(1 << 32))
WANTED = os.environ.get("PELIHOOK_MODEL_HAPPENS")
LEDGER = os.path.join(WORK, "ledger")

HEAD = """journal @DIR@/journal.db
log @DIR@/queue.log
stop-timeout 500ms
secret-file @DIR@/secret.new
timeout 4s
kill-after 300ms
max-queue 1000000
"""
# What rounds may have: each with some of these, and some with none.
HAPPENS = "kills", "stops", "reloads", "operator", "purge"
EVENTS_A_ROUND = 200


class Sent:
    """An event, and how it was answered; low and high: the first and the
    last rules that it may have been received by."""

    def __init__(self, number, hook, event, fields):
        self.number, self.hook, self.event = number, hook, event
        self.fields = fields
        self.answer = None      # (status, word)
        self.id = None
        self.low = self.high = 0
        self.began = self.answered = None

    def body(self):
        return json.dumps({"event": self.event, "n": self.number,
                           **self.fields}, separators=(",", ":")).encode()

    def note(self, output):
        """What a program printed, if it came to that."""
        found = re.match(rb"Status: ([0-9]{3}) .*?\r?\n\r?\n(.*)", output,
                         re.DOTALL)
        if not found:
            return
        self.answered = time.monotonic()
        status = int(found.group(1))
        reply = json.loads(found.group(2)) if status < 300 else {}
        self.answer = status, reply.get("status")
        if self.answer[1] == "queued":
            self.id = reply["id"]


def plan(source):
    """How the tries of a delivery end."""
    return "".join(source.choice("00007711s" if source.random() < 0.97
                                 else "6666666666t")
                   for _ in range(source.choice((0, 1, 1, 2, 3, 8))))


class Round:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.site = Site()
        os.mkdir(self.site.path("live"), 0o700)
        self.happens = set() if self.random.random() < 0.2 else {
            what for what in HAPPENS if self.random.random() < 0.5}
        if WANTED is not None:
            self.happens = set(WANTED.split())
        self.lock = threading.Lock()
        self.versions = [Rules(self.random)]
        self.installed = 0      # the rules that are in the file
        self.sent = {}
        self.retried, self.dropped = set(), set()
        self.over = threading.Event()       # nothing is sent any more
        self.calm = threading.Event()       # nothing happens any more
        self.at_rest = threading.Event()    # nothing waits any more
        self.errors, self.threads = [], []
        self.counts = dict.fromkeys(
            ("kills", "stops", "reloads", "retry", "drop", "purge"), 0)
        self.options = self.random.choice(("", "", "", "dispatch drain\n"))
        self.keep = ["  keep 1s"] if "purge" in self.happens else []
        self.write_rules()
        self.servers = [self.start(i)
                        for i in range(self.random.randint(1, 2))]

    # Processes.

    def start(self, i):
        """low: it has these rules or later ones."""
        low = self.installed
        server = self.site.fcgi(address=self.site.path("sock.%d" % i))
        server.low = low
        return server

    def write_rules(self):
        """Whole at once, and newer than what was there."""
        text = HEAD.replace("@DIR@", self.site.dir) + self.options + \
            self.versions[-1].text(self.keep)
        text = harness.SERVES + self.site.in_database(
            text.replace("@DIR@", self.site.dir))
        self.site.conf = self.site.path("pelihook.conf")
        before = os.stat(self.site.conf).st_mtime_ns
        new = self.site.write("new.conf", text.replace("@LEDGER@", LEDGER))
        wait_for(lambda: os.utime(new) or
                 os.stat(new).st_mtime_ns > before + 20000000, "a later time")
        os.rename(new, self.site.conf)
        self.installed = self.versions[-1].number

    def drain(self):
        """Its status is that of whoever was killed, or a passing trouble."""
        process = subprocess.Popen(
            self.site.ctl_command("drain"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**harness.PASSED, **dict(DRAIN)})
        try:
            _, errors = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure("a drain does not end")
        allowed = (0, 75, -9) if "kills" in self.happens else (0, 75)
        check(process.returncode in allowed, "a drain ended with %r: %r" %
              (process.returncode, errors[-1000:]))

    # What is sent.

    def next_event(self, source):
        fields = {"w": source.choice((0, 0, 1, 5, 20)),
                  "where": source.choice(("a1", "a2", "b1"))}
        if source.random() < 0.8:
            fields["key"] = "k%d" % source.randint(1, 4)
        if source.random() < 0.2:
            fields["twin"] = "d%d" % source.randint(1, 20)
        if source.random() < 0.6:
            fields["do"] = plan(source)
        for _ in range(source.choice((0, 0, 1, 2))):
            fields["t%d" % source.randint(1, 7)] = plan(source)
        with self.lock:
            if len(self.sent) >= EVENTS_A_ROUND:
                self.over.set()
                return None
            one = Sent(len(self.sent) + 1,
                       source.choice(sorted(self.versions[0].hooks)),
                       source.choice(sorted(EVENTS)), fields)
            self.sent[one.number] = one
        one.began = time.monotonic()
        return one

    def send(self, source, how):
        while not self.over.is_set():
            one = self.next_event(source)
            if one is not None:
                how(one, one.body(), "/" + one.hook)
                # What is installed now may have been read before the answer.
                one.high = len(self.versions) - 1
            self.over.wait(source.random() * 0.05)

    def send_fcgi(self, source):
        def how(one, body, path):
            server = source.choice(self.servers)
            one.low = server.low
            try:
                one.note(server.request(post(body, path), body))
            except (OSError, fastcgi.Closed):
                pass
        self.send(source, how)

    def send_cgi(self, source):
        def how(one, body, path):
            one.low = self.installed
            process = self.site.cgi(body, PATH_INFO=path)
            try:
                if "kills" in self.happens and source.random() < 0.1:
                    time.sleep(source.random() * 0.02)
                    end_process(process.pid)
                    self.counts["kills"] += 1
                    self.log("killed a CGI")
                one.note(process.answer())
                process.wait()
            finally:
                process.close()
        self.send(source, how)

    # What happens besides.

    def log(self, *words):
        """Into the ledger, to be read by people."""
        text = "# %d %s\n" % (time.monotonic_ns(), " ".join(words))
        with open(self.site.path("ledger"), "ab", buffering=0) as ledger:
            ledger.write(text.encode())

    def drains(self, source):
        while not self.at_rest.is_set():
            self.drain()
            self.at_rest.wait(source.random() * 0.3)

    def kills(self, source):
        while not self.calm.wait(source.random() * 0.8):
            if source.random() < 0.5:
                self.kill_drain(source)
            else:
                self.replace(source, lambda server: server.kill())
            self.counts["kills"] += 1
            self.log("killed")

    def stops(self, source):
        def stop(server):
            status = server.stop()
            check(status == 0, "pelihook.fcgi ended with %r" % status)
        while not self.calm.wait(0.2 + source.random() * 2):
            self.replace(source, stop)
            self.counts["stops"] += 1
            self.log("stopped")

    def replace(self, source, end):
        with self.lock:
            i = source.randrange(len(self.servers))
            end(self.servers[i])
            self.servers[i] = self.start(i)

    def kill_drain(self, source):
        """Not a command that is about to replace its program."""
        found = dict(self.site.processes())
        drains = [pid for pid, kind in found.items() if kind == "drain" and
                  found.get(parent_of(pid)) != "drain"]
        if drains:
            end_process(source.choice(drains))

    def reloads(self, source):
        while not self.calm.wait(0.1 + source.random() * 1.2):
            self.reload(source)
            self.counts["reloads"] += 1

    def reload(self, source):
        with self.lock:
            self.versions.append(self.versions[-1].changed(source))
            self.write_rules()
            self.log("rules %d" % self.installed)
            # The others go on with older rules, and claim nothing.
            for server in self.servers:
                if source.random() < 0.8:
                    server.signal(signal.SIGHUP)

    def operator(self, source):
        while not self.calm.wait(0.1 + source.random() * 0.5):
            with self.lock:
                names = [one.id for one in self.sent.values() if one.id]
            if not names:
                continue
            word = source.choice(("retry", "drop"))
            name = source.choice(names)
            # Noted before, for it may be run before the word is back.
            noted = self.retried if word == "retry" else self.dropped
            noted.add(name)
            self.operate(word, name)
            self.counts[word] += 1

    def operate(self, *words):
        run = subprocess.run(self.site.ctl_command(*words), check=False,
                             stdin=subprocess.DEVNULL, capture_output=True,
                             env=harness.PASSED)
        allowed = {0, 75}
        if "purge" in self.happens:
            allowed.add(66)
        if "kills" in self.happens:
            allowed.add(-9)
        self.log(*words, "%d" % run.returncode)
        check(run.returncode in allowed, "pelihookctl %s ended with "
              "%r: %r" % (" ".join(words), run.returncode, run.stderr))

    def purge(self, source):
        while not self.calm.wait(0.5 + source.random()):
            self.operate("purge")
            self.counts["purge"] += 1

    # All of it.

    def guarded(self, work, seed):
        try:
            work(random.Random(seed))
        except Exception as error:
            self.errors.append(error)
            self.end_all()

    def end_all(self):
        for event in self.over, self.calm, self.at_rest:
            event.set()

    def begin(self, work):
        thread = threading.Thread(target=self.guarded,
                                  args=(work, self.random.random()))
        thread.start()
        self.threads.append(thread)
        return thread

    def run(self):
        senders = [self.begin(work) for work in
                   (self.send_fcgi, self.send_fcgi, self.send_cgi)]
        others = [self.begin(getattr(self, what)) for what in HAPPENS
                  if what in self.happens]
        self.begin(self.drains)
        for thread in senders:
            thread.join()
        self.calm.wait(self.random.choice((0, 1, 2, 4)) if others else 0)
        self.calm.set()
        for thread in others:
            thread.join()
        for server in self.servers:
            server.signal(signal.SIGHUP)
        try:
            wait_for(lambda: self.errors or self.site.open_deliveries() == 0,
                     "the end of all that is queued", 240)
        finally:
            self.at_rest.set()
            self.threads[-1].join()
        if self.errors:
            raise self.errors[0]
        for server in self.servers:
            status = server.stop()
            check(status == 0, "pelihook.fcgi ended with %r" % status)
        wait_for(lambda: not list(self.site.processes()), "the last drain")

    def judge(self):
        check_journal(self.site.journal)
        check_refused(self.site.journal)
        judge = Judge(self.happens, self.versions, self.sent,
                      (self.site.read("ledger") or b"").decode())
        judge.retried, judge.dropped = self.retried, self.dropped
        self.read_journal(judge)
        judge.judge()
        return len(judge.runs)

    def read_journal(self, judge):
        lines = self.site.ctl("list", "--limit", "1000000", "--json")
        for row in map(json.loads, lines.splitlines()):
            judge.rows.setdefault(row["id"], []).append(row)
        for name, rows in judge.rows.items():
            rows.sort(key=lambda row: row["delivery"])
        for name in self.random.sample(sorted(judge.rows),
                                       min(3, len(judge.rows))):
            shown = json.loads(self.site.ctl("show", "--json", name))
            check([one["state"] for one in shown["deliveries"]] ==
                  [row["state"] for row in judge.rows[name]],
                  "show and list differ: %r" % shown)
        judge.places = dict(self.site.ask_journal(
            "SELECT e.id, min(d.seq) FROM deliveries d JOIN events e "
            "ON e.seq = d.event GROUP BY e.id"))

    def tell(self, error):
        """All there is to know of a failure."""
        runs = getattr(error, "runs", ())[:12]
        print("# %s" % error)
        print("# happened: %s; rules up to %d" % (
            " ".join(sorted(self.happens)), self.versions[-1].number))
        hooks = {run.hook for run in runs} or self.versions[0].hooks
        for number in sorted({run.version for run in runs} or {0}):
            for name in sorted(hooks):
                text = self.versions[number].hooks[name].text(number, [])
                print("#   " + "\n#   ".join(text))
        for run in runs:
            print("# line %d: %s" % (run.begun + 1, run.line))
            if run.end_line is not None:
                print("# line %d: %s" % (run.ended + 1, run.end_line))
            for item in run.items:
                one = self.sent[item.number]
                print("#   event %d: %s %s, answered %r" % (
                    one.number, one.event, json.dumps(one.fields),
                    one.answer))
        self.tell_ledger(error)
        self.site.tell()

    def tell_ledger(self, error):
        """What came before the last of the runs, or its end, and before
        that what is said of their events and of rules."""
        lines = (self.site.read("ledger") or b"").decode().splitlines()
        runs = getattr(error, "runs", ())
        last = max([run.begun for run in runs], default=len(lines))
        names = [item.id for run in runs for item in run.items]
        names += [run.claim for run in runs] + [" rules "]
        print("# the ledger:")
        for number in range(min(len(lines), last + 5)):
            if number > last - 40 or \
                    any(name in lines[number] for name in names):
                print("#   %d: %s" % (number + 1, lines[number]))

    def close(self):
        self.end_all()
        for thread in self.threads:
            thread.join()
        for server in self.servers:
            server.end()
        self.site.close()


def parent_of(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def one_round(seed):
    began = time.monotonic()
    one = Round(seed)
    try:
        one.run()
        runs = one.judge()
        print("# seed %d: %d events, %d runs, %d rules%s (%.0f s)" % (
            seed, len(one.sent), runs, len(one.versions), "".join(
                ", %s %d" % item for item in one.counts.items() if item[1]),
            time.monotonic() - began), flush=True)
    except (Failure, Violation) as error:
        one.tell(error)
        raise Failure("PELIHOOK_MODEL_SEED=%d: %s" % (seed, error)) from error
    finally:
        one.close()


def rounds():
    end = time.monotonic() + SECONDS
    number = 0
    while number == 0 or time.monotonic() < end:
        # So that each round can be the first one of another run.
        one_round((SEED + number) % (1 << 32))
        number += 1
    print("# %d rounds" % number)


def known():
    found = list(mistakes())
    check(not found, "\n".join(found))


TESTS = [
    ("the model finds what must never be", known),
    ("random hooks, lanes, ends, kills and reloads go as the model says",
     rounds),
]

sys.exit(harness.run_tests(TESTS))
