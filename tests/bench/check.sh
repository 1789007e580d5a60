#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The way without pelihook: a CGI script that checks the HMAC with openssl.
# It stands for what people write, faults included: a key on the command line
# is everybody's to read, and this comparison tells by its time.

body=$(head -c "$CONTENT_LENGTH"; echo .)
body=${body%.}
mac=$(printf %s "$body" | openssl dgst -sha256 -hmac "$BENCH_KEY" -r)
if [ "${mac%% *}" = "$HTTP_X_SIGNATURE" ]; then
	printf 'Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nignored\n'
else
	printf 'Status: 401 Unauthorized\r\n\r\n'
fi
