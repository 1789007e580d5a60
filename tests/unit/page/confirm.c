/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

/* Events of two names: of `some' one is dead, one dropped, one waits for a
 * retry, one is done; one of `other' is dead, too, and one is queued. */
static struct site
fill_site(void)
{
	static const enum journal_verdict verdicts[] = { JOURNAL_MARK_DEAD,
		JOURNAL_MARK_DEAD, JOURNAL_DELAY, JOURNAL_FINISH };
	struct site site = open_site();
	const char *id;

	for (size_t i = 0; i < COUNT(verdicts); i++) {
		id = store_event(site.writes, "some", NULL);
		settle_next(site.writes, verdicts[i]);
		if (i == 1)
			assert_int_equal(journal_drop(site.writes, id, now(),
					     NULL),
			    RC_OK);
	}
	store_event(site.writes, "other", NULL);
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	store_event(site.writes, "other", NULL);
	return site;
}

/* A hidden input of a form: its value as it is in a query. */
static const char *
input_of(const struct looked *looked, const char *name)
{
	static char value[8][64];
	static unsigned turn;
	char *into = value[turn++ % 8];
	char begin[64];
	const char *at;

	snprintf(begin, sizeof(begin), "name=\"%s\" value=\"", name);
	at = strstr(looked->text.data, begin);
	if (at == NULL)
		fail_msg("no %s in %s", name, looked->text.data);
	at += strlen(begin);
	snprintf(into, sizeof(value[0]), "%.*s", (int)strcspn(at, "\""), at);
	return into;
}

/* What the form is about, as its address has it. */
static const char *
address_of(const struct looked *looked)
{
	static const char begin[] = " action=\"?";
	static char address[256];
	const char *at = strstr(looked->text.data, begin);
	size_t n = 0;

	if (at == NULL)
		fail_msg("no address in %s", looked->text.data);
	for (at += strlen(begin); *at != '"' && n + 1 < sizeof(address);
	     at += bytes_begin(bytes_of(at), "&amp;") ? 5 : 1)
		address[n++] = *at;
	address[n] = '\0';
	return address;
}

static void
it_asks_with_what_will_happen(void **state)
{
	struct site site = fill_site();
	struct looked *looked = look_to_operate(&site,
	    "view=confirm&action=retry&event=some&hook=h");

	(void)state;
	assert_shown(looked, "hook <bdi>h</bdi>, event <bdi>some</bdi>");
	assert_shown(looked,
	    "Retry <strong>3 of the 4 deliveries</strong> that match? They "
	    "belong to 4 events.</p>");
	assert_shown(looked,
	    "1 <span class=\"badge bad\">dead</span> goes back "
	    "into the queue");
	assert_shown(looked,
	    "1 <span class=\"badge quiet\">dropped</span> goes "
	    "back into the queue");
	assert_shown(looked,
	    "1 <span class=\"badge wait\">queued</span> is "
	    "tried at once if it waits for a retry");
	assert_shown(looked,
	    "1 <span class=\"badge good\">done</span> stays as it is");
	assert_shown(looked, ">Retry 3 deliveries</button>");
	assert_string_equal(input_of(looked, "action"), "retry");
	assert_string_equal(address_of(looked),
	    "view=events&hook=h&event=some");
	assert_string_equal(input_of(looked, "counted"), "3");
	assert_string_equal(input_of(looked, "matched"), "4");
	assert_not_shown(looked, "name=\"last\"");
	assert_true(atoll(input_of(looked, "seen")) > 0);
	assert_true(atoll(input_of(looked, "shown")) > 0);
	assert_shown(looked,
	    "href=\"?view=events&amp;hook=h&amp;event=some\">Back");
	end_look(looked);
	close_site(&site);
}

