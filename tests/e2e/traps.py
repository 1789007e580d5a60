# SPDX-License-Identifier: ISC
"""What libfcgi's habits let a client do to a responder that trusts it.

    python3 traps.py TEST [ARGUMENT...]

PORT is nginx's with kept connections to pelihook.fcgi, NAIVE_PORT the same to
naive.c; WORK has their sockets, pelihook.sock and naive.sock.
"""

import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))

import client      # noqa: E402
import fastcgi     # noqa: E402
from client import (WORK, check, event, expect_records, head,  # noqa: E402
                    sign)

FORGER = "203.0.113.66"
EVENT = event(100)
# Sixteen bytes that libfcgi passes over: of a request that is another's.
NOTHING = fastcgi.record(fastcgi.STDIN, b"\0" * 8, request=9)


def parameters(body, **more):
    variables = {
        "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.7", "HTTP_X_SIGNATURE": sign(body),
    }
    variables.update(more)
    return [pair for pair in variables.items() if pair[1] is not None]


def forged_request():
    return fastcgi.begin(True) + \
        fastcgi.params(parameters(EVENT, REMOTE_ADDR=FORGER)) + \
        fastcgi.stream(fastcgi.STDIN, EVENT) + fastcgi.record(fastcgi.STDIN)


def get_values():
    """libfcgi writes its answer into 64 bytes, however often it is asked."""
    name = b"FCGI_MAX_CONNS"
    pair = fastcgi.length(len(name)) + fastcgi.length(0) + name
    return fastcgi.record(fastcgi.GET_VALUES, pair * 64, request=0)


def bodies(records):
    """Where libfcgi stopped to read is somewhere in the first 8 KiB.

    nginx cuts a body into records of 32 KiB, so what is to be found stands
    before the end of the first, and pads them to 8 bytes, which leaves two
    alignments."""
    for shift in 0, 8:
        body = b"\0" * shift + NOTHING * 1000 + records
        yield body + b"\0" * (30000 - len(body))


def attack(port, records):
    """Whatever comes back: the responder may be gone."""
    for body in bodies(records):
        for signature in sign(body), "0" * 64:
            with socket.create_connection(("127.0.0.1", int(port)), 30) as to:
                client.send_quietly(to, head("POST", "/hook", [
                    ("X-Signature", signature),
                    ("Content-Length", len(body))]) + body)
                client.read_to_end(to)


def forge(port):
    attack(port, forged_request())


def crash(port):
    attack(port, get_values() + NOTHING * 8)


def send_records(socket_name):
    """What only a web server can send: values asked for many times, and a
    name of almost 2 GiB with a value of as many, of which nothing comes."""
    huge = fastcgi.stream(fastcgi.PARAMS, b"\xff\xff\xff\xfe" * 2)
    for records in (get_values() + NOTHING * 8,
                    fastcgi.begin(True) + huge + NOTHING * 8 +
                    fastcgi.record(fastcgi.PARAMS)):
        connection = fastcgi.Connection(os.path.join(WORK, socket_name))
        connection.send_quietly(records)
        try:
            connection.socket.shutdown(socket.SHUT_WR)
            while True:
                connection.receive()
        except (fastcgi.Closed, OSError):
            connection.close()


def records_end_naive():
    try:
        send_records("naive.sock")
    except OSError:
        pass


def records_end_nothing():
    send_records("pelihook.sock")


def request(connection, body=EVENT, **more):
    return connection.request(parameters(body, **more), body, True)


def connection_path():
    return os.path.join(WORK, "one-thread.sock")


def naive_starves():
    """The control: one kept connection is all that is served."""
    first = fastcgi.Connection(os.path.join(WORK, "naive.sock"))
    check(b"200" in request(first), "it does not serve at all")
    second = fastcgi.Connection(os.path.join(WORK, "naive.sock"), 1)
    try:
        request(second)
    except socket.timeout:
        return
    finally:
        first.close()
        second.close()
    raise client.Failure("two connections are served: this proves nothing")


def no_starvation():
    """One thread, many kept connections, all of them served in turns."""
    kept = [fastcgi.Connection(connection_path()) for _ in range(50)]
    for _ in range(2):
        for connection in kept:
            check(b"200" in request(connection)[:12], "not served")
    for connection in kept:
        connection.close()


def nothing_left():
    """A kept connection forgets a request with its answer."""
    connection = fastcgi.Connection(connection_path())
    for _ in range(5):
        check(b" 200 " in request(connection), "a signed event was refused")
        check(b" 401 " in request(connection, HTTP_X_SIGNATURE=None),
              "the signature before was good for an event without one")
        check(b" 404 " in request(connection, PELIHOOK_HOOK="none"), "not 404")
        check(b" 400 " in request(connection, CONTENT_LENGTH="999"),
              "a short body was taken")
        connection.close()
        connection = fastcgi.Connection(connection_path())
    connection.close()
    expect_records(5)


def descriptors():
    """A command has descriptors 0, 1 and 2, however many are in use."""
    kept = [fastcgi.Connection(connection_path()) for _ in range(30)]
    for connection in kept:
        check(b" 200 " in request(connection), "not served")
    body = event(100, "connection_added")
    check(b" 200 " in request(kept[0], body), "not served")
    with open(os.path.join(WORK, "descriptors"), encoding="ascii") as file:
        said = file.read().split()
    check(said == ["0", "1", "2"], "descriptors %r" % said)
    for connection in kept:
        connection.close()


if __name__ == "__main__":
    sys.exit(client.main(globals()))
