# SPDX-License-Identifier: ISC
"""A web server that posts events to pelihook.fcgi until it is stopped.

    python3 queue_load.py SOCKET HOOK

SIGTERM ends it; then it prints how many events were answered 202.  Ends with
1 where an answer was another one.
"""

import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cases"))
import fastcgi  # noqa: E402

MOST = 40000    # events, so that nothing goes on for ever
THREADS = 8
PAUSE = 0.02    # seconds, so that commands keep up

stop = threading.Event()
lock = threading.Lock()
queued = 0
wrong = []


def post(address, hook, number):
    global queued
    body = b'{"event":"pipeline_run_completed","n":%d}' % number
    connection = fastcgi.Connection(address)
    answer = connection.request([
        ("REQUEST_METHOD", "POST"), ("PELIHOOK_HOOK", hook),
        ("CONTENT_LENGTH", str(len(body)))], body)
    connection.close()
    with lock:
        if answer.startswith(b"Status: 202 "):
            queued += 1
        else:
            wrong.append(answer)
            stop.set()


def work(address, hook, first):
    for number in range(first, MOST, THREADS):
        if stop.wait(PAUSE):
            return
        post(address, hook, number)


def main():
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threads = [threading.Thread(target=work, args=(*sys.argv[1:3], i))
               for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(queued)
    if wrong:
        sys.exit(repr(wrong[0]))


main()