static void
each_action_takes_what_it_says(void **state)
{
	static const struct {
		const char *query;
		const char *question;
		const char *button; /* NULL: there is none */
	} cases[] = {
		{ "view=confirm&action=drop&event=some",
		    "Drop <strong>2 of the 4 deliveries</strong> that match?",
		    "class=\"danger\">Drop 2 deliveries</button>" },
		{ "view=confirm&action=drop&state=done",
		    "<p><strong>The only delivery</strong> that matches cannot "
		    "be dropped.</p>",
		    NULL },
		{ "view=confirm&action=retry&state=done",
		    "Retry <strong>the only delivery</strong> that matches?",
		    ">Retry 1 delivery</button>" },
		{ "view=confirm&action=retry&state=dead",
		    "Retry <strong>the 2 deliveries</strong> that match? They "
		    "belong to 2 events.",
		    ">Retry 2 deliveries</button>" },
		{ "view=confirm&action=retry&state=running", "Nothing matches.",
		    NULL },
		{ "view=confirm&action=retry&hook=i", "Nothing matches.",
		    NULL },
	};
	struct site site = fill_site();
	struct looked *looked;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		looked = look_to_operate(&site, cases[i].query);
		assert_shown(looked, cases[i].question);
		if (cases[i].button != NULL)
			assert_shown(looked, cases[i].button);
		else
			assert_not_shown(looked, "<button");
		assert_int_equal(shown_times(looked, "<h1>Nothing to "),
		    cases[i].button == NULL);
		end_look(looked);
	}
	/* Of an event that several `on' lines took. */
	execute("UPDATE deliveries SET state = 2,"
		" event = (SELECT min(event) FROM deliveries)");
	looked = look_to_operate(&site, "view=confirm&action=drop");
	assert_shown(looked,
	    "<strong>None of the 6 deliveries</strong> that match can be "
	    "dropped. They belong to 1 event.");
	assert_shown(looked,
	    "6 <span class=\"badge good\">done</span> stay as");
	end_look(looked);
	close_site(&site);
}

/* The query of the form, as it would be sent. */
static void
print_form(const struct looked *looked, const char *query, char form[512])
{
	snprintf(form, 512, "%s&seen=%s&shown=%s&counted=%s&matched=%s", query,
	    input_of(looked, "seen"), input_of(looked, "shown"),
	    input_of(looked, "counted"), input_of(looked, "matched"));
}

static void
the_answer_tells_of_all_that_the_question_told_of(void **state)
{
	struct site site = fill_site();
	struct looked *looked = look_to_operate(&site,
	    "view=confirm&action=drop&event=some");
	char form[512];

	(void)state;
	print_form(looked, "view=events&action=drop&event=some", form);
	end_look(looked);
	store_event(site.writes, "some", NULL);
	snprintf(form, sizeof(form), "view=events&event=some&done=%lld",
	    (long long)act(&site, form));
	looked = look_to_operate(&site, form);
	assert_shown(looked,
	    "<strong>Dropped 2 of 4 deliveries: <bdi>1 was done before, 1 was "
	    "dropped before</bdi>.</strong>");
	end_look(looked);
	close_site(&site);
}

/* What comes after the question was asked is not part of the answer. */
static void
the_form_does_what_it_said(void **state)
{
	struct site site = fill_site();
	struct looked *looked = look_to_operate(&site,
	    "view=confirm&action=retry&state=dead&since=1h");
	char form[512], about[256];
	int64_t seq;

	(void)state;
	snprintf(about, sizeof(about), "%s", address_of(looked));
	assert_true(
	    bytes_begin(bytes_of(about), "view=events&state=dead&since=20"));
	snprintf(form, sizeof(form),
	    "%s&action=retry&seen=%s&shown=%s&counted=%s", about,
	    input_of(looked, "seen"), input_of(looked, "shown"),
	    input_of(looked, "counted"));
	end_look(looked);
	/* One of before dies, and one that is new. */
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	store_event(site.writes, "late", NULL);
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	seq = act(&site, form);
	snprintf(form, sizeof(form), "%s&done=%lld", about, (long long)seq);
	looked = look_to_operate(&site, form);
	assert_shown(looked,
	    "<p class=\"notice good\" role=\"status\">"
	    "<strong>Retried 2 deliveries.</strong>");
	assert_int_equal(shown_times(looked, "badge bad"), 2);
	assert_shown(looked, "By <bdi>alice</bdi>");
	end_look(looked);
	close_site(&site);
}

static void
nobody_else_is_asked(void **state)
{
	struct site site = open_site();
	struct looked *looked = look_as(&site, ACCESS_VIEW,
	    "view=confirm&action=retry&state=dead");

	(void)state;
	assert_int_equal(looked->rc, RC_ACCESS);
	end_look(looked);
	looked = look_as(&site, ACCESS_OPERATE, "view=confirm&state=dead");
	assert_int_equal(looked->rc, RC_SYNTAX);
	end_look(looked);
	looked = look_as(&site, ACCESS_OPERATE,
	    "view=confirm&action=mute&state=dead");
	assert_int_equal(looked->rc, RC_SYNTAX);
	end_look(looked);
	close_site(&site);
}

