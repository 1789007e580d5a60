# SPDX-License-Identifier: ISC
"""Signed events for machines, and what was answered.

    send.py secret
    send.py one WHERE [NAME=VALUE...]
    send.py many WHERE,... COUNT [NAME=VALUE...]
    send.py until FILE WHERE,... [NAME=VALUE...]

WHERE is the socket of a pelihook.fcgi, or http://ADDRESS:PORT/PATH.  Each
event has a number of its own, "n".  Of the others' names and values `event` is
its name, `key` what the order is by, and `hook` the hook (`first`); how its
runs go is said as tests/model/ledger.c has it.  Of many, `keys` says how many
keys there are (4): each has a sender of its own, which waits for the answer
before it sends the next one, and goes from one WHERE to the next.  With
`again=1` an event that is not accepted is sent again, with another number.

Appends one line of JSON for each answer to SHARED/answers; `one` prints
"STATUS WORD ID", with - for what there is not."""

import fcntl
import http.client
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

import fastcgi
import harness

SHARED = os.environ["SHARED"]
PATIENCE = 20   # seconds
NUMBERS = "w", "keys", "again"


def next_number():
    with open(os.path.join(SHARED, "number"), "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0) + 1
        file.seek(0)
        file.truncate()
        file.write("%d" % number)
    return number


def by_fastcgi(where, hook, body):
    connection = fastcgi.Connection(where, PATIENCE)
    try:
        output = connection.request(harness.post(body, "/" + hook), body)
    finally:
        connection.close()
    found = re.match(rb"Status: ([0-9]{3}) .*?\r?\n\r?\n(.*)", output,
                     re.DOTALL)
    if not found:
        raise fastcgi.Closed()
    after = re.search(rb"Retry-After: ([0-9]+)", output)
    return int(found.group(1)), found.group(2), after and after.group(1)


def by_http(where, hook, body):
    to = urllib.parse.urlsplit(where)
    connection = http.client.HTTPConnection(to.hostname, to.port,
                                            timeout=PATIENCE)
    try:
        connection.request("POST", to.path + "/" + hook, body, {
            "Content-Type": "application/json",
            "X-Signature": "sha256=" + harness.mac(body)})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Retry-After")
    finally:
        connection.close()


def send(where, fields):
    """Sends one, writes down what became of it, and returns that."""
    fields = {"event": "pipeline_run_completed", **fields, "n": next_number()}
    hook = fields.pop("hook", "first")
    body = json.dumps(fields, separators=(",", ":")).encode()
    said = {"where": where, "hook": hook, "fields": fields, "status": None,
            "word": None, "id": None, "began": time.monotonic_ns()}
    how = by_http if where.startswith("http:") else by_fastcgi
    try:
        said["status"], text, said["after"] = how(where, hook, body)
        if said["after"] is not None:
            said["after"] = int(said["after"])
        if said["status"] < 300:
            reply = json.loads(text)
            said["word"], said["id"] = reply["status"], reply.get("id")
    except (OSError, fastcgi.Closed, http.client.HTTPException,
            socket.timeout) as error:
        said["error"] = repr(error)
    said["answered"] = time.monotonic_ns()
    line = json.dumps(said).encode() + b"\n"
    to = os.open(os.path.join(SHARED, "answers"),
                 os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(to, line)
    finally:
        os.close(to)
    return said


def arguments(words):
    pairs = [word.partition("=")[::2] for word in words]
    return {name: int(text) if name in NUMBERS else text
            for name, text in pairs}


def one(where, *words):
    said = send(where, arguments(words))
    print(*(said[name] or "-" for name in ("status", "word", "id")))


def many(wheres, goes_on, fields):
    """goes_on(): whether there is another event to send."""
    wheres = wheres.split(",")
    keys, again = fields.pop("keys", 4), fields.pop("again", 0)
    errors = []

    def sender(key):
        turn = key
        try:
            while goes_on():
                said = send(wheres[turn % len(wheres)],
                            {**fields, "key": "k%d" % key})
                turn += 1
                refused = said["word"] is None
                while refused and again:
                    time.sleep(0.1)
                    said = send(wheres[turn % len(wheres)],
                                {**fields, "key": "k%d" % key})
                    turn += 1
                    refused = said["word"] is None
                if refused:
                    time.sleep(0.02)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=sender, args=(key,))
               for key in range(keys)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main(what, *words):
    if what == "secret":
        print(harness.SECRETS["new"])
    elif what == "one":
        one(*words)
    elif what == "many":
        left = iter(range(int(words[1])))
        lock = threading.Lock()

        def goes_on():
            with lock:
                return next(left, None) is not None
        many(words[0], goes_on, arguments(words[2:]))
    elif what == "until":
        many(words[1], lambda: not os.path.exists(words[0]),
             arguments(words[2:]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
