# SPDX-License-Identifier: ISC
"""Requests that wait for a turn, or for the journal, and hold no thread.

    python3 parked.py TEST

Each event has a number.  Its command writes that into `began` and, at its
end, into `ran`, and stays until the file `go` is there.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time

from crowd import (SOON, Crowd, Large, Place, check, fastcgi, judge, main,
                   memory, request, start, status_of, unread_by_server,
                   variables, wait_for, wait_for_rest, with_server)

CTL = os.environ["CTL"]
TURN = 5                # seconds that a turn is waited for
PLACES = 1000           # events of a hook that may do so
MIB = 1 << 20
BODIES = 64 * MIB       # what all bodies together may take
REST = 64 * MIB         # and what all else may
THREADS = 16            # unless -j says otherwise
MANY = 2000
LARGE = 1000            # requests of 1 MiB each
MANY_WAIT = 2 * THREADS
CROWDED = 80            # of them, which is more than there is room for
ALL_FIT = 48            # and less
LAST = 20               # bytes that end a request

WAITING = """hook waiting
  signature none
  env NUMBER /n
  max-running %d
  on * run /bin/sh -c 'echo $PELIHOOK_NUMBER >>@DIR@/began; \
%s; echo $PELIHOOK_NUMBER >>@DIR@/ran'
"""
UNTIL = "while test -d @DIR@ && ! test -e @DIR@/go; do sleep 0.05; done"
PATIENT = "read-timeout 60s\n"
JOURNAL = "journal @DIR@/journal.db\ndispatch none\n"
QUEUED = """hook queued
  signature none
  on * run /bin/true
