# SPDX-License-Identifier: ISC
"""The web server's side of FastCGI 1.0, and of what is no FastCGI."""

import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT = 9, 10
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3


def record(kind, content=b"", request=1, padding=0):
    return struct.pack(">BBHHBx", 1, kind, request, len(content), padding) + \
        content + b"\0" * padding


def begin(keep, role=RESPONDER, request=1):
    return record(BEGIN, struct.pack(">HB5x", role, 1 if keep else 0), request)


def length(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)


def params(variables, request=1):
    """variables: (name, value) pairs, repeated names kept."""
    text = b""
    for name, value in variables:
        name, value = name.encode("latin-1"), value.encode("latin-1")
        text += length(len(name)) + length(len(value)) + name + value
    return stream(PARAMS, text, request) + record(PARAMS, b"", request)


def stream(kind, content, request=1, size=8000):
    """The content in records, without the empty one that ends a stream."""
    return b"".join(record(kind, content[i:i + size], request, -i % 8)
                    for i in range(0, len(content), size))


def head(variables, keep=False, role=RESPONDER):
    return begin(keep, role) + params(variables)


def request(variables, body=b"", keep=False):
    """All that a request is."""
    return head(variables, keep) + stream(STDIN, body) + record(STDIN)


class Answers:
    """The answers of one connection, out of its bytes as they come."""

    def __init__(self):
        self.whole = []     # what STDOUT held, of each that has ended
        self._output = b""
        self._data = b""

    def feed(self, data):
        self._data += data
        while len(self._data) >= 8:
            _, kind, _, size, padding = struct.unpack(
                ">BBHHBx", self._data[:8])
            end = 8 + size + padding
            if len(self._data) < end:
                return
            if kind == STDOUT:
                self._output += self._data[8:8 + size]
            elif kind == END:
                self.whole.append(self._output)
                self._output = b""
            self._data = self._data[end:]

    def part(self):
        """What came of one that has not ended."""
        return self._output + self._data


class Closed(Exception):
    """The responder closed the connection before the answer was whole."""


class Connection:
    def __init__(self, address, timeout=30):
        family = socket.AF_UNIX if isinstance(address, str) \
            else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)

    def send(self, data):
        self.socket.sendall(data)

    def send_quietly(self, data):
        """For input a responder may refuse to read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.socket.recv(n - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            data += more
        return data

    def receive(self):
        """The next record: its kind and content."""
        _, kind, _, size, padding = struct.unpack(">BBHHBx", self._exactly(8))
        content = self._exactly(size)
        self._exactly(padding)
        return kind, content

    def output(self, most=1 << 30):
        """What STDOUT holds when the request has ended, or as many bytes."""
        output = b""
        while len(output) < most:
            kind, content = self.receive()
            if kind == STDOUT:
                output += content
            elif kind == END:
                break
        return output

    def answer(self):
        return self.output()

    def is_closed(self, timeout):
        """Whether it is closed within the time, in seconds."""
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(1) == b""
        except socket.timeout:
            return False
        except ConnectionResetError:
            return True

    def request(self, variables, body=b"", keep=False, role=RESPONDER):
        self.send(head(variables, keep, role))
        self.send_quietly(stream(STDIN, body) + record(STDIN))
        return self.answer()

    def close(self):
        self.socket.close()
