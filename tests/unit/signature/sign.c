/* SPDX-License-Identifier: ISC */
#include "../signing.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "http/header_name.h"
#include "http/request.h"
#include "signature/recipe.h"
#include "signature/sign.h"

/* Adds the lines that sign made as the variables they arrive in. */
static void
add_lines(struct trial *trial, struct bytes lines)
{
	struct bytes line;

	while (bytes_split(&lines, "\n", &line)) {
		char variable[HEADER_VARIABLE_SIZE];
		struct bytes name;

		if (line.len == 0)
			continue;
		assert_true(bytes_split(&line, ":", &name));
		assert_int_equal(header_name_variable(name, variable), RC_OK);
		line = bytes_trim(line);
		front_add(&trial->front,
		    pool_printf(&trial->pool, "%s=%.*s", variable,
			(int)line.len, line.data));
	}
}

static const char *const signing_lines[] = {
	"auto",
	"github",
	"stripe",
	"slack",
	"standard-webhooks",
	"header X-Signature",
	"header X-Signature encoding base64",
	"header X-Signature prefix v0=",
	"header X-Signature split ,",
	"header X-Signature split ' ' prefix v1, encoding base64",
	"header X timestamp header T over {timestamp}.{body}",
	"header X timestamp header T unit ms over {timestamp}.{body}",
	"header X timestamp header T unit rfc3339 over {body}.{timestamp}",
	"header X split ; prefix h1= timestamp item ts= "
	"over {timestamp}:{body} tolerance 5s",
	"header X split , prefix v1= encoding base64 timestamp item t= unit ms "
	"over {timestamp}.{body}",
	"header X split , prefix v1= timestamp item t= unit rfc3339 "
	"over {timestamp}.{body}",
	"header X id header I over {id}.{body}",
	"header X id header I timestamp header T over {body}.{timestamp}.{id}",
	"header X over 'v0 {body} \"end\"'",
};

static void
what_is_signed_verifies_and_nothing_else_does(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(signing_lines); i++) {
		const char *name = signing_lines[i];
		struct buf lines = { 0 };
		struct trial trial;

		trial_start(&trial, name);
		trial_secret(&trial, "/s", LIT(SECRET));
		wrong += case_rc(name,
		    sign(&trial.hook.signature, LIT(SECRET), LIT(BODY), NOW,
			"msg_1", &lines),
		    RC_OK);
		add_lines(&trial, buf_view(&lines));
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY)), RC_OK);
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY "\n")),
		    RC_SIGNATURE);
		wrong += case_rc(name, trial_verify(&trial, LIT("")),
		    RC_SIGNATURE);
		trial.secrets[0].key = LIT("another");
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY)),
		    RC_SIGNATURE);
		trial.secrets[0].key = LIT(SECRET);
		trial.request.received = NOW + INT64_C(86400000);
		wrong += case_rc(name, trial_verify(&trial, LIT(BODY)),
		    trial.hook.signature.tolerance > 0 ? RC_SIGNATURE : RC_OK);
		trial_end(&trial);
		buf_free(&lines);
	}
	assert_int_equal(wrong, 0);
}

static void
auto_signs_as_x_signature(void **state)
{
	struct mac mac = make_mac(SECRET, LIT(BODY));
	struct buf lines = { 0 };
	struct trial trial;

	(void)state;
	trial_start(&trial, "auto");
	assert_int_equal(sign(&trial.hook.signature, LIT(SECRET), LIT(BODY),
			     NOW, "msg_1", &lines),
	    RC_OK);
	assert_string_equal(lines.data,
	    expand(&trial.pool, "X-Signature: sha256=$H\n", &mac));
	buf_free(&lines);
	trial_end(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies_and_nothing_else_does),
		cmocka_unit_test(auto_signs_as_x_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
