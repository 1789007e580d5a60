# SPDX-License-Identifier: ISC
"""What the fault tests share: a site with a journal, events that say how
their command goes, and what is left of it all to be judged."""

import json
import os
import random
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time

import database
import harness
from harness import (PATIENCE, Cgi, Failure, Fcgi, Place, check, post,
                     status_of, wait_for)

WORK = os.environ["PELIHOOK_WORK"]
CTL = os.environ["PELIHOOK_TEST_CTL"]
MARK = os.path.join(WORK, "mark")
DRAIN = [("PELIHOOK_TEST_CTL", CTL)]

QUEUED, RUNNING, DONE, DEAD, DROPPED = range(5)
STATES = "queued", "running", "done", "dead", "dropped"

# A sanitizer's library has to be the first, but for what is preloaded here.
harness.PASSED["ASAN_OPTIONS"] = \
    harness.PASSED.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"

CONFIG = """journal @JOURNAL@
log @DIR@/queue.log
@GLOBAL@
hook peliqan
  secret-file @DIR@/secret.new
  retry @RETRY@
  timeout 30s
  kill-after 300ms
  max-queue 1000000
@HOOK@
  on * run @MARK@ @DIR@
"""


def event(number, **fields):
    fields = {"event": "pipeline_run_completed", "n": number, **fields}
    return json.dumps(fields, separators=(",", ":")).encode()


def preload(name, **variables):
    """The environment that puts one of our libraries before the others."""
    library = os.path.join(WORK, name + ".so")
    return [("LD_PRELOAD", library)] + list(variables.items())


# What a log holds however well all goes.
USUAL = re.compile("level=info|msg=(tried|dead|\"given back|\"process group)"
                   "|signature has no timestamp|disk is full|status=503")


class Run:
    """One run of a command, as it wrote it down."""

    def __init__(self, words):
        self.number, self.key = int(words[1]), int(words[2])
        self.attempt, self.pid = int(words[3]), int(words[4])
        self.parent, self.uid = int(words[5]), int(words[6])
        self.began, self.id = int(words[7]), words[8]
        self.ended = None
        self.what = "S"


