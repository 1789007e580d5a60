# SPDX-License-Identifier: ISC
"""What the queue promises while nothing breaks: order, concurrency, one run
of what is one event, an orderly stop, several processes on one journal.

usage: queue.py [WORD of a test's name...]"""

import collections
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import harness
from fault import (DEAD, DONE, DRAIN, QUEUED, RUNNING, Site, check_journal,
                   check_order, event, needs_files, preload)
from harness import (FCGI, PATIENCE, Process, check, fastcgi, post, spawn,
                     status_of, wait_for)

MANY = 50

WAITING = """journal @DIR@/journal.db
log @DIR@/queue.log
hook peliqan
  secret-file @DIR@/secret.new
  delivery wait
  dedupe body
  on * run /bin/sh -c 'echo run >>@DIR@/ran; \
while test -e @DIR@/wait; do sleep 0.02; done; exit $(cat @DIR@/status)'
"""


# Sending.

def send(server, number, **fields):
    body = event(number, **fields)
    status = status_of(server.request(post(body), body))
    check(status == 202, "event %d was answered %d" % (number, status))


def answers(count, ask):
    """ask() as many times at once; what each returned."""
    found = []
    ready = threading.Barrier(count)

    def one():
        ready.wait()
        found.append(ask())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(len(found) == count, "a request failed")
    return found


def word_of(answer):
    """The reply's status, with the word that tells a duplicate."""
    status = status_of(answer)
    if status == 503:
        check(b"\nRetry-After: " in answer, "no Retry-After: %r" % answer)
    for word in b"queued", b"duplicate", b"delivered":
        if b'"status":"%s"' % word in answer:
            return status, word.decode()
    return status, None


def count_words(found):
    words = {}
    for answer in found:
        word = word_of(answer)
        words[word] = words.get(word, 0) + 1
    return words


# What the commands saw.

def most_at_once(runs):
    """How many whole runs were under way at the same time."""
    marks = sorted([(run.began, 1) for run in runs] +
                   [(run.ended, -1) for run in runs])
    now = most = 0
    for _, by in marks:
        now += by
        most = max(most, now)
    return most


def all_whole(site, count):
    check_journal(site.journal)
    runs = site.runs()
    for run in runs:
        check(run.ended is not None, "a run of event %d did not end" %
              run.number)
    deliveries = site.deliveries()
    check(len(deliveries) == count, "%d events" % len(deliveries))
    for number, (_, state, _, _) in deliveries.items():
        check(state == DONE, "event %d is in state %d" % (number, state))
        ends = [run for run in runs if run.number == number and
                run.what == "E"]
        check(len(ends) == 1, "event %d ran to its end %d times" %
              (number, len(ends)))
    return runs, deliveries


# Order and concurrency.

