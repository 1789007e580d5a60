# SPDX-License-Identifier: ISC
"""What is not the same in both programs: signals, sockets, connections."""

import fcntl
import grp
import os
import random
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import threading
import time

import fastcgi
from harness import (CGI, FCGI, PASSED, PATIENCE, WRAP, Cgi, Fcgi, Place,
                     Process, check, line, mac, post, run_tests, spawn,
                     status_of, wait_for)

EVENT = b'{"event":"pipeline_run_completed"}'
HOOK = """hook peliqan
  secret-file @DIR@/secret.new
"""
SIMPLE = HOOK + """  on * run /bin/sh -c 'cat >@DIR@/out'
"""
QUEUED = "journal @DIR@/journal.db\n" + SIMPLE
# It says that it runs, then stays.
LONG = HOOK + """  on * run /bin/sh -c 'echo $$ >@DIR@/new; \
mv @DIR@/new @DIR@/pid; exec sleep 60'
"""
DEAF = HOOK + """  on * run /bin/sh -c 'trap "" TERM; echo $$ >@DIR@/new; \
mv @DIR@/new @DIR@/pid; while :; do sleep 1; done'
"""
# It stays until a file is there.
UNTIL = HOOK + """  on * run /bin/sh -c 'echo $$ >@DIR@/new; \
mv @DIR@/new @DIR@/pid; while ! test -e @DIR@/go; do sleep 0.05; done'
"""


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def command_of(place):
    """The process of the command, once it runs."""
    return int(wait_for(lambda: place.read("pid"), "the command"))


def unread(fd):
    count = fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4)
    return struct.unpack("i", count)[0]


def log_has(place, text):
    return text.encode() in (place.read("log") or b"")


def expect(answer, status):
    check(status_of(answer) == status,
          "expected %d, got %r" % (status, answer))


# CGI.

def cgi_arguments(place):
    """A server puts the words of a query string there."""
    cgi = Cgi(place, place.config(SIMPLE), post(EVENT),
              argv=["-V", "-c", "/nowhere", "--help"])
    try:
        cgi.send(EVENT)
        cgi.end_input()
        expect(cgi.answer(), 200)
    finally:
        cgi.close()
    check(place.read("out") == EVENT, "the command did not get the event")


def cgi_file_input(place):
    place.write("body", EVENT.decode())
    output = os.pipe()
    body = os.open(place.path("body"), os.O_RDONLY)
    config = place.config(SIMPLE)
    cgi = Process(spawn([CGI], [("PELIHOOK_CONFIG", config)] + post(EVENT),
                        [body, output[1]], place.path("log")))
    os.close(body)
    os.close(output[1])
    check(cgi.wait() == 0, "exit status %r" % cgi.status)
    expect(os.read(output[0], 65536), 200)
    os.close(output[0])


def cgi_closed_descriptors(place):
    """No file of ours may take the place of descriptor 0, 1 or 2."""
    config = place.config(SIMPLE)
    before = place.read("pelihook.conf")
    environment = dict(post(EVENT), PELIHOOK_CONFIG=config, **PASSED)
    script = 'exec "$@" <&- 2>&-'
    run = subprocess.run(["/bin/sh", "-c", script, "sh", *WRAP, CGI],
                         env=environment, stdout=subprocess.PIPE,
                         timeout=PATIENCE)
    expect(run.stdout, 400)
    script = 'exec "$@" >&- 2>&-'
    run = subprocess.run(["/bin/sh", "-c", script, "sh", *WRAP, CGI],
                         env=environment, input=EVENT, timeout=PATIENCE)
    check(place.read("out") == EVENT, "without an output nothing ran")
    check(place.read("pelihook.conf") == before,
          "the reply went into the configuration")


def cgi_no_file(place):
    cgi = Cgi(place, place.path("nowhere.conf"), post(EVENT))
    try:
        cgi.send(EVENT)
        cgi.end_input()
        expect(cgi.answer(), 500)
    finally:
        cgi.close()
    check(log_has(place, "nowhere.conf"), "the log does not name the file")


def cgi_term_reading(place, one_socket):
    cgi = Cgi(place, place.config(SIMPLE), post(EVENT), one_socket)
    try:
        cgi.send(EVENT[:-1])
        if not one_socket:
            wait_for(lambda: unread(cgi.input) == 0, "the first bytes")
        else:
            # Its peer's buffer cannot be seen: the signal is behind the
            # last byte only where it was read, which poll() tells.
            wait_for(lambda: is_polling(cgi.pid), "the first bytes")
        cgi.signal(signal.SIGTERM)
        expect(cgi.answer(PATIENCE, 1), 503)
        cgi.send(EVENT[-1:])
        cgi.end_input()
        check(cgi.wait() == 0, "exit status %r" % cgi.status)
    finally:
        cgi.close()
    check(place.read("out") is None, "the command was run")


def is_polling(pid):
    """Whether it sleeps with the signals blocked, its libraries loaded."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file)
    term = 1 << (signal.SIGTERM - 1)
    return int(status["SigBlk"], 16) & term != 0 and \
        status["State"].strip().startswith("S")


def cgi_term_running(place, config):
    cgi = Cgi(place, place.config(config), post(EVENT))
    try:
        cgi.send(EVENT)
        cgi.end_input()
        pid = command_of(place)
        began = time.monotonic()
        cgi.signal(signal.SIGTERM)
        expect(cgi.answer(), 503)
        check(cgi.wait() == 0, "exit status %r" % cgi.status)
        check(WRAP or time.monotonic() - began < 2.9,
              "Apache would have killed it")
    finally:
        cgi.close()
    wait_for(lambda: is_gone(pid), "the end of the command")


def unopenable(place):
    """Names of logs that nobody can open, or is to, as long as the place is
    so."""
    if not os.path.exists(place.path("fifo")):
        os.mkfifo(place.path("fifo"), 0o600)
    if not os.path.islink(place.path("link")):
        os.symlink("nowhere", place.path("link"))
    if not os.path.isdir(place.path("open")):
        os.mkdir(place.path("open"))
        os.chmod(place.path("open"), 0o777)
    return "none/log", ".", "fifo", "link", "open/log"


def check_unopened(place):
    check(not os.path.exists(place.path("open/log")),
          "it was made where others could have made it")


def cgi_without_log(place):
    """The event is handled, and the server's log has all of it."""
    for number, name in enumerate(unopenable(place), 1):
        config = place.config("log @DIR@/%s\n" % name + SIMPLE)
        cgi = Cgi(place, config, post(EVENT))
        try:
            cgi.send(EVENT)
            cgi.end_input()
            expect(cgi.answer(), 200)
        finally:
            cgi.close()
        for text in b"cannot open the log", b"msg=delivered":
            check(place.read("log").count(text) == number,
                  "%s: %r" % (name, place.read("log")))
    check_unopened(place)


