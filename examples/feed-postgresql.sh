#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Puts events into PostgreSQL through psql, each of them once: the way on
# when several machines work on what one receives.
#
#	CREATE TABLE peliqan_event (
#	    id uuid PRIMARY KEY, received timestamptz NOT NULL,
#	    event text NOT NULL, outcome text, payload jsonb NOT NULL);
#
#	setenv PGSERVICEFILE /etc/pelihook/pg_service.conf
#	setenv PGSERVICE peliqan
#	on * run /usr/local/bin/feed-postgresql
#
# An event that is run again has the same PELIHOOK_ID, so that its row is
# there already and nothing is done.  What the database says of the event
# itself (class 22: data it cannot take) is exit 65; anything else may be
# better later: 75.

set -u

PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}
export PGCONNECT_TIMEOUT

# psql reads its commands from descriptor 3 and the payload from 0, where no
# size is too large and no byte has a meaning.
state=$(psql -X -q -A -t -v id="$PELIHOOK_ID" \
    -v received="$PELIHOOK_RECEIVED" -v event="$PELIHOOK_EVENT" \
    -v outcome="$PELIHOOK_OUTCOME" -f /dev/fd/3 3<<'END'
\set payload `cat`
INSERT INTO peliqan_event (id, received, event, outcome, payload)
    VALUES (:'id', :'received', :'event', nullif(:'outcome', ''), :'payload')
    ON CONFLICT (id) DO NOTHING;
\echo :SQLSTATE
END
) || exit 75

case $state in
00000) exit 0 ;;
22*) exit 65 ;;
*) exit 75 ;;
esac