def keep_draining(site, over, pids):
    while not over.is_set():
        process = subprocess.Popen(
            site.ctl_command("drain"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=harness.PASSED)
        pids.add(process.pid)
        check(process.wait(120) == 0, "a drain ended with %r" %
              process.returncode)


def held_back_alone(runs):
    """Whether other keys ran between the tries of one that failed."""
    for i, run in enumerate(runs):
        if run.what == "F" and run.key:
            later = next(j for j in range(i + 1, len(runs))
                         if runs[j].number == run.number)
            if any(other.key != run.key for other in runs[i + 1:later]):
                return True
    return False


def two_processes(site, server):
    """A server and drains beside it, failures among what they run."""
    count = 300
    over = threading.Event()
    drains = set()
    source = random.Random(5)
    drainer = threading.Thread(target=keep_draining,
                               args=(site, over, drains))
    try:
        drainer.start()
        for number in range(count):
            fields = {"work": source.choice((0, 5, 15))}
            if source.random() < 0.7:
                fields["key"] = source.randint(1, 6)
            if source.random() < 0.2:
                fields["fail"] = source.randint(1, 2)
            send(server, number, **fields)
        site.settled(60)
    finally:
        over.set()
        drainer.join()
    runs, deliveries = all_whole(site, count)
    check_order(runs, deliveries)
    most = most_at_once(runs)
    check(2 < most <= 8, "%d at once" % most)
    parents = {run.parent for run in runs}
    check(server.pid in parents, "the server ran nothing")
    check(parents & drains, "no drain ran anything")
    check(held_back_alone(runs), "a failing event held back other keys")
    print("# events %d, runs %d, most at once %d, by %d processes" %
          (count, len(runs), most, len(parents)))


def one_by_one(site, server):
    """order hook: whatever concurrency allows."""
    source = random.Random(6)
    for number in range(60):
        send(server, number, work=source.choice((0, 3)),
             fail=source.choice((0, 0, 0, 1, 2)))
    site.settled(60)
    runs, deliveries = all_whole(site, 60)
    check(most_at_once(runs) == 1, "two at once")
    numbers = [run.number for run in runs]
    check(numbers == sorted(numbers), "out of order: %r" % numbers)


def siblings(site):
    """Several servers on one socket and one journal, as mod_fcgid has them.
    The one that runs the queue is killed, and others go on."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(site.path("sock"))
    sock.listen(64)
    servers = [Process(spawn([FCGI, "-c", site.conf],
                             DRAIN, [sock.fileno(), sock.fileno()],
                             site.path("log"))) for _ in range(3)]
    try:
        for number in range(60):
            body = event(number, work=40)
            connection = fastcgi.Connection(site.path("sock"), PATIENCE)
            status = status_of(connection.request(post(body), body))
            connection.close()
            check(status == 202, "answered %d" % status)
        busy = site.runs()[-1].parent
        killed = [server for server in servers if server.pid == busy]
        check(killed, "run by a stranger")
        killed[0].end()
        site.settled(60)
        check_journal(site.journal)
        runs = site.runs()
        check(len({run.parent for run in runs}) > 1, "nobody took over")
        check(most_at_once([run for run in runs if run.ended]) <= 2,
              "more than two at once")
        for number, (_, state, _, _) in site.deliveries().items():
            check(state == DONE, "event %d: state %d" % (number, state))
        servers.remove(killed[0])
        for server in servers:
            server.signal(signal.SIGTERM)
            check(server.wait() == 0, "it ended with %r" % server.status)
    finally:
        for server in servers:
            server.end()
        sock.close()


# One run of what is one event.

def through_fcgi(site, test):
    server = site.fcgi()
    try:
        test(lambda body: server.request(post(body), body))
    finally:
        server.end()


def through_cgi(site, test):
    test(site.ask_cgi)


def dedupe_queued(site, through):
    def test(ask):
        body = event(1)
        words = count_words(answers(MANY, lambda: ask(body)))
        check(words == {(202, "queued"): 1, (200, "duplicate"): MANY - 1},
              "answers %r" % words)
        check(word_of(ask(event(2))) == (202, "queued"), "another event")
        site.settled(30)
        check([run.number for run in site.runs()].count(1) == 1, "runs")
        check(word_of(ask(body)) == (200, "duplicate"), "later")
    through(site, test)


def ran(site):
    return (site.read("ran") or b"").count(b"run")


def dedupe_waiting(site, through):
    site.conf = site.config(WAITING)
    site.write("status", "0")
    site.write("wait", "")

    def first(body, ask, into):
        into.append(ask(body))

    def test(ask):
        body = event(1)
        got = []
        thread = threading.Thread(target=first, args=(body, ask, got))
        thread.start()
        try:
            wait_for(lambda: ran(site) == 1, "the command")
            words = count_words(answers(MANY, lambda: ask(body)))
            check(words == {(503, None): MANY}, "meanwhile %r" % words)
            check(not got, "the first was answered")
        finally:
            site.remove("wait")
            thread.join()
        check(word_of(got[0]) == (200, "delivered"), "the first: %r" % got)
        words = count_words(answers(MANY, lambda: ask(body)))
        check(words == {(200, "duplicate"): MANY}, "afterwards %r" % words)
        check(ran(site) == 1, "it ran %d times" % ran(site))
    through(site, test)


def dedupe_at_once(site, through):
    """All at once while waiting: one is run, the others find it so."""
    site.conf = site.config(WAITING)
    site.write("status", "0")

    def test(ask):
        words = count_words(answers(MANY, lambda: ask(event(1))))
        check(words.pop((200, "delivered"), 0) == 1, "delivered")
        check(set(words) <= {(503, None), (200, "duplicate")} and
              sum(words.values()) == MANY - 1, "answers %r" % words)
        check(ran(site) == 1, "it ran %d times" % ran(site))
    through(site, test)


def dedupe_failed(site, through):
    site.conf = site.config(WAITING)

    def test(ask):
        runs = 0
        for status, expected in ("1", 500), ("65", 422), ("75", 503):
            site.write("status", status)
            got = word_of(ask(event(1)))
            runs += 1
            check(got[0] == expected, "exit %s: %r" % (status, got))
            check(ran(site) == runs, "exit %s: not run" % status)
        site.write("status", "0")
        check(word_of(ask(event(1))) == (200, "delivered"), "not freed")
        check(word_of(ask(event(1))) == (200, "duplicate"), "not kept")
    through(site, test)


def dedupe_killed(site):
    """A process that is killed takes its keys with it."""
    site.conf = site.config(WAITING)
    site.write("status", "0")
    site.write("wait", "")
    process = site.cgi(event(1))
    try:
        wait_for(lambda: ran(site) == 1, "the command")
        check(status_of(site.ask_cgi(event(1))) == 503, "not taken")
        process.signal(signal.SIGKILL)
        process.wait()
    finally:
        process.close()
        site.remove("wait")
    check(word_of(site.ask_cgi(event(1))) == (200, "delivered"), "not freed")


# Stopping and reloading.

def stop(site, server, deaf):
    """A queued command gets stop-timeout, TERM and KILL, and its event is
    as if it had not been tried."""
    send(server, 1, work=60000, deaf=deaf)
    wait_for(lambda: site.read("marks"), "the command")
    send(server, 2)
    first = site.runs()[0]
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    check(server.wait() == 0, "it ended with %r" % server.status)
    took = time.monotonic() - began
    check(0.5 + (0.3 if deaf else 0) <= took < 5, "it took %.1f s" % took)
    wait_for(lambda: not os.path.exists("/proc/%d" % first.pid) or
             "\nState:\tZ" in open("/proc/%d/status" % first.pid).read(),
             "the end of the command")
    check_journal(site.journal)
    check(len(site.runs()) == 1, "something new was begun")
    for number in 1, 2:
        _, state, attempts, _ = site.deliveries()[number]
        check((state, attempts) == (QUEUED, 0), "event %d: state %d, "
              "attempts %d" % (number, state, attempts))
    rows = site.ask_journal("SELECT since FROM deliveries")
    check(rows == [(0,), (0,)], "not due at once: %r" % rows)
    again = site.fcgi()
    try:
        wait_for(lambda: len(site.runs()) == 2, "the next run")
        run = site.runs()[1]
        check((run.number, run.attempt) == (1, 1), "event %d, attempt %d" %
              (run.number, run.attempt))
    finally:
        again.end()


def stop_patiently(site):
    """A kill-after that is longer than what other requests get."""
    text = site.read(os.path.basename(site.conf)).decode()
    site.config(text.replace("kill-after 300ms", "kill-after 22s"))
    server = site.fcgi()
    try:
        send(server, 1, work=60000, deaf=1)
        wait_for(lambda: site.read("marks"), "the command")
        server.signal(signal.SIGTERM)
        check(server.wait() == 0, "it ended with %r" % server.status)
        check(site.deliveries()[1][1:3] == (QUEUED, 0), "%r" %
              site.deliveries())
    finally:
        server.end()


def stop_in_time(site, server):
    """A command that ends within stop-timeout is settled as ever."""
    send(server, 1, work=300)
    wait_for(lambda: site.read("marks"), "the command")
    server.signal(signal.SIGTERM)
    check(server.wait() == 0, "it ended with %r" % server.status)
    check(site.deliveries()[1][1:3] == (DONE, 1), "%r" % site.deliveries())


def reload(site, server):
    """A run keeps the configuration it began with; the next try does not."""
    second = site.path("second")
    os.makedirs(os.path.join(second, "locks"))
    send(server, 1, work=500, fail=1)
    wait_for(lambda: site.read("marks"), "the command")
    with open(site.conf, encoding="ascii") as file:
        text = file.read()
    site.config(text.replace("/mark %s" % site.dir, "/mark %s" % second))
    server.signal(signal.SIGHUP)
    wait_for(lambda: b"reloaded" in site.read("queue.log"), "the reload")
    check(site.deliveries()[1][1] == RUNNING, "it does not run any more")
    send(server, 2)
    site.settled(30)
    check(server.stop() == 0, "it ended with %r" % server.status)
    check([(run.number, run.what) for run in site.runs()] == [(1, "F")],
          "by the old configuration: %r" % site.read("marks"))
    later = sorted(line.split()[1:4:2] for line in site.read("second/marks")
                   .decode().splitlines() if line[0] == "E")
    check(later == [["1", "2"], ["2", "1"]], "by the new one: %r" % later)


def reload_to(site, server, old, new):
    """Another text in the place of one of the configuration."""
    before = site.read("queue.log").count(b"reloaded")
    text = site.read(os.path.basename(site.conf)).decode()
    check(old in text, "no %r in the configuration" % old)
    site.config(text.replace(old, new))
    server.signal(signal.SIGHUP)
    wait_for(lambda: site.read("queue.log").count(b"reloaded") > before,
             "the reload")


def reload_dispatch(site, server):
    """It is run as the configuration in force says, and what runs goes on."""
    usual = "stop-timeout 2s\n"
    drain, none = usual + "dispatch drain\n", usual + "dispatch none\n"
    send(server, 1, work=6000)
    wait_for(lambda: site.read("marks"), "the command")
    reload_to(site, server, usual, drain)
    send(server, 2)
    wait_for(lambda: site.deliveries()[2][1] == DONE, "what is drained")
    send(server, 3)
    wait_for(lambda: site.deliveries()[3][1] == DONE, "what is drained next")
    reload_to(site, server, drain, none)
    # The last one may have begun just before.
    wait_for(lambda: "drain" not in dict(site.processes()).values(),
             "the end of the drain")
    send(server, 4)
    time.sleep(1.5)
    check(site.deliveries()[4][1:3] == (QUEUED, 0), "it was claimed")
    reload_to(site, server, none, usual)
    wait_for(lambda: site.deliveries()[4][1] == DONE, "the thread")
    send(server, 5)
    site.settled(30)
    check(server.stop() == 0, "it ended with %r" % server.status)
    runs, _ = all_whole(site, 5)
    check(parents_of(site, 1, 4, 5) == {server.pid}, "not by the thread")
    check(server.pid not in parents_of(site, 2, 3), "not by a drain")
    ended = [run.number for run in sorted(runs, key=lambda run: run.ended)]
    check(ended.index(1) > ended.index(3), "nothing ran beside the first")


def stop_reloaded(site, more):
    """A stop goes by what is in force, whatever a command began with."""
    old = "stop-timeout 1h\n"
    text = site.read(os.path.basename(site.conf)).decode()
    site.config(text.replace("stop-timeout 2s\n", old).replace(
        "kill-after 300ms", "kill-after 30m"))
    server = site.fcgi()
    try:
        send(server, 1, work=600000, deaf=1)
        wait_for(lambda: site.read("marks"), "the command")
        reload_to(site, server, "kill-after 30m", "kill-after 300ms")
        reload_to(site, server, old, "stop-timeout 100ms\n" + more)
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGTERM)
        check(server.wait() == 0, "it ended with %r" % server.status)
        check(site.deliveries()[1][1:3] == (QUEUED, 0), "%r" %
              site.deliveries())
        check_journal(site.journal)
    finally:
        server.end()


# Several configurations.

NEWER = b"newer rules of a hook"


def hooks_of(server, *numbers, hook="peliqan"):
    """Sends events of these numbers to a hook."""
    for number in numbers:
        body = event(number)
        status = status_of(server.request(post(body, "/" + hook), body))
        check(status == 202, "event %d was answered %d" % (number, status))


def parents_of(site, *numbers):
    return {run.parent for run in site.runs() if run.number in numbers}


def one_file_two_rules(site, older):
    """The process that read the file before it was changed stores, and the
    one that read it later runs."""
    text = site.read(os.path.basename(site.conf)).decode()
    more = "hook extra\nsignature none\non * run /bin/true\n"
    site.config(text.replace("queue.log", "second.log").replace(
        "timeout 30s", "timeout 29s") + more)
    hooks_of(older, 1)
    site.settled(30)
    newer = harness.Fcgi(site, site.conf, address=site.path("second"),
                         environment=site.environment)
    try:
        wait_for(lambda: NEWER in site.read("queue.log"), "the warning")
        for number in range(2, 12, 2):
            hooks_of(older, number)
            hooks_of(newer, number + 1)
        site.settled(30)
        check(parents_of(site, *range(2, 12)) == {newer.pid},
              "not run by the newer one alone")
        check(newer.stop() == 0, "it ended with %r" % newer.status)
        hooks_of(older, 12)
        time.sleep(1.5)
        check(site.deliveries()[12][1:3] == (QUEUED, 0), "it was claimed")
        check(site.read("queue.log").count(NEWER) == 1, "not said once")
        check(NEWER not in site.read("second.log"), "said of the newer one")
        site.config(text.replace("timeout 30s", "timeout 29s"))
        older.signal(signal.SIGHUP)
        site.settled(30)
        check(parents_of(site, 12) == {older.pid}, "by whom?")
    finally:
        newer.end()


def two_files_one_hook(site, first):
    """The second file's hook is refused until the first lets go of it."""
    text = site.read(os.path.basename(site.conf)).decode()
    second = site.config(
        text.replace("queue.log", "second.log").replace(
            "timeout 30s", "timeout 29s"), "second.conf")
    before, site.conf = site.conf, second
    hooks_of(first, 1)
    status = status_of(site.ask_cgi(event(2)))
    check(status == 500, "an event of the second was answered %d" % status)
    check(site.path("pelihook.conf").encode() in site.read("second.log"),
          "the log does not name the other file")
    for arguments in ["-t"], ["-s", site.path("second")]:
        ended = subprocess.run([harness.FCGI, "-c", second] + arguments,
                               stdin=subprocess.DEVNULL,
                               capture_output=True)
        check(ended.returncode == 78, "%r ended with %d: %r" % (
            arguments, ended.returncode, ended.stderr))
    site.settled(30)
    check([run.number for run in site.runs() if run.what == "E"] == [1],
          "not run by the first alone")
    check(first.stop() == 0, "it ended with %r" % first.status)
    os.rename(before, before + ".away")
    status = status_of(site.ask_cgi(event(3)))
    check(status == 202, "then it was answered %d" % status)


def two_hooks(site, first):
    """Each runs its own hook, and leaves the other's alone."""
    text = site.read(os.path.basename(site.conf)).decode()
    other = text.replace("hook peliqan", "hook other")
    second = harness.Fcgi(
        site, site.config(other.replace("queue.log", "second.log"),
                          "second.conf"),
        address=site.path("second"), environment=site.environment)
    try:
        for number in range(1, 20, 2):
            hooks_of(first, number)
            hooks_of(second, number + 1, hook="other")
        site.settled(30)
        check(parents_of(site, *range(1, 20, 2)) == {first.pid}, "the first")
        check(parents_of(site, *range(2, 21, 2)) == {second.pid},
              "the second")
        for log in "queue.log", "second.log":
            check(NEWER not in site.read(log), "a warning in %s" % log)
        check(second.stop() == 0, "it ended with %r" % second.status)
    finally:
        second.end()


BURST = 100


def burst(site):
    """Many at once where a sync takes long: each is stored in its turn, and
    all wait for one sync of each."""
    needs_files()
    slow = preload("slow", PELIHOOK_TEST_SYNCS=site.path("syncs"))
    status = status_of(site.ask_cgi(event(0)))
    check(status == 202, "the first was answered %d" % status)
    requests = [site.cgi(event(number), environment=slow)
                for number in range(1, BURST + 1)]
    answers = collections.Counter()
    for request in requests:
        answers[status_of(request.answer())] += 1
        request.wait()
        request.close()
    check(answers == {202: BURST}, "the answers: %r" % answers)
    syncs = site.read("syncs").count(b"d")
    check(syncs == BURST, "%d syncs of data" % syncs)


def log_taken_away(site):
    """As logrotate's create leaves it: nobody of ours can write to it."""
    site.write("queue.log", "")
    os.chmod(site.path("queue.log"), 0o400)
    for number in range(3):
        status = status_of(site.ask_cgi(event(number)))
        check(status == 202, "event %d was answered %d" % (number, status))
        site.settled(30)
    check(site.read("log").count(b"cannot open the log") == 3,
          "the web server's log does not tell: %r" % site.read("log"))
    check(len(site.runs()) == 3, "runs: %r" % site.read("marks"))


# What a batch takes.

LARGE = """journal @DIR@/journal.db
dispatch none
hook peliqan
  secret-file @DIR@/secret.new
  batch 12
  on * run /bin/true
"""


def peak_of_drain(site, count):
    """The most memory, in KiB, of a drain that has so many large payloads
    to run at once."""
    for number in range(count):
        body = event(number, list=[{"x": 1}] * 40000)
        check(status_of(site.ask_cgi(body)) == 202, "not stored")
    process = subprocess.Popen(
        site.ctl_command("drain"), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=harness.PASSED)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, "drain: %r" % process.returncode)
    return usage.ru_maxrss