# Both.

KNOWN = """journal @DIR@/journal.db
dispatch none
hook svix
  signature standard-webhooks
  secret-file @DIR@/secret.new
  dedupe header webhook-id
  on * run /bin/true
"""
# What may stand beside an id on its way here.
BESIDE = ("%s", "\t%s", "%s\t", " %s", "%s ", "\t\t%s", " \t %s \t ")


def with_id(identity, shape):
    """A request as it was signed, with its id written otherwise."""
    now = str(int(time.time()))
    signed = ("%s.%s." % (identity, now)).encode() + EVENT
    return post(EVENT, HTTP_X_SIGNATURE=None,
                HTTP_WEBHOOK_ID=shape % identity,
                HTTP_WEBHOOK_TIMESTAMP=now,
                HTTP_WEBHOOK_SIGNATURE="v1," + mac(signed, "new", "base64"))


def by_cgi(place, variables):
    cgi = Cgi(place, place.path("pelihook.conf"), variables)
    try:
        cgi.send(EVENT)
        cgi.end_input()
        return cgi.answer()
    finally:
        cgi.close()


def one_reading(place, fcgi):
    """Blanks beside an id make no second event of a captured request."""
    for front in "cgi", "fcgi":
        for first in BESIDE:
            identity = "msg_%s_%d" % (front, BESIDE.index(first))
            answers = []
            for shape in (first,) + BESIDE:
                variables = with_id(identity, shape)
                answers.append(by_cgi(place, variables) if front == "cgi"
                               else fcgi.request(variables, EVENT))
            expect(answers[0], 202)
            for shape, answer in zip(BESIDE, answers[1:]):
                check(b'"status":"duplicate"' in answer,
                      "%r after %r: %r" % (shape, first, answer))


def no_identity(place, fcgi):
    """It is told once that an event has none, however many come."""
    for _ in range(3):
        expect(fcgi.request(post(EVENT, HTTP_X_ID=" \t"), EVENT), 202)
    told = (place.read("log") or b"").count(b"without an identity")
    check(told == 1, "it was told %d times" % told)


# FastCGI: connections.

def with_fcgi(test, config, *options):
    def run(place):
        fcgi = Fcgi(place, place.config(config), *options)
        try:
            test(place, fcgi)
            check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
        finally:
            fcgi.end()
    return run


def still_serves(fcgi):
    expect(fcgi.request(post(EVENT), EVENT), 200)


def kept(place, fcgi):
    connection = fcgi.connect()
    for _ in range(3):
        expect(connection.request(post(EVENT), EVENT, True), 200)
        expect(connection.request(post(EVENT, secret="old"), EVENT, True),
               401)
        expect(connection.request(*GET, True), 405)
        vast = EVENT + b" " * 3000000
        expect(connection.request(post(vast), vast, True), 413)
    check(not connection.is_closed(0.2), "it was closed")
    connection.close()


def not_kept(place, fcgi):
    connection = fcgi.connect()
    expect(connection.request(post(EVENT), EVENT), 200)
    check(connection.is_closed(PATIENCE), "it was kept")


def smuggled(place, fcgi):
    """Records in a body that is refused unread must stay a body."""
    forged = fastcgi.begin(True) + fastcgi.params(post(EVENT)) + \
        fastcgi.stream(fastcgi.STDIN, EVENT) + fastcgi.record(fastcgi.STDIN)
    for shift in range(16):
        body = b"x" * shift + forged * 40
        body += b"x" * (1100000 - len(body))
        connection = fcgi.connect()
        for _ in range(2):
            expect(connection.request(post(body), body, True), 413)
        # The input is left open: its end was not seen.
        connection.send(fastcgi.begin(True) + fastcgi.params(post(body)))
        connection.send_quietly(fastcgi.stream(fastcgi.STDIN, body[:200000]))
        connection.socket.shutdown(socket.SHUT_WR)
        expect(connection.answer(), 413)
        check(connection.is_closed(PATIENCE), "it was kept half-read")
    check(place.read("out") is None, "a forged request was run")


GET = (post(b"", REQUEST_METHOD="GET", CONTENT_LENGTH=""), b"")


def together(place, fcgi):
    """Requests are found in the bytes of a connection, however these come."""
    wanted = ((post(EVENT), EVENT), 200), (GET, 405), \
        ((post(EVENT, secret="old"), EVENT), 401), ((post(EVENT), EVENT), 200)
    data = [fastcgi.request(*request, keep=True) for request, _ in wanted]
    ends = [sum(map(len, data[:i])) for i in range(1, len(data))]
    data = b"".join(data)
    for cuts in (), (ends[0] - 1,), (ends[0] - 8, ends[1] + 3), \
            (ends[0] - 20, ends[2] - 5):
        connection = fcgi.connect()
        for begin, end in zip((0, *cuts), (*cuts, len(data))):
            connection.send(data[begin:end])
            wait_for(lambda: unread_by_peer(connection) == 0, "a reader")
        for _, status in wanted:
            expect(connection.answer(), status)
        check(not connection.is_closed(0.1), "it was closed")
        connection.close()


def byte_by_byte(place, fcgi):
    connection = fcgi.connect()
    for byte in fastcgi.request(post(EVENT), EVENT, True):
        connection.send(bytes([byte]))
    expect(connection.answer(), 200)
    check(place.read("out") == EVENT, "the command read something else")
    expect(connection.request(post(EVENT), EVENT, True), 200)
    connection.close()


def long_head(place, fcgi):
    connection = fcgi.connect()
    for _ in range(2):
        expect(connection.request(post(EVENT, HTTP_X_LONG="x" * 65536,
                                       **{"HTTP_" + "Y" * 300: "z"}),
                                  EVENT, True), 200)
    connection.close()


