# SPDX-License-Identifier: ISC
"""A journal that somebody else wrote to: row by row and column by column it
is made what no journal is, and every word of pelihookctl is tried on it.
None ends by a signal, prints a control character, or takes what it read.

usage: damaged.py [WORD of a test's name...]"""

import os
import shutil
import sqlite3
import subprocess
import sys

import harness
from fault import DEAD, DONE, Site, event
from harness import check, side_by_side, status_of

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f"

COLUMNS = """events: id hook name received digest verified remote early pipeline run
 shown
deliveries: event hook ordinal state held key since due step attempts runner
 claim started pid start finished lane line
bodies: body
lanes: hook key
attempts: turn number started ended outcome code tail
keys: key expires runner
opens: hook events
tallies: hook name state deliveries
runners: boot pid
notes: name number
rules: hook digest time keep keep_dead routing moved move_to
hours: hook hour what source count
pipelines: hook id name first seen success failures failed failure due
mutes: hook pipeline until
records: place id hook name received pipeline run shown
runs: hook pipeline run began ended event outcome first last
successes: hook pipeline time
judgements: hook pipeline kind run since found expected usual told over due
watches: hook settings judged anew event muted
actions: time who action target matched done why until"""

# What SQL makes of them: nothing, numbers, texts, bytes.
VALUES = ("NULL", "-1", "7", "9223372036854775807", "-9223372036854775808",
          "1e300", "'text'", "''", "'%s'" % ESCAPE,
          "CAST(x'c3285b1b90ff' AS TEXT)", "x'1b5b324a'",
          "CAST(zeroblob(70000) AS TEXT)")

READING = ["list", "show 0", "stats", "runs", "pipelines"]
MORE_READING = ["list --json", "list --state queued", "list --state dead",
                "show --json 0", "show --body 0", "stats --json",
                "stats --prometheus --max-dead 0", "check", "runs --json",
                "pipelines --json --since 1d"]
CHANGING = ["retry ID", "drop ID", "retry --dead", "purge", "drain",
            "mute P0 --for 1d", "unmute --all", "forget P0"]
# EX_OK, and of sysexits.h what a journal may be worth.
STATUSES = 0, 64, 65, 66, 69, 70, 74, 75, 78


def columns():
    for line in COLUMNS.replace("\n ", " ").splitlines():
        table, _, names = line.partition(": ")
        for name in names.split():
            yield table, name


class Journal(Site):
    """A site whose journal can be put back as it was."""

    def __init__(self):
        super().__init__(globals="dispatch none", retry="1ms")
        self.environment = []

    def fill(self, count=4, **fields):
        for number in range(count):
            body = event(number, **fields)
            status = status_of(self.ask_cgi(body))
            check(status == 202, "it was answered %d" % status)

    def ids(self):
        return [row[0] for row in
                self.ask_journal("SELECT id FROM events ORDER BY seq")]

    def keep(self):
        """One file that holds all, without the tables' own rules."""
        connection = sqlite3.connect(self.journal)
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = "
                           "replace(sql, ' NOT NULL', '') "
                           "WHERE type = 'table'")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.good = self.path("good.db")
        shutil.copyfile(self.journal, self.good)

    def put_back(self, journal=None):
        for end in "", "-wal", "-shm", "-runners":
            if os.path.exists(self.journal + end):
                os.remove(self.journal + end)
        shutil.copyfile(journal or self.good, self.journal)
        os.chmod(self.journal, 0o600)

    def change(self, statement):
        connection = sqlite3.connect(self.journal, timeout=60)
        try:
            connection.executescript(statement)
        finally:
            connection.close()

    def word(self, line, name=""):
        """Its exit status and what it said, of a word that may fail."""
        words = [name if word == "ID" else word for word in line.split()]
        run = subprocess.run(
            self.ctl_command(*words), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
            env=harness.PASSED)
        return run.returncode, run.stdout, run.stderr


def is_raw(text):
    """Whether a terminal would do more than show it."""
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        return True
    return any((ord(c) < 0x20 and c != "\n") or 0x7f <= ord(c) < 0xa0
               for c in characters)


def check_word(what, line, run):
    status, out, err = run
    check(status in STATUSES, "%s: %s ended with %r: %r" %
          (what, line, status, err[-600:]))
    raw = err if line.startswith("show --body") else out + err
    check(not is_raw(raw), "%s: %s prints %r" % (what, line, raw[:600]))


