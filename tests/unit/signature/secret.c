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
	const char *odd; /* a part of what is said; NULL: nothing is odd */
} secrets[] = {
	{ RAW("secret"), SECRET_RAW, RAW("secret"), NULL },
	{ RAW("secret\n"), SECRET_RAW, RAW("secret"), NULL },
	{ RAW("secret\r\n"), SECRET_RAW, RAW("secret"), NULL },
	{ RAW("secret\n\n"), SECRET_RAW, RAW("secret\n"),
	    "more than one line" },
	{ RAW("secret\r"), SECRET_RAW, RAW("secret\r"), "more than one line" },
	{ RAW(" secret"), SECRET_RAW, RAW(" secret"), "a blank, which counts" },
	{ RAW("secret \n"), SECRET_RAW, RAW("secret "),
	    "a blank, which counts" },
	{ RAW("se cret"), SECRET_RAW, RAW("se cret"), NULL },
	{ RAW("whsec_QUJD"), SECRET_RAW, RAW("whsec_QUJD"), NULL },
	{ RAW("00fFaB\n"), SECRET_HEX, RAW("\0\377\253"), NULL },
	{ RAW("QUJDRA==\n"), SECRET_BASE64, RAW("ABCD"), NULL },
	{ RAW("whsec_QUJDRA==\n"), SECRET_WHSEC, RAW("ABCD"), NULL },
	{ RAW("QUJDRA=="), SECRET_WHSEC, RAW("ABCD"), NULL },
	/* As dashboards and pipelines hand them on. */
	{ RAW("whsec_QUJDRA\n"), SECRET_WHSEC, RAW("ABCD"), NULL },
	{ RAW("QUJDRA"), SECRET_WHSEC, RAW("ABCD"), NULL },
	{ RAW("AAA="), SECRET_BASE64, RAW("\0\0"), NULL },
	/* As people make them. */
	{ RAW("\357\273\277secret\r\n"), SECRET_RAW, RAW("\357\273\277secret"),
	    "begins with a byte order mark" },
	{ RAW("\"secret\"\n"), SECRET_RAW, RAW("\"secret\""),
	    "has quotes round it" },
	{ RAW("'secret'"), SECRET_RAW, RAW("'secret'"), "has quotes round it" },
	{ RAW("\"\"\""), SECRET_RAW, RAW("\"\"\""), "has quotes round it" },
	{ RAW("\""), SECRET_RAW, RAW("\""), NULL },
	{ RAW("\"secret"), SECRET_RAW, RAW("\"secret"), NULL },
	{ RAW("SECRET=abc\n"), SECRET_RAW, RAW("SECRET=abc"),
	    "has a name before it" },
	{ RAW("export HOOK_1='abc'"), SECRET_RAW, RAW("export HOOK_1='abc'"),
	    "has a name before it" },
	{ RAW("secret: abc"), SECRET_RAW, RAW("secret: abc"),
	    "has a name before it" },
	{ RAW("Secret = abc"), SECRET_RAW, RAW("Secret = abc"),
	    "has a name before it" },
	{ RAW("key=abc"), SECRET_RAW, RAW("key=abc"), "has a name before it" },
	{ RAW("ke=abc"), SECRET_RAW, RAW("ke=abc"), NULL },
	{ RAW("\342\200\234secret\342\200\235"), SECRET_RAW,
	    RAW("\342\200\234secret\342\200\235"), "has quotes round it" },
	{ RAW("secret:abc"), SECRET_RAW, RAW("secret:abc"), NULL },
	{ RAW("aB3=def"), SECRET_RAW, RAW("aB3=def"), NULL },
	{ RAW("4b=def"), SECRET_RAW, RAW("4b=def"), NULL },
	{ RAW("c2VjcmV0="), SECRET_RAW, RAW("c2VjcmV0="), NULL },
	{ RAW("secrets="), SECRET_RAW, RAW("secrets="), NULL },
	{ RAW("secret=="), SECRET_RAW, RAW("secret=="), NULL },
	{ RAW("secret\nsecret\n"), SECRET_RAW, RAW("secret\nsecret"),
	    "more than one line" },
	{ RAW("one\rtwo"), SECRET_RAW, RAW("one\rtwo"), "more than one line" },
	{ RAW("sec\342\200\213ret"), SECRET_RAW, RAW("sec\342\200\213ret"),
	    "has an unseen character" },
	{ RAW("gr\303\274n"), SECRET_RAW, RAW("gr\303\274n"), NULL },
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
		wrong += case_true(name, "odd",
		    secrets[i].odd == NULL ? secret.odd == NULL :
					     secret.odd != NULL &&
			    strstr(secret.odd, secrets[i].odd) != NULL);
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
	{ RAW(" ab"), SECRET_HEX, "begins or ends with a blank" },
	{ RAW("\357\273\277ab"), SECRET_HEX, "begins with a byte order mark" },
	{ RAW("\"ab\""), SECRET_HEX, "has quotes round it" },
	{ RAW("SECRET=ab"), SECRET_HEX, "has a name before it" },
	{ RAW("ab\nab\n"), SECRET_HEX, "has more than one line" },
	{ RAW("\377\376a\0b\0\n\0"), SECRET_RAW, "is UTF-16" },
	{ RAW("\"QUJD\""), SECRET_BASE64, "has quotes round it" },
	{ RAW("SECRET=QUJD"), SECRET_BASE64, "has a name before it" },
	{ RAW("\357\273\277whsec_QUJD"), SECRET_WHSEC,
	    "begins with a byte order mark" },
	{ RAW("whsec_QUJD\nwhsec_QUJD"), SECRET_WHSEC,
	    "has more than one line" },
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
