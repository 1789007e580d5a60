/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "http/header_name.h"

static void
headers_and_their_variables(void **state)
{
	static const struct {
		const char *header, *variable, *back;
	} cases[] = {
		{ "X-Signature", "HTTP_X_SIGNATURE", "X-Signature" },
		{ "x-hub-signature-256", "HTTP_X_HUB_SIGNATURE_256",
		    "X-Hub-Signature-256" },
		{ "Authorization", "HTTP_AUTHORIZATION", "Authorization" },
		{ "webhook-id", "HTTP_WEBHOOK_ID", "Webhook-Id" },
		{ "X_Signature", "HTTP_X_SIGNATURE", "X-Signature" },
		{ "A", "HTTP_A", "A" },
		{ "X.Y", "HTTP_X.Y", NULL },
		{ "!#$%&'*+.^`|~", "HTTP_!#$%&'*+.^`|~", NULL },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char into[HEADER_VARIABLE_SIZE] = "";

		wrong += case_rc(cases[i].header,
		    header_name_variable(bytes_of(cases[i].header), into),
		    RC_OK);
		wrong += case_text(cases[i].header, into, cases[i].variable);
		if (cases[i].back == NULL)
			continue;
		header_name_print(cases[i].variable, into);
		wrong += case_text(cases[i].header, into, cases[i].back);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_no_header_name_has_no_variable(void **state)
{
	static const struct bytes cases[] = {
		{ "", 0 },
		{ NULL, 0 },
		{ "X Signature", 11 },
		{ "X-Signature:", 12 },
		{ "X=Y", 3 },
		{ "X\0Y", 3 },
		{ "X\n", 2 },
		{ "\xc3\xa9", 2 },
		{ "(x)", 3 },
		{ "X/Y", 3 },
		{ "\"X\"", 3 },
		{ "X,Y", 3 },
		{ "X@Y", 3 },
		{ "\x7f", 1 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char into[HEADER_VARIABLE_SIZE] = "as it was";

		wrong += case_rc(cases[i].data != NULL ? cases[i].data : "",
		    header_name_variable(cases[i], into), RC_SYNTAX);
		wrong += case_text("left alone", into, "as it was");
	}
	assert_int_equal(wrong, 0);
}

static void
the_longest_header_name(void **state)
{
	char name[252], into[HEADER_VARIABLE_SIZE], back[HEADER_VARIABLE_SIZE];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(header_name_variable((struct bytes){ name, 250 },
			     into),
	    RC_OK);
	assert_int_equal(strlen(into), 255);
	header_name_print(into, back);
	assert_int_equal(strlen(back), 250);
	assert_int_equal(header_name_variable((struct bytes){ name, 251 },
			     into),
	    RC_SYNTAX);
}

static void
a_variable_of_any_length_fits_when_decoded(void **state)
{
	char variable[1000], into[HEADER_VARIABLE_SIZE];

	(void)state;
	memset(variable, 'X', sizeof(variable) - 1);
	variable[sizeof(variable) - 1] = '\0';
	memcpy(variable, "HTTP_", 5);
	header_name_print(variable, into);
	assert_true(strlen(into) < sizeof(into));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_their_variables),
		cmocka_unit_test(what_is_no_header_name_has_no_variable),
		cmocka_unit_test(the_longest_header_name),
		cmocka_unit_test(a_variable_of_any_length_fits_when_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
