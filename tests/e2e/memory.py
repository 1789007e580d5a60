# SPDX-License-Identifier: ISC
"""Says which of some texts are in a process's memory, as a core of it would
have them.

usage: memory.py PID TEXT..."""

import sys


def regions(pid):
    with open("/proc/%s/maps" % pid, encoding="utf-8") as maps:
        for line in maps:
            span, rights = line.split()[:2]
            first, _, end = span.partition("-")
            if rights[0] == "r" and "[v" not in line:
                yield int(first, 16), int(end, 16)


def main(pid, texts):
    found = set()
    with open("/proc/%s/mem" % pid, "rb", buffering=0) as memory:
        for first, end in regions(pid):
            try:
                memory.seek(first)
                data = memory.read(end - first)
            except (OSError, ValueError):
                continue
            found.update(text for text in texts if text.encode() in data)
    for text in texts:
        if text in found:
            print(text)


main(sys.argv[1], sys.argv[2:])
