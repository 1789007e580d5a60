# SPDX-License-Identifier: ISC
"""What pelihook takes for JSON and what it reads there, against Python's
json and jq, over corpus.py and random mutations of it.  Prints TAP.

Where the others are not of RFC 8259's mind, or not of ours:

  Python  takes any depth up to its own limit: here 64 is the most;
          takes no byte order mark: one is taken off before it is asked.
  jq      is not asked about what is not UTF-8, for it puts U+FFFD there, nor
          about a NUL, where it ends, nor a record separator (U+001E), where
          it begins anew;
          may refuse an unpaired surrogate, NaN and Infinity;
          takes any depth up to its own limit, byte order marks, U+001F in a
          string (1.6), and for a number what strtod() takes: 01, 1., .5, +1,
          nan, inf, and blanks of C before it.

Upon everything else they have to agree.  PELIHOOK_SEED is where the random
numbers begin, PELIHOOK_MUTATIONS how many texts they make."""

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

import corpus

BOM = b"\xef\xbb\xbf"
DEPTH = 64
NONE = 0xffffffff       # of read.c: there is no text
BUILD = os.environ.get("abs_top_builddir", ".")
SEED = int(os.environ.get("PELIHOOK_SEED", "8259"))
MUTATIONS = int(os.environ.get("PELIHOOK_MUTATIONS", "6000"))


class Refused(Exception):
    pass


class Number(str):
    """As it is written."""


# ---- Python's view ----

def depth_of(value):
    depth, level = 0, [value]
    while True:
        level = [one for one in level if isinstance(one, (dict, list))]
        if not level:
            return depth
        depth += 1
        level = [inner for one in level for inner in
                 (one.values() if isinstance(one, dict) else one)]


def parse(text):
    try:
        return json.loads(text.decode("utf-8"), parse_int=Number,
                          parse_float=Number, parse_constant=Number)
    except (ValueError, RecursionError) as error:
        raise Refused from error


def read(body):
    """The value, as pelihook should have it."""
    value = parse(body[len(BOM):] if body.startswith(BOM) else body)
    if depth_of(value) > DEPTH:
        raise Refused
    return value


def is_taken(body):
    try:
        read(body)
    except Refused:
        return False
    return True


def is_text(string):
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in string)


def text_of(value):
    if isinstance(value, str):
        return value.encode() if is_text(value) else None
    if isinstance(value, (dict, list)):
        return None
    return json.dumps(value).encode()


def text_at(value, pointer):
    """RFC 6901; None where there is no text."""
    try:
        tokens = pointer.decode("utf-8").split("/")[1:]
    except ValueError:
        return None
    for token in tokens:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and \
                re.fullmatch("0|[1-9][0-9]*", token, re.ASCII) and \
                int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return text_of(value)


