#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Hands events to Kafka through kcat: the way on when several machines work
# on what one receives.
#
#	setenv KAFKA_BROKERS kafka-1:9092,kafka-2:9092
#	setenv KAFKA_TOPIC peliqan
#	env KEY /pipeline/id
#	on * run /usr/local/bin/feed-kafka
#
# It ends well only when all replicas have the message.  KEY is optional:
# what has the same one stays in order.  An event may be sent again, with the
# same header `id', by which a consumer knows it.  KAFKA_CONFIG names a file
# of kcat's own for TLS and passwords.

set -u

: "${KAFKA_BROKERS:?}" "${KAFKA_TOPIC:?}"
seconds=${KAFKA_SECONDS:-20}

# A file is one message, whatever lines it has.
said=$(kcat -P -q -b "$KAFKA_BROKERS" -t "$KAFKA_TOPIC" \
    ${KAFKA_CONFIG:+-F "$KAFKA_CONFIG"} \
    -X acks=all -X enable.idempotence=true \
    -X message.timeout.ms="${seconds}000" \
    -k "${PELIHOOK_KEY:-$PELIHOOK_ID}" -H "id=$PELIHOOK_ID" \
    -H "event=$PELIHOOK_EVENT" -H "received=$PELIHOOK_RECEIVED" \
    /dev/stdin 2>&1) && exit 0

printf '%s\n' "$said" >&2
case $said in
*[Mm]'essage size too large'*) exit 65 ;;
*) exit 75 ;;
esac
