# SPDX-License-Identifier: ISC
"""A web server that passes requests with wrong signatures on to pelihook.fcgi.

    python3 refused_load.py SOCKET HOOK COUNT

They are sent as fast as they are answered, over several connections, each of
which sends many at once.  Prints how many a second were answered.  Ends with 1
where an answer was another one than 401.
"""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cases"))
import fastcgi  # noqa: E402

CONNECTIONS = 8
AT_ONCE = 50
PATIENCE = 60   # seconds without a byte

wrong = []


def count(data):
    """How many requests end, and the rest of the last record."""
    ended = 0
    while len(data) >= 8:
        size = 8 + int.from_bytes(data[4:6], "big") + data[6]
        if len(data) < size:
            break
        if data[1] == fastcgi.STDOUT and data[4:6] != b"\0\0" and \
                not data[8:].startswith(b"Status: 401 "):
            wrong.append(data[8:size])
        ended += data[1] == fastcgi.END
        data = data[size:]
    return ended, data


def work(address, hook, many):
    body = b'{"event":"pipeline_run_completed"}'
    one = fastcgi.request([
        ("REQUEST_METHOD", "POST"), ("PELIHOOK_HOOK", hook),
        ("HTTP_X_SIGNATURE", "sha256=" + "0" * 64),
        ("CONTENT_LENGTH", str(len(body)))], body, keep=True)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(address)
    rest = b""
    while many > 0:
        batch = min(many, AT_ONCE)
        connection.sendall(one * batch)
        many -= batch
        while batch > 0:
            data = connection.recv(65536)
            if not data:
                wrong.append("the connection was closed")
                return
            ended, rest = count(rest + data)
            batch -= ended
    connection.close()


def main():
    address, hook, many = sys.argv[1], sys.argv[2], int(sys.argv[3])
    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(
        address, hook, len(range(i, many, CONNECTIONS))))
               for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(round(many / (time.monotonic() - began)))
    if wrong:
        sys.exit(repr(wrong[0]))


main()
