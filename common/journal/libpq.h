/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_LIBPQ_H
#define PELIHOOK_JOURNAL_LIBPQ_H

#include <libpq-fe.h>

#include "base/buf.h"

/*
 * What is used of libpq, PostgreSQL's client library of version 14 or later.
 * No program is linked with it: it brings a dozen other libraries, which
 * would cost a CGI process more than all that it does.  It is loaded when a
 * journal needs it, and its functions are called through this table:
 * libpq->PQfinish(connection).  Only the files that include this know libpq.
 */
#define LIBPQ_FUNCTIONS(X)                                                     \
	X(PQbackendPID)                                                        \
	X(PQcancel)                                                            \
	X(PQclear)                                                             \
	X(PQcmdTuples)                                                         \
	X(PQconninfo)                                                          \
	X(PQconninfoFree)                                                      \
	X(PQconninfoParse)                                                     \
	X(PQconnectPoll)                                                       \
	X(PQconnectStartParams)                                                \
	X(PQconnectionNeedsPassword)                                           \
	X(PQconsumeInput)                                                      \
	X(PQdb)                                                                \
	X(PQenterPipelineMode)                                                 \
	X(PQerrorMessage)                                                      \
	X(PQexitPipelineMode)                                                  \
	X(PQfformat)                                                           \
	X(PQfinish)                                                            \
	X(PQflush)                                                             \
	X(PQfname)                                                             \
	X(PQfreeCancel)                                                        \
	X(PQfreemem)                                                           \
	X(PQftype)                                                             \
	X(PQgetCancel)                                                         \
	X(PQgetResult)                                                         \
	X(PQgetisnull)                                                         \
	X(PQgetlength)                                                         \
	X(PQgetvalue)                                                          \
	X(PQhost)                                                              \
	X(PQisBusy)                                                            \
	X(PQisthreadsafe)                                                      \
	X(PQnfields)                                                           \
	X(PQntuples)                                                           \
	X(PQparameterStatus)                                                   \
	X(PQpipelineSync)                                                      \
	X(PQport)                                                              \
	X(PQresultErrorField)                                                  \
	X(PQresultErrorMessage)                                                \
	X(PQresultStatus)                                                      \
	X(PQsendPrepare)                                                       \
	X(PQsendQuery)                                                         \
	X(PQsendQueryPrepared)                                                 \
	X(PQserverVersion)                                                     \
	X(PQsetNoticeProcessor)                                                \
	X(PQsetnonblocking)                                                    \
	X(PQsocket)                                                            \
	X(PQstatus)

struct libpq {
#define LIBPQ_MEMBER(name) __typeof__(name) *name;
	LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
};

/*
 * Loads it, once in a process and for all threads.  NULL and a sentence where
 * it cannot be had; the next call tries again.  It is never unloaded.
 */
const struct libpq *libpq_load(struct buf *error);

#endif
