# SPDX-License-Identifier: ISC
"""Clients that no ordinary one is: what the tests of servers send.

    python3 client.py TEST [ARGUMENT...]

The environment says where: PORT, WORK (with the records of the command) and
SERVER.  Ends with 1 and a sentence where something is not as it has to be.
"""

import hashlib
import hmac
import http.client
import io
import json
import os
import socket
import sys
import threading
import time

PORT = int(os.environ["PORT"])
WORK = os.environ["WORK"]
SERVER = os.environ.get("SERVER", "")
RECORDS = os.path.join(WORK, "records")
MAX_BODY = int(os.environ.get("MAX_BODY", "1048576"))
PATIENCE = 30   # seconds
CLIENTS = 16


class Failure(Exception):
    pass


def check(true, what):
    if not true:
        raise Failure(what)


def wait_for(true, what):
    end = time.monotonic() + PATIENCE
    while not true():
        check(time.monotonic() < end, "waited in vain for " + what)
        time.sleep(0.02)


def secret(name="secret"):
    with open(os.path.join(WORK, name), "rb") as file:
        return file.read().strip()


def sign(body, key=None):
    mac = hmac.new(key or secret(), body, hashlib.sha256)
    return "sha256=" + mac.hexdigest()


def event(size, name="pipeline_run_completed"):
    """JSON of exactly so many bytes."""
    if size == 1:
        return b"7"
    head = b'{"event":"' + name.encode() + b'","pad":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


class Records:
    """What reached the command."""

    @staticmethod
    def names():
        return [name[:-5] for name in os.listdir(RECORDS)
                if name.endswith(".body")]

    @staticmethod
    def read(name, what="body"):
        with open(os.path.join(RECORDS, name + "." + what), "rb") as file:
            return file.read()

    @classmethod
    def bodies(cls):
        return [cls.read(name) for name in cls.names()]


class Answer:
    def __init__(self, sock, method="POST"):
        response = http.client.HTTPResponse(sock, method=method)
        response.begin()
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def field(self, name):
        return json.loads(self.body)[name]


def connect():
    return socket.create_connection(("127.0.0.1", PORT), PATIENCE)


