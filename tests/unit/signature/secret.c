/* SPDX-License-Identifier: ISC */
#include "../scratch.h"

#include "base/buf.h"
#include "base/pool.h"
#include "signature/secret.h"

enum { ROOM = 64 }; /* more than any file of these */

static const struct {
	struct bytes file;
	enum secret_coding coding;
	struct bytes key;
	bool blanks;
} secrets[] = {
	{ RAW("secret"), SECRET_RAW, RAW("secret"), false },
	{ RAW("secret\n"), SECRET_RAW, RAW("secret"), false },
	{ RAW("secret\r\n"), SECRET_RAW, RAW("secret"), false },
	{ RAW("secret\n\n"), SECRET_RAW, RAW("secret\n"), true },
	{ RAW("secret\r"), SECRET_RAW, RAW("secret\r"), true },
	{ RAW(" secret"), SECRET_RAW, RAW(" secret"), true },
	{ RAW("secret \n"), SECRET_RAW, RAW("secret "), true },
	{ RAW("se cret"), SECRET_RAW, RAW("se cret"), false },
	{ RAW("whsec_QUJD"), SECRET_RAW, RAW("whsec_QUJD"), false },
	{ RAW("00fFaB\n"), SECRET_HEX, RAW("\0\377\253"), false },
	{ RAW("QUJDRA==\n"), SECRET_BASE64, RAW("ABCD"), false },
	{ RAW("whsec_QUJDRA==\n"), SECRET_WHSEC, RAW("ABCD"), false },
	{ RAW("QUJDRA=="), SECRET_WHSEC, RAW("ABCD"), false },
	/* As dashboards and pipelines hand them on. */
	{ RAW("whsec_QUJDRA\n"), SECRET_WHSEC, RAW("ABCD"), false },
	{ RAW("QUJDRA"), SECRET_WHSEC, RAW("ABCD"), false },
	{ RAW("AAA="), SECRET_BASE64, RAW("\0\0"), false },
};

static void
a_secret_is_decoded_as_it_is_coded(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const char *name = secrets[i].file.data;
		uint8_t key[ROOM];
		size_t len = 0;
		const char *why = secret_decode(secrets[i].file,
		    secrets[i].coding, key, &len);

		wrong += case_true(name, "decoded", why == NULL);
		wrong += case_bytes(name, (struct bytes){ (char *)key, len },
		    secrets[i].key);
	}
	assert_int_equal(wrong, 0);
}

static void
a_secret_is_loaded_from_its_file(void **state)
{
	struct pool pool = { 0 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const char *name = secrets[i].file.data;
		struct secret secret = {
			.path = scratch_path("secret"),
			.coding = secrets[i].coding,
		};
		struct buf error = { 0 };

		scratch_file("secret", name, 0600);
		assert_int_equal(secret_load(&secret, &pool, &error), RC_OK);
		wrong += case_bytes(name, secret.key, secrets[i].key);
		wrong += case_number(name, secret.blanks, secrets[i].blanks);
		secret_wipe(&secret, 1);
	}
	pool_free(&pool);
	assert_int_equal(wrong, 0);
}

static const struct {
	struct bytes file;
	enum secret_coding coding;
	const char *part;
} bad_secrets[] = {
	{ RAW(""), SECRET_RAW, "is empty or blank" },
	{ RAW("\n"), SECRET_RAW, "is empty or blank" },
	{ RAW(" \t\r\n\n"), SECRET_RAW, "is empty or blank" },
	{ RAW("a\0b"), SECRET_RAW, "holds a NUL byte" },
	{ RAW("\0"), SECRET_RAW, "holds a NUL byte" },
	{ RAW("abc"), SECRET_HEX, "does not hold hexadecimal digits" },
	{ RAW(" ab"), SECRET_HEX, "does not hold hexadecimal digits" },
	{ RAW("xy"), SECRET_HEX, "write `raw' if the secret is used as text" },
	{ RAW("QUJDRA"), SECRET_BASE64,
	    "does not hold base64 with its padding" },
	{ RAW("whsec_QUJD"), SECRET_BASE64, "does not hold base64" },
	{ RAW("whsec_"), SECRET_WHSEC, "is empty once decoded" },
	{ RAW("whsec_Q"), SECRET_WHSEC, "with or without whsec_ before it" },
};

static void
what_is_no_secret_is_told(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_secrets); i++) {
		const char *name = bad_secrets[i].file.data;
		uint8_t key[ROOM];
		size_t len = 0;
		const char *why = secret_decode(bad_secrets[i].file,
		    bad_secrets[i].coding, key, &len);

		wrong += case_true(name, bad_secrets[i].part,
		    why != NULL && strstr(why, bad_secrets[i].part) != NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
a_wiped_secret_holds_no_key(void **state)
{
	char memory[] = "a key";
	struct secret secret = { .key = { memory, sizeof(memory) - 1 } };

	(void)state;
	secret_wipe(&secret, 1);
	assert_int_equal(secret.key.len, 0);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0);
	secret_wipe(&secret, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_decoded_as_it_is_coded),
		cmocka_unit_test_setup_teardown(
		    a_secret_is_loaded_from_its_file, scratch_make,
		    scratch_remove),
		cmocka_unit_test(what_is_no_secret_is_told),
		cmocka_unit_test(a_wiped_secret_holds_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