static void
a_count_that_is_not_all_says_so(void **state)
{
	struct site site = open_site();
	struct journal *hasty = NULL;
	struct looked *looked;

	(void)state;
	assert_int_equal(journal_open(journal_path, JOURNAL_HASTY, &hasty),
	    RC_OK);
	for (unsigned i = 0; i < 10001; i++)
		append_sample(hasty, "h", i, "");
	journal_close(hasty);
	looked = look_to_operate(&site, "view=confirm&action=drop&hook=h");
	assert_shown(looked,
	    "Drop <strong>10\xe2\x80\xaf"
	    "000 of more than 10\xe2\x80\xaf"
	    "000 deliveries</strong> that match? No more than");
	assert_shown(looked, "What is left is older: <a href=\"?view=confirm");
	assert_shown(looked, ">ask about it</a> then.");
	assert_string_equal(input_of(looked, "counted"), "10000");
	end_look(looked);
	looked = look_to_operate(&site,
	    "view=confirm&action=drop&hook=h&format=json");
	assert_shown(looked, "\"more\":true");
	assert_shown(looked, "\"taken\":10000");
	assert_shown(looked, "\"matched\":10000,\"last\":\"0");
	end_look(looked);
	/* What was dropped is not in the way of the rest. */
	execute("UPDATE deliveries SET state = 4 WHERE seq > 1");
	looked = look_to_operate(&site, "view=confirm&action=drop&hook=h");
	assert_shown(looked, ">Drop 1 delivery</button>");
	assert_not_shown(looked, "ask about it");
	assert_not_shown(looked, "There was only time");
	assert_shown(looked,
	    "Drop <strong>1 of more than 10\xe2\x80\xaf"
	    "000 deliveries</strong> that match?");
	assert_shown(looked,
	    "<li>10\xe2\x80\xaf"
	    "000 <span class=\"badge quiet\">dropped</span> were dropped");
	end_look(looked);
	execute("UPDATE deliveries SET state = 4");
	looked = look_to_operate(&site, "view=confirm&action=drop&hook=h");
	assert_shown(looked,
	    "<strong>None of more than 10\xe2\x80\xaf"
	    "000 deliveries</strong> that match can be dropped.");
	assert_shown(looked,
	    "<li>more than 10\xe2\x80\xaf"
	    "000 <span class=\"badge quiet\">dropped</span> were dropped");
	end_look(looked);
	close_site(&site);
}

/* It has looked at some when its time is over. */
static struct looked
look_in_haste(const struct site *site, const char *query)
{
	struct looked looked = begin_look(site, ACCESS_OPERATE);

	parse_look(&looked, query);
	looked.page.counts_until = 1;
	assert_int_equal(view_confirm.gather(&looked.page), RC_OK);
	return looked;
}

static void
a_count_that_ends_by_time_leads_on(void **state)
{
	struct site site = open_site();
	struct journal *hasty = NULL;
	struct looked looked;
	struct looked *rest;
	char question[128];
	const char *at;
	char form[256];

	(void)state;
	assert_int_equal(journal_open(journal_path, JOURNAL_HASTY, &hasty),
	    RC_OK);
	for (unsigned i = 0; i < 10002; i++)
		append_sample(hasty, "h", i, "");
	journal_close(hasty);
	execute("UPDATE deliveries SET state = 4 WHERE seq > 2");
	looked = look_in_haste(&site, "view=confirm&action=drop&hook=h");
	looked.page.query = &looked.query;
	looked.page.access = &looked.access;
	looked.page.pool = &looked.pool;
	write_looked(&looked, &view_confirm);
	assert_shown(&looked, "There was only time");
	assert_shown(&looked, "<strong>None of at least 10\xe2\x80\xaf");
	assert_not_shown(&looked, "<button");
	at = strstr(looked.text.data, "before=");
	assert_non_null(at);
	snprintf(question, sizeof(question),
	    "view=confirm&action=drop&hook=h&%.*s", (int)strcspn(at, "&\""),
	    at);
	end_look(&looked);
	rest = look_to_operate(&site, question);
	assert_shown(rest, ">Drop 2 deliveries</button>");
	assert_shown(rest, "older than");
	assert_non_null(strstr(address_of(rest), "&before="));
	snprintf(form, sizeof(form),
	    "%s&action=drop&seen=%s&shown=%s&counted=%s", address_of(rest),
	    input_of(rest, "seen"), input_of(rest, "shown"),
	    input_of(rest, "counted"));
	end_look(rest);
	/* What is younger than that is not asked about. */
	execute("UPDATE deliveries SET state = 3, finished = 1"
		" WHERE seq = 9000");
	assert_true(act(&site, form) > 0);
	assert_int_equal(query("SELECT count(*) FROM deliveries"
			       " WHERE state = 3 AND seq = 9000"),
	    1);
	close_site(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_asks_with_what_will_happen),
		TEST(each_action_takes_what_it_says),
		TEST(the_form_does_what_it_said),
		TEST(the_answer_tells_of_all_that_the_question_told_of),
		TEST(nobody_else_is_asked),
		TEST(a_count_that_is_not_all_says_so),
		TEST(a_count_that_ends_by_time_leads_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