def of_others(place, fcgi):
    """What is of no request under way is no part of one that is."""
    stray = fastcgi.stream(fastcgi.STDIN, b"other", 2)
    for other, may_fail in (stray, False), \
            (fastcgi.params(post(b"other"), 3), True), \
            (fastcgi.record(fastcgi.ABORT, b"", 4), True):
        for at in range(4):
            parts = [fastcgi.head(post(EVENT), True),
                     fastcgi.stream(fastcgi.STDIN, EVENT[:9]),
                     fastcgi.stream(fastcgi.STDIN, EVENT[9:]),
                     fastcgi.record(fastcgi.STDIN)]
            parts.insert(at, other)
            connection = fcgi.connect()
            connection.send_quietly(b"".join(parts))
            try:
                status = status_of(connection.answer())
            except fastcgi.Closed:
                status = 400
            connection.close()
            check(status == 200 or may_fail and status == 400,
                  "answered %d" % status)
            check(place.read("out") == (EVENT if status == 200 else None),
                  "the command read %r" % place.read("out"))
            place.remove("out")
    still_serves(fcgi)


def aborted(place, fcgi):
    """Half a body, and the web server does not want it any more."""
    for body in b"", EVENT[:9]:
        connection = fcgi.connect()
        connection.send(fastcgi.head(post(EVENT), True) +
                        fastcgi.stream(fastcgi.STDIN, body) +
                        fastcgi.record(fastcgi.ABORT))
        try:
            check(connection.answer()[:11] in (b"", b"Status: 400"),
                  "an answer to half a body")
            if not connection.is_closed(0.2):
                connection.socket.settimeout(PATIENCE)
                expect(connection.request(post(EVENT), EVENT), 200)
                place.remove("out")
        except fastcgi.Closed:
            pass
        check(place.read("out") is None, "half a body was run")
        connection.close()
    still_serves(fcgi)


def values(place, fcgi):
    """One name a hundred times is too much for libfcgi's buffer."""
    name = b"FCGI_MPXS_CONNS"
    pair = fastcgi.length(len(name)) + fastcgi.length(0) + name
    for count in 1, 100:
        connection = fcgi.connect()
        connection.send(fastcgi.record(fastcgi.GET_VALUES, pair * count, 0))
        for _ in range(2):
            expect(connection.request(post(EVENT), EVENT, True), 200)
        connection.close()
    still_serves(fcgi)


def vast_names(place, fcgi):
    """Lengths of 2 GiB end a connection, and not the process."""
    most, less = b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe"
    for text in most + b"\1", less + less, most + most, b"\1" + most:
        connection = fcgi.connect()
        connection.send_quietly(
            fastcgi.begin(True) + fastcgi.stream(fastcgi.PARAMS, text + b"ab") +
            fastcgi.record(fastcgi.PARAMS) + fastcgi.record(fastcgi.STDIN))
        check(connection_ends(connection), "kept after %r" % text)
        connection.close()
        still_serves(fcgi)


def idle(place, fcgi):
    """One thread, and many connections that say nothing."""
    fresh = [fcgi.connect() for _ in range(50)]
    used = [fcgi.connect() for _ in range(50)]
    for connection in used:
        expect(connection.request(post(EVENT), EVENT, True), 200)
    for _ in range(20):
        still_serves(fcgi)
    for connection in used + fresh:
        expect(connection.request(post(EVENT), EVENT, True), 200)
        connection.close()


def half_head(place, fcgi):
    """Half a request holds the only thread no longer than read-timeout."""
    connection = fcgi.connect()
    connection.send((fastcgi.begin(False) + fastcgi.params(post(EVENT)))[:60])
    wait_for(lambda: unread_by_peer(connection) == 0, "the first bytes")
    still_serves(fcgi)
    expect(connection.answer(), 408)
    check(connection.is_closed(PATIENCE), "half a head was kept")


def dripped_head(place, fcgi):
    """Each byte comes in time, the whole does not."""
    connection = fcgi.connect()
    data = fastcgi.begin(False) + fastcgi.params(
        post(EVENT, HTTP_X_LONG="x" * 4000))
    stop = threading.Event()

    connection.send(data[:40])
    wait_for(lambda: unread_by_peer(connection) == 0, "the first bytes")

    def drip():
        for i in range(40, len(data) - 1):
            if stop.wait(0.02):
                return
            connection.send_quietly(data[i:i + 1])

    thread = threading.Thread(target=drip)
    began = time.monotonic()
    thread.start()
    try:
        still_serves(fcgi)
        check(time.monotonic() - began < 10, "it dripped for too long")
    finally:
        stop.set()
        thread.join()
    expect(connection.answer(), 408)
    check(connection.is_closed(PATIENCE), "a dripped head was kept")


def dripped_body(place, fcgi):
    connection = fcgi.connect()
    connection.send(fastcgi.begin(False) +
                    fastcgi.params(post(b"x" * 4000)))
    stop = threading.Event()

    def drip():
        while not stop.wait(0.02):
            connection.send_quietly(fastcgi.record(fastcgi.STDIN, b"x"))

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        expect(connection.answer(), 408)
    finally:
        stop.set()
        thread.join()
    still_serves(fcgi)


def cut_body(place, fcgi):
    for keep in False, True:
        connection = fcgi.connect()
        connection.send(fastcgi.begin(keep) + fastcgi.params(post(EVENT)) +
                        fastcgi.stream(fastcgi.STDIN, EVENT))
        connection.send(fastcgi.record(fastcgi.ABORT))
        expect(connection.answer(), 200)
        connection = fcgi.connect()
        connection.send(fastcgi.begin(keep) + fastcgi.params(post(EVENT)) +
                        fastcgi.stream(fastcgi.STDIN, EVENT[:-1]))
        connection.socket.shutdown(socket.SHUT_WR)
        expect(connection.answer(), 400)
        check(connection.is_closed(PATIENCE), "it was kept")


def vanished(place, fcgi):
    """Nobody is there for the answer."""
    for _ in range(20):
        connection = fcgi.connect()
        connection.send(fastcgi.begin(True) + fastcgi.params(post(EVENT)) +
                        fastcgi.stream(fastcgi.STDIN, EVENT) +
                        fastcgi.record(fastcgi.STDIN))
        connection.close()
    still_serves(fcgi)


