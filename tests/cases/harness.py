# SPDX-License-Identifier: ISC
"""Starts the two programs as web servers do, and waits with a bound."""

import base64
import hashlib
import hmac
import os
import re
import select
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback

import fastcgi

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("abs_top_builddir",
                       os.path.dirname(os.path.dirname(HERE)))
CGI = os.environ.get("PELIHOOK_CGI", os.path.join(BUILD, "cgi/pelihook.cgi"))
FCGI = os.environ.get("PELIHOOK_FCGI",
                      os.path.join(BUILD, "fcgi/pelihook.fcgi"))
# Something to run the programs under, as strace with its options.
WRAP = shlex.split(os.environ.get("PELIHOOK_WRAP", ""))
# What a sanitizer wants to be told.
PASSED = {name: value for name, value in os.environ.items()
          if name.endswith("SAN_OPTIONS")}

# What root's configuration has to say so that it is served at all.
SERVES = "allow-root yes\n" if os.geteuid() == 0 else ""

PATIENCE = 30   # seconds until a test gives up
SECRETS = {
    "new": "5f0c4f0c8f8f4a0e9d1be0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5",
    "old": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
}


def line(number):
    """As an error names a line of a configuration's text."""
    return b":%d: " % (number + SERVES.count("\n"))


class Failure(Exception):
    pass


def check(true, what):
    if not true:
        raise Failure(what)


def wait_for(true, what, patience=PATIENCE):
    """Until true() is, which it has to become."""
    end = time.monotonic() + patience
    while True:
        value = true()
        if value:
            return value
        check(time.monotonic() < end, "waited in vain for " + what)
        time.sleep(0.005)


