/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "journal/postgresql_internal.h"

/* Those of PostgreSQL's catalog, which never change. */
enum type_number {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_OID = 26,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_NUMERIC = 1700,
};

size_t
postgresql_rows(const struct postgresql_result *result)
{
	return result->handle == NULL ?
	    0 :
	    (size_t)result->libpq->PQntuples(result->handle);
}

uint64_t
postgresql_changed(const struct postgresql_result *result)
{
	unsigned long long n = 0;

	if (result->handle == NULL)
		return 0;
	/* Of a command that changes none it is empty. */
	if (bytes_number(bytes_of(result->libpq->PQcmdTuples(result->handle)),
		UINT64_MAX, &n) != RC_OK)
		return 0;
	return n;
}

static bool
has(const struct postgresql_result *result, size_t row, int column)
{
	return row < postgresql_rows(result) && column >= 0 &&
	    column < result->libpq->PQnfields(result->handle);
}

enum journal_type
postgresql_column_type(const struct postgresql_result *result, size_t row,
    int column)
{
	if (!has(result, row, column) ||
	    result->libpq->PQgetisnull(result->handle, (int)row, column))
		return JOURNAL_TYPE_NULL;
	switch (result->libpq->PQftype(result->handle, column)) {
	case TYPE_BOOL:
	case TYPE_INT8:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_OID:
		return JOURNAL_TYPE_INT;
	case TYPE_BYTEA:
		return JOURNAL_TYPE_BYTES;
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
	case TYPE_NUMERIC:
		return JOURNAL_TYPE_FRACTION;
	default:
		return JOURNAL_TYPE_TEXT;
	}
}

/* Binary numbers have their highest byte first, and are signed but for oid. */
static int64_t
binary_number(struct bytes bytes, bool is_signed)
{
	uint64_t number = 0;

	if (is_signed && bytes.len > 0 && (signed char)bytes.data[0] < 0)
		number = UINT64_MAX;
	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | (unsigned char)bytes.data[i];
	return (int64_t)number;
}

int64_t
postgresql_column_int(const struct postgresql_result *result, size_t row,
    int column)
{
	struct bytes bytes = postgresql_column_bytes(result, row, column);
	Oid type;

	if (postgresql_column_type(result, row, column) != JOURNAL_TYPE_INT)
		return 0;
	type = result->libpq->PQftype(result->handle, column);
	if (result->libpq->PQfformat(result->handle, column) == 1)
		return binary_number(bytes, type != TYPE_OID);
	if (type == TYPE_BOOL)
		return bytes_is(bytes, "t");
	return bytes.data == NULL ? 0 : strtoll(bytes.data, NULL, 10);
}

struct bytes
postgresql_column_bytes(const struct postgresql_result *result, size_t row,
    int column)
{
	PGresult *handle = result->handle;

	if (!has(result, row, column) ||
	    result->libpq->PQgetisnull(handle, (int)row, column))
		return (struct bytes){ 0 };
	return (struct bytes){
		result->libpq->PQgetvalue(handle, (int)row, column),
		(size_t)result->libpq->PQgetlength(handle, (int)row, column),
	};
}

const char *
postgresql_column_name(const struct postgresql_result *result, int column)
{
	return result->handle == NULL ?
	    NULL :
	    result->libpq->PQfname(result->handle, column);
}

void
postgresql_result_free(struct postgresql_result *result)
{
	if (result->handle != NULL)
		result->libpq->PQclear(result->handle);
	*result = (struct postgresql_result){ 0 };
}
