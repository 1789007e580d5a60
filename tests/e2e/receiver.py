# SPDX-License-Identifier: ISC
"""A service on a free port of 127.0.0.1 that writes down what it is sent.

    receiver.py FILE STATUS...

The port is written to FILE.port.  Each request becomes a line of FILE, a JSON
object with method, path, headers and body.  The answers are these statuses,
one after the other and then the last for good; `hang` is a request that is
never answered.
"""

import http.server
import itertools
import json
import os
import sys
import threading


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        request = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): text
                        for name, text in self.headers.items()},
            "body": self.rfile.read(length).decode("utf-8", "strict"),
        }
        with self.server.lock:
            status = next(self.server.statuses)
            with open(self.server.record, "a", encoding="utf-8") as record:
                record.write(json.dumps(request) + "\n")
        if status == "hang":
            threading.Event().wait()
        answer = f"this is {status}\n".encode()
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main(record, *statuses):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.lock = threading.Lock()
    server.record = record
    server.statuses = itertools.chain(
        statuses, itertools.repeat(statuses[-1]))
    with open(record + ".new", "w", encoding="ascii") as port:
        port.write(f"{server.server_port}\n")
    os.rename(record + ".new", record + ".port")
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