def batch_memory(site):
    """A parsed payload is many times as large as its text, and is there
    once at a time."""
    site.conf = site.config(LARGE)
    one = peak_of_drain(site, 1)
    many = peak_of_drain(site, 12)
    print("# %d KiB with one payload, %d with a batch of 12" % (one, many))
    check(many < 2 * one, "%d KiB, and %d with one" % (many, one))


# A journal of an earlier release.

def earlier(site):
    """It is opened as it is, and goes on where it was left."""
    needs_files()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "earlier.sql")) as file:
        text = file.read()
    made = sqlite3.connect(site.journal)
    made.executescript(text)
    made.close()
    os.chmod(site.journal, 0o600)
    states = {number: state for number, (_, state, _, _)
              in site.deliveries().items()}
    check(states == {1: DONE, 2: DEAD, 3: QUEUED, 4: RUNNING, 5: QUEUED,
                     6: QUEUED}, "states %r" % states)
    site.ctl("drain")
    for number, attempts in (4, 2), (5, 1), (6, 1):
        found = site.deliveries()[number]
        check(found[1:3] == (DONE, attempts), "event %d: %r" %
              (number, found))
    check(site.deliveries()[1][1:3] == (DONE, 1), "what was done")
    check(site.deliveries()[2][1:3] == (DEAD, 1), "what was dead")
    ran_now = [run.number for run in site.runs() if run.number in (4, 5)]
    check(ran_now == [4, 5], "in the order %r" % ran_now)
    check(site.ask_journal("SELECT count(*) FROM runners") == [(0,)],
          "the killed runner is still there")
    check_journal(site.journal)