def junk(place, fcgi):
    chance = random.Random(1)
    pieces = [bytes(range(8)), b"\1" * 64, b"GET / HTTP/1.0\r\n\r\n",
              fastcgi.record(fastcgi.STDIN),
              fastcgi.record(250, b"x" * 9, 1), fastcgi.begin(True, 9),
              fastcgi.begin(True, request=7) + fastcgi.record(
                  fastcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xff"),
              fastcgi.begin(True) + fastcgi.record(
                  fastcgi.PARAMS, b"\x7f") + fastcgi.record(fastcgi.PARAMS),
              fastcgi.begin(True) + fastcgi.begin(True),
              fastcgi.begin(True) + fastcgi.record(fastcgi.ABORT),
              fastcgi.record(fastcgi.END, b"\0" * 8),
              fastcgi.begin(True)[:5], b"\1\1\0\1\xff\xff\xff\0"]
    pieces += [bytes([1]) + chance.randbytes(chance.randrange(200))
               for _ in range(30)]
    for piece in pieces:
        connection = fcgi.connect()
        connection.send_quietly(piece)
        connection.socket.shutdown(socket.SHUT_WR)
        check(connection_ends(connection), "kept after %r" % piece)
    still_serves(fcgi)


def connection_ends(connection):
    try:
        while connection.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        return False
    return True


def roles(place, fcgi):
    for role in fastcgi.AUTHORIZER, fastcgi.FILTER:
        connection = fcgi.connect()
        expect(connection.request(post(EVENT), EVENT, True, role), 500)
        check(connection.is_closed(PATIENCE), "it was kept")
    check(place.read("out") is None, "the command was run")
    still_serves(fcgi)


def configuration_parameter(place, fcgi):
    other = place.config(SIMPLE.replace("secret.new", "secret.old"),
                         "other.conf")
    for _ in range(3):
        expect(fcgi.request(post(EVENT, secret="old", PELIHOOK_CONFIG=other),
                            EVENT), 401)
    warnings = place.read("log").count(b"sends PELIHOOK_CONFIG")
    check(warnings == 1, "%d warnings" % warnings)


def limited_fcgi(place, config, limits):
    """A pelihook.fcgi whose starter, a shell, says this first."""
    null = os.open("/dev/null", os.O_RDWR)
    fcgi = Fcgi.__new__(Fcgi)
    fcgi.address = place.path("sock")
    script = limits + '; exec "$@"'
    Process.__init__(fcgi, os.posix_spawn(
        "/bin/sh", ["/bin/sh", "-c", script, "sh", *WRAP, FCGI, "-c", config,
                    "-s", fcgi.address, "-j", "2"], PASSED,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, 0),
                      (os.POSIX_SPAWN_DUP2, null, 1),
                      (os.POSIX_SPAWN_OPEN, 2, place.path("log"),
                       os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)]))
    os.close(null)
    return fcgi


# Beside many connections a command has its limit soon, not at once.
LIMITS = HOOK + """  on * run /bin/sh -c 'for i in $(seq 500); do \
[ $(ulimit -Sn) != 256 ] || break; sleep 0.01; done; \
echo $(ulimit -Sn) $(ulimit -Hn) >@DIR@/out'
"""


def raised_descriptors(place):
    """What it may open is more than before; what its commands may is not."""
    fcgi = limited_fcgi(place, place.config(LIMITS),
                        "ulimit -n 900; ulimit -Sn 256")
    try:
        wait_for(fcgi._is_ready, "pelihook.fcgi")
        limits = resource.prlimit(fcgi.pid, resource.RLIMIT_NOFILE)
        check(limits == (900, 900), "it may open %r" % (limits,))
        for connections in 0, 400:
            place.write("out", "")
            silent = [fcgi.connect() for _ in range(connections)]
            expect(fcgi.request(post(EVENT), EVENT), 200)
            said = place.read("out")
            check(said == b"256 900\n", "a command may open %r" % said)
            for connection in silent:
                connection.close()
        check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()


def few_descriptors(place):
    """Idle connections must not keep new ones out."""
    fcgi = limited_fcgi(place, place.config(SIMPLE), "ulimit -n 96")
    try:
        wait_for(fcgi._is_ready, "pelihook.fcgi")
        used = []
        for _ in range(80):
            connection = fcgi.connect()
            expect(connection.request(post(EVENT), EVENT, True), 200)
            used.append(connection)
        # Those that had an answer were closed for the new ones.
        check(any(connection.is_closed(0) for connection in used[:40]),
              "more connections than descriptors")
        silent = [fcgi.connect() for _ in range(80)]
        still_serves(fcgi)
        check(log_has(place, "have to wait"), "the log does not say it")
        for connection in used + silent:
            connection.close()
        check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()


# FastCGI: the end.

def stop_idle(place):
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGUSR1:
        fcgi = Fcgi(place, place.config(SIMPLE))
        try:
            used = fcgi.connect()
            expect(used.request(post(EVENT), EVENT, True), 200)
            silent = fcgi.connect()
            fcgi.signal(number)
            check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
            check(used.is_closed(PATIENCE) and silent.is_closed(PATIENCE),
                  "a connection is left")
        finally:
            fcgi.end()
        left = [name for name in os.listdir(place.dir) if "sock" in name]
        check(left == [], "%r is left" % left)
        check(log_has(place, "msg=stopped"), "the log does not say it")


def begun(fcgi):
    """A connection with a request of which the last byte is missing."""
    connection = fcgi.connect()
    connection.send(fastcgi.begin(True) + fastcgi.params(post(EVENT)) +
                    fastcgi.stream(fastcgi.STDIN, EVENT[:-1]))
    wait_for(lambda: unread_by_peer(connection) == 0, "the first bytes")
    return connection


def unread_by_peer(connection):
    """SIOCOUTQ: what of ours the other side has not read yet."""
    count = fcntl.ioctl(connection.socket, termios.TIOCOUTQ, b"\0" * 4)
    return struct.unpack("i", count)[0]


def go_on(connection):
    connection.send_quietly(fastcgi.stream(fastcgi.STDIN, EVENT[-1:]) +
                            fastcgi.record(fastcgi.STDIN))


def stop_reading(place):
    """What was accepted is answered, and then nothing is kept."""
    fcgi = Fcgi(place, place.config(SIMPLE))
    try:
        connection = begun(fcgi)
        fcgi.signal(signal.SIGTERM)
        wait_for(lambda: log_has(place, "stopping"), "the signal")
        go_on(connection)
        expect(connection.answer(), 200)
        check(connection.is_closed(PATIENCE), "it was kept")
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()
    check(place.read("out") == EVENT, "the command did not get the event")


