# SPDX-License-Identifier: ISC
"""What limits a process, and who does not read its log, costs an answer at
most and ends nothing."""

import os
import re
import resource
import signal
import subprocess
import sys
import threading

from harness import (CGI, FCGI, PASSED, PATIENCE, WRAP, Failure, Fcgi, Place,
                     Process, Skip, check, post, run_tests, status_of,
                     wait_for)

CTL = os.environ["PELIHOOK_TEST_CTL"]
EVENT = b'{"event":"pipeline_run_completed"}'
BOTH = """journal @DIR@/journal.db
max-body 2M
hook queue
  secret-file @DIR@/secret.new
  on * run /bin/sh -c 'cat >/dev/null'
hook wait
  secret-file @DIR@/secret.new
  delivery wait
  on * run /bin/sh -c 'cat >/dev/null'
"""
# What ends in an answer that tells the sender to come again is as good.
FINE = 200, 202, 503


def big(size):
    return b'{"event":"pipeline_run_completed","pad":"' + b"x" * size + b'"}'


def is_instrumented():
    """A sanitizer has its own needs of addresses and stack."""
    with open(FCGI, "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def limited(script, *argv):
    return ["/bin/sh", "-c", script + '; exec "$@"', "sh", *WRAP, *argv]


class LimitedFcgi(Fcgi):
    """One that is started by a shell, with whatever for a log."""

    def __init__(self, place, script, *options, log=None):
        self.address = place.path("sock")
        null = os.open("/dev/null", os.O_RDWR)
        log = null if log is None else log
        argv = limited(script, FCGI, "-c", place.path("pelihook.conf"),
                       "-s", self.address, *options)
        try:
            Process.__init__(self, os.posix_spawn(
                argv[0], argv, {**PASSED, "PATH": os.environ["PATH"]},
                file_actions=[(os.POSIX_SPAWN_DUP2, null, 0),
                              (os.POSIX_SPAWN_DUP2, null, 1),
                              (os.POSIX_SPAWN_DUP2, log, 2)],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]))
        finally:
            os.close(null)
        wait_for(self._is_ready, "pelihook.fcgi")

    def statuses(self, count, hooks=("/queue", "/wait"), body=EVENT):
        """Of so many requests, some at once."""
        numbers = iter(range(count))
        found, lock = [], threading.Lock()

        def work():
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                try:
                    answer = self.request(
                        post(body, hooks[number % len(hooks)]), body)
                    status = status_of(answer)
                except (OSError, Failure) as error:
                    status = repr(error)
                with lock:
                    found.append(status)

        threads = [threading.Thread(target=work) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found


def check_fine(fcgi, statuses):
    odd = [status for status in statuses if status not in FINE]
    check(odd == [], "%d of %d: %r" % (len(odd), len(statuses), odd[:5]))
    check(fcgi.stop() == 0, "it ended with %r" % fcgi.status)


def with_log(place, text):
    return place.config("log @DIR@/mylog\n" + text)


def by_cgi(place, script, hook, body=EVENT, log=None):
    """The status of its answer; it has to end well."""
    variables = post(body, hook,
                     PELIHOOK_CONFIG=place.path("pelihook.conf"))
    run = subprocess.run(limited(script, CGI), input=body,
                         env={**PASSED, **dict(variables),
                              "PATH": os.environ["PATH"]},
                         stdout=subprocess.PIPE, timeout=PATIENCE,
                         stderr=subprocess.DEVNULL if log is None else log)
    check(run.returncode == 0, "it ended with %d" % run.returncode)
    return status_of(run.stdout)


def file_size(place):
    with_log(place, "dispatch none\n" + BOTH)
    body = big(300000)
    script = "ulimit -f 300"
    for hook in "/queue", "/wait":
        status = by_cgi(place, script, hook, body)
        check(status in (500, 503), "CGI, %s: %d" % (hook, status))
    fcgi = LimitedFcgi(place, script)
    try:
        for hook in "/queue", "/wait":
            status = fcgi.statuses(1, (hook,), body)[0]
            check(status in (500, 503), "FastCGI, %s: %r" % (hook, status))
        check(fcgi.statuses(1, ("/wait",)) == [200], "it serves no more")
        check_fine(fcgi, [])
    finally:
        fcgi.end()


def stack(place):
    with_log(place, "dispatch none\n" + BOTH)
    script = "ulimit -s %d" % (1024 if is_instrumented() else 64)
    body = b'{"event":"x","y":' + b"[" * 60 + b"]" * 60 + b"}"
    for hook, status in ("/queue", 202), ("/wait", 200):
        got = by_cgi(place, script, hook, body)
        check(got == status, "CGI, %s: %d" % (hook, got))
    fcgi = LimitedFcgi(place, script)
    try:
        check_fine(fcgi, fcgi.statuses(40, body=body))
    finally:
        fcgi.end()
    for word in "list", "drain", "stats":
        run = subprocess.run(
            limited(script, CTL, "-c", place.path("pelihook.conf"), word),
            env={**PASSED, "PATH": os.environ["PATH"]}, timeout=PATIENCE,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        check(run.returncode == 0, "%s ended with %d" % (word,
                                                         run.returncode))


def addresses(place):
    """As many as an idle thread of the C library would take once."""
    if is_instrumented():
        raise Skip("a sanitizer takes more addresses than there are")
    with_log(place, BOTH)
    fcgi = LimitedFcgi(place, "ulimit -v 64000")
    try:
        check(202 in (found := fcgi.statuses(200)), "nothing is stored")
        odd = [status for status in found if status not in FINE]
        check(odd == [], "of small ones %r" % odd[:5])
        # Many of them do not fit in; 500: a command could not be started.
        found = fcgi.statuses(100, body=big(1000000))
        odd = [status for status in found if status not in (*FINE, 500)]
        check(odd == [], "of big ones %r" % odd[:5])
        check_fine(fcgi, [])
    finally:
        fcgi.end()


def processor_time(place):
    with_log(place, BOTH)
    fcgi = LimitedFcgi(place, ":")
    try:
        check(fcgi.statuses(1, ("/wait",)) == [200], "it does not serve")
        fcgi.signal(signal.SIGXCPU)
        check(fcgi.wait() == 0, "it ended with %r" % fcgi.status)
    finally:
        fcgi.end()


def refused(place, files):
    """What it says where it may not open more files."""
    run = subprocess.run(
        limited("ulimit -n %d" % files, FCGI, "-c",
                place.path("pelihook.conf"), "-s", place.path("sock")),
        env={**PASSED, "PATH": os.environ["PATH"]}, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    check(run.returncode == 78, "it ended with %d" % run.returncode)
    check(not os.path.exists(place.path("sock")), "there is a socket")
    return run.stderr


def descriptors(place):
    with_log(place, BOTH)
    said = refused(place, 40)
    needed = re.search(rb"is 40, and 16 threads need (\d+)", said)
    check(needed is not None, "it says %r" % said)
    needed = int(needed.group(1))
    refused(place, needed - 1)
    # The soft limit is raised; commands are started by it all the same.
    fcgi = LimitedFcgi(place, "ulimit -n %d; ulimit -Sn 40" % needed)
    try:
        statuses = fcgi.statuses(400)
        wait_for(lambda: place.read("mylog").count(b"msg=done") ==
                 statuses.count(202), "the queue's end")
        check_fine(fcgi, statuses)
    finally:
        fcgi.end()
    for text in b"Too many open files", b"cannot be started":
        check(text not in place.read("mylog"), "the log has %r" % text)


LEAVING = """dispatch none
journal @DIR@/journal.db
hook queue
  secret-file @DIR@/secret.new
  concurrency 60
  on * run /bin/sh -c '(while [ -e @DIR@/stay ]; do sleep 0.1; done) &'
"""


def descriptors_of_drain(place):
    """Commands that leave something running have it open besides."""
    with_log(place, LEAVING)
    place.write("stay", "")
    for _ in range(60):
        check(by_cgi(place, ":", "/queue") == 202, "not stored")
    run = subprocess.run(
        limited("ulimit -n 64", CTL, "-c", place.path("pelihook.conf"),
                "drain"),
        env={**PASSED, "PATH": os.environ["PATH"]}, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check(run.returncode == 0, "it ended with %d" % run.returncode)
    log = place.read("mylog")
    check(log.count(b"msg=done") == 60, "not all of them ran")
    for text in b"Too many open files", b"cannot be started":
        check(text not in log, "the log has %r" % text)


def processes(place):
    with_log(place, BOTH)
    run = subprocess.run(
        [*WRAP, FCGI, "-c", place.path("pelihook.conf"), "-s",
         place.path("sock")], env=PASSED, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (5, 5)))
    check(run.returncode == 70, "it ended with %d" % run.returncode)
    check(b"cannot start 16 threads" in run.stderr,
          "it says %r" % run.stderr)
    check(not os.path.exists(place.path("sock")), "there is a socket")


def unread_pipe():
    """One that has no room any more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def unread_by_fcgi(place):
    place.config(BOTH)
    reader, writer = os.pipe()
    fcgi = LimitedFcgi(place, ":", log=writer)
    os.close(writer)
    try:
        # Some 200 lines fill a pipe.
        check_fine(fcgi, fcgi.statuses(600))
        with open(reader, "rb") as log:
            lines = log.read().split(b"\n")
        check(len(lines) > 50, "only %d lines" % len(lines))
        check(all(line.startswith(b"time=") for line in lines[:-2]),
              "a line is torn")
    finally:
        fcgi.end()


def unread_by_others(place):
    place.config("dispatch none\n" + BOTH)
    reader, writer = unread_pipe()
    try:
        for hook, status in ("/queue", 202), ("/wait", 200):
            got = by_cgi(place, ":", hook, log=writer)
            check(got == status, "CGI, %s: %d" % (hook, got))
        run = subprocess.run(
            [*WRAP, CTL, "-c", place.path("pelihook.conf"), "drain"],
            env=PASSED, stdin=subprocess.DEVNULL, stderr=writer,
            timeout=PATIENCE)
        check(run.returncode == 0, "drain ended with %d" % run.returncode)
    finally:
        os.close(reader)
        os.close(writer)


TESTS = (
    ("both: a limit of file size is an answer", file_size),
    ("all: a small stack is enough", stack),
    ("FastCGI: a limit of addresses is an answer", addresses),
    ("FastCGI: processor time that is nearly over is a stop",
     processor_time),
    ("FastCGI: too few descriptors are refused, and enough are enough",
     descriptors),
    ("drain: descriptors for what commands leave running, too",
     descriptors_of_drain),
    ("FastCGI: too few processes are refused", processes),
    ("FastCGI: a log that nobody reads", unread_by_fcgi),
    ("CGI, drain: a log that nobody reads", unread_by_others),
)


def run(test):
    place = Place()
    try:
        test(place)
    finally:
        place.close()


sys.exit(run_tests((name, run, test) for name, test in TESTS))
