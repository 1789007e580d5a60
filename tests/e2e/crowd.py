# SPDX-License-Identifier: ISC
"""Many web servers at once at the socket of pelihook.fcgi, in one thread.

Each connection is a Peer; a Crowd sends what they have to send and takes what
they get, all without waiting for any one of them.
"""

import collections
import fcntl
import json
import os
import re
import resource
import select
import socket
import struct
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))

import fastcgi     # noqa: E402
from harness import (PATIENCE, Failure, Fcgi, Place, check,  # noqa: E402
                     status_of, wait_for)

SOON = 5            # seconds: at once, on the slowest of machines
OFTEN = 0.05        # seconds between two looks at what is measured
CLIENTS = 4096      # descriptors that a test takes at most
USUAL = 1024        # the soft limit of descriptors that processes get


class Peer:
    """A web server's connection, and when each of its answers came."""

    def __init__(self, address, pieces, reads=True):
        self.socket = socket.socket(socket.AF_UNIX)
        # The backlog may be full for a moment.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                               struct.pack("ll", PATIENCE, 0))
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.pieces = collections.deque(map(memoryview, pieces))
        self.reads = reads
        self.answers = fastcgi.Answers()
        self.began = time.monotonic()
        self.times = []     # seconds until each answer
        self.closed = False

    def push(self, piece):
        self.pieces.append(memoryview(piece))

    def send(self):
        try:
            while self.pieces:
                sent = self.socket.send(self.pieces[0])
                if sent < len(self.pieces[0]):
                    self.pieces[0] = self.pieces[0][sent:]
                else:
                    self.pieces.popleft()
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.pieces.clear()

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.closed = not data
        self.answers.feed(data)
        while len(self.times) < len(self.answers.whole):
            self.times.append(time.monotonic() - self.began)

    def is_answered(self):
        return self.answers.whole != []

    def is_over(self):
        return self.closed or self.is_answered()

    def answer(self):
        """Its only one, which has to be whole."""
        check(len(self.answers.whole) == 1 and not self.answers.part(),
              "no whole answer: %r, %r" % (self.answers.whole,
                                           self.answers.part()))
        return self.answers.whole[0]


