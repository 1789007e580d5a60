/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "../../../ctl/carried.h"

#define HEX20 "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
#define HEX32 HEX20 "000102030405060708090a0b"
#define SECRET "correct horse battery staple"

static const struct {
	const char *variable;
	enum carried want;
} cases[] = {
	{ "HTTP_X_SIGNATURE=sha256=" HEX32, CARRIED_MAC },
	{ "HTTP_X_TOKEN=" HEX32, CARRIED_MAC },
	{ "HTTP_X_HUB_SIGNATURE=sha1=" HEX20, CARRIED_SHA1 },
	{ "HTTP_X=L9ThxnotKPzthJ7hu3bnORuT6xI=", CARRIED_SHA1 },
	{ "HTTP_X_SIGNATURE=t=1,v1=" HEX32 HEX32, CARRIED_SHA512 },
	{ "HTTP_X=" SECRET, CARRIED_SECRET },
	{ "HTTP_X=  " SECRET " ", CARRIED_SECRET },
	{ "HTTP_AUTHORIZATION=Bearer " SECRET, CARRIED_SECRET },
	{ "HTTP_X=token=" SECRET, CARRIED_SECRET },
	/* The second one. */
	{ "HTTP_X=" HEX32 "00", CARRIED_SECRET },
	{ "HTTP_X=x" SECRET, CARRIED_NOTHING },
	{ "HTTP_X=" SECRET "x", CARRIED_NOTHING },
	{ "HTTP_AUTHORIZATION=(blanked)", CARRIED_TOKEN },
	{ "HTTP_X_GITLAB_TOKEN=abc", CARRIED_TOKEN },
	{ "HTTP_X_API_KEY=abc", CARRIED_TOKEN },
	{ "HTTP_X_API_KEY=", CARRIED_NOTHING },
	{ "HTTP_X_TOKENS=abc", CARRIED_NOTHING },
	{ "HTTP_IDEMPOTENCY_KEY=abc", CARRIED_NOTHING },
	{ "HTTP_X_SIGNATURE=sha256=abc", CARRIED_ODD },
	{ "HTTP_X_SIGNATURE=", CARRIED_NOTHING },
	{ "HTTP_COOKIE=(blanked)", CARRIED_NOTHING },
	{ "HTTP_USER_AGENT=sender/1.0", CARRIED_NOTHING },
	{ "HTTP_X=", CARRIED_NOTHING },
};

static void
a_header_is_known_by_its_value_then_by_its_name(void **state)
{
	static const struct bytes secrets[] = { RAW(SECRET), RAW(HEX32 "00"),
		{ "", 0 } };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].variable,
		    carried_by(cases[i].variable, secrets, COUNT(secrets)),
		    cases[i].want);
	assert_int_equal(wrong, 0);
}

static void
without_secrets_none_is_found(void **state)
{
	(void)state;
	assert_int_equal(carried_by("HTTP_X=" SECRET, NULL, 0),
	    CARRIED_NOTHING);
	assert_int_equal(carried_by("HTTP_X_TOKEN=" SECRET, NULL, 0),
	    CARRIED_TOKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_header_is_known_by_its_value_then_by_its_name),
		cmocka_unit_test(without_secrets_none_is_found),
	};

	return cmocka_run_group_tests_name("carried", tests, NULL, NULL);
}