def filled(site):
    """All tables with rows, in all states but running."""
    site.fill(1, pipeline_name="P0", run_id="r0")
    site.ctl("drain")
    site.ctl("mute", "--all", "--for", "1d")
    site.fill(2, fail=1, pipeline_name="P1")
    site.fill(1, key=1)
    site.ctl("drop", site.ids()[1])
    site.change("UPDATE deliveries SET state = 3 WHERE seq = 3;"
                "INSERT INTO keys VALUES(zeroblob(32), 1, 0);"
                "INSERT OR IGNORE INTO rules(hook, digest, time, keep)"
                " VALUES('peliqan', 'x', 1, 1);"
                "INSERT OR IGNORE INTO sources VALUES('peliqan', '/x');"
                "INSERT OR IGNORE INTO notes VALUES('purged', 1);"
                "INSERT OR IGNORE INTO hours VALUES('peliqan', 1, 'x', 1, 1);"
                "INSERT OR IGNORE INTO pipelines VALUES"
                "('peliqan', 'p', 'P', 1, 1, 1, 1, 1, 'x', 0);"
                "INSERT INTO mutes VALUES('peliqan', 'p', 9999999999999);"
                "INSERT INTO records VALUES(1, 0, "
                "'00000000-0000-7000-8000-000000000001', 'peliqan',"
                " 'pipeline_run_started', 1, 'p', 'r', NULL);"
                "INSERT INTO runs VALUES"
                "(9, 'peliqan', 'p', 'r', 1, 0, 'x', '', '', '');"
                "INSERT OR IGNORE INTO successes VALUES('peliqan', 'p', 1);"
                "INSERT OR IGNORE INTO judgements VALUES"
                "('peliqan', 'p', 0, 0, 1, 1, 0, 0, 0, 0, 0);"
                "INSERT OR IGNORE INTO watches VALUES"
                "('peliqan', '', 0, 0, 0, 0);"
                "INSERT INTO actions VALUES"
                "(1, 1, 'ann', 'drop', 'view=events', 1, 1, '', 0),"
                "(2, 1, 'ann', 'mute', 'view=events', 1, 1, '', 9)")
    site.keep()


def damage_column(number, names):
    site = Journal()
    table, name = names
    try:
        filled(site)
        known = site.ids()
        for turn, value in enumerate(VALUES):
            site.put_back()
            site.change("UPDATE OR IGNORE %s SET %s = %s" %
                        (table, name, value))
            what = "%s.%s = %s" % (table, name, ascii(value[:30]))
            lines = READING + CHANGING
            if (turn + number) % 4 == 0:
                lines = READING + MORE_READING + CHANGING
            for line in lines:
                check_word(what, line, site.word(line, known[turn % 4]))
    finally:
        site.close()


def any_column():
    """More at once than there are processors: most of the time each waits
    for the disk, or for a drain's command."""
    wrong = []

    def damage(item):
        try:
            if not wrong:
                damage_column(*item)
        except Exception as error:
            wrong.append(error)

    side_by_side(damage, enumerate(columns()), 3 * (os.cpu_count() or 1))
    if wrong:
        raise wrong[0]


def with_journal(test):
    def run():
        site = Journal()
        try:
            test(site)
        finally:
            site.close()
    return run


def damaged_one(site):
    """The second of three that wait has a digest that is none; the third
    has to come behind it, as they share a key."""
    site.fill(3, key=1)
    site.change("UPDATE events SET digest = 'none' WHERE seq = 2")
    site.word("drain")
    states = [row[0] for row in site.ask_journal(
        "SELECT state FROM deliveries ORDER BY seq")]
    check(states == [DONE, DEAD, DONE], "the states are %r" % states)
    check(site.ask_journal("SELECT outcome FROM attempts WHERE delivery = 2")
          == [("damaged",)], "nothing says why")
    status, _, err = site.word("show " + site.ids()[1])
    check(status == 65 and b"column=digest" in err and b"row=2" in err,
          "show ended with %d and said %r" % (status, err))
    status, _, err = site.word("drain")
    check(status == 0, "the next drain ended with %d: %r" % (status, err))


def damaged_key(site):
    """What a damaged delivery held back goes on."""
    site.fill(3, key=1)
    site.change("UPDATE deliveries SET key = 'none' WHERE seq = 1")
    site.word("drain")
    states = [row[0] for row in site.ask_journal(
        "SELECT state FROM deliveries ORDER BY seq")]
    check(states == [DEAD, DONE, DONE], "the states are %r" % states)