def stop_never_read(place):
    fcgi = Fcgi(place, place.config("stop-timeout 300ms\n" + SIMPLE))
    try:
        connection = begun(fcgi)
        fcgi.signal(signal.SIGTERM)
        expect(connection.answer(), 503)
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()
    check(place.read("out") is None, "the command was run")


def stop_running(place):
    fcgi = Fcgi(place, place.config(UNTIL))
    try:
        connection = fcgi.connect()
        go = threading.Thread(target=lambda: (
            wait_for(lambda: log_has(place, "stopping"), "the signal"),
            place.write("go", "")))
        connection.send(fastcgi.begin(False) + fastcgi.params(post(EVENT)) +
                        fastcgi.stream(fastcgi.STDIN, EVENT) +
                        fastcgi.record(fastcgi.STDIN))
        command_of(place)
        go.start()
        fcgi.signal(signal.SIGTERM)
        expect(connection.answer(), 200)
        go.join()
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()


def stop_too_long(place, config):
    fcgi = Fcgi(place, place.config("stop-timeout 300ms\n" + config))
    try:
        connection = fcgi.connect()
        connection.send(fastcgi.begin(False) + fastcgi.params(post(EVENT)) +
                        fastcgi.stream(fastcgi.STDIN, EVENT) +
                        fastcgi.record(fastcgi.STDIN))
        pid = command_of(place)
        fcgi.signal(signal.SIGTERM)
        expect(connection.answer(), 503)
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()
    wait_for(lambda: is_gone(pid), "the end of the command")


def inherited(place, config, sock, script='exec "$@"'):
    """A pelihook.fcgi whose descriptor 0 is this socket."""
    return Process(spawn(
        ["/bin/sh", "-c", script, "sh", *WRAP, FCGI, "-c", config],
        [("PATH", os.environ["PATH"])], [sock.fileno(), sock.fileno()],
        place.path("log")))


def bare_listener(place):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(place.path("sock"))
    sock.listen(64)
    return sock


def served_by(place, process, count=1):
    check(not process.has_ended(), "it ended with %r" % process.status)
    for _ in range(count):
        connection = fastcgi.Connection(place.path("sock"), PATIENCE)
        expect(connection.request(post(EVENT), EVENT), 200)
        connection.close()


def descriptor_zero(place):
    """What comes behind the signal is the next process's."""
    config = place.config(SIMPLE)
    sock = bare_listener(place)
    first = inherited(place, config, sock)
    second = None
    try:
        served_by(place, first)
        first.signal(signal.SIGTERM)
        check(first.wait() == 0, "it ended with %r" % first.status)
        waiting = fastcgi.Connection(place.path("sock"), PATIENCE)
        waiting.send(fastcgi.begin(False) + fastcgi.params(post(EVENT)) +
                     fastcgi.stream(fastcgi.STDIN, EVENT) +
                     fastcgi.record(fastcgi.STDIN))
        second = inherited(place, config, sock)
        expect(waiting.answer(), 200)
        check(os.path.exists(place.path("sock")), "the socket is gone")
        second.signal(signal.SIGTERM)
        check(second.wait() == 0, "it ended with %r" % second.status)
    finally:
        first.end()
        if second is not None:
            second.end()


def siblings(place):
    """Several processes on one socket, as spawn-fcgi -F starts them."""
    config = place.config(SIMPLE)
    sock = bare_listener(place)
    both = [inherited(place, config, sock) for _ in range(2)]
    try:
        served_by(place, both[0], 60)
        for process in both:
            process.signal(signal.SIGTERM)
            check(process.wait() == 0, "it ended with %r" % process.status)
    finally:
        for process in both:
            process.end()


def listen_fds(place):
    config = place.config(SIMPLE)
    sock = bare_listener(place)
    script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&0 0</dev/null'
    process = inherited(place, config, sock, script)
    try:
        served_by(place, process)
        process.signal(signal.SIGTERM)
        check(process.wait() == 0, "it ended with %r" % process.status)
    finally:
        process.end()


def listen_fds_other(place):
    """Those of another process, and more than one, are not taken."""
    config = place.config(SIMPLE)
    sock = bare_listener(place)
    for script in (
            'export LISTEN_FDS=1 LISTEN_PID=1; exec "$@" 3<&0 0</dev/null',
            'export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@" 3<&0 0</dev/null',
            'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 0</dev/null'):
        process = inherited(place, config, sock, script)
        check(process.wait() == 64, "it ended with %r" % process.status)


# FastCGI: its own socket.

def end_of(*arguments, environment=None):
    run = subprocess.run([*WRAP, FCGI, *arguments],
                         env={**PASSED, **(environment or {})},
                         stdin=subprocess.DEVNULL, timeout=PATIENCE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return run.returncode, run.stdout, run.stderr


def refuses(status, *arguments, text=b"", environment=None):
    code, _, said = end_of(*arguments, environment=environment)
    check(code == status and text in said,
          "%r ended with %r: %r" % (arguments, code, said))


def modes(place):
    config = place.config(SIMPLE)
    for options, mode in ((), 0o660), (("-m", "600"), 0o600), \
            (("-m", "0666"), 0o666):
        fcgi = Fcgi(place, config, *options)
        try:
            got = stat.S_IMODE(os.stat(fcgi.address).st_mode)
            check(got == mode, "mode %o" % got)
            check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
        finally:
            fcgi.end()


def groups(place):
    """By name or number; what is no file of its own has no group or mode."""
    config = place.config(SIMPLE)
    entry = grp.getgrgid(os.getegid())
    for group in entry.gr_name, str(entry.gr_gid):
        fcgi = Fcgi(place, config, "-g", group)
        try:
            got = os.stat(fcgi.address)
            check(got.st_gid == entry.gr_gid, "group %d" % got.st_gid)
            check(stat.S_IMODE(got.st_mode) == 0o660, "%o" % got.st_mode)
            still_serves(fcgi)
            check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
        finally:
            fcgi.end()
    sock = place.path("sock")
    for group in "no-such-group", "", "-1", "4294967295":
        refuses(64, "-c", config, "-s", sock, "-g", group,
                text=b"no such group")
    for rest in (), ("-s", "127.0.0.1:9000"):
        for option in ("-g", entry.gr_name), ("-m", "660"):
            refuses(64, "-c", config, *option, *rest, text=b"-s SOCKET")


def stale(place):
    config = place.config(SIMPLE)
    fcgi = Fcgi(place, config)
    fcgi.signal(signal.SIGKILL)
    fcgi.wait()
    check(os.path.exists(fcgi.address), "there is no stale socket")
    fcgi = Fcgi(place, config)
    still_serves(fcgi)
    check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)