def pointers_of(value, pointer=b""):
    """All there are, and what a key that no pointer can hold may be taken
    for."""
    yield pointer
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from pointers_of(inner, b"%s/%d" % (pointer, index))
        yield b"%s/%d" % (pointer, len(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            token = key.replace("~", "~0").replace("/", "~1")
            raw = token.encode("utf-8", "surrogatepass")
            if "\0" not in token:
                yield from pointers_of(inner, pointer + b"/" + raw)
            for other in (raw.replace(b"\0", b"\xc0\x80"),
                          raw.split(b"\0")[0], raw.replace(b"\0", b""),
                          re.sub("[\ud800-\udfff]", "\ufffd", token)
                          .encode().replace(b"\0", b"\xef\xbf\xbd")):
                yield from pointers_of(inner, pointer + b"/" + other) \
                    if other != raw else ()


# ---- pelihook's ----

class Reader:
    """What read.c says of each text: None, or its line and its texts."""

    def __init__(self, bodies):
        self.asked = [self._pointers(body) for body in bodies]
        told = subprocess.run(
            [os.path.join(BUILD, "tests/json/read")],
            input=b"".join(self._frames(bodies)), stdout=subprocess.PIPE,
            check=True).stdout
        self.at, self.told = 0, told
        self.answers = [self._answer(pointers) for pointers in self.asked]
        assert self.at == len(told)

    @staticmethod
    def _pointers(body):
        try:
            found = list(dict.fromkeys(pointers_of(read(body))))
        except Refused:
            return [b""]
        return found if len(found) <= 40 else \
            random.Random(SEED).sample(found, 40)

    def _frames(self, bodies):
        for body, pointers in zip(bodies, self.asked):
            yield struct.pack("=I", len(pointers))
            for text in [body] + pointers:
                yield struct.pack("=I", len(text)) + text

    def _number(self):
        self.at += 4
        return struct.unpack_from("=I", self.told, self.at - 4)[0]

    def _bytes(self):
        size = self._number()
        if size == NONE:
            return None
        self.at += size
        return self.told[self.at - size:self.at]

    def _answer(self, pointers):
        if self._number() == 0:
            return None
        return self._bytes(), [self._bytes() for _ in pointers]


# ---- jq's ----

class Jq:
    """Which of the texts jq takes; it is asked about all in one run."""

    def __init__(self, texts):
        told = subprocess.run(
            ["jq", "-c", "try ([fromjson] | 1) catch 0"],
            input=b"".join(json.dumps(text.decode()).encode() + b"\n"
                           for text in texts),
            stdout=subprocess.PIPE, check=True).stdout.split()
        assert len(told) == len(texts)
        self.taken = [one == b"1" for one in told]


def may_be_asked(text):
    try:
        return not re.search("[\0\x1e]", text.decode("utf-8"))
    except ValueError:
        return False


TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")|[-+.0-9A-Za-z\v\f]+',
                   re.DOTALL)
STRTOD = re.compile(rb"[\v\f]*[-+]?"
                    rb"((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|nan|inf(inity)?)",
                    re.IGNORECASE)


def jq_may_take(text):
    while text.startswith(BOM):
        text = text[len(BOM):]
    text = TOKEN.sub(lambda found: b"0" if not found[1] and
                     STRTOD.fullmatch(found[0]) else found[0],
                     text.replace(b"\x1f", b"x"))
    try:
        parse(text)
    except Refused as refused:
        return isinstance(refused.__cause__, RecursionError)
    return True


PAIR = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..")
HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def jq_may_refuse(text):
    return HALF.search(PAIR.sub(b"", text.replace(rb"\\", b"x"))) or \
        b"NaN" in text or b"Infinity" in text


# ---- Mutations ----

PIECES = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"'",
          b"/", b"#", b" ", b"\n", b"\t", b"\r", b"\x0b", b"\x0c", b"\0",
          b"\x1f", b"\x7f", b"-", b"+", b".", b"e", b"E", b"0", b"1", b"9",
          b"00", b"-0", b"1e", b"true", b"false", b"null", b"NaN",
          b"Infinity", b"-Infinity", rb"\u0000", rb"\ud800", rb"\udc00",
          rb"\ud83d\ude00", rb"\n", rb"\x", b'"a":', b'"a\\u0000":', b'""',
          BOM, b"\x80", b"\xc0", b"\xc2", b"\xc3\xa9", b"\xe0", b"\xed\xa0",
          b"\xed\xa0\x80", b"\xef\xbf\xbd", b"\xf0\x9f\x98\x80", b"\xf4\x90",
          b"\xff", b"[" * 33, b"]" * 33, b"18446744073709551616"]


def mutate(random_, text, other):
    at = random_.randint(0, len(text))
    to = min(len(text), at + random_.choice((1, 1, 1, 2, 3, 8)))
    kind = random_.randrange(7)
    if kind == 0:
        return text[:at] + text[to:]
    if kind == 1:
        return text[:at] + random_.choice(PIECES) + text[at:]
    if kind == 2:
        return text[:at] + random_.choice(PIECES) + text[to:]
    if kind == 3:
        return text[:at] + text[at:to] * random_.choice((2, 3)) + text[to:]
    if kind == 4:
        return text[:at] + bytes([random_.randrange(256)]) + text[at + 1:]
    if kind == 5:
        return text[:at] + other[random_.randint(0, len(other)):]
    return text[:at] + other + text[to:]


