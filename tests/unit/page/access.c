/* SPDX-License-Identifier: ISC */
#include "../told.h"

#include "http/request.h"
#include "page/access.h"

enum { VARIABLES = 6 };

static struct request
request_of(const char *const *variables)
{
	const struct gateway gateway = { .variables = variables };
	struct request request;

	request_open(&request, &gateway, 1);
	return request;
}

/* Whether the page is asked for. */

static void
the_page_is_asked_for_by_one_variable_of_the_server(void **state)
{
	static const struct {
		const char *variables[VARIABLES];
		bool asked;
	} cases[] = {
		{ { "PELIHOOK_PAGE=view" }, true },
		{ { "PELIHOOK_PAGE=operate" }, true },
		{ { "PELIHOOK_PAGE=nonsense" }, true },
		{ { "PELIHOOK_PAGE= " }, true },
		{ { "PELIHOOK_PAGE=", "PELIHOOK_PAGE=view" }, true },
		{ { "PELIHOOK_PAGE=" }, false },
		{ { "PELIHOOK_PAGE" }, false },
		{ { "PELIHOOK_PAGES=view" }, false },
		{ { "PELIHOOK_PAGE_USER=anna" }, false },
		{ { "HTTP_PELIHOOK_PAGE=view" }, false },
		{ { "REDIRECT_PELIHOOK_PAGE=view" }, false },
		{ { "pelihook_page=view" }, false },
		{ { "QUERY_STRING=PELIHOOK_PAGE=view" }, false },
		{ { "PATH_INFO=/PELIHOOK_PAGE=view" }, false },
		{ { "REMOTE_USER=anna" }, false },
		{ { NULL }, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request = request_of(cases[i].variables);

		wrong += case_number(cases[i].variables[0] == NULL ?
			"nothing" :
			cases[i].variables[0],
		    access_is_asked(&request), cases[i].asked);
	}
	assert_int_equal(wrong, 0);
}

/* Who may do what. */

#define LONG_10 "0123456789"
#define LONG_50 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10
#define LONG_250 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50

static const struct {
	const char *name;
	const char *variables[VARIABLES];
	enum rc rc;
	enum access_right right;
	const char *user;
	const char *error; /* a part of it; NULL: none */
} rights[] = {
	{ "view", { "PELIHOOK_PAGE=view", "REMOTE_USER=anna" }, RC_OK,
	    ACCESS_VIEW, "anna", NULL },
	{ "operate", { "PELIHOOK_PAGE=operate", "REMOTE_USER=anna" }, RC_OK,
	    ACCESS_OPERATE, "anna", NULL },
	{ "another name goes first",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=anna",
		"PELIHOOK_PAGE_USER=berta" },
	    RC_OK, ACCESS_VIEW, "berta", NULL },
	{ "where it is not empty",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=anna", "PELIHOOK_PAGE_USER=" },
	    RC_OK, ACCESS_VIEW, "anna", NULL },
	{ "that alone is enough",
	    { "PELIHOOK_PAGE=view", "PELIHOOK_PAGE_USER=berta" }, RC_OK,
	    ACCESS_VIEW, "berta", NULL },
	{ "UTF-8", { "PELIHOOK_PAGE=view", "REMOTE_USER=j\303\274rgen" }, RC_OK,
	    ACCESS_VIEW, "j\303\274rgen", NULL },
	{ "255 bytes",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=" LONG_250 "12345" }, RC_OK,
	    ACCESS_VIEW, LONG_250 "12345", NULL },
	{ "the same twice",
	    { "PELIHOOK_PAGE=view", "PELIHOOK_PAGE=view", "REMOTE_USER=anna",
		"REMOTE_USER=anna" },
	    RC_OK, ACCESS_VIEW, "anna", NULL },
	{ "what is not looked at may be there twice",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=anna", "REMOTE_USER=emil",
		"PELIHOOK_PAGE_USER=berta" },
	    RC_OK, ACCESS_VIEW, "berta", NULL },

	{ "nobody", { "PELIHOOK_PAGE=view" }, RC_OK, ACCESS_NONE, "",
	    "REMOTE_USER" },
	{ "no name", { "PELIHOOK_PAGE=view", "REMOTE_USER=" }, RC_OK,
	    ACCESS_NONE, "", "REMOTE_USER" },
	{ "a header is no name",
	    { "PELIHOOK_PAGE=view", "HTTP_REMOTE_USER=anna",
		"HTTP_PELIHOOK_PAGE_USER=anna" },
	    RC_OK, ACCESS_NONE, "", "REMOTE_USER" },
	{ "what was logged in with is none",
	    { "PELIHOOK_PAGE=view",
		"HTTP_AUTHORIZATION=Basic YW5uYTpzZWNyZXQ=" },
	    RC_OK, ACCESS_NONE, "", "REMOTE_USER" },
	{ "any bytes",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=j\374r\ngen\033[31m" }, RC_OK,
	    ACCESS_VIEW, "j\374r\ngen\033[31m", NULL },
	{ "any length",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=" LONG_250 LONG_250 }, RC_OK,
	    ACCESS_VIEW, LONG_250 LONG_250, NULL },
	{ "another right", { "PELIHOOK_PAGE=admin", "REMOTE_USER=anna" }, RC_OK,
	    ACCESS_NONE, "", "view or operate" },
	{ "letters of another case",
	    { "PELIHOOK_PAGE=View", "REMOTE_USER=anna" }, RC_OK, ACCESS_NONE,
	    "", "view or operate" },
	{ "a blank after it", { "PELIHOOK_PAGE=view ", "REMOTE_USER=anna" },
	    RC_OK, ACCESS_NONE, "", "view or operate" },

	{ "two rights",
	    { "PELIHOOK_PAGE=view", "PELIHOOK_PAGE=operate",
		"REMOTE_USER=anna" },
	    RC_CONFIG, ACCESS_NONE, "", "twice" },
	{ "a right and none",
	    { "PELIHOOK_PAGE=operate", "PELIHOOK_PAGE=", "REMOTE_USER=anna" },
	    RC_CONFIG, ACCESS_NONE, "", "twice" },
	{ "two users",
	    { "PELIHOOK_PAGE=view", "REMOTE_USER=anna", "REMOTE_USER=emil" },
	    RC_CONFIG, ACCESS_NONE, "", "twice" },
	{ "two of the other name",
	    { "PELIHOOK_PAGE=view", "PELIHOOK_PAGE_USER=anna",
		"PELIHOOK_PAGE_USER=" },
	    RC_CONFIG, ACCESS_NONE, "", "twice" },
};

