/* SPDX-License-Identifier: ISC */
#include "../signing.h"

#include "../../../ctl/recipe_search.h"

enum { HEADERS = 8, TRIED_USUALLY = 2000 };

/* The recipe that was found, if any. */
static struct recipe found_recipe;

static bool
explains(const struct recipe *recipe, void *context)
{
	struct trial *trial = context;

	trial->hook.signature = *recipe;
	found_recipe = *recipe;
	return trial_verify(trial, LIT(BODY)) == RC_OK;
}

static bool
count_only(const struct recipe *recipe, void *context)
{
	(void)recipe;
	++*(unsigned *)context;
	return false;
}

/* A captured request, and what may explain it. */
static void
capture(struct trial *trial, const char *content, const char *const *headers)
{
	struct mac mac = { { 0 }, "", "", "" };

	trial_start(trial, "auto");
	trial_secret(trial, "/s", LIT(SECRET));
	mac = make_mac(SECRET, bytes_of(expand(&trial->pool, content, &mac)));
	for (size_t i = 0; i < HEADERS && headers[i] != NULL; i++)
		front_add(&trial->front,
		    expand(&trial->pool, headers[i], &mac));
	assert_int_equal(buf_add(&trial->request.body, LIT(BODY)), RC_OK);
}

/* As pelihookctl probe prints it, without the search's own tolerance. */
static void
print_found(struct buf *into)
{
	found_recipe.tolerance = RECIPE_TOLERANCE;
	assert_int_equal(recipe_print(&found_recipe, into), RC_OK);
}

/* Whether the line, read back, verifies the request as a hook's own. */
static bool
line_verifies(struct trial *trial, const char *line)
{
	trial_line(trial, line);
	return trial_verify(trial, LIT(BODY)) == RC_OK;
}

