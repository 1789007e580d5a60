/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "signature/candidate.h"
#include "signature/recipe.h"

/* The same 32 bytes in every way they are written. */
#define HEX                                                                    \
	"000102030405060708090a0b0c0d0e0f"                                     \
	"101112131415161718191a1b1c1d1eff"
#define UPPER                                                                  \
	"000102030405060708090A0B0C0D0E0F"                                     \
	"101112131415161718191A1B1C1D1EFF"
#define BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8="

static bool
holds_mac(const struct mac_candidate *item)
{
	for (unsigned i = 0; i < CRYPTO_DIGEST; i++)
		if (item->mac[i] != (i == 31 ? 0xff : i))
			return false;
	return true;
}

static void
a_text_decodes_as_it_is_said_to(void **state)
{
	static const struct {
		const char *text;
		size_t prefix;
		enum recipe_encoding encoding;
		bool decodes;
	} cases[] = {
		{ HEX, 0, RECIPE_HEX, true },
		{ UPPER, 0, RECIPE_HEX, true },
		{ BASE64, 0, RECIPE_BASE64, true },
		{ "sha256=" HEX, 7, RECIPE_HEX, true },
		{ "v1," BASE64, 3, RECIPE_BASE64, true },
		{ HEX, 0, RECIPE_BASE64, false },
		{ BASE64, 0, RECIPE_HEX, false },
		{ HEX, 1, RECIPE_HEX, false },
		{ HEX, 2, RECIPE_HEX, false },
		{ HEX, 64, RECIPE_HEX, false },
		{ HEX "00", 0, RECIPE_HEX, false },
		{ HEX " ", 0, RECIPE_HEX, false },
		{ "g" HEX, 0, RECIPE_HEX, false },
		{ "", 0, RECIPE_HEX, false },
		{ "", 0, RECIPE_BASE64, false },
		/* 31 bytes, 33, no padding, bits that are not used. */
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 0,
		    RECIPE_BASE64, false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8A", 0,
		    RECIPE_BASE64, false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8", 0,
		    RECIPE_BASE64, false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv9=", 0,
		    RECIPE_BASE64, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mac_candidate item = {
			.text = bytes_of(cases[i].text),
			.prefix = cases[i].prefix,
			.encoding = cases[i].encoding,
		};
		bool decodes = candidate_decode(&item);

		wrong += case_number(cases[i].text, decodes, cases[i].decodes);
		if (decodes)
			wrong += case_true(cases[i].text, "all 32 bytes",
			    holds_mac(&item));
	}
	assert_int_equal(wrong, 0);
}