def mac(body, secret="new", encoding="hex"):
    digest = hmac.new(SECRETS[secret].encode(), body, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" \
        else base64.b64encode(digest).decode()


class Repeating:
    """An environment with repeated names, which a dict cannot hold."""

    def __init__(self, pairs):
        self.pairs = pairs

    def keys(self):
        return [name for name, _ in self.pairs]

    def values(self):
        return [value for _, value in self.pairs]

    def __getitem__(self, name):
        return dict(self.pairs)[name]

    def __len__(self):
        return len(self.pairs)


class Place:
    """A directory for one program, with secrets and configurations."""

    def __init__(self):
        # Sockets have short paths, and TMPDIR may be deep.
        base = os.environ.get("TMPDIR", "/tmp")
        self.dir = tempfile.mkdtemp(prefix="pelihook.",
                                    dir=base if len(base) < 60 else "/tmp")
        self.out = self.path("out")
        for name, text in SECRETS.items():
            self.write("secret." + name, text + "\n")
        self.write("secret.empty", "\n")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as to:
            to.write(text)
        return path

    def read(self, name):
        try:
            with open(self.path(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def remove(self, name):
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            pass

    def config(self, text, name="pelihook.conf"):
        """text may be what it wrote before."""
        text = SERVES + text.removeprefix(SERVES)
        return self.write(name, text.replace("@DIR@", self.dir))

    def close(self):
        shutil.rmtree(self.dir)


def spawn(argv, pairs, descriptors, log):
    """descriptors: what becomes 0, 1, ...; log becomes descriptor 2."""
    actions = [(os.POSIX_SPAWN_DUP2, fd, at)
               for at, fd in enumerate(descriptors)]
    actions.append((os.POSIX_SPAWN_OPEN, 2, log,
                    os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    argv = WRAP + argv
    path = shutil.which(argv[0])
    check(path is not None, argv[0] + " is not built")
    return os.posix_spawn(path, argv,
                          Repeating(list(PASSED.items()) + pairs),
                          file_actions=actions, setsigmask=[],
                          setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])


class Process:
    def __init__(self, pid):
        self.pid = pid
        self.status = None

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, patience=PATIENCE):
        try:
            wait_for(self.has_ended, "the end of the process", patience)
        except Failure:
            self.end()
            raise
        return self.status

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            wait_for(self.has_ended, "a killed process")


class Cgi(Process):
    """A pelihook.cgi that was started, on pipes or on one socket."""

    def __init__(self, place, config, variables, one_socket=False, argv=()):
        if one_socket:
            near, far = socket.socketpair()
            self.input = self.output = near.detach()
            child = [far.detach()]
            descriptors = [child[0], child[0]]
        else:
            ours = os.pipe(), os.pipe()
            self.input, self.output = ours[0][1], ours[1][0]
            child = descriptors = [ours[0][0], ours[1][1]]
        self.one_socket = one_socket
        pairs = [("PELIHOOK_CONFIG", config)] if config else []
        try:
            super().__init__(spawn([CGI, *argv], pairs + variables,
                                   descriptors, place.path("log")))
        finally:
            for fd in child:
                os.close(fd)

    def send(self, data):
        try:
            while data:
                data = data[os.write(self.input, data):]
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_input(self):
        if self.one_socket:
            with socket.socket(fileno=os.dup(self.input)) as end:
                end.shutdown(socket.SHUT_WR)
        elif self.input is not None:
            os.close(self.input)
            self.input = None

    def answer(self, patience=PATIENCE, most=1 << 30):
        """Its output to the end, or as many bytes."""
        output = b""
        end = time.monotonic() + patience
        while len(output) < most:
            left = max(0, end - time.monotonic())
            if not select.select([self.output], [], [], left)[0]:
                self.end()
                raise Failure("no end of the answer: %r" % output)
            more = os.read(self.output, 65536)
            if not more:
                return output
            output += more
        return output

    def close(self):
        self.end()
        for fd in {self.input, self.output} - {None}:
            os.close(fd)


class Fcgi(Process):
    """A pelihook.fcgi on a socket of its own, ready to serve."""

    def __init__(self, place, config, *options, address=None, environment=()):
        self.address = address or place.path("sock")
        where = self.address if isinstance(self.address, str) \
            else "%s:%d" % self.address
        null = os.open("/dev/null", os.O_RDWR)
        try:
            super().__init__(spawn(
                [FCGI, "-c", config, "-s", where, *options],
                list(environment), [null, null], place.path("log")))
        finally:
            os.close(null)
        wait_for(self._is_ready, "pelihook.fcgi")

    def _accepts(self):
        try:
            fastcgi.Connection(self.address).close()
        except OSError:
            return False
        return True

    def _is_ready(self):
        check(not self.has_ended(), "pelihook.fcgi ended: %r" % self.status)
        return self._accepts()

    def kill(self):
        """Ends it with SIGKILL, and waits until its socket is gone, too.

        A command that it was about to start has the socket until it is
        started: who connects meanwhile is let down, and the next server on
        this address would seem to be there already.
        """
        self.signal(signal.SIGKILL)
        self.wait()
        wait_for(lambda: not self._accepts(), "the end of its socket")

    def connect(self):
        return fastcgi.Connection(self.address, PATIENCE)

    def request(self, variables, body=b"", **how):
        connection = self.connect()
        try:
            return connection.request(variables, body, **how)
        finally:
            connection.close()

    def stop(self):
        """Asks it to stop, and how it ended."""
        if not self.has_ended():
            self.signal(signal.SIGTERM)
        return self.wait()


def post(body, path="", secret="new", **more):
    """The variables of a signed request, as lists of pairs."""
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "PATH_INFO": path,
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_X_SIGNATURE": "sha256=" + mac(body, secret),
    }
    variables.update(more)
    return [(name, value) for name, value in variables.items()
            if value is not None]


def status_of(answer):
    found = re.match(rb"Status: ([0-9]{3}) [A-Z]", answer)
    check(found, "no status in %r" % answer[:200])
    return int(found.group(1))


class Skip(Exception):
    """The test cannot be run here, and why."""


def outcome_of(test, arguments):
    """None, or a Skip, or what went wrong."""
    try:
        test(*arguments)
    except (Skip, Failure) as outcome:
        return outcome
    except Exception:
        return traceback.format_exc()
    return None


class Tap:
    """Prints a line for each test, and counts."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def run(self, name, test, *arguments):
        self.tell(name, outcome_of(test, arguments))

    def tell(self, name, outcome):
        self.n += 1
        if outcome is None:
            print("ok %d - %s" % (self.n, name))
        elif isinstance(outcome, Skip):
            print("ok %d - %s # SKIP %s" % (self.n, name, outcome))
        else:
            self.failed += 1
            print("not ok %d - %s" % (self.n, name))
            for line in str(outcome).splitlines():
                print("#   " + line)
        sys.stdout.flush()

    def end(self):
        print("1..%d" % self.n)
        return 1 if self.failed or self.n == 0 else 0


def side_by_side(work, items, at_once):
    """work(item) for each, so many at once; what each returns, in order.
    concurrent.futures would import the fault tests' own queue.py."""
    done = {}
    left = enumerate(list(items))

    def some():
        for number, item in left:
            done[number] = work(item)

    threads = [threading.Thread(target=some) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done[number] for number in sorted(done)]


def run_tests(tests, at_once=1):
    """(name, test, argument...): all, or those whose name holds a word of the
    command line, so many at once.  The status to exit with."""
    wanted = sys.argv[1:]
    tests = [test for test in tests
             if not wanted or any(word in test[0] for word in wanted)]
    tap = Tap()
    if at_once == 1:
        for name, test, *arguments in tests:
            tap.run(name, test, *arguments)
        return tap.end()
    outcomes = side_by_side(lambda test: outcome_of(test[1], test[2:]), tests,
                            at_once)
    for test, outcome in zip(tests, outcomes):
        tap.tell(test[0], outcome)
    return tap.end()