static void
the_servers_variables_say_who_may_do_what(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rights); i++) {
		const char *name = rights[i].name;
		struct request request = request_of(rights[i].variables);
		struct access access;

		wrong += case_rc(name, access_judge(&request, &access),
		    rights[i].rc);
		wrong += case_number(name, access.right, rights[i].right);
		wrong += case_text(name, access.user, rights[i].user);
		wrong += case_true(name, "no error where there is a right",
		    (access.error == NULL) == (rights[i].error == NULL));
		if (rights[i].error != NULL && access.error != NULL)
			wrong += case_true(name, rights[i].error,
			    strstr(access.error, rights[i].error) != NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
a_contradiction_is_logged_with_its_name_and_without_values(void **state)
{
	static const char *const variables[] = { "PELIHOOK_PAGE=view",
		"REMOTE_USER=anna", "REMOTE_USER=emil", NULL };
	struct request request = request_of(variables);
	struct access access;
	const char *text;

	(void)state;
	assert_int_equal(access_judge(&request, &access), RC_CONFIG);
	text = told();
	assert_non_null(strstr(text, "REMOTE_USER is there twice"));
	assert_null(strstr(text, "anna"));
}

/* From where a form came. */

#define SITE(value) "HTTP_SEC_FETCH_SITE=" value
#define ORIGIN(value) "HTTP_ORIGIN=" value
#define HOST(value) "HTTP_HOST=" value

static const struct {
	const char *variables[VARIABLES];
	bool same;
} origins[] = {
	/* What the browser says of itself decides. */
	{ { SITE("same-origin") }, true },
	{ { SITE(" same-origin ") }, true },
	{ { SITE("same-origin"), ORIGIN("https://evil"), HOST("a") }, true },
	{ { SITE("same-site") }, false },
	{ { SITE("cross-site") }, false },
	{ { SITE("none") }, false },
	{ { SITE("Same-Origin") }, false },
	{ { SITE("same-origin, cross-site") }, false },
	{ { SITE("") }, false },
	{ { SITE(""), ORIGIN("https://a"), HOST("a") }, false },
	{ { SITE("cross-site"), ORIGIN("https://a"), HOST("a") }, false },
	{ { SITE("same-origin"), SITE("same-origin") }, false },
	{ { SITE("same-origin"), SITE("cross-site") }, false },

	/* Where it does not, hosts do. */
	{ { ORIGIN("http://a"), HOST("a") }, true },
	{ { ORIGIN("https://a"), HOST("a") }, true },
	{ { ORIGIN("HTTP://A.example"), HOST("a.EXAMPLE") }, true },
	{ { ORIGIN("http://b"), HOST("a") }, false },
	{ { ORIGIN("http://a.evil"), HOST("a") }, false },
	{ { ORIGIN("http://evil-a"), HOST("a") }, false },
	{ { ORIGIN("http://a."), HOST("a") }, false },
	{ { ORIGIN("null"), HOST("null") }, false },
	{ { ORIGIN("null"), HOST("a") }, false },
	{ { ORIGIN(""), HOST("") }, false },
	{ { ORIGIN("http://"), HOST("") }, false },
	{ { ORIGIN("http://a"), HOST("") }, false },
	{ { ORIGIN("a"), HOST("a") }, false },
	{ { ORIGIN("//a"), HOST("a") }, false },
	{ { ORIGIN("ftp://a"), HOST("a") }, false },
	{ { ORIGIN("file://"), HOST("a") }, false },
	{ { ORIGIN("http:a"), HOST("a") }, false },

	/* Ports, where both have one. */
	{ { ORIGIN("http://a:8080"), HOST("a:8080") }, true },
	{ { ORIGIN("http://a:8080"), HOST("a:8081") }, false },
	{ { ORIGIN("http://a"), HOST("a:8080") }, true },
	{ { ORIGIN("http://a:8080"), HOST("a") }, true },
	{ { ORIGIN("https://a"), HOST("a:443") }, true },
	{ { ORIGIN("http://a:80"), HOST("a:0080") }, true },
	{ { ORIGIN("http://a:"), HOST("a") }, true },
	{ { ORIGIN("http://a:x"), HOST("a:x") }, false },
	{ { ORIGIN("http://a:65536"), HOST("a:65536") }, false },
	{ { ORIGIN("http://a:80:90"), HOST("a:80:90") }, false },

	/* IPv6. */
	{ { ORIGIN("http://[::1]"), HOST("[::1]") }, true },
	{ { ORIGIN("http://[::1]:8080"), HOST("[::1]:8080") }, true },
	{ { ORIGIN("http://[::1]:8080"), HOST("[::1]") }, true },
	{ { ORIGIN("http://[::1]:8080"), HOST("[::1]:8081") }, false },
	{ { ORIGIN("http://[::AB]"), HOST("[::ab]") }, true },
	{ { ORIGIN("http://[::1]"), HOST("[::2]") }, false },
	{ { ORIGIN("http://[::1"), HOST("[::1") }, false },
	{ { ORIGIN("http://[::1]x"), HOST("[::1]x") }, false },
	{ { ORIGIN("http://::1"), HOST("::1") }, false },
	{ { ORIGIN("http://[]"), HOST("[]") }, false },

	/* What no browser sends. */
	{ { ORIGIN("http://a/"), HOST("a") }, false },
	{ { ORIGIN("http://a/x"), HOST("a") }, false },
	{ { ORIGIN("http://a@b"), HOST("a") }, false },
	{ { ORIGIN("http://b@a"), HOST("a") }, false },
	{ { ORIGIN("http://a http://b"), HOST("a") }, false },
	{ { ORIGIN("http://a,b"), HOST("a,b") }, false },
	{ { ORIGIN("http://a"), ORIGIN("http://a"), HOST("a") }, false },
	{ { ORIGIN("http://a"), HOST("a"), HOST("a") }, false },
	{ { ORIGIN("http://a") }, false },
	{ { HOST("a") }, false },
	{ { HOST("a"), "HTTP_REFERER=http://a/" }, false },
	{ { "HTTP_X_FORWARDED_HOST=a", ORIGIN("http://a"), HOST("b") }, false },
	{ { NULL }, false },
};

static void
a_form_has_to_come_from_the_page_itself(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(origins); i++) {
		struct request request = request_of(origins[i].variables);
		char name[160];

		snprintf(name, sizeof(name), "%s %s",
		    origins[i].variables[0] == NULL ? "nothing" :
						      origins[i].variables[0],
		    origins[i].variables[0] == NULL ||
			    origins[i].variables[1] == NULL ?
			"" :
			origins[i].variables[1]);
		wrong += case_number(name, access_is_same_origin(&request),
		    origins[i].same);
	}
	assert_int_equal(wrong, 0);
}

/* What somebody has logged in with. */

static void
passwords_are_wiped_whatever_header_they_come_in(void **state)
{
	char basic[] = "HTTP_AUTHORIZATION=Basic YW5uYTpzZWNyZXQ=";
	char again[] = "REDIRECT_HTTP_AUTHORIZATION=Basic YW5uYTpzZWNyZXQ=";
	char proxy[] = "HTTP_PROXY_AUTHORIZATION=Basic YW5uYTpzZWNyZXQ=";
	char other[] = "HTTP_AUTHORIZATION_INFO=kept";
	char bare[] = "AUTHORIZATION";
	char *const variables[] = { basic, again, proxy, other, bare, NULL };
	static const char zeroes[sizeof("=Basic YW5uYTpzZWNyZXQ=")];

	(void)state;
	access_forget_passwords(variables);
	assert_memory_equal(basic + strlen("HTTP_AUTHORIZATION"), zeroes,
	    sizeof(zeroes));
	assert_memory_equal(again + strlen("REDIRECT_HTTP_AUTHORIZATION"),
	    zeroes, sizeof(zeroes));
	assert_memory_equal(proxy + strlen("HTTP_PROXY_AUTHORIZATION"), zeroes,
	    sizeof(zeroes));
	assert_string_equal(other, "HTTP_AUTHORIZATION_INFO=kept");
	assert_string_equal(bare, "AUTHORIZATION");
}

static void
a_user_is_shown_as_text_whatever_its_bytes(void **state)
{
	static const struct {
		const char *user;
		const char *text;
	} cases[] = {
		{ "anna", "anna" },
		{ "j\303\274rgen", "j\303\274rgen" },
		{ "DOMAIN\\anna", "DOMAIN\\anna" },
		{ "j\374rgen", "j\\xfcrgen" },
		{ "a\nb\177", "a\\x0ab\\x7f" },
		{ "\302\205", "\\xc2\\x85" },
		{ "a\303", "a\\xc3" },
		{ " ", " " },
		{ LONG_250 "12345", LONG_250 "12345" },
		{ LONG_250 "123456", LONG_250 "12345" },
		{ LONG_250 "1234\303\274", LONG_250 "1234" },
		{ LONG_250 "12\n", LONG_250 "12" },
	};
	struct pool pool = { 0 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct access access = { .user = cases[i].user };

		wrong += case_text(cases[i].text,
		    access_user_text(&access, &pool), cases[i].text);
	}
	assert_int_equal(wrong, 0);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_page_is_asked_for_by_one_variable_of_the_server),
		TOLD_TEST(the_servers_variables_say_who_may_do_what),
		TOLD_TEST(
		    a_contradiction_is_logged_with_its_name_and_without_values),
		cmocka_unit_test(a_form_has_to_come_from_the_page_itself),
		cmocka_unit_test(
		    passwords_are_wiped_whatever_header_they_come_in),
		cmocka_unit_test(a_user_is_shown_as_text_whatever_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