def live(place):
    config = place.config(SIMPLE)
    fcgi = Fcgi(place, config)
    try:
        for _ in range(3):
            refuses(64, "-c", config, "-s", fcgi.address,
                    text=fcgi.address.encode())
        still_serves(fcgi)
    finally:
        fcgi.end()
    # Another program's, without a lock.
    os.unlink(fcgi.address)
    sock = bare_listener(place)
    refuses(64, "-c", config, "-s", fcgi.address, text=b"in use")
    check(os.path.exists(fcgi.address), "a live socket was removed")
    sock.close()


def no_socket_there(place):
    config = place.config(SIMPLE)
    file = place.write("file", "precious")
    os.symlink(file, place.path("link"))
    for path in file, place.path("link"), place.dir:
        refuses(64, "-c", config, "-s", path, text=b"no socket")
    check(place.read("file") == b"precious", "a file was destroyed")
    refuses(64, "-c", config, "-s", place.path("none/sock"))
    refuses(64, "-c", config, "-s", place.path("x" * 120))


def taken_over(place):
    """At its end it removes only what is its own."""
    fcgi = Fcgi(place, place.config(SIMPLE))
    os.unlink(fcgi.address)
    place.write("sock", "mine")
    check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
    check(place.read("sock") == b"mine", "another's file was removed")


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


def network(place):
    config = place.config(SIMPLE)
    address = ("127.0.0.1", free_port())
    fcgi = Fcgi(place, config, address=address)
    try:
        still_serves(fcgi)
        refuses(64, "-c", config, "-s", "%s:%d" % address, text=b"in use")
        check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
        check(not log_has(place, "from the network"), "a needless warning")
    finally:
        fcgi.end()
    for where in ":9000", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", \
            "::1:9000", "127.0.0.1:http", "[]:1":
        refuses(64, "-c", config, "-s", where, text=b"HOST:PORT")


def network_peers(place):
    """FCGI_WEB_SERVER_ADDRS says who may connect."""
    config = place.config(SIMPLE)
    for peers, served in ("192.0.2.1, 127.0.0.1", True), ("192.0.2.1", False):
        address = ("127.0.0.1", free_port())
        fcgi = Fcgi(place, config, address=address,
                    environment=[("FCGI_WEB_SERVER_ADDRS", peers)])
        try:
            if served:
                still_serves(fcgi)
            else:
                check(fcgi.connect().is_closed(PATIENCE), "it was let in")
            check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)
        finally:
            fcgi.end()
    check(place.read("out") == EVENT, "nothing was served")


# FastCGI: the command line and the configuration.

def command_line(place):
    config = place.config(SIMPLE)
    bad = place.config("hook a\n  on\n", "bad.conf")
    unready = place.config(SIMPLE.replace("secret.new", "secret.missing"),
                           "unready.conf")
    sock = place.path("sock")
    refuses(0, "-t", "-c", config, text=b"is good")
    refuses(78, "-t", "-c", bad, text=b"bad.conf" + line(2))
    refuses(78, "-t", "-c", unready, text=b"unready.conf" + line(2))
    refuses(78, "-t", "-c", place.path("none"), text=b"none")
    refuses(78, "-c", bad, "-s", sock, text=b"bad.conf" + line(2))
    refuses(78, "-c", unready, "-s", sock,
            text=b"unready.conf" + line(2))
    refuses(64, "-c", config, text=b"there is no socket")
    for wrong in ("-j", "0"), ("-j", "513"), ("-j", "x"), ("-m", "8"), \
            ("-m", "7777"), ("-m", ""), ("-x",), ("operand",), ("-c",), \
            ("-c", ""):
        refuses(64, "-c", config, "-s", sock, *wrong, text=b"-" if
                wrong[0] != "operand" else b"operand")
    for right in "-V", "--version", "-h", "--help":
        code, said, _ = end_of(right)
        check(code == 0 and b"pelihook.fcgi" in said, "%s: %r" % (right, said))
    refuses(0, "-t", text=b"is good", environment={"PELIHOOK_CONFIG": config})
    check(not os.path.exists(sock), "a socket was made")


def test_journal(place):
    """-t is no better than a start, and makes nothing."""
    config = place.config(QUEUED)
    file = place.path("journal.db")
    refuses(0, "-t", "-c", config, text=b"is good")
    check(not os.path.exists(file), "a journal was made")
    with open(file, "w", encoding="ascii") as junk_file:
        junk_file.write("no journal " * 1000)
    os.chmod(file, 0o600)
    for text in b"is no journal", b"conf" + line(1):
        refuses(78, "-t", "-c", config, text=text)
        refuses(78, "-c", config, "-s", place.path("sock"), text=text)


def as_cgi(place):
    """Its arguments are then a stranger's."""
    code, said, why = end_of("-V", environment={"REQUEST_METHOD": "GET"})
    check(code == 64 and b"pelihook.cgi" in why, "%r: %r" % (code, why))
    expect(said, 500)


def unready_log(place):
    """It is told where a person looks and where the log is."""
    config = place.config("log @DIR@/mylog\n" +
                          SIMPLE.replace("secret.new", "secret.missing"))
    refuses(78, "-c", config, "-s", place.path("sock"),
            text=b"conf" + line(3))
    check(b"conf" + line(3) in place.read("mylog"), "the log does not tell")