# A journal that is being made.

def made_at_once(_):
    """Six processes find no journal, and one makes it."""
    for _ in range(40):
        site = Site(globals="dispatch none")
        processes = []
        try:
            for number in range(6):
                processes.append(site.cgi(event(number)))
            for process in processes:
                status = status_of(process.answer())
                check(status == 202, "answered %d" % status)
            check(len(site.deliveries()) == 6, "events are missing")
        finally:
            for process in processes:
                process.close()
            site.close()


def files_of(site):
    """The journal's files and which they are."""
    directory, name = os.path.split(site.journal)
    return {entry.name: entry.inode() for entry in os.scandir(directory)
            if entry.name.startswith(name)}


def lines_of_log(site, text):
    lines = (site.read("queue.log") or b"").splitlines()
    return len([line for line in lines if text in line])


def removed(site, server, missing, put_back):
    """Files of the journal are taken away while a command runs: nothing is
    answered 2xx from then on, nothing is made or written beside, and a stop
    is a stop."""
    needs_files()
    send(server, 1, work=300)
    wait_for(lambda: site.read("marks"), "the command")
    for end in missing:
        os.rename(site.journal + end, site.journal + end + ".away")
    left = files_of(site)
    for number in range(2, 6):
        body = event(number)
        answer = server.request(post(body), body)
        check(word_of(answer)[0] == 503, "answered %r" % answer)
    wait_for(lambda: site.runs()[0].ended, "the end of the command")
    if put_back:
        for end in missing:
            os.rename(site.journal + end + ".away", site.journal + end)
        left = files_of(site)
    # Long enough for the queue and the result to be tried again.
    time.sleep(0.5)
    body = event(6)
    check(word_of(server.request(post(body), body))[0] == 503, "stored")
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    check(server.wait() == 0, "it ended with %r" % server.status)
    check(time.monotonic() - began < 5, "the stop took too long")
    check(files_of(site) == left, "%r became %r" % (left, files_of(site)))
    check(lines_of_log(site, b"removed while it was open") == 1 and
          lines_of_log(site, b"Stop all of pelihook") == 1, "not said once")
    check(len(site.runs()) == 1, "more was run")
    if not put_back:
        for end in missing:
            os.rename(site.journal + end + ".away", site.journal + end)
    # All that was answered 202 is still there, and run again.
    again = site.fcgi()
    try:
        site.settled(30)
        check(list(site.deliveries()) == [1], "%r" % site.deliveries())
        check(len(site.runs()) == 2, "its result cannot have been kept")
    finally:
        again.end()