def head(method, path, headers):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost",
             "Connection: close"]
    lines += ["%s: %s" % header for header in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def signed(body, *more, key=None):
    return [("Content-Type", "application/json"),
            ("X-Signature", sign(body, key)), *more]


def send_quietly(sock, data):
    """A server may answer before it has read everything."""
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def exchange(method, headers, body=b"", path="/hook"):
    with connect() as sock:
        # In one piece where it is small, as senders do.
        send_quietly(sock, head(method, path, headers) + body)
        return Answer(sock, method)


def post(body, *more, path="/hook", headers=None, key=None):
    headers = signed(body, key=key) if headers is None else headers
    return exchange("POST", [*headers, ("Content-Length", len(body)), *more],
                    body, path)


def post_chunked(body, size):
    """The chunks grow, so that none ends where a buffer does."""
    data = io.BytesIO(body)
    text = b""
    chunk = data.read(size)
    while chunk:
        text += b"%x\r\n%s\r\n" % (len(chunk), chunk)
        size += 1
        chunk = data.read(size)
    return exchange("POST", [*signed(body), ("Transfer-Encoding", "chunked")],
                    text + b"0\r\n\r\n")


def expect(answer, *statuses):
    check(answer.status in statuses, "status %d instead of %r: %r" %
          (answer.status, statuses, answer.body[:300]))
    return answer


def expect_delivered(answer, body):
    expect(answer, 200)
    check(Records.read(answer.field("id")) == body,
          "the command did not read what was sent (%d bytes)" % len(body))


def expect_records(count):
    names = Records.names()
    check(len(names) == count, "%d records instead of %d" %
          (len(names), count))


def still_serves():
    body = event(100)
    expect_delivered(post(body), body)


# The tests.

def sizes():
    for size in 1, 8192, MAX_BODY - 1, MAX_BODY:
        body = event(size)
        expect_delivered(post(body), body)
    expect_records(4)


def too_large():
    for size in MAX_BODY + 1, 3000000:
        expect(post(event(size)), 413)
    expect_records(0)


def chunked():
    for size, chunk in (1, 1), (100, 7), (8192, 4096), (300000, 4000), \
            (MAX_BODY, 60000):
        body = event(size)
        expect_delivered(post_chunked(body, chunk), body)
    expect_records(5)


def chunked_too_large():
    for size in MAX_BODY + 1, 3000000:
        expect(post_chunked(event(size), 65536), 413)
    expect_records(0)


def cut():
    """Half a body, signed as if it were the whole, is no event."""
    for size in 100, 20000, 600000:
        for half_closed in True, False:
            body = event(size)
            with connect() as sock:
                sock.sendall(head("POST", "/hook", [
                    *signed(body), ("Content-Length", 2 * size)]) + body)
                if half_closed:
                    sock.shutdown(socket.SHUT_WR)
                    answer = read_to_end(sock)
                    check(b" 200 " not in answer.split(b"\r\n")[0],
                          "half a body was answered %r" % answer)
    for _ in range(3):
        still_serves()
    expect_records(3)


def read_to_end(sock):
    data = b""
    try:
        more = sock.recv(65536)
        while more:
            data += more
            more = sock.recv(65536)
    except ConnectionResetError:
        pass
    return data


def gone():
    """The client leaves while the command runs: it is run once, to the end."""
    go, started = (os.path.join(WORK, "records", name)
                   for name in ("go", "started"))
    body = event(200, "pipeline_run_timeout")
    with connect() as sock:
        sock.sendall(head("POST", "/hook", [
            *signed(body), ("Content-Length", len(body))]) + body)
        wait_for(lambda: os.path.exists(started), "the command")
    still_serves()
    with open(go, "wb"):
        pass
    wait_for(lambda: body in Records.bodies(), "the end of the command")
    still_serves()
    expect_records(3)


def repeated():
    """A header twice: the right MAC is found, and nothing else is believed."""
    body = event(100)
    other = "sha256=" + "0" * 64
    good = sign(body)
    for pair in (good, other), (other, good):
        expect_delivered(post(body, headers=[
            ("X-Signature", value) for value in pair]), body)
    expect(post(body, headers=[("X-Signature", other)] * 2), 401)
    expect_records(2)


def twins():
    """Names that a server may take for X-Signature take nothing away."""
    body = event(100)
    other = "sha256=" + "0" * 64
    for name in "X_Signature", "X.Signature":
        for headers in ([("X-Signature", sign(body)), (name, other)],
                        [(name, other), ("X-Signature", sign(body))]):
            answer = post(body, headers=headers)
            # Caddy before 2.11.4 passes one of the two on, by chance.
            expect(answer, 200, *([401] if SERVER == "caddy" else []))
        expect(post(body, headers=[("X-Signature", other), (name, other)]),
               401)


def methods():
    """None but POST, as it is written, makes an event."""
    body = event(100)
    # Caddy writes every method in capitals.
    names = ["HEAD", "GET", "OPTIONS", "TRACE", "PUT", "DELETE", "FOO"]
    names += [] if SERVER == "caddy" else ["post"]
    for name in names:
        for content in b"", body:
            answer = exchange(name, [
                *signed(body), ("Content-Length", len(content))], content)
            # A body is more than some servers take with some methods.
            if name in ("HEAD", "GET", "OPTIONS") and not content:
                expect(answer, 405)
                check(answer.headers["Allow"] == "POST", "Allow: %r" %
                      answer.headers["Allow"])
            else:
                expect(answer, 400, 405, 501)
    expect_records(0)


def queries():
    """A query string is never taken for options."""
    words = ["-V", "--version", "-h", "-t", "-c+/nonexistent", "-s+/tmp/x",
             "-V+-c+/tmp/evil.conf", "%2Dt", "-j+0+-x", "--", "-", "a=-V"]
    for word in words:
        body = event(100)
        expect_delivered(post(body, path="/hook?" + word), body)
    expect_records(len(words))


def own(i, name="pipeline_run_error"):
    return json.dumps({"event": name, "n": i}).encode()


def crowd():
    """200 events from 16 clients: each waits for its turn among the commands,
    and each answer is of its own event."""
    wrong = []
    bodies = [own(i, "pipeline_run_rate_limited") for i in range(200)]
    todo = list(bodies)

    def client():
        while todo and not wrong:
            try:
                body = todo.pop()
            except IndexError:
                return
            try:
                expect_delivered(post(body), body)
            except Exception as error:
                wrong.append(repr(error))

    in_parallel(client)
    check(not wrong, "; ".join(wrong))
    check(sorted(Records.bodies()) == sorted(bodies), "not each event once")


def in_parallel(function):
    threads = [threading.Thread(target=function) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def hooks(count):
    """Each hook has its secret and its command."""
    names = ["h%d" % i for i in range(int(count))]
    body = event(100)
    for name in names:
        answer = expect(post(body, path="/hook/" + name,
                             key=secret("secret." + name)), 200, 202)
        if answer.status == 202:
            # A server that runs no pelihook.fcgi leaves it in the journal.
            check(name in ("h8", "h9"), name + " was queued")
            continue
        expect_delivered(answer, body)
        said = Records.read(answer.field("id"), "args")
        check(said == name.encode() + b"\n", "%s ran %r" % (name, said))
        variables = Records.read(answer.field("id"), "env").splitlines()
        check(b"PELIHOOK_HOOK=" + name.encode() in variables,
              "PELIHOOK_HOOK is wrong")
    expect(post(body, path="/hook/h3/", key=secret("secret.h3")), 200)
    expect(post(body, path="/hook/h2", key=secret("secret.h1")), 401)


def no_hooks():
    body = event(100)
    for path in "/hook", "/hook/", "/hook/none", "/hook/H1", "/hook/h1/h2", \
            "/hook/h1x", "/hook/h1%00", "/hook/h1%2fh2":
        answer = post(body, path=path, key=secret("secret.h1"))
        expect(answer, 404, 400)
    # What leads away from the hooks is the server's to answer.
    post(body, path="/hook/%2e%2e/h1", key=secret("secret.h1"))
    expect_records(0)


def storm(accepted, until):
    """Sends until told otherwise; writes down what was answered 2xx."""
    keys = {"h%d" % i: secret("secret.h%d" % i) for i in range(10)}
    lock = threading.Lock()
    counts = {}
    number = [0]
    end = time.monotonic() + 60

    def next_number():
        with lock:
            number[0] += 1
            return number[0]

    def client(file):
        while not os.path.exists(until) and time.monotonic() < end:
            n = next_number()
            name = "h%d" % (n % 10)
            body = own(n)
            try:
                answer = post(body, path="/hook/" + name, key=keys[name])
                status = answer.status
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
                time.sleep(0.02)
            with lock:
                counts[status] = counts.get(status, 0) + 1
                if status in (200, 202):
                    file.write("%d %d\n" % (status, n))
                    file.flush()

    with open(accepted, "w", encoding="ascii") as file:
        in_parallel(lambda: client(file))
    print("answers:", counts)


def settled(accepted):
    """What was answered 2xx was run, once, and what was run whole."""
    with open(accepted, encoding="ascii") as file:
        numbers = [int(line.split()[1]) for line in file]
    wanted = set(map(own, numbers))
    wait_for(lambda: wanted <= set(Records.bodies()), "%d of %d events" % (
        len(wanted - set(Records.bodies())), len(wanted)))
    bodies = [body for body in Records.bodies() if b'"n": ' in body]
    twice = {body for body in bodies if bodies.count(body) > 1}
    check(not twice, "run twice: %r" % twice)


def main(tests=None):
    try:
        (tests or globals())[sys.argv[1]](*sys.argv[2:])
    except Failure as failure:
        print("%s: %s" % (sys.argv[1], failure), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
