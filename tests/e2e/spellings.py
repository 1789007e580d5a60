# SPDX-License-Identifier: ISC
"""All the ways to write the URL of a hook that accepts what is not signed.

    python3 spellings.py closed NAME	none of them reaches the hook
    python3 spellings.py opened NAME	its own URL does, another path does not

Requests are written byte by byte, so that no client mends them.  The
environment is client.py's, and the hook's command makes a record.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from client import (CLIENTS, Records, check, connect, event,
                    expect_delivered, main, post, read_to_end, send_quietly)

BODY = event(100)

# The URL itself, for a server that decodes what is encoded, slashes too, takes
# dots out and merges slashes.  fill() puts the name in.
SAME = """
    /hook/NAME /hook/NAME? /hook/NAME?x /hook/NAME?/
    /hook/NAME?PELIHOOK_HOOK=NAME /hook/NAME#x /hook/CODED /%68ook/NAME
    /%68%6f%6f%6b/CODED /hook/./NAME /hook/.//NAME /./hook/NAME
    /hook/x/../NAME /x/../hook/NAME /hook/../hook/NAME /../hook/NAME
    /hook/%2e/NAME /hook/x/%2e%2e/NAME /hook/x/%2E./NAME /%2e/hook/NAME
    /hook/h0/../NAME /hook/h0/%2e%2e/NAME /hook/x/../x/../x/../NAME
    /hook//NAME //hook/NAME //hook//CODED /hook///NAME ///////hook///////NAME
    /hook/x//../NAME http://localhost/hook/NAME http://localhost//hook//NAME
    http://x/hook/CODED http://x/hook/./NAME http://x/hook/NAME?x
    HTTP://X/hook/NAME http://NAME:NAME@x/hook/NAME /hook%2fNAME /hook%2FNAME
    /hook%2f%2fNAME /hook/%2fNAME /hook/%2f%2fNAME /hook/.%2fNAME
    /hook/x%2f..%2fNAME /hook/x/..%2fNAME /hook/..%2fhook%2fNAME
    http:/hook/NAME http:///hook/NAME file:///hook/NAME