def replaced(site, server):
    """Another journal is made where one was taken away: it is its own, and
    loses nothing when the first process ends."""
    needs_files()
    send(server, 1)
    site.settled(30)
    for name in files_of(site):
        os.remove(os.path.join(os.path.dirname(site.journal), name))
    other = site.fcgi(address=site.path("other"))
    try:
        send(other, 2)
        body = event(3)
        check(word_of(server.request(post(body), body))[0] == 503, "stored")
        files = files_of(site)
        check(server.stop() == 0, "it ended with %r" % server.status)
        check(files_of(site) == files, "%r became %r" %
              (files, files_of(site)))
        send(other, 4)
        site.settled(30)
        check(sorted(site.deliveries()) == [2, 4], "%r" % site.deliveries())
        check_journal(site.journal)
    finally:
        other.end()


def left_behind(site):
    """Only the journal itself is removed; what is left of it is not taken
    for the new one's."""
    needs_files()
    server = site.fcgi()
    send(server, 1)
    site.settled(30)
    server.end()
    os.rename(site.journal, site.journal + ".away")
    left = files_of(site)
    status = status_of(site.ask_cgi(event(2)))
    check(status == 500, "answered %d" % status)
    check(lines_of_log(site, b"is gone, but ") == 1, "the log does not say")
    site.ctl("list", status=78)
    site.ctl("drain", status=78)
    site.ctl("check", status=78)
    check(files_of(site) == left, "%r became %r" % (left, files_of(site)))
    os.rename(site.journal + ".away", site.journal)
    status = status_of(site.ask_cgi(event(2)))
    check(status == 202, "answered %d" % status)


