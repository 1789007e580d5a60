#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Keeps events in an SQLite database, each of them once.

    setenv EVENTS_DB /var/lib/pelihook-events/events.db
    on * run /usr/local/bin/store-event

The directory has to be there and to be the user's whom pelihook runs as.
An event may be delivered again with the same PELIHOOK_ID, so that is the
key.  Exit 65 says that the event itself is bad, 75 to try again later.
"""

import json
import os
import sqlite3
import sys

EX_DATAERR = 65
EX_TEMPFAIL = 75

TABLE = """
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, received TEXT, name TEXT, outcome TEXT, payload TEXT
)
"""


def store(database, payload):
    """Adds the event, unless it is there."""
    row = [
        os.environ["PELIHOOK_" + name]
        for name in ("ID", "RECEIVED", "EVENT", "OUTCOME")
    ]
    with database:
        database.execute(TABLE)
        database.execute(
            "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)",
            row + [json.dumps(payload)],
        )


def main():
    try:
        payload = json.load(sys.stdin.buffer)
    except ValueError as error:
        print(f"not JSON: {error}", file=sys.stderr)
        return EX_DATAERR
    path = os.environ.get("EVENTS_DB", "/var/lib/pelihook-events/events.db")
    try:
        database = sqlite3.connect(path, timeout=10)
        store(database, payload)
        database.close()
    except sqlite3.Error as error:
        print(f"{path}: {error}", file=sys.stderr)
        return EX_TEMPFAIL
    return 0


if __name__ == "__main__":
    sys.exit(main())