static void
an_unknown_text_is_recognised_whole_or_behind_its_first_sign(void **state)
{
	static const struct {
		const char *text;
		size_t prefix;
		enum recipe_encoding encoding;
		bool known;
	} cases[] = {
		{ HEX, 0, RECIPE_HEX, true },
		{ UPPER, 0, RECIPE_HEX, true },
		{ BASE64, 0, RECIPE_BASE64, true },
		{ "sha256=" HEX, 7, RECIPE_HEX, true },
		{ "sha256:" HEX, 7, RECIPE_HEX, true },
		{ "sha256=" BASE64, 7, RECIPE_BASE64, true },
		{ "=" HEX, 1, RECIPE_HEX, true },
		{ ":" BASE64, 1, RECIPE_BASE64, true },
		{ "a key with blanks:" HEX, 18, RECIPE_HEX, true },
		/* The first sign counts, and a later one does not. */
		{ "a=b=" HEX, 0, RECIPE_HEX, false },
		{ "a:b=" HEX, 0, RECIPE_HEX, false },
		{ "sha256=" HEX "=", 0, RECIPE_HEX, false },
		{ "sha256=" HEX ":", 0, RECIPE_HEX, false },
		{ "sha256" HEX, 0, RECIPE_HEX, false },
		{ "sha256= " HEX, 0, RECIPE_HEX, false },
		{ "\"" HEX "\"", 0, RECIPE_HEX, false },
		{ "sha1=000102030405060708090a0b0c0d0e0f10111213", 0,
		    RECIPE_HEX, false },
		{ "sha512=" HEX HEX, 0, RECIPE_HEX, false },
		{ "", 0, RECIPE_HEX, false },
		{ "=", 0, RECIPE_HEX, false },
		{ "sha256=", 0, RECIPE_HEX, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mac_candidate item = { .text = bytes_of(cases[i].text) };
		bool known = candidate_recognise(&item);

		wrong += case_number(cases[i].text, known, cases[i].known);
		if (!known)
			continue;
		wrong += case_number(cases[i].text, (long long)item.prefix,
		    (long long)cases[i].prefix);
		wrong += case_number(cases[i].text, item.encoding,
		    cases[i].encoding);
		wrong += case_true(cases[i].text, "all 32 bytes",
		    holds_mac(&item));
	}
	assert_int_equal(wrong, 0);
}

static void
a_value_is_cut_at_commas_semicolons_and_blanks(void **state)
{
	static const struct {
		const char *value;
		unsigned items;
	} cases[] = {
		{ "", 0 },
		{ " ", 0 },
		{ ",;\t ,", 0 },
		{ HEX, 1 },
		{ HEX "," BASE64, 2 },
		{ HEX ";" HEX, 2 },
		{ HEX " " HEX, 2 },
		{ HEX "\t" HEX, 2 },
		{ HEX " , ; " HEX ",,", 2 },
		{ "t=1614265330,v1=" HEX ",v0=" HEX, 2 },
		{ "v1," BASE64 " v1," BASE64 " v1a," BASE64, 3 },
		{ "HMAC id=x, signature=" HEX, 1 },
		{ "nothing, to; see here", 0 },
		{ HEX "|" HEX, 0 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes rest = bytes_of(cases[i].value);
		struct mac_candidate item;
		unsigned items = 0;

		while (candidate_next(&rest, &item)) {
			items++;
			wrong += case_true(cases[i].value, "all 32 bytes",
			    holds_mac(&item));
		}
		wrong += case_number(cases[i].value, items, cases[i].items);
	}
	assert_int_equal(wrong, 0);
}

static void
a_value_is_looked_at_without_its_blanks(void **state)
{
	(void)state;
	assert_true(bytes_is(candidate_value(""), ""));
	assert_true(bytes_is(candidate_value(" \t "), ""));
	assert_true(bytes_is(candidate_value("\t a b "), "a b"));
}

static void
eight_kib_of_a_value_are_looked_at(void **state)
{
	char value[CANDIDATE_HEADER + 100];
	struct bytes seen;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	seen = candidate_value(value);
	assert_ptr_equal(seen.data, value);
	assert_int_equal(seen.len, CANDIDATE_HEADER);
	/* Blanks count among them. */
	value[0] = ' ';
	seen = candidate_value(value);
	assert_ptr_equal(seen.data, value + 1);
	assert_int_equal(seen.len, CANDIDATE_HEADER - 1);
}

#define SHA1_HEX "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
#define SHA1_BASE64 "L9ThxnotKPzthJ7hu3bnORuT6xI="

static void
an_item_is_known_by_its_size(void **state)
{
	static const struct {
		const char *value;
		size_t size;
		bool want;
	} cases[] = {
		{ SHA1_HEX, 20, true },
		{ "sha1=" SHA1_HEX, 20, true },
		{ "t=1, v1=" SHA1_BASE64, 20, true },
		{ SHA1_BASE64, 20, true },
		{ SHA1_HEX "0", 20, false },
		{ SHA1_HEX "00", 20, false },
		{ "x" SHA1_HEX, 20, false },
		{ "sha1=", 20, false },
		{ "", 20, false },
		{ SHA1_HEX, 64, false },
		{ SHA1_HEX SHA1_HEX SHA1_HEX "00000000", 64, true },
		{ SHA1_HEX SHA1_HEX SHA1_HEX "00000000", 32, false },
		{ SHA1_HEX SHA1_HEX SHA1_HEX "0000000000", 65, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].value,
		    candidate_of_size(bytes_of(cases[i].value), cases[i].size),
		    cases[i].want);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_decodes_as_it_is_said_to),
		cmocka_unit_test(
		    an_unknown_text_is_recognised_whole_or_behind_its_first_sign),
		cmocka_unit_test(
		    a_value_is_cut_at_commas_semicolons_and_blanks),
		cmocka_unit_test(a_value_is_looked_at_without_its_blanks),
		cmocka_unit_test(eight_kib_of_a_value_are_looked_at),
		cmocka_unit_test(an_item_is_known_by_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
