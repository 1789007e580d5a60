/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/bytes.h"
#include "base/codec.h"
#include "base/crypto.h"

static unsigned
check_digest(const char *name, const uint8_t digest[CRYPTO_DIGEST],
    const char *want)
{
	char hex[2 * CRYPTO_DIGEST + 1];

	encode_hex(digest, CRYPTO_DIGEST, hex);
	return case_text(name, hex, want);
}

static void
sha256_of_fips_180(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{ "",
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ "abc",
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t digest[CRYPTO_DIGEST];

		wrong += case_rc(cases[i].text,
		    crypto_sha256(bytes_of(cases[i].text), digest), RC_OK);
		wrong += check_digest(cases[i].text, digest, cases[i].digest);
	}
	assert_int_equal(wrong, 0);
}

static void
sha256_of_no_data(void **state)
{
	uint8_t digest[CRYPTO_DIGEST];

	(void)state;
	assert_int_equal(crypto_sha256((struct bytes){ NULL, 0 }, digest),
	    RC_OK);
	assert_int_equal(check_digest("no data", digest,
			     "e3b0c44298fc1c149afbf4c8996fb924"
			     "27ae41e4649b934ca495991b7852b855"),
	    0);
}

#define FOUR(x) x x x x
#define TWENTY(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x)
#define KEY131                                                                 \
	FOUR(TWENTY("\xaa"))                                                   \
	TWENTY("\xaa")                                                         \
	TWENTY("\xaa") "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"

/* RFC 4231 section 4, without the truncated case 5; and the empty key. */
static const struct {
	const char *name;
	struct bytes key, text;
	const char *mac;
} macs[] = {
	{ "case 1", { TWENTY("\x0b"), 20 }, { "Hi There", 8 },
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "case 2", { "Jefe", 4 }, { "what do ya want for nothing?", 28 },
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "case 3", { TWENTY("\xaa"), 20 },
	    { TWENTY("\xdd") TWENTY("\xdd") "\xdd\xdd\xdd\xdd\xdd"
					    "\xdd\xdd\xdd\xdd\xdd",
		50 },
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "case 6", { KEY131, 131 },
	    { "Test Using Larger Than Block-Size Key - Hash Key First", 54 },
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ "case 7", { KEY131, 131 },
	    { "This is a test using a larger than block-size key and a larger "
	      "than block-size data. The key needs to be hashed before being used "
	      "by the HMAC algorithm.",
		152 },
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	{ "empty key", { "", 0 }, { "", 0 },
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
};

static void
hmac_of_rfc_4231(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(macs); i++) {
		uint8_t mac[CRYPTO_DIGEST];

		wrong += case_rc(macs[i].name,
		    crypto_hmac(macs[i].key, &macs[i].text, 1, mac), RC_OK);
		wrong += check_digest(macs[i].name, mac, macs[i].mac);
	}
	assert_int_equal(wrong, 0);
}

static void
hmac_over_parts_is_that_over_the_whole(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(macs); i++)
		for (size_t cut = 0; cut <= macs[i].text.len; cut++) {
			struct bytes parts[] = {
				{ macs[i].text.data, cut },
				{ NULL, 0 },
				bytes_skip(macs[i].text, cut),
			};
			uint8_t mac[CRYPTO_DIGEST];

			wrong += case_rc(macs[i].name,
			    crypto_hmac(macs[i].key, parts, 3, mac), RC_OK);
			wrong += check_digest(macs[i].name, mac, macs[i].mac);
		}
	assert_int_equal(wrong, 0);
}

static void
hmac_over_no_parts_is_that_over_nothing(void **state)
{
	uint8_t mac[CRYPTO_DIGEST];

	(void)state;
	assert_int_equal(crypto_hmac(LIT(""), NULL, 0, mac), RC_OK);
	assert_int_equal(check_digest("no parts", mac, macs[5].mac), 0);
}

static void
digests_that_differ_in_one_bit_are_not_equal(void **state)
{
	uint8_t a[CRYPTO_DIGEST], b[CRYPTO_DIGEST];

	(void)state;
	for (unsigned i = 0; i < CRYPTO_DIGEST; i++)
		a[i] = b[i] = (uint8_t)(i * 7);
	assert_true(crypto_equal(a, b));
	for (unsigned bit = 0; bit < 8 * CRYPTO_DIGEST; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(crypto_equal(a, b));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(crypto_equal(a, b));
}

static void
wiping_takes_just_what_it_is_told(void **state)
{
	char data[] = "abcdef";

	(void)state;
	crypto_wipe(data + 1, 3);
	assert_memory_equal(data, "a\0\0\0ef", 7);
	crypto_wipe(data, 0);
	assert_int_equal(data[0], 'a');
	crypto_wipe(NULL, 0);
}

static void
random_bytes_are_not_the_same_twice(void **state)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 }, large[70000] = { 0 };
	size_t zeroes = 0;

	(void)state;
	assert_int_equal(crypto_random(a, sizeof(a)), RC_OK);
	assert_int_equal(crypto_random(b, sizeof(b)), RC_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	/* More than the kernel gives at once where it is interrupted. */
	assert_int_equal(crypto_random(large, sizeof(large)), RC_OK);
	for (size_t i = 0; i < sizeof(large); i++)
		zeroes += large[i] == 0;
	assert_in_range(zeroes, 1, 1000);
	assert_int_equal(crypto_random(a, 0), RC_OK);
}

static void
the_version_names_the_library(void **state)
{
	(void)state;
	assert_non_null(strstr(crypto_version(), "SSL"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_fips_180),
		cmocka_unit_test(sha256_of_no_data),
		cmocka_unit_test(hmac_of_rfc_4231),
		cmocka_unit_test(hmac_over_parts_is_that_over_the_whole),
		cmocka_unit_test(hmac_over_no_parts_is_that_over_nothing),
		cmocka_unit_test(digests_that_differ_in_one_bit_are_not_equal),
		cmocka_unit_test(wiping_takes_just_what_it_is_told),
		cmocka_unit_test(random_bytes_are_not_the_same_twice),
		cmocka_unit_test(the_version_names_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