def damaged_list(site):
    site.fill(3)
    site.change("UPDATE events SET name = '%s' WHERE seq = 2" % ESCAPE)
    status, out, err = site.word("list")
    check(status == 65, "list ended with %d" % status)
    check(len(out.splitlines()) == 3, "list shows %r" % out)
    check(b"table=deliveries row=2 column=name" in err, "it says %r" % err)
    status, out, err = site.word("stats")
    check(status == 65 and b"column=name" in err, "stats ended with %d: %r"
          % (status, err))
    check(any(line.split()[:3] == [b"total", b"-", b"2"]
              for line in out.splitlines()), "stats shows %r" % out)


def damaged_tally(site):
    site.fill(1)
    site.ctl("drain")
    for state in 7, 100, 1000000, -3, 0:
        site.change("UPDATE tallies SET state = %d, "
                    "deliveries = 4702111234474983745" % state)
        status, _, err = site.word("stats")
        check(status == 65 and b"table=tallies" in err,
              "state %d: stats ended with %d: %r" % (state, status, err))


def damaged_counter(site):
    """The number of open events is counted anew, not believed."""
    site.fill(2)
    for value in "'many'", "-5", "9223372036854775807", "1.5":
        site.change("UPDATE opens SET events = %s" % value)
        site.fill(1)
    rows = site.ask_journal("SELECT events FROM opens")
    check(rows == [(6,)], "there are %r open events" % rows)


def never_due(site):
    """A time that is none is no reason to wait for ever."""
    site.fill(1, fail=1)
    site.ctl("drain", status=None)
    for value in "'never'", "9223372036854775807", "x'00'", "-1":
        site.change("UPDATE deliveries SET state = 0, held = 0, since = 1, "
                    "due = %s" % value)
        site.word("drain")
        rows = site.ask_journal("SELECT state FROM deliveries")
        check(rows == [(DEAD,)], "due %s: the state is %r" % (value, rows))


def foreign_schema(site):
    site.fill(1)
    site.keep()
    for statement, status in (
            ("PRAGMA user_version=-3", 78),
            ("ALTER TABLE tallies RENAME TO t; CREATE VIEW tallies AS "
             "SELECT * FROM t", 78),
            ("CREATE TRIGGER more AFTER INSERT ON events BEGIN "
             "DELETE FROM events; END", 78),
            ("DROP TABLE deliveries", 65),
            ("ALTER TABLE events DROP COLUMN name", 65)):
        site.put_back()
        site.change(statement)
        for line in "list", "stats", "show 0":
            run = site.word(line)
            check_word(statement, line, run)
            check(run[0] == status, "%s: %s ended with %d: %r" %
                  (statement, line, run[0], run[2]))


def damaged_pages(site):
    """The file cut off, and its pages overwritten."""
    filled(site)
    with open(site.good, "rb") as file:
        good = file.read()
    for place in range(0, len(good), 4096):
        bad = site.path("bad.db")
        for head in good[:place + 50], \
                good[:place] + b"\x0d\0\0\xff\xff" * 20 + good[place + 100:]:
            with open(bad, "wb") as file:
                file.write(head)
            site.put_back(bad)
            for line in READING + CHANGING:
                check_word("page %d" % (place // 4096), line,
                           site.word(line, "0"))


def raw_complaints(site):
    """What was typed is no more to be trusted with a terminal."""
    site.fill(1)
    for line in ("show " + ESCAPE, "retry " + ESCAPE, "drop " + ESCAPE,
                 "list --hook " + ESCAPE, "sample " + ESCAPE,
                 "sign " + ESCAPE, ESCAPE, "list --" + ESCAPE):
        run = site.word(line)
        check_word("typed", line, run)
        check(run[0] != 0, "%r is taken" % line)


TESTS = [
    ("any column may hold anything", any_column),
    ("the file may be cut off or overwritten", with_journal(damaged_pages)),
    ("a damaged delivery is dead, the others run",
     with_journal(damaged_one)),
    ("what a damaged delivery held back goes on",
     with_journal(damaged_key)),
    ("list and stats tell the others, and 65", with_journal(damaged_list)),
    ("a state out of range is told with its table",
     with_journal(damaged_tally)),
    ("a wrong counter is counted anew", with_journal(damaged_counter)),
    ("no damage lets an event wait for ever", with_journal(never_due)),
    ("tables of another make are refused", with_journal(foreign_schema)),
    ("what was typed is printed without its control characters",
     with_journal(raw_complaints)),
]


sys.exit(harness.run_tests(TESTS))