def with_server(test, *arguments):
    def run(site):
        server = site.fcgi()
        try:
            test(site, server, *arguments)
        finally:
            server.end()
    return run


def with_front(test, through):
    return lambda site: test(site, through)


ORDER = {"hook": "  concurrency 8\n  order /key", "retry": "15ms " * 9}
STOP = {"globals": "stop-timeout 500ms"}
TESTS = [
    ("order and concurrency 8 over two processes",
     with_server(two_processes), ORDER),
    ("order hook, whatever concurrency is", with_server(one_by_one),
     {"hook": "  concurrency 8\n  order hook", "retry": "5ms " * 9}),
    ("three servers on one socket and one journal", siblings,
     {"hook": "  concurrency 2"}),
]
for front, way in ("FastCGI", through_fcgi), ("CGI", through_cgi):
    DEDUPE = {"hook": "  dedupe body"}
    TESTS += [
        (front + ": %d identical events are queued once" % MANY,
         with_front(dedupe_queued, way), DEDUPE),
        (front + ": while one is waited for, others get 503, then 200",
         with_front(dedupe_waiting, way), {}),
        (front + ": %d identical events are waited for at once" % MANY,
         with_front(dedupe_at_once, way), {}),
        (front + ": a failure frees the key",
         with_front(dedupe_failed, way), {}),
    ]