def mutations():
    random_ = random.Random(SEED)
    good = [text for text in TAKEN if len(text) < 300]
    short = [text for text in TAKEN + REFUSED if len(text) < 300]
    for _ in range(MUTATIONS):
        text = random_.choice(good)
        for _ in range(random_.choice((1, 1, 2, 3))):
            text = mutate(random_, text, random_.choice(short))
        yield text


# ---- The tests: each gives what is wrong ----

TAKEN = list(dict.fromkeys(corpus.taken()))
REFUSED = list(dict.fromkeys(corpus.refused()))
MUTATED = list(dict.fromkeys(mutations()))
ALL = TAKEN + REFUSED + MUTATED
READ = Reader(ALL)
ANSWERS = dict(zip(ALL, READ.answers))


def as_it_says():
    for texts, taken in (TAKEN, True), (REFUSED, False):
        for text in texts:
            if (ANSWERS[text] is not None) != taken:
                yield text, "is to be taken" if taken else "to be refused"


def as_python(texts):
    taken = 0
    for text in texts:
        taken += is_taken(text)
        if (ANSWERS[text] is not None) != is_taken(text):
            yield text, "Python %s it" % ("takes" if is_taken(text)
                                          else "refuses")
    if not len(texts) // 20 < taken < len(texts):
        yield b"", "only %d are JSON" % taken


def texts_as_python():
    for text, pointers in zip(ALL, READ.asked):
        if ANSWERS[text] is None or not is_taken(text):
            continue
        value = read(text)
        for pointer, got in zip(pointers, ANSWERS[text][1]):
            if got != text_at(value, pointer):
                yield text, "%r: %r, not %r" % (
                    pointer, got, text_at(value, pointer))


def lines():
    for text in ALL:
        if ANSWERS[text] is None or not is_taken(text):
            continue
        line = ANSWERS[text][0]
        if re.search(rb"[\0-\x1f]", line):
            yield text, "no line: %r" % line
        elif not is_taken(line) or repr(read(line)) != repr(read(text)):
            yield text, "another line: %r" % line


def as_jq(texts):
    if not shutil.which("jq"):
        raise FileNotFoundError
    asked = [text for text in texts if may_be_asked(text)]
    for text, taken in zip(asked, Jq(asked).taken):
        if taken and ANSWERS[text] is None and not jq_may_take(text):
            yield text, "jq takes it"
        if not taken and ANSWERS[text] is not None and \
                not jq_may_refuse(text):
            yield text, "jq refuses it"


TESTS = [
    ("the corpus is taken and refused as it says", as_it_says),
    ("the corpus is what Python takes", lambda: as_python(TAKEN + REFUSED)),
    ("the corpus is what jq takes", lambda: as_jq(TAKEN + REFUSED)),
    ("mutations of it are taken or refused as Python does",
     lambda: as_python(MUTATED)),
    ("mutations of it are taken or refused as jq does",
     lambda: as_jq(MUTATED)),
    ("the texts at pointers are those of Python", texts_as_python),
    ("a line is the same JSON on one line", lines),
]


def main():
    failed = 0
    print("1..%d" % len(TESTS))
    print("# %d taken, %d refused, %d mutations of seed %d" % (
        len(TAKEN), len(REFUSED), len(MUTATED), SEED))
    for number, (name, test) in enumerate(TESTS, 1):
        try:
            wrong = list(test())
        except FileNotFoundError:
            print("ok %d - %s # SKIP there is no jq" % (number, name))
            continue
        failed += bool(wrong)
        print("%s %d - %s" % ("not ok" if wrong else "ok", number, name))
        for text, why in wrong[:20]:
            print("# %r: %s" % (text[:200], why))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
