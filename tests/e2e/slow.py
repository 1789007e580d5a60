# SPDX-License-Identifier: ISC
"""Who sends slowly, or does not read, holds nobody else up.

    python3 slow.py TEST

The tests whose names begin with `behind` are for a web server at PORT.
"""

import os
import sys
import threading
import time

from crowd import (SOON, USUAL, Crowd, check, event, fastcgi, judge, main,
                   memory, request, sockets, unread, variables, wait_for,
                   with_server)

os.environ.setdefault("PORT", "0")

import client      # noqa: E402

READ = 6                # seconds: the read-timeout of these tests
MANY = 1000
GOOD = 10               # requests meanwhile
HOOKS = """read-timeout %ds
journal @DIR@/journal.db
dispatch none
hook waiting
  signature none
  delivery wait
  on * run /bin/sh -c 'ulimit -S -n >@DIR@/limit'
hook queued
  signature none
  on * run /bin/true
""" % READ
BEHIND = 40             # slow senders through a web server
NUMBER = 12345678
BEHIND_ONE = 32 << 20   # bytes of memory
DEAF = 24               # more than there are threads
PIPELINED = 1000        # requests: their answers are too many for a socket


def good_ones(crowd):
    for number in range(GOOD):
        crowd.ask_soon(request("waiting", number), 200)
        crowd.ask_soon(request("queued", number), 202)


def begin_many(crowd, data):
    for _ in range(MANY):
        crowd.add(data)


def nothing_left(crowd, fcgi, before):
    crowd.leave()
    wait_for(lambda: sockets(fcgi.pid) <= before, "the end of connections")


@with_server(HOOKS)
def bodies(place, fcgi):
    """A thousand that send their bodies a byte a second."""
    crowd = Crowd(fcgi.address)
    good_ones(crowd)
    crowd.leave()
    before = sockets(fcgi.pid)
    body = event(NUMBER)
    byte = fastcgi.record(fastcgi.STDIN, body[:1])
    began = time.monotonic()
    begin_many(crowd, fastcgi.head(variables("waiting", len(body))) + byte)
    crowd.drip = fastcgi.record(fastcgi.STDIN, b" ")
    good_ones(crowd)
    check(time.monotonic() - began < READ or
          not any(peer.is_over() for peer in crowd.peers),
          "none of them was slow")
    crowd.run_until_over()
    statuses = {judge(peer.answer()) for peer in crowd.peers}
    check(statuses == {408}, "answered %r" % statuses)
    nothing_left(crowd, fcgi, before)
    check(place.read("limit").strip() == b"%d" % USUAL,
          "a command has %r descriptors" % place.read("limit"))


@with_server(HOOKS)
def heads(place, fcgi):
    """A thousand that stop in the middle of their variables."""
    crowd = Crowd(fcgi.address)
    before = sockets(fcgi.pid)
    head = fastcgi.head(variables("waiting", 100))
    begin_many(crowd, head[:40])
    good_ones(crowd)
    crowd.run_until_over()
    statuses = {judge(peer.answer()) for peer in crowd.peers}
    check(statuses == {408}, "answered %r" % statuses)
    nothing_left(crowd, fcgi, before)


@with_server(HOOKS)
def deaf(place, fcgi):
    """Web servers that send, on kept connections, and do not read."""
    crowd = Crowd(fcgi.address)
    many = b"".join(request("queued", number, True)
                    for number in range(PIPELINED))
    peers = [crowd.add(many, reads=False) for _ in range(DEAF)]
    before = []

    def stuck():
        """Each has unread answers, not all, and gets no more."""
        crowd.ask_soon(request("queued", NUMBER), 202)
        check(not any(peer.closed for peer in peers), "it closed one")
        now = [unread(peer) for peer in peers]
        same, before[:] = now == before, now
        return same and all(now)

    wait_for(stuck, "answers that do not fit")
    good_ones(crowd)
    crowd.read(peers[0])
    crowd.run(lambda: peers[0].closed or
              len(peers[0].answers.whole) == PIPELINED, "its answers")
    statuses = {judge(answer) for answer in peers[0].answers.whole}
    check(statuses == {202}, "answered %r" % statuses)
    crowd.leave()


@with_server(HOOKS)
def ahead(place, fcgi):
    """64 MB of requests, one behind the other on one connection."""
    crowd = Crowd(fcgi.address)
    many = 100 * fastcgi.request([("REQUEST_METHOD", "GET")], b" " * 8000,
                                 True)

    def look():
        size = memory(fcgi.pid)
        check(size < BEHIND_ONE, "%d MiB are read before they are answered" %
              (size >> 20))

    crowd.look = look
    peer = crowd.add(*[many] * 80)
    crowd.run(lambda: len(peer.answers.whole) == 8000, "the answers")
    statuses = {judge(answer) for answer in peer.answers.whole}
    check(statuses == {405}, "answered %r" % statuses)


# Through web servers that pass on each piece of a body as it comes.

def begin_behind():
    """Their sockets, and how to let them go on."""
    body = client.event(1000)
    data = client.head("POST", "/hook", [
        *client.signed(body), ("Content-Length", len(body))]) + body[:1]
    slow = []
    for _ in range(BEHIND):
        slow.append(client.connect())
        slow[-1].sendall(data)
    return slow


def drip(slow, over):
    while not over.wait(1):
        for sock in slow:
            client.send_quietly(sock, b" ")


def behind():
    """More slow senders than there are threads."""
    # Apache goes on to send when it could read the answer, and where that
    # fails says so instead.
    late = [[b"408"]]
    if client.SERVER == "apache-proxy":
        late += [[b"503"]]
    good = client.event(100)
    client.expect(client.post(good), 200)
    slow = begin_behind()
    over = threading.Event()
    thread = threading.Thread(target=drip, args=(slow, over))
    thread.start()
    try:
        for _ in range(GOOD):
            began = time.monotonic()
            client.expect(client.post(good), 200)
            took = time.monotonic() - began
            check(took < SOON, "that took %.1f s" % took)
        for sock in slow:
            answer = client.read_to_end(sock)
            check(answer.split()[1:2] in late, "%r" % answer[:100])
    finally:
        over.set()
        thread.join()
        for sock in slow:
            sock.close()


if __name__ == "__main__":
    try:
        main(globals())
    except client.Failure as failure:
        sys.exit(str(failure))