class Crowd:
    def __init__(self, address):
        self.address = address
        self.peers = []
        self.by_number = {}
        self.poll = select.epoll()
        self.drip = None        # what each peer sends every second
        self.dripped = 0
        self.look = None        # is called often
        self.looked = 0

    def add(self, *pieces, reads=True):
        peer = Peer(self.address, pieces, reads)
        self.peers.append(peer)
        self.by_number[peer.socket.fileno()] = peer
        self.poll.register(peer.socket, 0)
        self.send(peer)
        return peer

    def read(self, peer):
        """It reads from now on."""
        peer.reads = True
        self._watch(peer)

    def send(self, peer):
        peer.send()
        self._watch(peer)

    def _watch(self, peer):
        self.poll.modify(peer.socket, (select.EPOLLIN if peer.reads else 0) |
                         (select.EPOLLOUT if peer.pieces else 0))

    def _leave(self, peer):
        self.poll.unregister(peer.socket)
        del self.by_number[peer.socket.fileno()]
        peer.socket.close()

    def leave(self):
        """All of them close, and are forgotten."""
        for peer in list(self.by_number.values()):
            self._leave(peer)
        self.peers.clear()

    def _drip(self, now):
        if self.drip is None or now - self.dripped < 1:
            return
        self.dripped = now
        for peer in self.by_number.values():
            if peer.reads and not peer.is_over():
                peer.push(self.drip)
                self.send(peer)

    def turn(self, wait=OFTEN):
        """Does what can be done, for which it waits so long."""
        now = time.monotonic()
        self._drip(now)
        if self.look is not None and now - self.looked >= OFTEN:
            self.looked = now
            self.look()
        for number, events in self.poll.poll(wait, 256):
            peer = self.by_number[number]
            if events & select.EPOLLOUT:
                peer.send()
            if peer.reads:
                peer.receive()
            if peer.closed or (events & select.EPOLLHUP and not peer.reads):
                peer.closed = True
                self._leave(peer)
            else:
                self._watch(peer)

    def run(self, until, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not until():
            check(time.monotonic() < end, "waited in vain for " + what)
            self.turn()

    def run_until_over(self, patience=PATIENCE):
        """Until each has its answer, or was closed without one."""
        self.run(lambda: all(peer.is_over() for peer in self.peers),
                 "the answers", patience)

    def ask(self, data):
        """The answer to one request more, and how long it took."""
        peer = self.add(data)
        self.run(peer.is_over, "an answer")
        self.peers.remove(peer)
        check(peer.is_answered(), "closed without an answer")
        return peer.answer(), peer.times[0]

    def ask_soon(self, data, status):
        answer, took = self.ask(data)
        check(status_of(answer) == status, "%r instead of %d" %
              (answer, status))
        check(took < SOON, "that took %.1f s" % took)


# Requests.

def variables(hook, length):
    return [("REQUEST_METHOD", "POST"), ("PELIHOOK_HOOK", hook),
            ("CONTENT_LENGTH", str(length))]


def event(number):
    return b'{"event":"pipeline_run_completed","n":%d}' % number


def request(hook, number, keep=False):
    body = event(number)
    return fastcgi.request(variables(hook, len(body)), body, keep)


class Large:
    """Requests of a size, which share all bytes but the first of a body."""

    def __init__(self, hook, size):
        self.hook, self.size = hook, size
        start = self._start(0)
        rest = b"x" * (size - len(start) - 2) + b'"}'
        self.rest = fastcgi.stream(fastcgi.STDIN, rest, size=32768) + \
            fastcgi.record(fastcgi.STDIN)

    def _start(self, number):
        return b'{"event":"pipeline_run_completed","n":"%08d","pad":"' % number

    def pieces(self, number):
        return (fastcgi.head(variables(self.hook, self.size)) +
                fastcgi.stream(fastcgi.STDIN, self._start(number)), self.rest)


def judge(answer):
    """The status of an answer that is whole, as its own header says."""
    status = status_of(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    check(length and int(length.group(1)) == len(body), "%r" % answer)
    json.loads(body)
    check(status != 503 or re.search(rb"(?im)^retry-after: *\d", head),
          "503 without Retry-After: %r" % answer)
    return status


def _count(peer, what):
    return struct.unpack("i", fcntl.ioctl(peer.socket, what, b"\0" * 4))[0]


def unread(peer):
    """Bytes of answers that wait for us to read them."""
    return _count(peer, termios.FIONREAD)


def unread_by_server(peer):
    """Of a Unix socket more than the bytes, but 0 when all are read."""
    return _count(peer, termios.TIOCOUTQ)


# The process.

def start(place, text, *options):
    """One with the limit of descriptors that is usual; we have more."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL, most))
    try:
        return Fcgi(place, place.config(text), *options)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (min(CLIENTS, most), most))


def with_server(text, *options):
    """A test of one server, which has to live to its end and then stop."""
    def wrap(test):
        def run():
            place = Place()
            try:
                fcgi = start(place, text, *options)
                try:
                    test(place, fcgi)
                    check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
                except Failure as failure:
                    log = (place.read("log") or b"").decode(errors="replace")
                    raise Failure("%s\n%s" % (failure, log[-600:]))
                finally:
                    fcgi.end()
            finally:
                place.close()
        return run
    return wrap


def naps(pid):
    """How often its threads have slept, or None where one does not."""
    count = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, thread)) as file:
            text = file.read()
        if re.search(r"State:\t(.)", text).group(1) != "S":
            return None
        count += int(re.search(r"\nvoluntary_ctxt_switches:\t(\d+)",
                               text).group(1))
    return count


def wait_for_rest(fcgi):
    """Until nothing of it runs: what it was sent has been looked at."""
    before = [None]

    def rests():
        now = naps(fcgi.pid)
        same = now is not None and now == before[0]
        before[0] = now
        return same

    wait_for(rests, "rest")


def links(pid):
    """Its descriptors, and what each is."""
    place = "/proc/%d/fd/" % pid
    for name in os.listdir(place):
        try:
            yield place + name, os.readlink(place + name)
        except FileNotFoundError:
            pass


def sockets(pid):
    return sum(link.startswith("socket:") for _, link in links(pid))


def memory(pid):
    """Bytes that it has in memory: its own, and those of its memory files,
    of which only what is mapped counts as resident."""
    with open("/proc/%d/status" % pid) as file:
        kinds = dict(re.findall(r"(VmRSS|RssShmem):\s*(\d+) kB", file.read()))
    size = (int(kinds["VmRSS"]) - int(kinds["RssShmem"])) * 1024
    files = {}
    for path, link in links(pid):
        if link.startswith("/memfd:"):
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            files[status.st_ino] = status.st_blocks * 512
    return size + sum(files.values())


def main(tests):
    try:
        tests[sys.argv[1]]()
    except Failure as failure:
        sys.exit("%s: %s" % (sys.argv[1], failure))
