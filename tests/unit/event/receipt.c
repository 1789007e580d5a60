/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "base/codec.h"
#include "event/receipt.h"
#include "http/request.h"

#define BODY "{\"event\":\"connection_added\"}"

static void
make(struct receipt *receipt, bool verified, const char *remote_addr)
{
	struct request request = {
		.remote_addr = remote_addr,
		.received = INT64_C(1700000000000),
	};

	assert_int_equal(buf_add(&request.body, LIT(BODY)), RC_OK);
	assert_int_equal(receipt_make(&request, verified, receipt), RC_OK);
	buf_free(&request.body);
}

static void
it_says_what_came_when_and_from_where(void **state)
{
	uint8_t digest[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	struct receipt receipt;

	(void)state;
	assert_int_equal(crypto_sha256(LIT(BODY), digest), RC_OK);
	encode_hex(digest, sizeof(digest), hex);
	make(&receipt, true, "192.0.2.7");
	assert_string_equal(receipt.digest, hex);
	assert_int_equal(receipt.received, INT64_C(1700000000000));
	assert_true(receipt.verified);
	assert_string_equal(receipt.remote_addr, "192.0.2.7");
	make(&receipt, false, "");
	assert_false(receipt.verified);
	assert_string_equal(receipt.remote_addr, "");
}

static void
its_id_is_a_uuid7_of_its_time_and_never_the_same(void **state)
{
	struct receipt first, second;

	(void)state;
	make(&first, true, "");
	make(&second, true, "");
	assert_memory_equal(first.id, "018bcfe5-6800-7", 15);
	assert_int_equal(strlen(first.id), UUID_SIZE - 1);
	assert_string_not_equal(first.id, second.id);
}

static void
a_long_address_is_cut(void **state)
{
	struct receipt receipt;
	char address[200];

	(void)state;
	memset(address, 'a', sizeof(address) - 1);
	address[sizeof(address) - 1] = '\0';
	make(&receipt, true, address);
	assert_int_equal(strlen(receipt.remote_addr),
	    sizeof(receipt.remote_addr) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_came_when_and_from_where),
		cmocka_unit_test(
		    its_id_is_a_uuid7_of_its_time_and_never_the_same),
		cmocka_unit_test(a_long_address_is_cut),
	};

	return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
