# SPDX-License-Identifier: ISC
"""Databases of a PostgreSQL server, one for each journal: ordinary.sh starts
the server where PELIHOOK_FAULT_JOURNAL is `postgresql`, and says in
PELIHOOK_DATABASES where it is, as its user postgres."""

import ctypes
import itertools
import os
import re

SERVER = os.environ.get("PELIHOOK_DATABASES")
LOG = os.path.join(os.environ["PELIHOOK_WORK"], "databases/one.log")
FINE = 1, 2     # PGRES_COMMAND_OK, PGRES_TUPLES_OK
BOOL, BYTES, NUMBERS = 16, 17, (20, 21, 23, 26, 1700)   # pg_type's numbers
COUNT = itertools.count(1)


class Trouble(Exception):
    pass


def load():
    library = ctypes.CDLL("libpq.so.5")
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for name, result, *arguments in (
            ("PQconnectdb", pointer, text),
            ("PQfinish", None, pointer),
            ("PQexec", pointer, pointer, text),
            ("PQerrorMessage", text, pointer),
            ("PQresultStatus", number, pointer),
            ("PQntuples", number, pointer),
            ("PQnfields", number, pointer),
            ("PQftype", number, pointer, number),
            ("PQgetisnull", number, pointer, number, number),
            ("PQgetvalue", text, pointer, number, number),
            ("PQclear", None, pointer)):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


PQ = load() if SERVER else None


def value(result, row, column):
    """As sqlite3 has it, but for what is true or false."""
    if PQ.PQgetisnull(result, row, column):
        return None
    text = PQ.PQgetvalue(result, row, column).decode()
    kind = PQ.PQftype(result, column)
    if kind in NUMBERS:
        return int(text)
    if kind == BYTES:
        return bytes.fromhex(text[2:])
    return text == "t" if kind == BOOL else text


def quoted(one):
    return str(one) if isinstance(one, int) else \
        "'%s'" % one.replace("'", "''")


def ask(uri, query, *values):
    """Its rows; values are what stands for each ? of the query."""
    first, *others = query.split("?") if values else [query]
    query = first + "".join(map(str.__add__, map(quoted, values), others))
    session = PQ.PQconnectdb(uri.encode())
    try:
        result = PQ.PQexec(session, query.encode())
        try:
            if PQ.PQresultStatus(result) not in FINE:
                raise Trouble(PQ.PQerrorMessage(session).decode().strip())
            return [tuple(value(result, row, column)
                          for column in range(PQ.PQnfields(result)))
                    for row in range(PQ.PQntuples(result))]
        finally:
            PQ.PQclear(result)
    finally:
        PQ.PQfinish(session)


def create():
    """The URI of a database without a table, as the programs have it."""
    name = "journal_%d_%d" % (os.getpid(), next(COUNT))
    ask(SERVER + "/postgres", "CREATE DATABASE %s OWNER pelihook "
        "TEMPLATE template0" % name)
    return "%s/%s" % (SERVER.replace("postgres@", "pelihook@"), name)


def remove(uri):
    """Whoever is connected to it."""
    ask(SERVER + "/postgres", "DROP DATABASE %s WITH (FORCE)" %
        uri.rpartition("/")[2])


def refused(uri):
    """What the server's log has of statements that it refused in a database,
    but for those that took too long."""
    with open(LOG, encoding="utf-8", errors="replace") as file:
        return [line.strip() for line in file
                if re.search(r"@%s (ERROR|PANIC): " % uri.rpartition("/")[2],
                             line) and "canceling statement" not in line]
