# SPDX-License-Identifier: ISC
"""Whether a secret that is no longer needed is gone from the memory of
pelihook.fcgi, and of the process it leaves behind.  Prints what is wrong, and exits 1.  PELIHOOK_BUILD is the
build.

The program is this one's child, so that its memory may be read."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "cases"))
os.environ["abs_top_builddir"] = os.environ["PELIHOOK_BUILD"]

from harness import (SECRETS, Fcgi, Place, check, post,  # noqa: E402
                     status_of, wait_for)

CONFIG = """log @DIR@/log
hook first
secret-file @DIR@/secret.%s
on * run /bin/sh -c "sleep 60 & echo $! >>@DIR@/left"
"""
BODY = b'{"event":"connection_added"}'
# In the memory of this program they are anyway, and in no file of that one.
NEEDLES = {name: text.encode() for name, text in SECRETS.items()}


def count(pid, needle):
    """How often it stands in the process's memory."""
    found = 0
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(half, 16) for half in span.split("-"))
            if not mode.startswith("rw"):
                continue
            try:
                memory.seek(start)
                found += memory.read(end - start).count(needle)
            except (OSError, ValueError):
                pass
    return found


def answer(fcgi, secret):
    reply = fcgi.request(post(BODY, "", secret), BODY)
    return status_of(getattr(reply, "stdout", reply))


def discarding(place):
    """The number of the process that outlives pelihook.fcgi, or None."""
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/comm" % entry) as comm, \
                    open("/proc/%s/cmdline" % entry) as words:
                if comm.read() == "discard\n" and place.dir in words.read():
                    return int(entry)
        except OSError:
            pass
    return None


def end_left(place):
    for pid in (place.read("left") or b"").split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass


def check_copy(place):
    """Only root may look into it."""
    wait_for(lambda: discarding(place) is not None, "the process for output")
    if os.geteuid() == 0:
        pid = discarding(place)
        left = sum(count(pid, needle) for needle in NEEDLES.values())
        check(left == 0, "a copy has a secret in memory, %d times" % left)
    end_left(place)
    wait_for(lambda: discarding(place) is None, "the end of that process")


def main():
    place = Place()
    fcgi = None
    try:
        config = place.config(CONFIG % "new")
        fcgi = Fcgi(place, config, "-j", "1")
        check(answer(fcgi, "new") == 200, "the secret is not the one")
        check(count(fcgi.pid, NEEDLES["new"]) > 0,
              "the secret in use is not found: this test sees nothing")
        place.config(CONFIG % "old")
        fcgi.signal(signal.SIGHUP)
        wait_for(lambda: answer(fcgi, "old") == 200, "the other secret")
        check(answer(fcgi, "new") == 401, "the secret still verifies")
        check(count(fcgi.pid, NEEDLES["old"]) > 0, "where is the other one?")
        left = count(fcgi.pid, NEEDLES["new"])
        check(left == 0, "the secret is still in memory, %d times" % left)
        fcgi.signal(signal.SIGTERM)
        check(fcgi.wait() == 0, "it did not stop as it should")
        check_copy(place)
    finally:
        if fcgi is not None:
            fcgi.end()
        end_left(place)
        place.close()


main()
