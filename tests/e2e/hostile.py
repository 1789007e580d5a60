# SPDX-License-Identifier: ISC
"""Requests that are meant to do harm, and what has to become of them.

    python3 hostile.py TEST

CGI_PORT is lighttpd's with pelihook.cgi, FCGI_PORT nginx's with
pelihook.fcgi, which listens in WORK; RESPONDER is its process.
"""

import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))
PORTS = {"lighttpd": int(os.environ["CGI_PORT"]),
         "nginx": int(os.environ["FCGI_PORT"])}
os.environ.setdefault("PORT", os.environ["FCGI_PORT"])

import client      # noqa: E402
import fastcgi     # noqa: E402
from client import (WORK, Records, check, event, expect,  # noqa: E402
                    expect_records, head, sign, signed)

SOCKET = os.path.join(WORK, "pelihook.sock")
RESPONDER = os.environ["RESPONDER"]
EVENT = event(100)
VAST = 600 * 1000 * 1000
GROWTH = 8 * 1024       # KiB a process may grow by one request of 600 MB


def both(test):
    """Through each server; afterwards an ordinary request is answered."""
    def run():
        for server, port in PORTS.items():
            client.PORT, client.SERVER = port, server
            forget()
            try:
                test(server)
                forget()
                client.still_serves()
            except client.Failure as failure:
                raise client.Failure("%s: %s" % (server, failure))
    return run


def straight(test):
    """The same for what goes to the socket of pelihook.fcgi."""
    def run():
        client.PORT, client.SERVER = PORTS["nginx"], "nginx"
        test()
        expect_records(0)
        client.still_serves()
    return run


def forget():
    for name in os.listdir(client.RECORDS):
        os.remove(os.path.join(client.RECORDS, name))


def raw(data, half_close=False):
    """The status, or 0 where the connection was closed without one."""
    with client.connect() as sock:
        client.send_quietly(sock, data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        answer = client.read_to_end(sock)
    return int(answer.split()[1]) if answer[:5] == b"HTTP/" else 0


def expect_one(status, wanted, what):
    check(status in wanted, "%s: %d instead of %r" % (what, status, wanted))


# HTTP.

@both
def lengths(server):
    """Whatever a server lets through, nothing comes of it."""
    n = len(EVENT)
    for text in ("-1", "-%d" % n, "+%d" % n, "0x%x" % n, "%d,%d" % (n, n),
                 "1e2", "%d.0" % n, "99999999999999999999", "1" * 400, "abc",
                 "%d %d" % (n, n), "\t", '"%d"' % n,
                 "18446744073709551617"):
        status = raw(head("POST", "/hook", signed(EVENT) + [
            ("Content-Length", text)]) + EVENT)
        expect_one(status, (400, 411, 413, 501), "length %r" % text)
    expect_records(0)
    # The same number twice may be taken for one.
    for second, wanted in (n, (200, 400)), (n - 1, (400,)), (n + 1, (400,)):
        status = raw(head("POST", "/hook", signed(EVENT) + [
            ("Content-Length", n), ("Content-Length", second)]) + EVENT)
        expect_one(status, wanted, "lengths %d and %d" % (n, second))
    forget()
    status = raw(head("POST", "/hook", signed(EVENT)) + EVENT)
    expect_one(status, (400, 401, 411), "no length")
    for length in n - 1, 1, 0:
        status = raw(head("POST", "/hook", signed(EVENT) + [
            ("Content-Length", length)]) + EVENT)
        expect_one(status, (401,), "length %d of %d" % (length, n))
    status = raw(head("POST", "/hook", signed(EVENT) + [
        ("Content-Length", n + 1)]) + EVENT, half_close=True)
    expect_one(status, (0, 400), "length %d of %d" % (n + 1, n))
    expect_records(0)


def memory(pid):
    """The most that was resident, in KiB."""
    with open("/proc/%s/status" % pid) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])


def pour(sock, size):
    """As much of a body as is taken."""
    block = b"x" * (1 << 20)
    try:
        while size > 0:
            size -= sock.send(block[:min(size, len(block))])
    except OSError:
        return


def send_vast(headers, chunked):
    with client.connect() as sock:
        sock.sendall(head("POST", "/stream", headers))
        if chunked:
            client.send_quietly(sock, b"%x\r\n" % VAST)
        pour(sock, VAST)
        if chunked:
            client.send_quietly(sock, b"\r\n0\r\n\r\n")
        answer = client.read_to_end(sock)
    return int(answer.split()[1]) if answer[:5] == b"HTTP/" else 0


