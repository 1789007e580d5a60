# SPDX-License-Identifier: ISC
"""Keeps a journal locked, as somebody who takes no turn, until something
opens a fifo to write to it.  It has it once it has said so.

usage: locker.py JOURNAL FIFO [shut]

shut: nobody can even read it."""

import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[3:] == ["shut"]:
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
with open(sys.argv[2], encoding="utf-8") as fifo:
    fifo.read()
connection.execute("ROLLBACK")