TESTS += [
    ("CGI: a killed process frees its key", dedupe_killed, {}),
    ("a stop ends a queued command", with_server(stop, 0), STOP),
    ("a stop ends a command that is deaf to SIGTERM", with_server(stop, 1),
     STOP),
    ("a stop waits for a long kill-after", stop_patiently, STOP),
    ("a stop waits for a command that ends in time",
     with_server(stop_in_time), {}),
    ("a reload while a command runs", with_server(reload), {}),
    ("a reload with another dispatch", with_server(reload_dispatch),
     {"hook": "  concurrency 4"}),
    ("a stop goes by the configuration in force",
     lambda site: stop_reloaded(site, ""), {}),
    ("a stop while the thread is not wanted any more",
     lambda site: stop_reloaded(site, "dispatch none\n"), {}),
    ("the same hook by older and newer rules",
     with_server(one_file_two_rules), {}),
    ("the same hook in two files", with_server(two_files_one_hook), {}),
    ("two hooks in two configurations", with_server(two_hooks), {}),
    ("CGI: a burst on a slow disk is stored", burst,
     {"globals": "dispatch none"}),
    ("CGI: a log that cannot be opened holds up no drain", log_taken_away,
     {}),
    ("a journal that six processes make at once", made_at_once, {}),
    ("the journal is removed under a server",
     with_server(removed, ("", "-wal", "-shm", "-runners"), False), STOP),
    ("a file of the journal is removed and put back",
     with_server(removed, ("-runners",), True), STOP),
    ("another journal is made in the place of one",
     with_server(replaced), STOP),
    ("no journal is made beside what is left of one", left_behind, {}),
    ("a batch keeps no parsed payload while it runs", batch_memory, {}),
    ("a journal of 0.1.0 goes on where it was left", earlier,
     {"hook": "  order /key\n  keep 3650d"}),
]


def run(test, how):
    site = Site(**how)
    try:
        test(site)
    finally:
        site.close()


sys.exit(harness.run_tests((name, run, test, how)
                           for name, test, how in TESTS))