/* How senders sign, and the line that is to come out. */
static const struct {
	const char *content;
	const char *headers[HEADERS];
	const char *line;
} senders[] = {
	/* Over the body alone. */
	{ "{body}", { "HTTP_X_SIGNATURE=$H" },
	    "header X-Signature encoding hex" },
	{ "{body}", { "HTTP_X_SIGNATURE=$B" },
	    "header X-Signature encoding base64" },
	{ "{body}", { "HTTP_X_HUB_SIGNATURE_256=sha256=$H" },
	    "header X-Hub-Signature-256 prefix sha256= encoding hex" },
	{ "{body}", { "HTTP_X_HMAC_SIGNATURE=hmac-sha256-hex=$H" },
	    "header X-Hmac-Signature prefix hmac-sha256-hex= encoding hex" },
	{ "{body}", { "HTTP_TYPEFORM_SIGNATURE=sha256=$B" },
	    "header Typeform-Signature prefix sha256= encoding base64" },
	{ "{body}",
	    { "HTTP_X_PAGERDUTY_SIGNATURE=v1=$H,v1="
	      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" },
	    "header X-Pagerduty-Signature split , prefix v1= encoding hex" },
	{ "{body}", { "HTTP_AUTHORIZATION=$H" },
	    "header Authorization encoding hex" },
	{ "{body}", { "HTTP_AUTHORIZATION=HMAC-SHA256 $B" },
	    "header Authorization prefix \"HMAC-SHA256 \" encoding base64" },
	{ "{body}", { "HTTP_AUTHORIZATION=HMAC id=x, signature=$H" },
	    "header Authorization split , prefix signature= encoding hex" },
	{ "{body}", { "HTTP_COOKIE=a=b; signature=$H" },
	    "header Cookie split ; prefix signature= encoding hex" },
	{ "{body}", { "HTTP_X_SIG=v1:sha256=$H" },
	    "header X-Sig prefix v1:sha256= encoding hex" },
	/* Among others that hold 32 bytes too. */
	{ "{body}",
	    { "HTTP_X_CONTENT_SHA256="
	      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"HTTP_X_SIGNATURE=$H" },
	    "header X-Signature encoding hex" },
	/* A timestamp of its own. */
	{ "1700000000.{body}",
	    { "HTTP_X_SIGNATURE=$H", "HTTP_X_TIMESTAMP=1700000000" },
	    "header X-Signature encoding hex timestamp header X-Timestamp "
	    "over {timestamp}.{body}" },
	{ "1700000000:{body}",
	    { "HTTP_X_TS=1700000000", "HTTP_X_SIGNATURE=$H" },
	    "header X-Signature encoding hex timestamp header X-Ts "
	    "over {timestamp}:{body}" },
	{ "1700000000000:{body}",
	    { "HTTP_X_WEBFLOW_TIMESTAMP=1700000000000",
		"HTTP_X_WEBFLOW_SIGNATURE=$H" },
	    "header X-Webflow-Signature encoding hex "
	    "timestamp header X-Webflow-Timestamp unit ms "
	    "over {timestamp}:{body}" },
	{ "2023-11-14T22:13:20Z.{body}",
	    { "HTTP_X_SIGNATURE=$B",
		"HTTP_X_SIGNATURE_TIMESTAMP=2023-11-14T22:13:20Z" },
	    "header X-Signature encoding base64 timestamp "
	    "header X-Signature-Timestamp unit rfc3339 "
	    "over {timestamp}.{body}" },
	{ "{body}.2023-11-14T14:13:20-08:00",
	    { "HTTP_X_SIGNATURE=$B",
		"HTTP_X_DELIVERY_TIMESTAMP=2023-11-14T14:13:20-08:00" },
	    "header X-Signature encoding base64 "
	    "timestamp header X-Delivery-Timestamp unit rfc3339 "
	    "over {body}.{timestamp}" },
	{ "2023-11-14T22:13:20Z{body}",
	    { "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE=$B",
		"HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP=2023-11-14T22:13:20Z" },
	    "header X-Zendesk-Webhook-Signature encoding base64 timestamp "
	    "header X-Zendesk-Webhook-Signature-Timestamp unit rfc3339 "
	    "over {timestamp}{body}" },
	{ "{body}2023-11-14T14:13:20-08:00",
	    { "HTTP_BOX_SIGNATURE_PRIMARY=$B",
		"HTTP_BOX_DELIVERY_TIMESTAMP=2023-11-14T14:13:20-08:00" },
	    "header Box-Signature-Primary encoding base64 "
	    "timestamp header Box-Delivery-Timestamp unit rfc3339 "
	    "over {body}{timestamp}" },
	{ "1700000000,{body}",
	    { "HTTP_X_CONVOY_TIMESTAMP=1700000000",
		"HTTP_X_CONVOY_SIGNATURE=$H" },
	    "header X-Convoy-Signature encoding hex "
	    "timestamp header X-Convoy-Timestamp over {timestamp},{body}" },
	{ "v0:1700000000:{body}",
	    { "HTTP_X_ZM_SIGNATURE=v0=$H",
		"HTTP_X_ZM_REQUEST_TIMESTAMP=1700000000" },
	    "header X-Zm-Signature prefix v0= encoding hex "
	    "timestamp header X-Zm-Request-Timestamp "
	    "over v0:{timestamp}:{body}" },
	{ "v0:1700000000:{body}",
	    { "HTTP_X_SLACK_SIGNATURE=v0=$H",
		"HTTP_X_SLACK_REQUEST_TIMESTAMP=1700000000" },
	    "header X-Slack-Signature prefix v0= encoding hex "
	    "timestamp header X-Slack-Request-Timestamp "
	    "over v0:{timestamp}:{body}" },
	/* A timestamp beside the MAC. */
	{ "1700000000.{body}",
	    { "HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H,v0="
	      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" },
	    "header Stripe-Signature split , prefix v1= encoding hex "
	    "timestamp item t= over {timestamp}.{body}" },
	{ "1700000000000.{body}",
	    { "HTTP_WORKOS_SIGNATURE=t=1700000000000, v1=$H" },
	    "header Workos-Signature split , prefix v1= encoding hex "
	    "timestamp item t= unit ms over {timestamp}.{body}" },
	{ "1700000000:{body}", { "HTTP_PADDLE_SIGNATURE=ts=1700000000;h1=$H" },
	    "header Paddle-Signature split ; prefix h1= encoding hex "
	    "timestamp item ts= over {timestamp}:{body}" },
	/* An id. */
	{ "msg_1.1700000000.{body}",
	    { "HTTP_WEBHOOK_ID=msg_1", "HTTP_WEBHOOK_TIMESTAMP=1700000000",
		"HTTP_WEBHOOK_SIGNATURE=v1,$B" },
	    "header webhook-signature split \" \" prefix v1, encoding base64 "
	    "timestamp header webhook-timestamp id header webhook-id "
	    "over {id}.{timestamp}.{body}" },
	{ "msg_1.1700000000.{body}",
	    { "HTTP_SVIX_ID=msg_1", "HTTP_SVIX_TIMESTAMP=1700000000",
		"HTTP_SVIX_SIGNATURE=v1,$B" },
	    "header Svix-Signature split \" \" prefix v1, encoding base64 "
	    "timestamp header Svix-Timestamp id header Svix-Id "
	    "over {id}.{timestamp}.{body}" },
	{ "msg_1.1700000000.{body}",
	    { "HTTP_SVIX_ID=msg_1", "HTTP_SVIX_TIMESTAMP=1700000000",
		"HTTP_SVIX_SIGNATURE="
		"v1,ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8= v1,$B" },
	    "header Svix-Signature split \" \" prefix v1, encoding base64 "
	    "timestamp header Svix-Timestamp id header Svix-Id "
	    "over {id}.{timestamp}.{body}" },
	{ "n0nce.{body}", { "HTTP_X_NONCE=n0nce", "HTTP_X_SIGNATURE=$H" },
	    "header X-Signature encoding hex id header X-Nonce "
	    "over {id}.{body}" },
	{ "{body}.n0nce",
	    { "HTTP_X_GITHUB_DELIVERY=n0nce", "HTTP_X_SIGNATURE=$H" },
	    "header X-Signature encoding hex id header X-Github-Delivery "
	    "over {body}.{id}" },
};

static void
the_senders_recipe_is_found(void **state)
{
	unsigned wrong = 0;
	unsigned tried;

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		const char *name = senders[i].line;
		struct buf line = { 0 };
		struct trial trial;
		bool found;

		capture(&trial, senders[i].content, senders[i].headers);
		found = recipe_search(&trial.request, &trial.pool, explains,
		    &trial, &tried);
		wrong += case_true(name, "it is found", found);
		if (found) {
			print_found(&line);
			wrong += case_text(name, line.data, name);
			wrong += case_true(name, "the line verifies",
			    line_verifies(&trial, line.data));
		}
		wrong += case_true(name, "few were tried",
		    tried > 0 && tried <= TRIED_USUALLY);
		buf_free(&line);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* Whatever the sender, a wrong secret explains nothing. */
static void
no_recipe_explains_a_wrong_secret(void **state)
{
	unsigned wrong = 0;
	unsigned tried;

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		struct trial trial;

		capture(&trial, senders[i].content, senders[i].headers);
		trial.secrets[0].key = LIT("fedcba9876543210");
		wrong += case_true(senders[i].line, "nothing is found",
		    !recipe_search(&trial.request, &trial.pool, explains,
			&trial, &tried));
		wrong += case_true(senders[i].line, "few were tried",
		    tried > 0 && tried <= TRIED_USUALLY);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
the_age_of_a_capture_does_not_matter(void **state)
{
	static const int64_t ages[] = { INT64_C(86400000), -86400000,
		INT64_C(315360000000), -NOW + 1 };
	static const char *const headers[HEADERS] = {
		"HTTP_STRIPE_SIGNATURE=t=1700000000,v1=$H",
	};
	unsigned wrong = 0;
	unsigned tried;

	(void)state;
	for (size_t i = 0; i < COUNT(ages); i++) {
		struct trial trial;

		capture(&trial, "1700000000.{body}", headers);
		trial.request.received = NOW + ages[i];
		wrong += case_true("age", "it is found",
		    recipe_search(&trial.request, &trial.pool, explains, &trial,
			&tried));
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* The number in front of it is another one with the next request. */
static void
a_prefix_holds_nothing_that_changes(void **state)
{
	static const char *const headers[HEADERS] = {
		"HTTP_X_SIGNATURE=1700000000:$H",
	};
	struct trial trial;
	unsigned tried;

	(void)state;
	capture(&trial, "{body}", headers);
	assert_false(recipe_search(&trial.request, &trial.pool, explains,
	    &trial, &tried));
	trial_end(&trial);
}

static void
requests_without_headers_cost_four_tries(void **state)
{
	static const char *const headers[HEADERS] = { "HTTP_X_SIGNATURE=",
		"HTTP_NOTHING", "REQUEST_METHOD=POST" };
	struct trial trial;
	unsigned tried;

	(void)state;
	capture(&trial, "{body}", headers);
	assert_false(recipe_search(&trial.request, &trial.pool, explains,
	    &trial, &tried));
	assert_int_equal(tried, 4);
	trial_end(&trial);
}

static void
a_hostile_request_is_bounded(void **state)
{
	enum { MANY = 200 };
	static const char *hostile[3 * MANY + 1];
	struct request request = { .variables = hostile };
	struct pool pool = { 0 };
	unsigned counted = 0;
	unsigned tried;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		hostile[3 * i] = pool_printf(&pool,
		    "HTTP_X_%d=t=1700000000,"
		    "a=00112233445566778899aabbccddeeff"
		    "00112233445566778899aabbccddeeff",
		    i);
		hostile[3 * i + 1] = pool_printf(&pool, "HTTP_T_%d=1700000000",
		    i);
		hostile[3 * i + 2] = pool_printf(&pool, "HTTP_%d_ID=a", i);
	}
	assert_false(
	    recipe_search(&request, &pool, count_only, &counted, &tried));
	assert_int_equal(tried, counted);
	assert_int_equal(tried, 20000);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_senders_recipe_is_found),
		cmocka_unit_test(no_recipe_explains_a_wrong_secret),
		cmocka_unit_test(the_age_of_a_capture_does_not_matter),
		cmocka_unit_test(a_prefix_holds_nothing_that_changes),
		cmocka_unit_test(requests_without_headers_cost_four_tries),
		cmocka_unit_test(a_hostile_request_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
