/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "config/conf.h"
#include "config/uri.h"

#define SECRET "s3cr3t"
#define PASSFILE "passfile or a service file (passfile=, service=), never into"

static const char *const good_uris[] = {
	"postgresql://",
	"postgresql:///pelihook",
	"postgresql://pelihook@db.example.org/pelihook",
	"postgresql://pelihook@db.example.org:5432/pelihook?sslmode=verify-full",
	"postgresql://db1:5432,db2:,db3/pelihook?target_session_attrs=primary",
	"postgresql://[2001:db8::1]:5432,[::1]/pelihook",
	"postgresql://%2Fvar%2Frun%2Fpostgresql/pelihook",
	"postgresql://u%40example.org@h/db",
	"postgresql:///db?host=/run/postgresql&user=pelihook",
	"postgresql:///db?service=pelihook",
	"postgresql://?service=pelihook",
	"postgresql://h/?passfile=/etc/pelihook/pgpass",
	"postgresql://h/db?application_name=a@b",
	"postgresql://h/db?require_auth=password",
	"postgresql://h/db?options=-c%20password_encryption%3Dscram-sha-256",
	"postgresql://h/db?password_x=1&x_password=1&passwor=1",
	"postgresql://h/db?",
	"postgresql://h/db?&=&%",
};

static const struct {
	const char *uri;
	const char *part;
} bad_uris[] = {
	{ "postgresql://u:" SECRET "@h/db", PASSFILE },
	{ "postgresql://u:" SECRET "@h", PASSFILE },
	{ "postgresql://:" SECRET "@", PASSFILE },
	{ "postgresql://u:" SECRET "@h1,h2:5432/db", PASSFILE },
	{ "postgresql://u:s3?cr3t@h/db", PASSFILE },
	{ "postgresql://u:s3@cr3t@h/db", PASSFILE },
	{ "postgresql://h/db?password=" SECRET, PASSFILE },
	{ "postgresql://h?password=" SECRET, PASSFILE },
	{ "postgresql://?password=" SECRET, PASSFILE },
	{ "postgresql:///?user=u&password=" SECRET "&sslmode=require",
	    PASSFILE },
	{ "postgresql:///db?PassWord=" SECRET, PASSFILE },
	{ "postgresql:///db?%70assw%6Frd=" SECRET, PASSFILE },
	{ "postgresql:///db?pass%77ord=" SECRET, PASSFILE },
	{ "postgresql:///db? password =" SECRET, PASSFILE },
	{ "postgresql:///db?sslpassword=" SECRET, "a service file (service=)" },
	{ "postgresql:///db?scram_client_key=" SECRET, "a service file" },
	{ "postgresql:///db?scram_server_key=" SECRET, "a service file" },
	{ "postgresql:///db?oauth_client_secret=" SECRET, "a service file" },
	/* What libpq takes for something else, and people may mean. */
	{ "postgresql://u:s3/cr3t@h/db", "write %40" },
	{ "postgresql://u:" SECRET "/db", "a port in the URI" },
	{ "postgresql://h1,u:" SECRET "/db", "a port in the URI" },
	{ "postgresql://[::1]:" SECRET "/db", "a port in the URI" },
	{ "postgresql://u@" SECRET "@h/db", "write %40 and %3F" },
	{ "postgresql://h?x=" SECRET "@y", "write %40 and %3F" },
	{ "postgresql://h/d@" SECRET, "write %40" },
	{ "postgres://u:" SECRET "@h/db", "to begin with `postgresql://'" },
	{ "postgres:///db", "to begin with `postgresql://'" },
	{ "PostgreSQL://u:" SECRET "@h/db", "to begin with `postgresql://'" },
	{ "postgresql:/db?password=" SECRET, "to begin with `postgresql://'" },
	{ "postgresql:", "to begin with `postgresql://'" },
	{ "postgresql:db", "postgresql://USER@HOST/DATABASE" },
	{ "host=h password=" SECRET, "neither a path nor a URI" },
	{ "mysql://u:" SECRET "@h/db", "neither a path nor a URI" },
};

static void
a_uri_without_a_secret_is_libpqs(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(good_uris); i++) {
		const char *fault = uri_fault(good_uris[i]);

		wrong += case_true(good_uris[i], fault == NULL ? "" : fault,
		    fault == NULL);
		wrong += case_true(good_uris[i], "a URI", uri_is(good_uris[i]));
	}
	assert_int_equal(wrong, 0);
}

static void
a_path_is_no_uri(void **state)
{
	static const char *const paths[] = { "/var/lib/p.db", "/a@b:c?d=e",
		"/postgresql://u:p@h", "p.db", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_null(uri_fault(paths[i]));
		assert_false(uri_is(paths[i]));
	}
}

/* With its line, and nothing of it. */
static void
a_uri_with_a_secret_is_refused_and_not_repeated(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_uris); i++) {
		char text[512];
		struct bad bad = { text, 2, bad_uris[i].part };
		struct buf errors = { 0 };
		struct conf *conf = NULL;

		snprintf(text, sizeof(text), "\njournal \"%s\"\n" WAITS,
		    bad_uris[i].uri);
		wrong += case_rc(text, load(text, &conf, &errors), RC_CONFIG);
		wrong += check_error(&bad, &errors);
		wrong += case_true(text, "not repeated",
		    !holds_text(buf_view(&errors), "cr3t") &&
			!holds_text(buf_view(&errors), "s3"));
		conf_release(conf);
		buf_free(&errors);
	}
	assert_int_equal(wrong, 0);
}

static void
a_database_is_a_shared_journal(void **state)
{
	struct conf *file = good("journal /postgresql:\n" WAITS);
	struct conf *none = good(WAITS);
	struct conf *conf;

	(void)state;
	assert_false(conf_journal_is_shared(file));
	assert_false(conf_journal_is_shared(none));
	conf_release(file);
	conf_release(none);
	needs_postgresql();
	conf = good("journal \"postgresql://u@h1,h2/d?service=p\"\n" WAITS);
	assert_true(conf_journal_is_shared(conf));
	assert_string_equal(conf->journal, "postgresql://u@h1,h2/d?service=p");
	assert_int_equal(conf->hooks[0].delivery, CONF_QUEUE);
	assert_int_equal(conf->lease, MINUTE);
	conf_release(conf);
}

static void
a_database_needs_a_build_with_it(void **state)
{
	static const struct bad without[] = {
		{ SHARED, 1,
		    "this pelihook is built without PostgreSQL "
		    "(--without-postgresql)" },
		{ "lease 5s\n" SHARED, 2, "is built without PostgreSQL" },
		{ SHARED "kill-after 1h\n", 1, "is built without PostgreSQL" },
	};

	(void)state;
	if (HAS_POSTGRESQL)
		skip();
	assert_int_equal(check_bad(without, COUNT(without)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_without_a_secret_is_libpqs),
		cmocka_unit_test(a_path_is_no_uri),
		SCRATCH_TEST(a_uri_with_a_secret_is_refused_and_not_repeated),
		SCRATCH_TEST(a_database_is_a_shared_journal),
		SCRATCH_TEST(a_database_needs_a_build_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