def tell(what):
    print("# " + what, file=open("/dev/fd/3", "w") if os.path.exists(
        "/dev/fd/3") else sys.stdout)


@both
def vast(server):
    client.still_serves()
    forget()
    before = memory(RESPONDER)
    for headers, chunked in (
            ([("Content-Length", VAST)], False),
            ([("Content-Length", VAST), ("X-Signature", "0" * 64)], False),
            ([("Transfer-Encoding", "chunked")], True)):
        if chunked and server == "lighttpd":
            continue    # it would keep all of it on the disk
        expect_one(send_vast(headers, chunked), (413,), "600 MB")
    grown = memory(RESPONDER) - before
    check(grown < GROWTH, "pelihook.fcgi has grown by %d KiB" % grown)
    if server == "nginx":
        tell("pelihook.fcgi grew by %d KiB" % grown)
    expect_records(0)


def most_of_cgi(length, size):
    """pelihook.cgi on pipes: its answer, and its most memory in KiB."""
    environment = {"PELIHOOK_CONFIG": os.environ["CONFIG"],
                   "REQUEST_METHOD": "POST", "PELIHOOK_HOOK": "first"}
    if length is not None:
        environment["CONTENT_LENGTH"] = str(length)
    process = subprocess.Popen([os.environ["CGI"]], env=environment,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    block = b"x" * (1 << 20)
    try:
        for _ in range(0, size, len(block)):
            process.stdin.write(block)
        process.stdin.close()
    except BrokenPipeError:
        pass
    answer = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, "it ended with %d" % process.returncode)
    return answer, usage.ru_maxrss


def vast_cgi():
    _, usual = most_of_cgi(0, 0)
    for length in VAST, None:
        answer, most = most_of_cgi(length, VAST)
        check(answer.startswith(b"Status: 413 "), "%r" % answer[:100])
        check(most - usual < GROWTH, "it took %d KiB more" % (most - usual))
        tell("pelihook.cgi took %d KiB more than for nothing" %
             (most - usual))
    expect_records(0)


def drip_one(server, port, failures):
    """The first byte, and every nine seconds another."""
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as sock:
            sock.sendall(head("POST", "/stream", signed(EVENT) + [
                ("Content-Length", len(EVENT))]))
            sock.settimeout(9)
            answer = b""
            for byte in EVENT:
                client.send_quietly(sock, bytes([byte]))
                try:
                    answer = sock.recv(65536)
                    break
                except socket.timeout:
                    check(time.monotonic() - began < 40, "it waits for ever")
        took = time.monotonic() - began
        check(answer.startswith(b"HTTP/1.1 408 "), "%r" % answer[:100])
        check(9 < took < 20, "that took %d s" % took)
    except Exception as error:
        failures.append("%s: %r" % (server, error))


def drip():
    failures = []
    threads = [threading.Thread(target=drip_one, args=(*item, failures))
               for item in PORTS.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not failures, "; ".join(failures))
    expect_records(0)


@both
def deep(server):
    for body in b"[" * 10000 + b"]" * 10000, b"[" * 10000, \
            b'{"a":' * 10000 + b"1" + b"}" * 10000:
        expect(client.post(body, headers=[]), 401)
        expect(client.post(body), 400)
    expect_records(0)


def delivered(body, name):
    answer = expect(client.post(body), 200)
    check(answer.field("event") == name, "it was %r" % answer.body)
    return answer


@both
def repeated_keys(server):
    for body, name in (
            (b'{"event":"pipeline_run_started","event":"pipeline_run_error"}',
             "pipeline_run_error"),
            (b'{"event":"pipeline_run_error","\\u0065vent":"x"}', "x"),
            (b'{"a":{"event":"connection_added"},'
             b'"a":{"event":"connection_removed"}}', "connection_removed")):
        client.expect_delivered(delivered(body, name), body)
    # The last name is one that is ignored: there is no first one.
    delivered(b'{"event":"pipeline_run_error",'
              b'"event":"pipeline_run_started"}', "pipeline_run_started")
    expect_records(3)


