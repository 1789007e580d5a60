# SPDX-License-Identifier: ISC
"""Nothing that was answered 2xx is lost: events are sent while pelihook.fcgi,
pelihook.cgi, commands and drains are killed at random, and while the disk,
the clock or the journal's lock are in the way.

PELIHOOK_KILLS: how many are killed (50).  PELIHOOK_SEED: what chance begins
with; what is printed repeats a run as far as a machine can.

usage: lost.py [WORD of a test's name...]"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import harness
from fault import (DONE, STATES, Site, Storm, check_journal, event, preload,
                   set_clock)
from harness import check, post, status_of, wait_for

KILLS = int(os.environ.get("PELIHOOK_KILLS", "50"))
SEED = int(os.environ.get("PELIHOOK_SEED") or random.SystemRandom()
           .randrange(1 << 32))
SMALL = os.environ.get("PELIHOOK_SMALL")
HOOK = "  concurrency 8\n  order /key"


def with_storm(site, work, statuses=(202,), drains=True):
    """Sends through both programs while work(storm) goes on."""
    print("# seed %d" % SEED)
    storm = Storm(site, SEED)
    try:
        storm.start(storm.send_fcgi, storm.send_fcgi, storm.send_fcgi,
                    storm.send_cgi, *([storm.drain] if drains else []))
        work(storm)
        storm.settle(60 + KILLS / 5)
        storm.judge(statuses)
        return storm
    finally:
        storm.over.set()
        for thread in storm.threads:
            thread.join()
        storm.server.end()


def killed(kills):
    site = Site(hook=HOOK)
    try:
        storm = with_storm(site, lambda storm: storm.kill(kills))
        check(sum(storm.kills.values()) >= kills, "too few were killed")
        check(storm.accepted, "nothing was accepted")
    finally:
        site.close()


def fill(path):
    """Until nothing more goes onto the disk."""
    with open(path, "ab", buffering=0) as ballast:
        for size in 1 << 16, 1 << 12, 1 << 9, 1:
            try:
                while ballast.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


def disk_full():
    """The disk is full now and then; then 503 is an answer, too."""
    if not SMALL:
        raise harness.Skip("only root has a small file system")
    site = Site(directory=SMALL, hook=HOOK)
    ballast = os.path.join(SMALL, "ballast")

    def work(storm):
        for _ in range(4):
            storm.kill(sum(storm.kills.values()) + 2)
            before = storm.statuses.get(503, 0)
            fill(ballast)
            wait_for(lambda: storm.statuses.get(503, 0) >= before + 3 or
                     storm.over.is_set(), "a refusal")
            storm.kill(sum(storm.kills.values()) + 3)
            os.remove(ballast)
            accepted = len(storm.accepted)
            wait_for(lambda: len(storm.accepted) > accepted or
                     storm.over.is_set(), "an event that is accepted again")

    try:
        storm = with_storm(site, work, (202, 503))
        check(storm.statuses.get(503), "it was never full")
    finally:
        if os.path.exists(ballast):
            os.remove(ballast)
        site.close()


def filled():
    """By nothing but events: they are run all the same, and can be dropped."""
    if not SMALL:
        raise harness.Skip("only root has a small file system")
    site = Site(directory=SMALL, globals="dispatch none")
    try:
        status = number = 0
        while status != 503:
            check(number < 200, "it never was full")
            number += 1
            status = status_of(site.ask_cgi(event(number, x="x" * 300000)))
            check(status in (202, 503), "it was answered %d" % status)
        check(number > 20, "it was full after %d events" % number)
        check(status_of(site.ask_cgi(event(0, x="x" * 300000))) == 503,
              "more was taken")
        deliveries = site.ctl("list", "--json").splitlines()
        site.ctl("drop", json.loads(deliveries[0])["id"])
        site.ctl("drain")
        check(site.open_deliveries() == 0, "it is not drained")
        check(len(site.runs()) == number - 2, "not all were run")
    finally:
        site.close()


LOCKER = """
import sqlite3, sys
journal = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
journal.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def locked():
    """Another process holds the lock for longer than anyone waits."""
    site = Site(hook=HOOK)

    def work(storm):
        storm.kill(5)
        locker = subprocess.Popen(
            [sys.executable, "-c", LOCKER, site.journal],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        check(locker.stdout.readline() == b"locked\n", "no lock")
        try:
            wait_for(lambda: storm.statuses.get(503) or
                     storm.over.is_set(), "a refusal")
            storm.kill(sum(storm.kills.values()) + 3)
        finally:
            locker.stdin.close()
            status = locker.wait(30)
            locker.stdout.close()
        check(status == 0, "the locker failed")
        accepted = len(storm.accepted)
        wait_for(lambda: len(storm.accepted) > accepted or
                 storm.over.is_set(), "an event that is accepted again")
        storm.kill(sum(storm.kills.values()) + 3)

    try:
        with_storm(site, work, (202, 503))
    finally:
        site.close()


def clock_set(kills):
    """By seconds, days and years, both ways, while all goes on."""
    site = Site(hook=HOOK + "\n  keep 3650d")
    clock = site.path("clock")
    set_clock(clock, 0)
    site.environment += preload("clock", PELIHOOK_TEST_CLOCK=clock)

    def work(storm):
        while sum(storm.kills.values()) < kills and \
                not storm.over.is_set():
            span = storm.random.choice((2, 90, 86400, 400 * 86400))
            set_clock(clock, storm.random.uniform(-span, span))
            storm.kill(sum(storm.kills.values()) + 3)
        # Set back last: what waits is not to wait until it is then again.
        set_clock(clock, -500 * 86400)

    try:
        with_storm(site, work)
    finally:
        site.close()


def outlived():
    """The runner is killed and its command, deaf to SIGTERM, lives on."""
    site = Site()
    server = site.fcgi()
    try:
        body = event(1, work=60000, deaf=1)
        check(status_of(server.request(post(body), body)) == 202, "no 202")
        wait_for(lambda: site.read("marks"), "the command")
        first = site.runs()[0]
        server.kill()
        os.kill(first.pid, 0)
        began = time.monotonic()
        server = site.fcgi()
        wait_for(lambda: len(site.runs()) == 2, "the next run")
        # kill-after is 300 ms: before that nothing may be run again.
        check(time.monotonic() - began >= 0.3, "it was not waited for")
        try:
            os.kill(first.pid, 0)
            with open("/proc/%d/stat" % first.pid) as file:
                check(" Z " in file.read(), "two runs of one event")
        except ProcessLookupError:
            pass
        check(site.runs()[1].attempt == 2, "the tries are not counted")
    finally:
        server.end()
        site.close()


def commands_outlive(kills):
    """Only runners are killed; commands last longer than they do."""
    site = Site(hook="  concurrency 6")
    server = site.fcgi()
    source = random.Random(SEED)
    print("# seed %d" % SEED)
    try:
        accepted = set()
        for round_number in range(kills):
            for number in range(round_number * 3, round_number * 3 + 3):
                body = event(number, work=source.choice((50, 150)),
                             deaf=source.randint(0, 1))
                status = status_of(server.request(post(body), body))
                check(status == 202, "answered %d" % status)
                accepted.add(number)
            begun = len(site.read("marks") or b"")
            wait_for(lambda: len(site.read("marks") or b"") > begun,
                     "a command that begins")
            time.sleep(source.random() * 0.03)
            server.kill()
            server = site.fcgi()
        site.settled(60)
        check(server.stop() == 0, "it ended with %r" % server.status)
        check_journal(site.journal)
        deliveries = site.deliveries()
        whole = [run.number for run in site.runs() if run.what == "E"]
        for number in accepted:
            check(deliveries[number][1] == DONE and number in whole,
                  "event %d is %s" % (number, STATES[deliveries[number][1]]))
        print("# events %d, runs %d, run to the end twice %d" % (
            len(accepted), len(site.runs()), len(whole) - len(set(whole))))
    finally:
        server.end()
        site.close()


TESTS = [
    ("%d are killed and nothing is lost" % KILLS,
     lambda: killed(KILLS)),
    ("nothing is lost when the disk is full", disk_full),
    ("a journal that fills its disk is run to its end", filled),
    ("nothing is lost when the journal is locked for long", locked),
    ("nothing is lost when the clock is set",
     lambda: clock_set(min(20, KILLS))),
    ("a command that outlived its runner is ended first", outlived),
    ("nothing runs twice at once when only runners are killed",
     lambda: commands_outlive(min(10, KILLS))),
]

sys.exit(harness.run_tests(TESTS))
