# SPDX-License-Identifier: ISC
"""Mixed traffic for so many seconds, and whether all of it came to what it
had to.

    python3 load.py SECONDS

PORT is nginx's, with keepalive, in front of pelihook.fcgi, whose process is
RESPONDER; WORK has its socket, and `ran`, where commands write the number of
their event.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))

import client      # noqa: E402
import fastcgi     # noqa: E402
from client import WORK, check, event, sign  # noqa: E402

RESPONDER = os.environ["RESPONDER"]
RAN = os.path.join(WORK, "ran")
WARM = 3            # seconds of the same before anything is counted
GROWTH = 16 * 1024  # KiB that the process may have grown by behind that
KEPT = 16           # connections that nginx keeps: 8 a worker
TROUBLE = 5         # failures that are shown


class Load:
    def __init__(self):
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.counts = {}
        self.number = 0
        self.sent = {}      # number of a good event: its status
        self.wrong = []

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def count(self, kind, status, wanted):
        with self.lock:
            key = kind, status
            self.counts[key] = self.counts.get(key, 0) + 1
            if status not in wanted:
                self.wrong.append("%s: %r instead of %r" %
                                  (kind, status, wanted))
                self.over.set()

    # Senders; each is called again and again.

    def good(self, source, kept, hook, wanted, pads):
        """An event that is signed as it has to be, on a kept connection."""
        number = self.next_number()
        body = b'{"event":"pipeline_run_completed","n":%d,"key":%d,' \
            b'"pad":"%s"}' % (number, source.randint(1, 20),
                              b"x" * source.choice(pads))
        if kept.get("connection") is None:
            kept["connection"] = http.client.HTTPConnection(
                "127.0.0.1", client.PORT, timeout=client.PATIENCE)
        kept["connection"].request("POST", "/hook/" + hook, body,
                                   {"X-Signature": sign(body)})
        answer = kept["connection"].getresponse()
        answer.read()
        with self.lock:
            self.sent[number] = answer.status
        self.count("good, " + hook, answer.status, wanted)

    def waiting(self, source, kept):
        # More than may run at once: some wait for their turn.
        self.good(source, kept, "first", (200,), (0, 100, 5000, 100000))

    def queued(self, source, kept):
        # The journal keeps every body, and the disk is not what is tested.
        self.good(source, kept, "queued", (202,), (0, 100, 5000))
        # Otherwise the queue would only grow.
        self.over.wait(0.01)

    def bad(self, source, kept):
        body = event(source.choice((50, 500, 50000)))
        kind, wanted, headers, body, path, method = source.choice((
            ("no signature", 401, [], body, "/hook/first", "POST"),
            ("wrong signature", 401, [("X-Signature", "0" * 64)], body,
             "/hook/first", "POST"),
            ("not JSON", 400, [("X-Signature", sign(body + b"{"))],
             body + b"{", "/hook/first", "POST"),
            ("too large", 413, [("X-Signature", "0" * 64)], event(1100000),
             "/hook/first", "POST"),
            ("no hook", 404, [("X-Signature", sign(body))], body,
             "/hook/third", "POST"),
            ("method", 405, [], b"", "/hook/first", "GET"),
            ("encoding", 415, [("Content-Encoding", "gzip")], body,
             "/hook/first", "POST")))
        answer = client.exchange(method, headers + [
            ("Content-Length", len(body))], body, path)
        self.count(kind, answer.status, (wanted,))

    def slow(self, source, kept):
        """Half a request and then nothing, until it is given up."""
        body = event(1000)
        with client.connect() as sock:
            sock.sendall(client.head("POST", "/stream", [
                ("X-Signature", sign(body)), ("Content-Length", 1000)]) +
                body[:source.randint(0, 999)])
            answer = client.read_to_end(sock)
        self.count("slow", int(answer.split()[1]) if answer else 0, (408,))

    def gone(self, source, kept):
        """Half a request, and the client leaves."""
        body = event(1000)
        with client.connect() as sock:
            sock.sendall(client.head("POST", "/stream", [
                ("X-Signature", sign(body)), ("Content-Length", 1000)]) +
                body[:source.randint(0, 999)])
            self.over.wait(source.random() * 0.1)
        self.count("gone", 0, (0,))

    def junk(self, source, kept):
        """To the socket itself: no FastCGI, or half of some."""
        connection = fastcgi.Connection(
            os.path.join(WORK, "pelihook.sock"), client.PATIENCE)
        connection.send_quietly(source.choice((
            b"GET / HTTP/1.0\r\n\r\n", fastcgi.begin(True),
            fastcgi.begin(False) + fastcgi.record(fastcgi.ABORT),
            fastcgi.record(99, b"abc"))))
        connection.close()
        self.count("junk", 0, (0,))
        self.over.wait(0.05)

    def repeat(self, sender, seed):
        source = random.Random(seed)
        kept = {}
        while not self.over.is_set():
            try:
                sender(source, kept)
            except Exception as error:
                # An answer that is none is not meant by anybody.
                self.count(sender.__name__, repr(error), ())
        if kept.get("connection") is not None:
            kept["connection"].close()

    def run(self, seconds):
        senders = [self.waiting] * 8 + [self.queued] * 3 + [self.bad] * 3 + \
            [self.slow] * 4 + [self.gone] * 2 + [self.junk]
        threads = [threading.Thread(target=self.repeat, args=(sender, i))
                   for i, sender in enumerate(senders)]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()
        check(not self.wrong, "\n".join(self.wrong[:TROUBLE]))


def ran():
    with open(RAN, "rb") as file:
        return [int(line) for line in file.read().split()]


def links():
    place = "/proc/%s/fd/" % RESPONDER
    for name in os.listdir(place):
        try:
            yield os.readlink(place + name)
        except FileNotFoundError:
            pass


def state():
    """Sockets, other descriptors, threads, resident KiB."""
    found = list(links())
    sockets = sum(link.startswith("socket:") for link in found)
    with open("/proc/%s/status" % RESPONDER) as file:
        lines = dict(line.split(":", 1) for line in file)
    return sockets, len(found) - sockets, int(lines["Threads"]), \
        int(lines["VmRSS"].split()[0])


def children():
    with open("/proc/%s/task/%s/children" % (RESPONDER, RESPONDER)) as file:
        return file.read().split()


def settle(load):
    """Until the queue is empty and the connections are idle."""
    numbers = [number for number, status in load.sent.items()
               if status < 300]
    end = time.monotonic() + 60 + len(numbers) / 50
    while not set(numbers) <= set(ran()):
        check(time.monotonic() < end, "%d events that were accepted are lost"
              % len(set(numbers) - set(ran())))
        time.sleep(0.5)
    before = None
    while before != state()[:3] or children():
        check(time.monotonic() < end + 30, "it does not come to rest")
        before = state()[:3]
        time.sleep(1)


def journal_states():
    """How many deliveries are in each state."""
    text = subprocess.run([*os.environ.get("RUN_AS", "").split(),
                           os.environ["CTL"], "-c", os.environ["CONFIG"],
                           "stats", "--json"], check=True,
                          stdout=subprocess.PIPE).stdout
    return {state: sum(event[state] for hook in json.loads(text)["hooks"]
                       for event in hook["events"])
            for state in ("queued", "running", "done", "dead", "dropped")}


def account(load):
    """Each event that was accepted ran once, and no other."""
    runs = ran()
    check(len(set(runs)) == len(runs), "%d ran twice" %
          (len(runs) - len(set(runs))))
    refused = {number for number, status in load.sent.items()
               if status >= 300}
    check(not refused & set(runs), "what was answered 503 ran")
    check(set(runs) <= set(load.sent), "what nobody sent ran")
    states = journal_states()
    done = load.counts["good, queued", 202]
    check(states.pop("done") == done and not any(states.values()),
          "%d were queued; done are others, and %r" % (done, states))


def processor():
    """Time that all processors had, and what of it they were idle."""
    with open("/proc/stat") as file:
        times = [int(word) for word in file.readline().split()[1:9]]
    return sum(times), times[3] + times[4]


def main():
    seconds = float(sys.argv[1])
    load = Load()
    load.run(WARM)
    settle(load)
    before = state()
    load.over.clear()
    busy = processor()
    load.run(seconds)
    busy = [now - then for now, then in zip(processor(), busy)]
    settle(load)
    after = state()
    account(load)
    check(after[1:3] == before[1:3], "descriptors and threads: %r, not %r" %
          (after[1:3], before[1:3]))
    check(after[0] <= 1 + KEPT, "%d sockets are open" % after[0])
    check(after[3] - before[3] < GROWTH, "it grew by %d KiB" %
          (after[3] - before[3]))
    for (kind, status), count in sorted(load.counts.items()):
        print("%7d %s: %s" % (count, kind, status or "closed"))
    print("%d descriptors, %d threads as before, %+d KiB; the processors were "
          "busy for %d %% of %g s" %
          (after[1], after[2], after[3] - before[3],
           100 - 100 * busy[1] / busy[0], seconds))


try:
    main()
except client.Failure as failure:
    sys.exit(str(failure))