def as_root(place):
    """Its commands would be root's; nothing is made on the way."""
    config = place.path("pelihook.conf")
    place.write("pelihook.conf", "log %s\n" % place.path("mylog") +
                SIMPLE.replace("@DIR@", place.dir))
    refuses(78, "-c", config, "-s", place.path("sock"), text=b"spawn-fcgi -u")
    refuses(78, "-c", config, "-s", place.path("sock"),
            text=b"`allow-root yes'")
    check(not os.path.exists(place.path("mylog")), "a log of root's was made")
    # Who asks may be somebody else than who serves.
    refuses(0, "-t", "-c", config, text=b"warning: " + config.encode() +
            b": pelihook.fcgi does not serve as root")
    # It looks as who owns the journal's directory then.
    os.mkdir(place.path("own"), 0o700)
    os.chown(place.path("own"), 4711, 4712)
    os.chmod(place.dir, 0o755)
    os.chmod(config, 0o644)
    os.chown(place.path("secret.new"), 4711, 4712)
    queued = "journal %s\n" % place.path("own/q") + \
        SIMPLE.replace("@DIR@", place.dir)
    place.write("pelihook.conf", queued)
    refuses(0, "-t", "-c", config, text=b"does not serve as root")
    place.write("pelihook.conf", "allow-root yes\n" + queued)
    refuses(78, "-t", "-c", config,
            text=config.encode() + b":2: the journal's directory")
    place.write("pelihook.conf", "allow-root no\n" +
                SIMPLE.replace("@DIR@", place.dir))
    refuses(78, "-c", config, "-s", place.path("sock"),
            text=config.encode() + b":1: ")


def reloads_as_root(place, fcgi):
    """It goes on by what allowed it."""
    place.write("pelihook.conf", SIMPLE.replace("@DIR@", place.dir))
    hang_up(place, fcgi, b"configuration stays")
    check(b"`allow-root yes'" in place.read("log"), "it does not say why")
    still_serves(fcgi)


def hang_up(place, fcgi, text):
    """Reloads, and waits until the log has another line of this text."""
    before = place.read("log").count(text)
    fcgi.signal(signal.SIGHUP)
    wait_for(lambda: place.read("log").count(text) > before, repr(text))


def reloads(place, fcgi):
    old = post(EVENT, secret="old")
    expect(fcgi.request(old, EVENT), 401)
    connection = fcgi.connect()
    expect(connection.request(post(EVENT), EVENT, True), 200)
    place.config(SIMPLE.replace("secret.new", "secret.old"))
    hang_up(place, fcgi, b"reloaded")
    expect(fcgi.request(old, EVENT), 200)
    expect(connection.request(post(EVENT), EVENT, True), 401)
    connection.close()


def reloads_bad(place, fcgi):
    for text, reason in (SIMPLE + "on\n", b"conf" + line(4)), \
            (SIMPLE.replace("secret.new", "secret.missing"),
             b"conf" + line(2)):
        place.config(text)
        hang_up(place, fcgi, b"configuration stays")
        check(reason in place.read("log"), "the log does not say why")
        still_serves(fcgi)
    place.config(SIMPLE)
    hang_up(place, fcgi, b"reloaded")
    still_serves(fcgi)


def reloads_journal(place, fcgi):
    """What would be queued has no place yet."""
    for delivery in "", "  delivery wait\n":
        place.config(QUEUED + delivery)
        hang_up(place, fcgi, b"configuration stays")
        check(b"conf" + line(1) in place.read("log") and
              b"takes a restart" in place.read("log"),
              "the log does not say why")
        still_serves(fcgi)


def reloads_another_journal(place, fcgi):
    """What it began with is used on, and each time it differs is told."""
    with_other = QUEUED.replace("journal.db", "other.db")
    warning = b"takes a restart"
    for text in SIMPLE, QUEUED, with_other, with_other, QUEUED, SIMPLE:
        place.config(text)
        before = place.read("log").count(warning)
        hang_up(place, fcgi, b"reloaded")
        if text != QUEUED:
            wait_for(lambda: place.read("log").count(warning) > before,
                     "the warning")
        status = 200 if text == SIMPLE else 202
        expect(fcgi.request(post(EVENT), EVENT), status)
        check(text != QUEUED or place.read("log").count(warning) == before,
              "a warning of what it began with")
    check(not os.path.exists(place.path("other.db")), "another journal")


def keeps_its_own(place, fcgi):
    """A request keeps the configuration it began with."""
    connection = begun(fcgi)
    place.config(SIMPLE.replace("secret.new", "secret.old"))
    hang_up(place, fcgi, b"reloaded")
    expect(fcgi.request(post(EVENT), EVENT), 401)
    go_on(connection)
    expect(connection.answer(), 200)
    connection.close()


def reloads_under_load(place, fcgi):
    """No answer is lost while the configuration changes."""
    done = threading.Event()
    statuses = []

    def load():
        connection = fcgi.connect()
        while not done.is_set():
            statuses.append(status_of(
                connection.request(post(EVENT), EVENT, True)))
        connection.close()

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for i in range(20):
            place.config("# %d\n" % i + SIMPLE)
            hang_up(place, fcgi, b"reloaded")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    check(statuses and set(statuses) == {200}, "answers %r" % set(statuses))


def reopens_log(place, fcgi):
    log = place.path("mylog")
    still_serves(fcgi)
    os.rename(log, log + ".1")
    fcgi.signal(signal.SIGHUP)
    wait_for(lambda: b"reloaded" in (place.read("mylog") or b""),
             "the new log")
    still_serves(fcgi)
    check(b"delivered" in place.read("mylog"), "nothing in the new log")


def starts_without_log(place):
    """A person is there to mend it."""
    for name in unopenable(place):
        config = place.config("# log\nlog @DIR@/%s\n" % name + SIMPLE)
        refuses(78, "-c", config, "-s", place.path("sock"), text=b"log")
        refuses(78, "-t", "-c", config, text=b"conf" + line(2) + (
            b"the log's directory " if name == "open/log" else b"log "))
    check_unopened(place)


def reloads_without_log(place, fcgi):
    """What is good is taken, whatever becomes of the log."""
    old = post(EVENT, secret="old")
    for name in unopenable(place):
        place.config("log @DIR@/%s\n" % name +
                     SIMPLE.replace("secret.new", "secret.old"))
        hang_up(place, fcgi, b"reloaded")
        expect(fcgi.request(old, EVENT), 200)
        place.config(SIMPLE)
        hang_up(place, fcgi, b"reloaded")
        expect(fcgi.request(old, EVENT), 401)
    check(place.read("log").count(b"cannot open the log") ==
          len(unopenable(place)), "it is not said once each time")
    check_unopened(place)
    # A bad file on top of it; then the log is tried again.
    place.config("log @DIR@/none/log\n" + SIMPLE)
    hang_up(place, fcgi, b"reloaded")
    place.config("log @DIR@/none/log\n" + SIMPLE + "on\n")
    hang_up(place, fcgi, b"configuration stays")
    still_serves(fcgi)
    os.mkdir(place.path("none"), 0o700)
    fcgi.signal(signal.SIGHUP)
    wait_for(lambda: b"configuration stays" in
             (place.read("none/log") or b""), "the log")