""".split()

# What is another path, or none at all.
OTHER = r"""
    /hook/NAME/ /hook/NAME// /hook/NAME///// /hook/NAME/? /hook/NAME/?x
    /hook/NAME/. /hook/NAME/./ /hook/NAME/x /hook/NAME/NAME /hook/NAME/..
    /hook/NAME/../ /hook/NAME/../NAME/ /hook//NAME/ //hook//NAME//
    /hook/NAME/%2e /hook/NAME%2f /hook/NAME%2F /hook/NAME%2f%2f
    /hook/NAME%252f /hook%252fNAME %2fhook%2fNAME /hook/%2e%2e%2fNAME
    /hook/TWICE /hook/%252e/NAME /hook/x/%252e%252e/NAME /hook/..;/NAME
    /hook/x/..;/NAME /hook/NAME; /hook/NAME;x /hook/NAME;/ /hook/NAME%3b
    /hook/NAME%3bx /hook;/NAME /hook;x/NAME /hook/;/NAME /hook/;NAME
    /hook/NAME;PELIHOOK_HOOK=NAME /hook;PELIHOOK_HOOK=NAME /hook?NAME
    /hook?/NAME /hook/?NAME /hook/?/NAME /hook?PELIHOOK_HOOK=NAME
    /hook/?PELIHOOK_HOOK=NAME /hook?PATH_INFO=/NAME
    /hook/h0?PELIHOOK_HOOK=NAME /hook/h0?/../NAME
    /hook/h0?%26PELIHOOK_HOOK=NAME /hook/h0?x&PELIHOOK_HOOK=NAME /hook/NAME%3f
    /hook/NAME%3fx /hook/NAME%23 /hook/NAME%23x /hook/#/NAME /hook#/NAME
    /hook/NAME%26 /hook/NAME& /hook&PELIHOOK_HOOK=NAME
    /hook/h0&PELIHOOK_HOOK=NAME /hook/NAME%20 /hook/%20NAME /hook/NAME+
    /hook/+NAME /hook/NAME%09 /hook/NAME%0a /hook/NAME%0d /hook/NAME%0d%0a
    /hook/%0aNAME /hook%0a/NAME /hook%0aNAME /hook/x%0a/../NAME%0a
    /hook/NAME%0aPELIHOOK_HOOK=NAME /hook%0d%0aPELIHOOK_HOOK:%20NAME
    /hook/NAME%00 /hook/NAME%00x /hook/NAME%00/ /hook/%00NAME /hook%00/NAME
    /hook/NAME%01 /hook/NAME% /hook/NAME%0 /hook/NAME%zz /hook/NAME%2
    /hook/%NAME /hook/%%69NAME /hook/NAME%% /hook/%u0069REST /hook/%e9NAME
    /hook/%c1%a9REST /hook/%e0%81%a9REST /hook/%f0%80%81%a9REST
    /hook/%c0%afNAME /hook/%c0%ae%c0%ae/NAME /hook/NAME%c0%af
    /hook/x/%c0%ae%c0%ae/NAME /hook/NAME%ef%bb%bf /hook/%ef%bb%bfNAME
    /hook/NAME%e2%80%8b /hook/NAME%ff /hook/NAME%c2%a0 /hook/%ef%bc%8fNAME
    /hook%ef%bc%8fNAME /hook\NAME /hook\\NAME /hook/\NAME /hook/NAME\
    \hook\NAME /hook%5cNAME /hook/NAME%5c /hook/x/..\NAME /hook/x\..\NAME
    /hook/%5c..%5cNAME /HOOK/NAME /Hook/NAME /hook/UPPER /HOOK/UPPER
    /hook/TITLE /hook/NAME. /hook/.NAME /hook/NAME.. /hook/NAME.json
    /hook/NAME~ /hook/~NAME /hook/NAME* /hook/* /hook/NAME:80 /hook:NAME
    /hook/NAME, /hook/NAME,h0 /hook/h0,NAME /hook/h0/NAME /hook/h0%2fNAME
    /hook/h0%00NAME /hook/h0%0aNAME /hook/NAME@x /hook/"NAME" /hook/'NAME'
    /hook/{NAME} /hook/$NAME /hook/${NAME} /hook/%24{NAME} /hook/NAME|h0
    /hook/<NAME> /hook/NAME=NAME /hook=NAME /hookNAME /hook-NAME /hook.NAME
    /hook/hook/NAME /hook/NAME/hook /NAME /NAME/ / // /.. /hook/..
    /hook/../NAME /hook/../../NAME /hook/%2e%2e/NAME /hook/%2e%2e/%2e%2e/NAME
    /x/hook/NAME /pelihook.cgi/NAME /hook/pelihook.cgi/NAME
    /hook/pelihook.fcgi/NAME * hook/NAME NAME ?NAME #NAME http: http://x/
    http://x http://x/hook/NAME/ http://x/hook//NAME/ http://x/hook/NAME%2f
    http://x?/hook/NAME http://x/hook/../NAME http://hook/NAME
    http://x%2fhook/NAME http://x\hook/NAME ://x/hook/NAME localhost/hook/NAME
""".split()

HEADERS = """\
    Pelihook-Hook: NAME
    pelihook_hook: NAME
    PELIHOOK_HOOK: NAME
    PELIHOOK-HOOK: NAME
    Pelihook.Hook: NAME
    HTTP_PELIHOOK_HOOK: NAME
    Redirect-PELIHOOK_HOOK: NAME
    Env-PELIHOOK_HOOK: NAME
    Fcgi-PELIHOOK_HOOK: NAME
    X: y\r\n PELIHOOK_HOOK: NAME
    X: y\nPELIHOOK_HOOK: NAME
    X: y\rPELIHOOK_HOOK: NAME
    Path-Info: /NAME
    PATH_INFO: /NAME
    Orig-Path-Info: /NAME
    Script-Name: /hook/NAME
    Request-Uri: /hook/NAME
    REQUEST_URI: /hook/NAME
    Document-Uri: /hook/NAME
    Redirect-Url: /hook/NAME
    X-Original-URL: /hook/NAME
    X-Original-URI: /hook/NAME
    X-Rewrite-URL: /hook/NAME
    X-Forwarded-URI: /hook/NAME
    X-Forwarded-Path: /hook/NAME
    X-Forwarded-Prefix: /hook/NAME
    X-Accel-Redirect: /hook/NAME
    X-Sendfile: /hook/NAME
    X-HTTP-Method-Override: POST
    Proxy: http://x/hook/NAME
    Proxy-Fcgi-Pathinfo: full
    Destination: /hook/NAME
    Content-Location: /hook/NAME
    Referer: http://localhost/hook/NAME
    Host: localhost/hook/NAME
    Host: x/hook/NAME?
    Host:
    X-Forwarded-Host: localhost/hook/NAME
    X-Forwarded-For: 10.0.0.1
    X-Real-IP: 10.0.0.1
    Forwarded: for=10.0.0.1
    Client-IP: 10.0.0.1
    X-Client-IP: 10.0.0.1
    True-Client-IP: 10.0.0.1
    CF-Connecting-IP: 10.0.0.1
    Remote-Addr: 10.0.0.1
    REMOTE_ADDR: 10.0.0.1
    Remote-User: NAME
    Authorization: Basic eDp4
    Content-Type: PELIHOOK_HOOK=NAME
    Cookie: PELIHOOK_HOOK=NAME
""".strip().split("\n    ")

# How a request may begin besides, and what stands before the body.
SHAPES = [
    "POST {} HTTP/1.0\r\n",
    "POST {} HTTP/1.0\r\nHost: localhost\r\n",
    "POST {} HTTP/1.0\r\nHost: \r\n",
    "POST {} HTTP/1.1\r\n",
    "POST {} HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
    "POST {} HTTP/0.9\r\nHost: localhost\r\n",
    "POST {} HTTP/2.0\r\nHost: localhost\r\n",
    "POST {}\r\nHost: localhost\r\n",
    "POST  {}  HTTP/1.1\r\nHost: localhost\r\n",
    "POST\t{}\tHTTP/1.1\r\nHost: localhost\r\n",
    "POST {} x HTTP/1.1\r\nHost: localhost\r\n",
    "\r\nPOST {} HTTP/1.1\r\nHost: localhost\r\n",
    "post {} HTTP/1.1\r\nHost: localhost\r\n",
    "PUT {} HTTP/1.1\r\nHost: localhost\r\n",
    "GET {} HTTP/1.1\r\nHost: localhost\r\n",
    "POST {} HTTP/1.1\nHost: localhost\n",
]


def fill(text, name):
    """Puts a hook's name into a path or header."""
    code = "%02x" % ord(name[0])
    for word, value in (("NAME", name), ("REST", name[1:]),
                        ("UPPER", name.upper()), ("TITLE", name.title()),
                        ("CODED", "%" + code + name[1:]),
                        ("TWICE", "%25" + code + name[1:])):
        text = text.replace(word, value)
    return text


def raw(start, *headers):
    """A request with a body that nobody signed, byte for byte."""
    lines = ["Connection: close", "Content-Length: %d" % len(BODY), *headers]
    return (start + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + BODY


def line(path):
    return "POST %s HTTP/1.1\r\nHost: localhost\r\n" % path


def by_path(paths, name):
    return [raw(line(fill(path, name))) for path in paths]


def by_header(name):
    return [raw(line(path), fill(header, name)) for header in HEADERS
            for path in ("/hook", "/hook/h0", "/hook/" + name)]


def by_shape(name):
    return [raw(shape.format(path + name)) for shape in SHAPES
            for path in ("/hook/", "/hook//", "http://x/hook/")]


def status_of(request):
    """0 where the server says nothing that is HTTP."""
    with connect() as sock:
        send_quietly(sock, request)
        words = read_to_end(sock).split(b"\r\n")[0].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def expect_none(requests):
    """No request gets a 2xx, and none reaches the command."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = list(clients.map(status_of, requests))
    reached = [request for request, status in zip(requests, statuses)
               if status // 100 == 2]
    check(not reached, "\n".join(repr(request[:-len(BODY)])
          for request in reached))
    check(503 not in statuses, "the server had no time to look")
    check(not Records.names(), "a command was run")


def closed(name):
    expect_none(by_path(SAME + OTHER, name) + by_header(name) + by_shape(name))


def opened(name):
    """The hook's own URL reaches it; what is another path does not."""
    expect_none(by_path(OTHER, name))
    for path in "/hook/NAME", "/hook/NAME?x":
        expect_delivered(post(BODY, path=fill(path, name), headers=[]), BODY)


if __name__ == "__main__":
    sys.exit(main(globals()))