class Site(Place):
    """A place with a journal and commands that write down their runs."""

    def __init__(self, directory=None, hook="", globals="", retry=None):
        super().__init__()
        self.journal = database.create() if database.SERVER else \
            os.path.join(directory or self.dir, "journal.db")
        self.environment = list(DRAIN)
        os.mkdir(self.path("locks"), 0o700)
        self.configure(hook, globals, retry)

    def configure(self, hook="", globals="", retry=None):
        text = CONFIG.replace("@HOOK@", hook)
        text = text.replace("@GLOBAL@", globals or "stop-timeout 2s")
        text = text.replace("@RETRY@", retry or "30ms " * 60)
        text = text.replace("@JOURNAL@", self.journal)
        self.conf = self.config(text.replace("@MARK@", MARK))

    def config(self, text, name="pelihook.conf"):
        return super().config(self.in_database(text), name)

    def in_database(self, text):
        """A configuration, whose journal is in a database if all are; the
        lease is short where what is said of kill-after allows for that.  It
        may be what this made before."""
        if not database.SERVER:
            return text
        text = re.sub(r"(?m)^lease .*\n", "", text)
        words = "journal " + self.journal
        if re.search(r"\bkill-after (?!\d+ms|1s)", text):
            words += "\nlease 1h"
        else:
            words += "\nlease 3s\nkill-after 1s"
            text = re.sub(r"(?m)^kill-after .*\n", "", text)
        return re.sub(r"(?m)^journal .*$", words, text)

    def tell(self):
        """What the log holds but for what is usual."""
        for name in "queue.log", "log":
            lines = (self.read(name) or b"").decode().splitlines()
            lines = [line for line in lines if not USUAL.search(line)]
            for line in lines[-20:]:
                print("# %s: %s" % (name, line[:300]))

    def close(self):
        if sys.exc_info()[0] is not None:
            self.tell()
        for pid, _ in self.processes():
            end_process(pid)
        if database.SERVER:
            database.remove(self.journal)
        else:
            self.remove_journal()
        super().close()

    def remove_journal(self):
        directory = os.path.dirname(self.journal)
        for name in os.listdir(directory):
            if name.startswith("journal.db"):
                os.remove(os.path.join(directory, name))

    # Programs.

    def fcgi(self, *options, **how):
        environment = self.environment + how.pop("environment", [])
        return Fcgi(self, self.conf, *options, environment=environment,
                    **how)

    def cgi(self, body, environment=(), **variables):
        """One request through pelihook.cgi: the process, not yet read."""
        process = Cgi(self, self.conf, self.environment + list(environment) +
                      post(body, **variables))
        process.send(body)
        process.end_input()
        return process

    def ask_cgi(self, body, **how):
        process = self.cgi(body, **how)
        try:
            answer = process.answer()
            process.wait()
        finally:
            process.close()
        return answer

    def ctl_command(self, *words):
        return [CTL, "-c", self.conf, *words]

    def ctl(self, *words, status=0, environment=()):
        """What pelihookctl prints, after it ended as it has to."""
        run = subprocess.run(
            self.ctl_command(*words), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
            env={**harness.PASSED, **dict(environment)})
        check(status in (None, run.returncode), "pelihookctl %s ended with "
              "%r: %r" % (words, run.returncode, run.stderr[-2000:]))
        return run.stdout

    def processes(self):
        """What runs with this place in its arguments: pid and kind."""
        wanted = self.dir.encode()
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if not any(word.startswith(wanted) for word in words):
                continue
            kind = os.path.basename(words[0]).decode()
            yield int(name), {"pelihook.fcgi": "fcgi", "mark": "command",
                              "pelihookctl": "drain"}.get(kind, kind)

    # What is left.

    def ask_journal(self, query, *values):
        if database.SERVER:
            return database.ask(self.journal, query, *values)
        connection = sqlite3.connect("file:%s?mode=ro" % self.journal,
                                     uri=True, timeout=PATIENCE)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def open_deliveries(self):
        try:
            return self.ask_journal(
                "SELECT count(*) FROM deliveries WHERE state < 2")[0][0]
        except (sqlite3.OperationalError, database.Trouble):
            return -1

    def deliveries(self):
        """By the number of its event: sequence, state, attempts, ID."""
        found = {}
        bodies = database.SERVER or self.ask_journal(
            "SELECT 1 FROM sqlite_master WHERE name = 'bodies'")
        column = "coalesce((SELECT body FROM bodies WHERE event = e.seq), " \
            "e.early)" if bodies else "e.body"
        for seq, state, attempts, name, body in self.ask_journal(
                "SELECT d.seq, d.state, d.attempts, e.id, %s "
                "FROM events e LEFT JOIN deliveries d ON d.event = e.seq "
                "ORDER BY d.seq" % column):
            number = json.loads(body)["n"]
            check(number not in found, "event %d is there twice" % number)
            check(seq is not None, "event %d has no delivery" % number)
            found[number] = seq, state, attempts, name
        return found

    def runs(self):
        """All runs in the order in which they began; overlaps fail."""
        runs = {}
        overlaps = []
        for line in (self.read("marks") or b"").decode().splitlines():
            words = line.split()
            if words[0] == "S":
                check((words[8], words[3], words[4]) not in runs,
                      "one run began twice")
                runs[words[8], words[3], words[4]] = Run(words)
                continue
            run = runs[words[8], words[3], words[4]]
            if words[0] == "O":
                overlaps.append(line)
            else:
                run.what, run.ended = words[0], int(words[7])
        check(not overlaps, "runs that overlap: %r" % overlaps[:5])
        return list(runs.values())

    def settled(self, patience):
        wait_for(lambda: self.open_deliveries() == 0,
                 "the end of all that is queued", patience)


def needs_files():
    """What is about the files of a journal is left out in a database."""
    if database.SERVER:
        raise harness.Skip("it is about a journal's files")


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