TESTS = (
    ("CGI: arguments are not read", cgi_arguments),
    ("CGI: the input may be a file", cgi_file_input),
    ("CGI: closed descriptors are /dev/null", cgi_closed_descriptors),
    ("CGI: the configuration is missing", cgi_no_file),
    ("CGI: the log cannot be opened", cgi_without_log),
    ("CGI: SIGTERM while it reads a pipe",
     lambda place: cgi_term_reading(place, False)),
    ("CGI: SIGTERM while it reads a socket",
     lambda place: cgi_term_reading(place, True)),
    ("CGI: SIGTERM while the command runs",
     lambda place: cgi_term_running(place, LONG)),
    ("CGI: SIGTERM while the command runs and ignores it",
     lambda place: cgi_term_running(place, DEAF)),
    ("both: blanks beside an id make no other id",
     with_fcgi(one_reading, KNOWN)),
    ("FastCGI: what has no identity is told once",
     with_fcgi(no_identity, KNOWN.replace("webhook-id", "x-id").replace(
         "  signature standard-webhooks\n", ""))),
    ("FastCGI: a kept connection", with_fcgi(kept, SIMPLE)),
    ("FastCGI: a connection that is not kept", with_fcgi(not_kept, SIMPLE)),
    ("FastCGI: requests that come together", with_fcgi(together, SIMPLE)),
    ("FastCGI: a request in single bytes", with_fcgi(byte_by_byte, SIMPLE)),
    ("FastCGI: 64 KiB of variables", with_fcgi(long_head, SIMPLE)),
    ("FastCGI: records of other requests", with_fcgi(of_others, SIMPLE)),
    ("FastCGI: a request that is aborted", with_fcgi(aborted, SIMPLE)),
    ("FastCGI: one value asked for a hundred times",
     with_fcgi(values, SIMPLE)),
    ("FastCGI: names of 2 GiB", with_fcgi(vast_names, SIMPLE)),
    ("FastCGI: records in a body are a body",
     with_fcgi(smuggled, "read-timeout 2s\n" + SIMPLE)),
    ("FastCGI: idle connections hold no thread",
     with_fcgi(idle, SIMPLE, "-j", "1")),
    ("FastCGI: half a head",
     with_fcgi(half_head, "read-timeout 500ms\n" + SIMPLE, "-j", "1")),
    ("FastCGI: a head byte by byte",
     with_fcgi(dripped_head, "read-timeout 500ms\n" + SIMPLE, "-j", "1")),
    ("FastCGI: a body byte by byte",
     with_fcgi(dripped_body, "read-timeout 500ms\n" + SIMPLE, "-j", "1")),
    ("FastCGI: a body that is cut off", with_fcgi(cut_body, SIMPLE)),
    ("FastCGI: a server that is gone",
     with_fcgi(vanished, SIMPLE, "-j", "64")),
    ("FastCGI: junk instead of records", with_fcgi(junk, SIMPLE)),
    ("FastCGI: other roles are refused", with_fcgi(roles, SIMPLE)),
    ("FastCGI: a parameter PELIHOOK_CONFIG is ignored",
     with_fcgi(configuration_parameter, SIMPLE)),
    ("FastCGI: few descriptors", few_descriptors),
    ("FastCGI: more descriptors, but not for commands", raised_descriptors),
    ("FastCGI: it stops when idle", stop_idle),
    ("FastCGI: it stops while a body arrives", stop_reading),
    ("FastCGI: it stops while a body never ends", stop_never_read),
    ("FastCGI: it stops while a command runs", stop_running),
    ("FastCGI: it stops and a command takes too long",
     lambda place: stop_too_long(place, LONG)),
    ("FastCGI: it stops and a command ignores SIGTERM",
     lambda place: stop_too_long(place, DEAF)),
    ("FastCGI: descriptor 0 listens", descriptor_zero),
    ("FastCGI: two processes on one socket", siblings),
    ("FastCGI: LISTEN_FDS", listen_fds),
    ("FastCGI: LISTEN_FDS that is not for it", listen_fds_other),
    ("FastCGI: -s and the mode", modes),
    ("FastCGI: -g gives the group", groups),
    ("FastCGI: -s in the place of a dead socket", stale),
    ("FastCGI: -s in the place of a live socket", live),
    ("FastCGI: -s in the place of what is no socket", no_socket_there),
    ("FastCGI: -s and what was put in its place", taken_over),
    ("FastCGI: -s HOST:PORT", network),
    ("FastCGI: FCGI_WEB_SERVER_ADDRS", network_peers),
    ("FastCGI: the command line", command_line),
    ("FastCGI: -t and what is no journal", test_journal),
    ("FastCGI: started as a CGI program", as_cgi),
    ("FastCGI: where a bad start is told", unready_log),
    ("FastCGI: SIGHUP", with_fcgi(reloads, SIMPLE)),
    ("FastCGI: SIGHUP with a bad file", with_fcgi(reloads_bad, SIMPLE)),
    ("FastCGI: a start with a log that cannot be opened",
     starts_without_log),
    ("FastCGI: SIGHUP with a log that cannot be opened",
     with_fcgi(reloads_without_log, SIMPLE)),
    ("FastCGI: SIGHUP with a first journal",
     with_fcgi(reloads_journal, SIMPLE)),
    ("FastCGI: SIGHUP with another journal",
     with_fcgi(reloads_another_journal, QUEUED)),
    ("FastCGI: SIGHUP in the middle of a request",
     with_fcgi(keeps_its_own, SIMPLE)),
    ("FastCGI: SIGHUP under load", with_fcgi(reloads_under_load, SIMPLE)),
    ("FastCGI: SIGHUP opens the log anew",
     with_fcgi(reopens_log, "log @DIR@/mylog\n" + SIMPLE)),
)
OF_ROOT = (
    ("FastCGI: root does not serve", as_root),
    ("FastCGI: SIGHUP that does not allow root",
     with_fcgi(reloads_as_root, SIMPLE)),
)


def run(test):
    place = Place()
    try:
        test(place)
    finally:
        place.close()


sys.exit(run_tests((name, run, test) for name, test in
                   TESTS + (OF_ROOT if os.geteuid() == 0 else ())))
