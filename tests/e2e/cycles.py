# SPDX-License-Identifier: ISC
"""Starts and stops pelihook.fcgi under load, at any moment.

    python3 cycles.py inherited|own TIMES

Clients send all the while.  What was accepted is answered 200 and was run,
once, and nothing else was; the process ends with 0 and leaves nothing.
"""

import os
import random
import re
import signal
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))

import fastcgi     # noqa: E402
from harness import (FCGI, Failure, Place, Process, check, post,  # noqa: E402
                     spawn, wait_for)

CONFIG = """hook peliqan
  secret-file @DIR@/secret.new
  max-running 8
  on * run /bin/sh -c 'cat >>@DIR@/out'
"""
CLIENTS = 4
STOPS = signal.SIGTERM, signal.SIGUSR1, signal.SIGINT
TERM_BIT = 1 << (signal.SIGTERM - 1)


class Load:
    """Clients that send, each event under another number."""

    def __init__(self, path, may_be_refused):
        self.path = path
        self.may_be_refused = may_be_refused
        self.lock = threading.Lock()
        self.number = 0
        self.answered = []
        self.wrong = []
        self.refused = 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run)
                        for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.over.is_set() and not self.wrong:
            with self.lock:
                self.number += 1
                number = self.number
            try:
                self.one(number)
            except OSError as error:
                self.fail(number, repr(error))
            except fastcgi.Closed:
                self.fail(number, "closed without an answer")

    def one(self, number):
        body = b'{"event":"pipeline_run_completed","n":%d}\n' % number
        connection = fastcgi.Connection(self.path, 30)
        try:
            answer = connection.request(post(body), body)
        finally:
            connection.close()
        if not answer.startswith(b"Status: 200 "):
            self.wrong.append("%d: %r" % (number, answer[:200]))
        else:
            self.answered.append(number)

    def fail(self, number, why):
        """Where the socket is gone there is nobody to answer."""
        with self.lock:
            self.refused += 1
        if not self.may_be_refused:
            self.wrong.append("%d: %s" % (number, why))
        time.sleep(0.001)

    def finish(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def holds_signals(process):
    """Before that, a signal ends a process as it ends any program."""
    check(not process.has_ended(), "it ended with %r" % process.status)
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        blocked = re.search("SigBlk:\t([0-9a-f]+)", file.read()).group(1)
    return int(blocked, 16) & TERM_BIT


def zombies(pid):
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % int(name), encoding="ascii") as file:
                fields = file.read().rpartition(") ")[2].split()
        except (ValueError, OSError):
            continue
        if int(fields[1]) == pid and fields[0] == "Z":
            found.append(name)
    return found


def cycle(start, chance):
    process = start()
    try:
        wait_for(lambda: holds_signals(process), "the program")
        for _ in range(chance.choice((0, 0, 1, 3))):
            time.sleep(chance.random() * 0.01)
            process.signal(signal.SIGHUP)
        time.sleep(chance.random() * 0.03)
        process.signal(chance.choice(STOPS))
        check(process.wait() == 0, "it ended with %r" % process.status)
    finally:
        process.end()


def last(start, load):
    """The last one serves until the clients have had enough."""
    process = start()
    try:
        count = len(load.answered) + 20
        wait_for(lambda: load.wrong or len(load.answered) >= count, "answers")
        load.finish()
        wait_for(lambda: not zombies(process.pid), "zombies to be gone")
        process.signal(signal.SIGTERM)
        check(process.wait() == 0, "it ended with %r" % process.status)
    finally:
        process.end()


def settle(place, load):
    check(not load.wrong, "; ".join(load.wrong))
    ran = sorted(int(number) for number in
                 re.findall(rb'"n":(\d+)', place.read("out") or b""))
    check(ran == sorted(load.answered), "run, but not answered: %r, answered, "
          "but not run: %r" % (set(ran) - set(load.answered),
                               set(load.answered) - set(ran)))
    print("# %d answered, %d refused" % (len(ran), load.refused))


def rounds(place, start, load, times):
    chance = random.Random(times)
    try:
        for i in range(times):
            cycle(start, chance)
            check(not load.wrong, "; ".join(load.wrong))
            left = [name for name in os.listdir(place.dir)
                    if load.may_be_refused and name.startswith("sock")]
            check(not left, "cycle %d left %r" % (i, left))
        last(start, load)
    finally:
        load.finish()
    settle(place, load)


def inherited(place, times):
    """The socket is its parent's: nobody is ever refused."""
    config = place.config(CONFIG)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(place.path("sock"))
        sock.listen(64)

        def start():
            return Process(spawn([FCGI, "-c", config, "-j", "8"], [],
                                 [sock.fileno(), 2], place.path("log")))

        rounds(place, start, Load(place.path("sock"), False), times)
        check(os.path.exists(place.path("sock")), "the socket was removed")


def own(place, times):
    config = place.config(CONFIG)
    null = os.open("/dev/null", os.O_RDWR)

    def start():
        return Process(spawn([FCGI, "-c", config, "-j", "8", "-s",
                              place.path("sock")], [], [null, null],
                             place.path("log")))

    rounds(place, start, Load(place.path("sock"), True), times)
    os.close(null)


def main():
    place = Place()
    try:
        {"inherited": inherited, "own": own}[sys.argv[1]](
            place, int(sys.argv[2]))
    except Failure as failure:
        print("cycles: %s" % failure, file=sys.stderr)
        sys.stderr.write((place.read("log") or b"").decode()[-3000:])
        return 1
    finally:
        place.close()
    return 0


sys.exit(main())