@both
def encodings(server):
    around = b'{"event":"pipeline_run_error","value":"%s"}'
    for text in (b"\0", b"\0{}", b"{}\0", b"\xff", b"\xe2\x82", b"\x80",
                 b"\xfe\xff\0{\0}", b"\xff\xfe{\0}\0", b"\xc0\x80",
                 b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        for body in text, around % text:
            expect(client.post(body), 400)
    expect_records(0)
    for value in rb"\u0000", rb"\ud800", rb"\udc1d\ud83d", rb"\u001b[2J":
        body = b'{"event":"pipeline_run_error","value":"' + value + b'"}'
        client.expect_delivered(delivered(body, "pipeline_run_error"), body)
    expect_records(4)


@both
def long_headers(server):
    """None of these is too long for the servers: they are looked at."""
    for value in ("a" * 8000, "0" * 8000, "," * 8000, "sha256=" * 1100,
                  ("0" * 64 + ",") * 120, "=" * 8000, "A" * 44 * 180):
        for name, wanted in ("X-Signature", 401), ("X-Other", 401), \
                ("Content-Encoding", 415):
            expect(client.post(EVENT, headers=[(name, value)]), wanted)
    expect_records(0)


@both
def many_headers(server):
    more = [("X-%d" % i, "sha256=%064d" % i) for i in range(80)]
    expect(client.post(EVENT, headers=more), 401)
    more = [("X-%d" % i, "%d" % i) for i in range(500)]
    expect(client.post(EVENT, headers=more), 401, 400, 431)
    expect_records(0)
    few = [("X-%d" % i, "=;,: %d" % i) for i in range(300)]
    client.expect_delivered(expect(client.post(EVENT, *few), 200), EVENT)


@both
def paths(server):
    """The right MAC, and a path that leads to no hook."""
    for path in ("/hook/First", "/hook/first%00", "/hook/first%00/..",
                 "/hook/first/x", "/hook/first%2f%2fx",
                 "/hook/..%2ffirst", "/hook/%2e%2e%2ffirst", "/hook/first;x",
                 "/hook/first%20", "/hook/first%0ax", "/hook/.first",
                 "/hook/%c0%af", "/hook/%ff", "/hook/" + "a" * 3000,
                 "/hook/" + "../" * 100 + "etc/passwd", "/hook/first.conf",
                 "/hook\\first",
                 "/hook/*", "/hook/?*", "/hook/$(id)", "/hook/`id`",
                 "/hook/%2f", "/hook/%2f%2f"):
        status = raw(head("POST", path, signed(EVENT) + [
            ("Content-Length", len(EVENT))]) + EVENT)
        expect_one(status, (400, 403, 404, 405, 414, 431), path)
    expect_records(0)


@both
def names(server):
    """Nobody names a hook but the server and the path."""
    for header in ("PELIHOOK_HOOK", "PELIHOOK-HOOK", "Pelihook-Hook",
                   "HTTP-PELIHOOK-HOOK", "PATH-INFO", "PELIHOOK-CONFIG",
                   "REQUEST-METHOD"):
        expect(client.post(EVENT, headers=[(header, "second")]), 401)
    for query in "PELIHOOK_HOOK=second", "/second", "-c+/dev/null":
        expect(client.post(EVENT, path="/hook?" + query, headers=[]), 401)
    expect_records(0)


BOMB = "() { :;}; /bin/touch %s/pwned; echo '; touch %s/pwned; $(touch %s/" \
    "pwned)`touch %s/pwned`| touch %s/pwned" % ((WORK,) * 5)


@both
def shellshock(server):
    headers = [(name, BOMB) for name in (
        "User-Agent", "Referer", "Cookie", "Accept", "X-Signature-2",
        "X-Forwarded-For", "Proxy", "Authorization", "X-Event", "Test")]
    body = json.dumps({
        "event": "pipeline_run_error", "value": BOMB, BOMB: BOMB,
        "run": {"id": BOMB, BOMB: [BOMB]}}).encode()
    answer = expect(client.post(body, *headers, path="/hook?x=" +
                                "(){:;};id"), 200)
    client.expect_delivered(answer, body)
    variables = Records.read(answer.field("id"), "env").decode()
    check("PELIHOOK_VALUE=" + BOMB + "\n" in variables, variables)
    # Only what is made of the payload has any of it: what `env` names, the
    # run's identity and the sentence, which has it behind words of its own.
    for line in variables.splitlines():
        check("touch" not in line or line.startswith((
            "PELIHOOK_VALUE=", "PELIHOOK_RUN=", "PELIHOOK_TEXT=A pipeline ")),
              line)
    # Unsigned, the same comes to nothing.
    expect(client.post(body, headers=headers), 401)
    body = json.dumps({"event": BOMB}).encode()
    check(expect(client.post(body), 200).field("event") == "unknown",
          "it was taken for a name")
    check(not os.path.exists(os.path.join(WORK, "pwned")), "it was run")


@both
def options(server):
    for value in "-rf /", "--help", "-", "--", "-c id", "@/etc/passwd", "":
        body = json.dumps({"event": "pipeline_run_error", "type": value,
                           "value": value, value: value}).encode()
        name = expect(client.post(body), 200).field("id")
        check(Records.read(name) == body, "the body is another")
        check(Records.read(name, "args") == b"one argument\n",
              "the arguments are %r" % Records.read(name, "args"))
        variables = Records.read(name, "env").decode()
        check("PELIHOOK_VALUE=" + value in variables, variables)
    expect_records(7)


@both
def half_closed(server):
    whole = head("POST", "/hook", signed(EVENT) + [
        ("Content-Length", len(EVENT))])
    # nginx takes a closed half for a client that has gone.
    expect_one(raw(whole + EVENT, half_close=True), (200, 0), "all of it")
    time.sleep(0.2)
    forget()
    for path in "/hook", "/stream":
        part = head("POST", path, signed(EVENT) + [
            ("Content-Length", len(EVENT))])
        for data in part + EVENT[:50], part, part[:60]:
            expect_one(raw(data, half_close=True), (0, 400, 408), "a part")
    expect_records(0)


@both
def closed(server):
    part = head("POST", "/stream", signed(EVENT) + [
        ("Content-Length", len(EVENT))])
    for i in range(0, len(part) + 50, 7):
        sock = client.connect()
        client.send_quietly(sock, (part + EVENT)[:i])
        # A reset, and not the end of a stream.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")
        sock.close()
    client.still_serves()
    expect_records(1)


# FastCGI.

def variables_of(body, **more):
    pairs = {"REQUEST_METHOD": "POST", "PELIHOOK_HOOK": "first",
             "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "192.0.2.7",
             "HTTP_X_SIGNATURE": sign(body)}
    pairs.update(more)
    return list(pairs.items())


def answer_of(data, patience=30):
    """What comes back, until the responder closes or the request is over."""
    connection = fastcgi.Connection(SOCKET, patience)
    try:
        connection.send_quietly(data)
        connection.socket.shutdown(socket.SHUT_WR)
        return connection.answer()
    except fastcgi.Closed:
        return b""
    finally:
        connection.close()


def head_of(body, request=1, **more):
    return fastcgi.begin(False, request=request) + \
        fastcgi.params(variables_of(body, **more), request)


def body_of(body, request=1):
    return fastcgi.stream(fastcgi.STDIN, body, request) + \
        fastcgi.record(fastcgi.STDIN, b"", request)


def expect_status(answer, *wanted):
    status = answer[8:11].decode() if answer.startswith(b"Status: ") else ""
    check(status in wanted, "%r instead of %r" % (answer[:100], wanted))


@straight
def fastcgi_abort():
    abort = fastcgi.record(fastcgi.ABORT)
    for data in (fastcgi.begin(False) + abort,
                 fastcgi.begin(True) + abort + abort,
                 fastcgi.begin(False) + fastcgi.stream(
                     fastcgi.PARAMS, b"\1\1ab") + abort,
                 head_of(EVENT) + abort,
                 head_of(EVENT) + fastcgi.stream(
                     fastcgi.STDIN, EVENT[:50]) + abort,
                 abort):
        expect_status(answer_of(data), "", "400", "405")


@straight
def fastcgi_unknown():
    for kind in 0, 3, 6, 7, 8, 12, 99, 255:
        odd = fastcgi.record(kind, b"x" * 40)
        for data in (odd, fastcgi.begin(False) + odd,
                     head_of(EVENT) + odd + body_of(EVENT[:-1]),
                     head_of(EVENT, HTTP_X_SIGNATURE="0") + odd +
                     body_of(EVENT)):
            expect_status(answer_of(data), "", "400", "401", "405")


@straight
def fastcgi_ids():
    """All of it belongs to another: there is no body of this one."""
    for request in 2, 255, 65535:
        data = head_of(EVENT) + fastcgi.stream(
            fastcgi.STDIN, EVENT, request)
        expect_status(answer_of(data), "", "400")
        expect_status(answer_of(fastcgi.begin(False) + fastcgi.params(
            variables_of(EVENT), request) + body_of(EVENT)), "", "405", "400")


@straight
def fastcgi_second():
    """There is one request on a connection; the other is told so."""
    data = head_of(EVENT[:50]) + head_of(EVENT, 2) + body_of(EVENT, 2) + \
        body_of(EVENT[:49])
    expect_status(answer_of(data), "", "400")


@straight
def fastcgi_names():
    for length, status in (1 << 16, "401"), (1 << 20, ""), (10 << 20, ""):
        for pair in ("A" * length, "b"), ("A", "b" * length), \
                ("HTTP_X_SIGNATURE", "0," * (length // 2)):
            data = fastcgi.begin(False) + fastcgi.params(
                [("REQUEST_METHOD", "POST"), ("PELIHOOK_HOOK", "first"),
                 ("CONTENT_LENGTH", "2"), pair]) + body_of(b"{}")
            expect_status(answer_of(data), status)
    # A length that is never sent, and ones that cannot be: libfcgi would
    # allocate them, and end the process where it cannot.
    for text in (b"\x81\0\0\0\1", b"\xff\xff\xff\xff\1", b"\4", b"\x80",
                 b"\xff\xff\xff\xfe\xff\xff\xff\xfe", b"\xf1\0\0\0\xf1\0\0\0ab"):
        data = fastcgi.begin(False) + fastcgi.stream(
            fastcgi.PARAMS, text) + fastcgi.record(fastcgi.PARAMS)
        expect_status(answer_of(data), "")


@straight
def fastcgi_management():
    values = fastcgi.length(14) + fastcgi.length(0) + b"FCGI_MAX_CONNS"
    # Asked for one value many times libfcgi overflows a buffer.
    for kind, content in ((9, values), (9, values * 64), (9, b""),
                          (9, b"\0\0"), (9, b"\4"), (12, b""), (99, b"abc"), (255, b"\0" * 100)):
        odd = fastcgi.record(kind, content, 0)
        for data in (odd, fastcgi.begin(False) + odd, odd * 3 +
                     head_of(EVENT, HTTP_X_SIGNATURE="0") + body_of(EVENT)):
            answer_of(data)
    connection = fastcgi.Connection(SOCKET)
    connection.send(fastcgi.record(9, values * 64, 0) +
                    fastcgi.record(99, b"abc", 0))
    check(connection.receive() == (10, b""), "values are told")
    check(connection.receive() == (11, b"\x63" + b"\0" * 7), "another answer")
    connection.close()
    with_values = fastcgi.record(9, values, 0) + head_of(
        EVENT, HTTP_X_SIGNATURE="0") + body_of(EVENT)
    expect_status(answer_of(with_values), "401")


def log_lines(after):
    with open(os.path.join(WORK, "pelihook.log"), "rb") as log:
        log.seek(after)
        return log.read().split(b"\n")[:-1]


@straight
def fastcgi_hooks():
    """Nothing but its name leads to a hook, and nobody writes the log."""
    after = os.path.getsize(os.path.join(WORK, "pelihook.log"))
    sent = 0
    for value in ("First", "/first", "first ", " first", "first//", "*", "-c",
                  "../first", "first/../first", "first/x", "$(id)", "fir",
                  "first\n", "x\ntime=now msg=delivered hook=first", "\xff",
                  "\x1b[2Jfirst", "\x9b2J", "%66irst", "a" * 65, "a" * 65536):
        for more in ({"PELIHOOK_HOOK": value},
                     {"PELIHOOK_HOOK": "", "PATH_INFO": "/" + value}):
            more["REMOTE_ADDR"] = "192.0.2.7 hook=first\ntime=now\x1b[2J"
            expect_status(answer_of(head_of(EVENT, **more) + body_of(EVENT)),
                          "404")
            sent += 1
    expect_status(answer_of(head_of(
        EVENT, PELIHOOK_HOOK="", PATH_INFO="/second") + body_of(EVENT)), "404")
    lines = log_lines(after)
    check(sum(b" msg=no-such-hook " in line for line in lines) == sent + 1,
          "the log tells of others")
    for line in lines:
        text = line.decode()
        unquoted = re.sub(r'"(\\.|[^"\\])*"', "", text)
        check(text.isprintable() and "hook=first" not in unquoted and
              unquoted.startswith("time=2") and unquoted.count("time=") == 1,
              "the log says %r" % line)


@straight
def fastcgi_roles():
    for role in 0, 2, 3, 4, 65535:
        data = fastcgi.begin(False, role) + fastcgi.params(
            variables_of(EVENT)) + body_of(EVENT)
        expect_status(answer_of(data), "500" if role in (2, 3) else "")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        globals()[sys.argv[1]]()
    except client.Failure as failure:
        sys.exit(str(failure))


main()