# Each of these finds what must never be.
INVARIANTS = (
    ("an event without a delivery",
     "SELECT seq FROM events WHERE seq NOT IN "
     "(SELECT event FROM deliveries)"),
    ("a delivery without its event",
     "SELECT seq FROM deliveries WHERE event NOT IN "
     "(SELECT seq FROM events)"),
    ("an event without a body, or with two",
     "SELECT seq FROM events WHERE (length(early) > 0) = "
     "(seq IN (SELECT event FROM bodies))"),
    ("a body without its event",
     "SELECT event FROM bodies WHERE event NOT IN (SELECT seq FROM events)"),
    ("a lane that is none",
     "SELECT seq FROM deliveries WHERE state < 2 AND line IS NOT NULL AND "
     "lane NOT IN (SELECT id FROM lanes l WHERE l.hook = deliveries.hook)"),
    ("an attempt without its delivery",
     "SELECT delivery FROM attempts WHERE delivery NOT IN "
     "(SELECT seq FROM deliveries)"),
    ("a state that is none",
     "SELECT seq FROM deliveries WHERE state NOT BETWEEN 0 AND 4"),
    ("a claim on what does not run, or none on what does",
     "SELECT seq FROM deliveries WHERE (state = 1) <> (runner > 0) "
     "OR (state = 1) <> (claim > 0)"),
    ("a runner that was never noted",
     "SELECT seq FROM deliveries WHERE state = 1 AND runner NOT IN "
     "(SELECT number FROM runners)"),
    ("a wrong number of undelivered events",
     "SELECT h.hook FROM (SELECT hook FROM events UNION "
     "SELECT hook FROM opens) h LEFT JOIN opens o ON o.hook = h.hook "
     "WHERE coalesce(o.events, 0) <> (SELECT count(DISTINCT event) "
     "FROM deliveries d WHERE d.hook = h.hook AND d.state < 2)"),
    ("a wrong tally",
     "SELECT * FROM (SELECT e.hook, e.name, d.state, count(*) AS n "
     "FROM deliveries d JOIN events e ON e.seq = d.event "
     "WHERE d.state IN (2, 4) GROUP BY 1, 2, 3) c "
     "LEFT JOIN tallies t ON t.hook = c.hook AND t.name = c.name "
     "AND t.state = c.state WHERE coalesce(t.deliveries, 0) <> c.n"),
    ("a tally of what is not there",
     "SELECT * FROM tallies t WHERE deliveries <> (SELECT count(*) "
     "FROM deliveries d JOIN events e ON e.seq = d.event "
     "WHERE e.hook = t.hook AND e.name = t.name AND d.state = t.state)"),
    ("an order key with more than one delivery under way",
     "SELECT key FROM deliveries WHERE key IS NOT NULL AND "
     "(state = 1 OR (state = 0 AND held = 0)) "
     "GROUP BY key HAVING count(DISTINCT CASE state WHEN 1 THEN claim "
     "ELSE -seq END) > 1"),
    ("an order key that nothing lets go",
     "SELECT key FROM deliveries WHERE key IS NOT NULL AND state < 2 "
     "GROUP BY key "
     "HAVING max(CASE WHEN state = 1 OR held = 0 THEN 1 ELSE 0 END) = 0"),
)


def check_journal(path):
    """Opens it as any program may, and looks for what must never be."""
    if database.SERVER:
        look_through(lambda query: database.ask(path, query))
        return
    connection = sqlite3.connect(path, timeout=PATIENCE)
    try:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
        check(rows == [("ok",)], "the journal is corrupt: %r" % rows[:3])
        # The tables are made step by step, and before them nothing is stored.
        if not connection.execute("SELECT 1 FROM sqlite_master "
                                  "WHERE name = 'bodies'").fetchall():
            return
        look_through(lambda query: connection.execute(query).fetchall())
    finally:
        connection.close()


def check_refused(uri):
    """No statement is one that the server does not take."""
    lines = database.refused(uri) if database.SERVER else []
    check(not lines, "the server refused: %r" % lines[:3])


def look_through(ask):
    for problem, query in INVARIANTS:
        rows = ask(query)
        check(not rows, "the journal has %s: %r" % (problem, rows[:3]))


def check_order(runs, deliveries):
    """The tries of a key: its events one after the other, as committed."""
    last = {}
    for run in runs:
        if run.key == 0:
            continue
        seq = deliveries[run.number][0]
        before = last.get(run.key)
        check(before is None or before <= seq,
              "event %d ran behind a later one of its key" % run.number)
        last[run.key] = seq