"""
GET = fastcgi.request([("REQUEST_METHOD", "GET"), ("PELIHOOK_HOOK", "waiting"),
                       ("CONTENT_LENGTH", "")])


def numbers(place, name):
    return [int(line) for line in (place.read(name) or b"").split()]


def wait_for_command(place, number):
    wait_for(lambda: number in numbers(place, "began"), "a command")


def go(place):
    place.write("go", "")


def account(place, statuses):
    """statuses: by number.  What was answered 200 was run, once, and nothing
    else."""
    ran = numbers(place, "ran")
    check(len(set(ran)) == len(ran), "some ran twice: %r" % ran)
    good = {number for number, status in statuses.items() if status == 200}
    check(set(ran) == good, "ran, but not answered 200: %r; answered 200, "
          "but not run: %r" % (set(ran) - good, good - set(ran)))
    return good


def judge_all(peers):
    statuses = {number: judge(peer.answer())
                for number, peer in enumerate(peers)}
    odd = {status for status in statuses.values() if status not in (200, 503)}
    check(not odd, "answered %r" % odd)
    return statuses


def let_all_run(place, crowd):
    """What waits at the gate: each is run, once, and answered 200."""
    go(place)
    crowd.run_until_over()
    statuses = judge_all(crowd.peers)
    check(set(statuses.values()) == {200}, "answered %r" % statuses)
    account(place, statuses)


def check_waiting(crowd):
    """None of those that were sent has an answer."""
    crowd.turn()
    over = [peer.answers.whole for peer in crowd.peers if peer.is_over()]
    check(not over, "%d do not wait: %r" % (len(over), over[:1]))


@with_server(WAITING % (1, UNTIL))
def order(place, fcgi):
    crowd = Crowd(fcgi.address)
    for number in range(10):
        crowd.add(request("waiting", number))
        wait_for_rest(fcgi)
    check(numbers(place, "began") == [0], "max-running 1, and began have %r" %
          numbers(place, "began"))
    check_waiting(crowd)
    go(place)
    crowd.run_until_over()
    statuses = judge_all(crowd.peers)
    check(set(statuses.values()) == {200}, "answered %r" % statuses)
    check(numbers(place, "ran") == sorted(statuses), "run in the order %r" %
          numbers(place, "ran"))


@with_server(WAITING % (2, "sleep 0.05"))
def many(place, fcgi):
    crowd = Crowd(fcgi.address)
    for number in range(MANY):
        crowd.add(request("waiting", number))
    crowd.run_until_over()
    statuses = judge_all(crowd.peers)
    good = account(place, statuses)
    check(len(good) > THREADS, "only %d had their turn" % len(good))
    refused = [peer.times[0] for number, peer in enumerate(crowd.peers)
               if number not in good]
    patient = sum(seconds >= TURN for seconds in refused)
    check(patient > PLACES // 2, "only %d waited for a turn" % patient)
    check(patient < len(refused), "none was told at once")
    check(max(refused) < TURN + SOON, "one waited for %.1f s" % max(refused))
    print("# %d were run; 503: %d at once, %d after a time, the last after "
          "%.1f s" % (len(good), len(refused) - patient, patient,
                      max(refused)))
    # Nor later.
    crowd.ask_soon(request("waiting", MANY), 200)
    check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
    statuses[MANY] = 200
    account(place, statuses)


@with_server(JOURNAL + WAITING % (1, UNTIL) + "  delivery wait\n" + QUEUED,
             "-j", "1")
def one_thread(place, fcgi):
    crowd = Crowd(fcgi.address)
    for number in range(40):
        crowd.add(request("waiting", number))
    wait_for(lambda: numbers(place, "began"), "a command")
    for number in range(10):
        crowd.ask_soon(GET, 405)
        crowd.ask_soon(request("queued", number), 202)
    check_waiting(crowd)
    let_all_run(place, crowd)


@with_server(JOURNAL + WAITING % (THREADS, UNTIL) +
             "  delivery wait\n  dedupe body\n")
def all_at_once(place, fcgi):
    """Claimed with one commit, they all run, and not one behind another."""
    crowd = Crowd(fcgi.address)
    for number in range(THREADS):
        crowd.add(request("waiting", number))
    crowd.run(lambda: len(numbers(place, "began")) == THREADS,
              "the last command")
    check_waiting(crowd)
    let_all_run(place, crowd)


def is_refused(address):
    """Who connects to it while it stops, and is still there."""
    with socket.socket(socket.AF_UNIX) as peer:
        try:
            peer.connect(address)
        except ConnectionRefusedError:
            return True
    return False


def stop(text, command, patience):
    """A stop while one command runs and others wait for their turn."""
    place = Place()
    fcgi = start(place, text + WAITING % (1, command))
    try:
        crowd = Crowd(fcgi.address)
        crowd.add(request("waiting", 0))
        wait_for_command(place, 0)
        for number in range(1, 31):
            crowd.add(request("waiting", number))
        wait_for_rest(fcgi)
        check_waiting(crowd)
        began = time.monotonic()
        fcgi.signal(signal.SIGTERM)
        wait_for(lambda: is_refused(fcgi.address), "a refusal")
        crowd.run_until_over()
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
        took = time.monotonic() - began
        check(took < patience, "the stop took %.1f s" % took)
        statuses = judge_all(crowd.peers)
        good = account(place, statuses)
        # Only what was running when it was told may have been ended.
        ended = set(numbers(place, "began")) - good
        check(ended <= {0}, "begun and answered 503: %r" % ended)
        return statuses
    finally:
        fcgi.end()
        place.close()


def stop_in_time():
    statuses = stop("", "sleep 1", 20 + SOON)
    check(statuses[0] == 200, "what ran was answered %d" % statuses[0])


def stop_too_long():
    statuses = stop("stop-timeout 1s\n", UNTIL, 1 + 2 * SOON)
    check(set(statuses.values()) == {503}, "answered %r" % statuses)


class Watched:
    """How many of a crowd wait while it is at work, and what memory the
    process has then: the most of both."""

    def __init__(self, crowd, fcgi):
        self.waiting = 0
        self.memory = 0
        self.crowd, self.fcgi = crowd, fcgi
        crowd.look = self.look

    def look(self):
        self.waiting = max(self.waiting, sum(
            not peer.is_over() and not peer.pieces
            for peer in self.crowd.peers))
        self.memory = max(self.memory, memory(self.fcgi.pid))

    def judge(self, parsed=0):
        print("# at most %d waited, and at most %.1f MiB were in memory" %
              (self.waiting, self.memory / MIB))
        check(self.memory < BODIES + REST + parsed, "it took %d MiB" %
              (self.memory // MIB))


def add_large(crowd, hook):
    """Until all is sent that is going to be."""
    large = Large(hook, MIB)
    for number in range(LARGE):
        crowd.add(*large.pieces(number))
    crowd.run(lambda: all(peer.is_over() or not peer.pieces
                          for peer in crowd.peers), "all to be sent")


@with_server(PATIENT + WAITING % (1, UNTIL))
def memory_of_commands(place, fcgi):
    crowd = Crowd(fcgi.address)
    watched = Watched(crowd, fcgi)
    crowd.add(request("waiting", LARGE))
    wait_for_command(place, LARGE)
    add_large(crowd, "waiting")
    go(place)
    crowd.run_until_over()
    first = crowd.peers.pop(0)
    check(judge(first.answer()) == 200, "%r" % first.answer())
    statuses = judge_all(crowd.peers)
    statuses[LARGE] = 200
    account(place, statuses)
    watched.judge()
    check(watched.waiting > MANY_WAIT, "they hold threads")


def send_one(crowd, *pieces):
    """It is read, or answered before it is.  No event tells that it is read,
    and all that are sent so have to come within the time for a turn."""
    peer = crowd.add(*pieces)

    def is_read():
        crowd.turn(0.001)
        return peer.is_over() or \
            not peer.pieces and unread_by_server(peer) == 0

    wait_for(is_read, "a reader")
    return peer


@with_server(PATIENT + WAITING % (8, "true"))
def oldest(place, fcgi):
    """At the limit what began first and is not whole makes room."""
    crowd = Crowd(fcgi.address)
    large = Large("waiting", MIB)
    rest = large.rest[:-LAST], large.rest[-LAST:]
    for number in range(CROWDED):
        send_one(crowd, large.pieces(number)[0], rest[0])
    for peer in crowd.peers:
        if not peer.is_over():
            peer.push(rest[1])
            crowd.send(peer)
    crowd.run_until_over()
    statuses = judge_all(crowd.peers)
    good = sorted(account(place, statuses))
    check(good == list(range(CROWDED - len(good), CROWDED)),
          "these had to make room: %r" % sorted(set(statuses) - set(good)))
    check(ALL_FIT < len(good) < CROWDED, "%d had room" % len(good))


@with_server(PATIENT + WAITING % (1, UNTIL))
def newest(place, fcgi):
    """At the limit, all that is held being whole, there is no room."""
    crowd = Crowd(fcgi.address)
    large = Large("waiting", MIB)
    for number in range(CROWDED):
        send_one(crowd, *large.pieces(number))
    go(place)
    crowd.run_until_over()
    statuses = judge_all(crowd.peers)
    good = sorted(account(place, statuses))
    check(good == list(range(len(good))), "these had room: %r" % good)
    check(ALL_FIT < len(good) < CROWDED, "%d had room" % len(good))


def stored(place):
    """The IDs that the journal has."""
    output = subprocess.run(
        [CTL, "-c", place.path("pelihook.conf"), "list", "--json"],
        check=True, stdout=subprocess.PIPE).stdout
    return [line["id"] for line in map(json.loads, output.splitlines())]


def account_stored(place, peers):
    """What was answered 202 is in the journal, once, and nothing else."""
    statuses = [judge(peer.answer()) for peer in peers]
    check(set(statuses) <= {202, 503}, "answered %r" % set(statuses))
    wanted = [json.loads(peer.answer().partition(b"\r\n\r\n")[2])["id"]
              for peer, status in zip(peers, statuses) if status == 202]
    found = stored(place)
    check(sorted(found) == sorted(wanted), "%d were answered 202, and %d are "
          "stored" % (len(wanted), len(found)))
    return len(wanted)


@with_server(PATIENT + JOURNAL + QUEUED)
def memory_of_queue(place, fcgi):
    crowd = Crowd(fcgi.address)
    watched = Watched(crowd, fcgi)
    first = crowd.add(request("queued", 0))
    crowd.run_until_over()
    check(status_of(first.answer()) == 202, "%r" % first.answer())
    other = sqlite3.connect(place.path("journal.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    add_large(crowd, "queued")
    other.execute("ROLLBACK")
    other.close()
    last = crowd.add(request("queued", 0))
    crowd.run_until_over()
    check(status_of(last.answer()) == 202, "%r" % last.answer())
    account_stored(place, crowd.peers)
    watched.judge()
    check(watched.waiting > MANY_WAIT, "they hold threads")


@with_server(PATIENT + JOURNAL + QUEUED)
def quick_queue(place, fcgi):
    """200 times 1 MiB, 16 at once: none of it is too much at any time."""
    crowd = Crowd(fcgi.address)
    watched = Watched(crowd, fcgi)
    large = Large("queued", MIB)
    for number in range(200):
        crowd.run(lambda: sum(not peer.is_over() for peer in crowd.peers) < 16,
                  "an answer")
        crowd.add(*large.pieces(number))
    crowd.run_until_over()
    check(account_stored(place, crowd.peers) == 200, "not all were stored")
    watched.judge()


@with_server(JOURNAL + QUEUED)
def tiny_values(place, fcgi):
    """Parsed, a payload of tiny values is fifty times as large."""
    crowd = Crowd(fcgi.address)
    watched = Watched(crowd, fcgi)
    body = b'{"event":"pipeline_run_error","a":[' + \
        b",".join([b"[]"] * (MIB // 4)) + b"]}"
    data = fastcgi.request(variables("queued", len(body)), body)
    for _ in range(THREADS + 1):
        crowd.add(data)
    while not all(peer.is_over() for peer in crowd.peers):
        crowd.ask_soon(GET, 405)
        crowd.turn()
    account_stored(place, crowd.peers)
    # Half of the processors do that, each with 40 MiB at most.
    watched.judge(len(os.sched_getaffinity(0)) * 20 * MIB)


def full_fifo(path):
    """Somebody has it open and does not read."""
    os.mkfifo(path, 0o600)
    end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(end, b"\n" * 4096)
    except BlockingIOError:
        return end


def log_unread():
    place = Place()
    # Its log is standard error.
    reader = full_fifo(place.path("log"))
    fcgi = start(place, WAITING % (2, "sleep 0.05"))
    try:
        crowd = Crowd(fcgi.address)
        for number in range(60):
            crowd.add(request("waiting", number))
        crowd.run_until_over()
        account(place, judge_all(crowd.peers))
        crowd.ask_soon(GET, 405)
        check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()
        os.close(reader)
        place.close()


if __name__ == "__main__":
    main(globals())
