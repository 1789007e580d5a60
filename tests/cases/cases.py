# SPDX-License-Identifier: ISC
"""Sends every case through both programs; their answers are equal to the
byte, and the ones the case tells.  README.md says how a case is written.

usage: cases.py [FILE.case...]"""

import glob
import os
import re
import sys

import fastcgi
from harness import (HERE, Cgi, Fcgi, Place, Process, Tap, check,
                     mac, post, spawn, FCGI)

ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                rb"[0-9a-f]{12}")
# The style of the page, and its hash: what it looks like is no matter here.
STYLES = ((re.compile(rb"sha256-[A-Za-z0-9+/]{43}="), b"sha256-@STYLE@"),
          (re.compile(rb"<style>.*?</style>", re.S), b"<style>@STYLE@</style>"))
WORDS = ("config", "method", "path", "header", "var", "unset", "length",
         "body", "body-hex", "body-repeat", "reads", "hold", "runs", "only",
         "within")


class Case:
    def __init__(self, path):
        with open(path, encoding="latin-1") as file:
            head, _, reply = file.read().partition("\n---\n")
        lines = head.splitlines()
        check(reply and lines[0].startswith("# "), path + ": no case")
        self.name = os.path.basename(path)[:-5] + ": " + lines[0][2:]
        self.said = []
        for line in lines:
            word, _, rest = line.partition(" ")
            if line and word != "#":
                check(word in WORDS, "%s: what is %s?" % (path, word))
                self.said.append((word, rest))
        self.config = self.last("config", "base")
        self.body = self._body()
        self.read = self.body[:int(self.last("reads", len(self.body)))]
        self.variables = self._variables()
        self.hold = self.last("hold")
        self.only = self.last("only")
        self.within = float(self.last("within", "20"))
        self.expected = self._expected(reply)
        runs = self.last("runs")
        self.length = len(self.expected) + 32 * self.expected.count(b"@ID@")
        self.runs = b'"status":"delivered"' in self.expected \
            if runs is None else runs == "yes"

    def all(self, word):
        return [rest for name, rest in self.said if name == word]

    def last(self, word, default=None):
        return (self.all(word) or [default])[-1]

    def _body(self):
        body = b""
        for word, rest in self.said:
            if word == "body":
                body += rest.encode("latin-1")
            elif word == "body-hex":
                body += bytes.fromhex(rest)
            elif word == "body-repeat":
                count, _, text = rest.partition(" ")
                body += int(count) * text.encode("latin-1")
        return body

    def _fill(self, text):
        for secret in ("new", "old"):
            text = text.replace("@%s.hex@" % secret, mac(self.read, secret))
            text = text.replace("@%s.base64@" % secret,
                                mac(self.read, secret, "base64"))
        return text

    def _variables(self):
        method = self.last("method", "POST")
        length = self.last("length", str(len(self.body)))
        more = {
            "REQUEST_METHOD": method,
            "CONTENT_LENGTH": None if length == "none" else length,
            "HTTP_X_SIGNATURE": None,
        }
        pairs = post(self.body, self.last("path", ""), **more)
        pairs = [(name, value) for name, value in pairs
                 if name not in self.all("unset")]
        for word, rest in self.said:
            if word == "header":
                name, _, value = rest.partition(" ")
                name = "HTTP_" + name.upper().replace("-", "_")
                pairs.append((name, self._fill(value)))
            elif word == "var":
                name, _, value = rest.partition("=")
                pairs.append((name, self._fill(value)))
        return pairs

    def _expected(self, reply):
        head, _, body = reply.partition("\n\n")
        head = head.rstrip("\n").replace("\n", "\r\n")
        return (head + "\r\n\r\n" + body).encode("latin-1")


def masked(answer):
    answer = ID.sub(b"@ID@", answer)
    if b"<style>" in answer:
        answer = re.sub(rb"Content-Length: \d+", b"Content-Length: @LENGTH@",
                        answer)
    for pattern, text in STYLES:
        answer = pattern.sub(text, answer)
    return answer


def compare(case, place, way, answer):
    ran = place.read("out")
    place.remove("out")
    check(masked(answer) == case.expected,
          "by %s\nexpected %r\ngot      %r" % (way, case.expected, answer))
    if case.runs:
        check(ran == case.read, "by %s the command read %r" % (way, ran))
    else:
        check(ran is None, "by %s the command was run" % way)


def by_cgi(case, place, config, one_socket):
    cgi = Cgi(place, config, case.variables, one_socket)
    try:
        cgi.send(case.body)
        if case.hold == "":
            answer = cgi.answer(case.within, case.length)
        else:
            answer = b""
        if case.hold != "ever":
            cgi.end_input()
        answer += cgi.answer(case.within)
        check(cgi.wait() == 0, "exit status %r" % cgi.status)
    finally:
        cgi.close()
    return answer


def by_fastcgi(case, connection, keep):
    if case.hold is None:
        return connection.request(case.variables, case.body, keep)
    connection.send(fastcgi.begin(keep) + fastcgi.params(case.variables) +
                    fastcgi.stream(fastcgi.STDIN, case.body))
    answer = connection.output(case.length)
    connection.send_quietly(fastcgi.record(fastcgi.STDIN))
    return answer + connection.answer()


class Kept:
    """A kept connection for one request after the other."""

    def __init__(self, fcgi):
        self.fcgi = fcgi
        self.connection = None

    def request(self, case):
        # Where the responder closed the last one, it takes another.
        if self.connection is not None:
            try:
                return by_fastcgi(case, self.connection, True)
            except (fastcgi.Closed, BrokenPipeError):
                self.connection.close()
        self.connection = self.fcgi.connect()
        return by_fastcgi(case, self.connection, True)


def once(case, fcgi):
    connection = fcgi.connect()
    try:
        return by_fastcgi(case, connection, False)
    finally:
        connection.close()


def refuses(place, config):
    """pelihook.fcgi does not start with what is wrong for the CGI."""
    fcgi = Process(spawn([FCGI, "-t", "-c", config], [], [0, 2],
                         place.path("log")))
    check(fcgi.wait() == 78, "pelihook.fcgi -t ended with %r" % fcgi.status)


def run_case(case, place, config, fcgi, kept):
    for one_socket in False, True:
        way = "CGI, one socket" if one_socket else "CGI, pipes"
        compare(case, place, way, by_cgi(case, place, config, one_socket))
    if case.only == "cgi":
        refuses(place, config)
        return
    compare(case, place, "FastCGI", once(case, fcgi))
    compare(case, place, "FastCGI, kept", kept.request(case))


def run_config(tap, name, cases):
    place = Place()
    fcgi = kept = None
    try:
        with open(os.path.join(HERE, "conf", name + ".conf"),
                  encoding="utf-8") as file:
            config = place.config(file.read())
        if any(case.only != "cgi" for case in cases):
            fcgi = Fcgi(place, config)
            kept = Kept(fcgi)
        for case in cases:
            tap.run(case.name, run_case, case, place, config, fcgi, kept)
        if fcgi is not None:
            tap.run("%s.conf: pelihook.fcgi ends with 0" % name,
                    lambda: check(fcgi.stop() == 0,
                                  "it ended with %r" % fcgi.status))
    finally:
        if fcgi is not None:
            fcgi.end()
        place.close()


def main():
    paths = sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "*.case")))
    cases = [Case(path) for path in paths]
    tap = Tap()
    for name in sorted({case.config for case in cases}):
        run_config(tap, name, [c for c in cases if c.config == name])
    return tap.end()


sys.exit(main())