class Storm:
    """Senders, and a killer beside them, on one site."""

    def __init__(self, site, seed):
        self.site = site
        self.random = random.Random(seed)
        self.accepted = {}
        self.sent = self.unanswered = 0
        self.statuses = {}
        self.kills = {}
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = []
        self.errors = []
        self.cgis = {}
        self.server = site.fcgi()

    # Senders.

    def next_event(self, source):
        with self.lock:
            self.sent += 1
            number = self.sent
        fields = {"work": source.choice((0, 1, 5, 20, 80))}
        if source.random() < 0.5:
            fields["key"] = source.randint(1, 12)
        if source.random() < 0.2:
            fields["fail"] = source.randint(1, 2)
        if source.random() < 0.05:
            fields["bad"] = 1
        if source.random() < 0.02:
            fields["deaf"] = 1
        return number, fields

    def note(self, number, fields, answer):
        with self.lock:
            if not answer:
                self.unanswered += 1
                return
            status = status_of(answer)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 202:
                self.accepted[number] = fields

    def send_fcgi(self, source):
        connection = None
        while not self.over.is_set():
            number, fields = self.next_event(source)
            body = event(number, **fields)
            answer = b""
            try:
                if connection is None:
                    connection = self.server.connect()
                answer = connection.request(post(body), body, True)
            except (OSError, harness.fastcgi.Closed):
                connection = None
            self.note(number, fields, answer)
            self.over.wait(source.random() * 0.02 if answer else 0.1)

    def send_cgi(self, source):
        while not self.over.is_set():
            number, fields = self.next_event(source)
            process = self.site.cgi(event(number, **fields))
            with self.lock:
                self.cgis[process.pid] = process
            try:
                answer = process.answer()
            finally:
                with self.lock:
                    del self.cgis[process.pid]
                process.wait()
                process.close()
            self.note(number, fields, answer)
            self.over.wait(source.random() * 0.05)

    def drain(self, source):
        """A drain beside the server, as a timer starts it."""
        while not self.over.is_set():
            process = subprocess.Popen(
                self.site.ctl_command("drain"), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=dict(list(harness.PASSED.items()) +
                         self.site.environment))
            check(process.wait(120) in (0, -9, 74, 75),
                  "a drain ended with %r" % process.returncode)
            self.over.wait(source.random() * 0.1)

    def guarded(self, work, source):
        try:
            work(source)
        except Exception as error:
            self.errors.append(error)
            self.over.set()

    def start(self, *works):
        for work in works:
            source = random.Random(self.random.random())
            thread = threading.Thread(target=self.guarded,
                                      args=(work, source))
            thread.start()
            self.threads.append(thread)

    # The killer.

    def victims(self):
        found = {}
        for pid, kind in self.site.processes():
            found.setdefault(kind, []).append(pid)
        with self.lock:
            if self.cgis:
                found["cgi"] = list(self.cgis)
        return found

    def kill_one(self):
        found = self.victims()
        kinds = [kind for kind in ("fcgi", "drain", "command", "cgi")
                 if kind in found]
        if not kinds:
            return
        weights = [1 if kind == "fcgi" else 3 for kind in kinds]
        kind = self.random.choices(kinds, weights)[0]
        pid = self.random.choice(found[kind])
        if kind == "cgi":
            with self.lock:
                if pid not in self.cgis:
                    return
                end_process(pid)
        else:
            end_process(pid)
        # A command that has not replaced its program yet looks like it.
        if kind == "fcgi" and pid != self.server.pid:
            kind = "unborn"
        self.kills[kind] = self.kills.get(kind, 0) + 1
        if kind == "fcgi":
            self.restart()

    def restart(self):
        self.server.wait()
        time.sleep(self.random.choice((0, 0, 0.05, 0.3)))
        self.server = self.site.fcgi()

    def kill(self, count):
        while sum(self.kills.values()) < count and not self.over.is_set():
            time.sleep(self.random.random() * 0.06)
            self.kill_one()

    # The end.

    def stop_sending(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def settle(self, patience=120):
        self.stop_sending()
        self.site.settled(patience)
        status = self.server.stop()
        check(status == 0, "pelihook.fcgi ended with %r" % status)

    def judge(self, statuses=(202,)):
        """What the issue promises."""
        strange = set(self.statuses) - set(statuses)
        check(not strange, "answers %r" % self.statuses)
        check_journal(self.site.journal)
        deliveries = self.site.deliveries()
        runs = self.site.runs()
        whole = {}
        tries = set()
        for run in runs:
            check((run.id, run.attempt) not in tries,
                  "event %d has a try twice" % run.number)
            tries.add((run.id, run.attempt))
            if run.what == "E":
                whole[run.number] = whole.get(run.number, 0) + 1
        missing = set(self.accepted) - set(deliveries)
        check(not missing, "accepted and lost: %r" % sorted(missing)[:10])
        for number, (_, state, _, _) in deliveries.items():
            check(state in (DONE, DEAD), "event %d is %s" %
                  (number, STATES[state]))
            check(number in whole, "event %d never ran" % number)
            fields = self.accepted.get(number)
            check(fields is None or
                  state == (DEAD if "bad" in fields else DONE),
                  "event %d is %s" % (number, STATES[state]))
        check_order(runs, deliveries)
        check_listed(self.site, deliveries)
        twice = sum(1 for count in whole.values() if count > 1)
        print("# killed: %s" % ", ".join(
            "%s %d" % item for item in sorted(self.kills.items())))
        print("# sent %d, answered %s, no answer %d; in the journal %d; "
              "runs %d; run to the end twice %d" % (
                  self.sent, self.statuses, self.unanswered, len(deliveries),
                  len(runs), twice))


def check_listed(site, deliveries):
    """pelihookctl tells the same, each event in one state."""
    listed = {}
    lines = site.ctl("list", "--limit", "1000000", "--json").splitlines()
    for row in map(json.loads, lines):
        check(row["id"] not in listed, "%s is listed twice" % row["id"])
        listed[row["id"]] = row["state"]
    for _, state, _, name in deliveries.values():
        check(listed.get(name) == STATES[state], "%s is %s, listed as %s" %
              (name, STATES[state], listed.get(name)))


def set_clock(path, seconds):
    """For clock.so: eight bytes, written at once."""
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.write(struct.pack("=q", int(seconds)))
