/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "signature/recipe.h"

#include "base/tokens.h"
#include "base/units.h"

enum {
	PRESET_WORDS = 16,
};

/* A recipe that is being read, and where its words are. */
struct reader {
	const char *const *words;
	size_t n;
	size_t at;
	struct pool *pool;
	struct recipe *recipe;
	const char **error;
	bool unit_given;
	unsigned seen; /* bits of option_words */
};

/* The senders whose recipe is public; rows of the grammar itself. */
static const struct preset {
	const char *name;
	const char *words[PRESET_WORDS];
} presets[] = {
	{ "github", { "header", "X-Hub-Signature-256", "prefix", "sha256=" } },
	{ "stripe",
	    { "header", "Stripe-Signature", "split", ",", "prefix", "v1=",
		"timestamp", "item", "t=", "over", "{timestamp}.{body}" } },
	{ "slack",
	    { "header", "X-Slack-Signature", "prefix", "v0=", "timestamp",
		"header", "X-Slack-Request-Timestamp", "over",
		"v0:{timestamp}:{body}" } },
	{ "standard-webhooks",
	    { "header", "webhook-signature", "split", " ", "prefix", "v1,",
		"encoding", "base64", "timestamp", "header",
		"webhook-timestamp", "id", "header", "webhook-id", "over",
		"{id}.{timestamp}.{body}" } },
};

const char *
recipe_preset(size_t i)
{
	return i < sizeof(presets) / sizeof(presets[0]) ? presets[i].name :
							  NULL;
}

static enum rc
wrong(struct reader *reader, const char *error)
{
	*reader->error = error;
	return RC_SYNTAX;
}

static const char *
next_word(struct reader *reader)
{
	if (reader->at == reader->n)
		return NULL;
	return reader->words[reader->at++];
}

static enum rc
read_header(struct reader *reader, struct header_name *out)
{
	const char *name = next_word(reader);
	enum rc rc;

	if (name == NULL)
		return wrong(reader, "a header's name is missing");
	rc = header_name_parse(name, reader->pool, out);
	if (rc == RC_SYNTAX)
		return wrong(reader,
		    "a header's name has letters, digits and "
		    "hyphens only, as in X-Signature");
	return rc;
}

static enum rc
read_text(struct reader *reader, const char **out)
{
	const char *text = next_word(reader);

	if (text == NULL || text[0] == '\0')
		return wrong(reader,
		    "a text is missing or empty behind "
		    "`split', `prefix', `item' or `over'");
	*out = pool_text(reader->pool, text);
	return *out == NULL ? RC_MEMORY : RC_OK;
}

static enum rc
read_split(struct reader *reader)
{
	return read_text(reader, &reader->recipe->split);
}

static enum rc
read_prefix(struct reader *reader)
{
	return read_text(reader, &reader->recipe->prefix);
}

static enum rc
read_encoding(struct reader *reader)
{
	const char *word = next_word(reader);

	if (word != NULL && strcmp(word, "hex") == 0)
		reader->recipe->encoding = RECIPE_HEX;
	else if (word != NULL && strcmp(word, "base64") == 0)
		reader->recipe->encoding = RECIPE_BASE64;
	else
		return wrong(reader,
		    "write `encoding hex' or "
		    "`encoding base64'");
	return RC_OK;
}

static enum rc
read_timestamp(struct reader *reader)
{
	const char *word = next_word(reader);

	if (word != NULL && strcmp(word, "header") == 0) {
		reader->recipe->timestamp = RECIPE_TIMESTAMP_HEADER;
		return read_header(reader, &reader->recipe->timestamp_header);
	}
	if (word != NULL && strcmp(word, "item") == 0) {
		reader->recipe->timestamp = RECIPE_TIMESTAMP_ITEM;
		return read_text(reader, &reader->recipe->timestamp_item);
	}
	return wrong(reader,
	    "write `timestamp header NAME' or "
	    "`timestamp item TEXT'");
}

static enum rc
read_unit(struct reader *reader)
{
	const char *word = next_word(reader);

	reader->unit_given = true;
	if (word != NULL && strcmp(word, "s") == 0)
		reader->recipe->unit = RECIPE_SECONDS;
	else if (word != NULL && strcmp(word, "ms") == 0)
		reader->recipe->unit = RECIPE_MILLISECONDS;
	else if (word != NULL && strcmp(word, "rfc3339") == 0)
		reader->recipe->unit = RECIPE_RFC3339;
	else
		return wrong(reader,
		    "write `unit s', `unit ms' or "
		    "`unit rfc3339'");
	return RC_OK;
}

static enum rc
read_id(struct reader *reader)
{
	const char *word = next_word(reader);

	if (word == NULL || strcmp(word, "header") != 0)
		return wrong(reader, "write `id header NAME'");
	return read_header(reader, &reader->recipe->id);
}

static enum rc
read_over(struct reader *reader)
{
	return read_text(reader, &reader->recipe->over);
}

static enum rc
read_tolerance(struct reader *reader)
{
	const char *word = next_word(reader);

	if (word == NULL ||
	    units_duration(word, &reader->recipe->tolerance) != RC_OK ||
	    reader->recipe->tolerance <= 0)
		return wrong(reader,
		    "a tolerance is digits and a unit, as in "
		    "`tolerance 5m', and more than nothing");
	return RC_OK;
}

static const struct option_word {
	const char *word;
	enum rc (*read)(struct reader *);
} option_words[] = {
	{ "split", read_split },
	{ "prefix", read_prefix },
	{ "encoding", read_encoding },
	{ "timestamp", read_timestamp },
	{ "unit", read_unit },
	{ "id", read_id },
	{ "over", read_over },
	{ "tolerance", read_tolerance },
};

static enum rc
read_option(struct reader *reader, const char *word)
{
	size_t n = sizeof(option_words) / sizeof(option_words[0]);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, option_words[i].word) != 0)
			continue;
		if (reader->seen & 1U << i)
			return wrong(reader,
			    "a word of the recipe stands "
			    "twice: write it once");
		reader->seen |= 1U << i;
		return option_words[i].read(reader);
	}
	return wrong(reader,
	    "behind `header NAME' stand only split, prefix, "
	    "encoding, timestamp, unit, id, over and tolerance");
}

/* How often a template names a field; *alien where it names another. */
static unsigned
template_count(const char *over, const char *field, bool *alien)
{
	static const char *const fields[] = { "{body}", "{timestamp}", "{id}" };
	unsigned count = 0;
	bool found;

	for (; (over = strchr(over, '{')) != NULL; over++) {
		found = false;
		for (size_t i = 0; i < 3; i++)
			if (bytes_begin(bytes_of(over), fields[i]))
				found = true;
		*alien = *alien || !found;
		if (bytes_begin(bytes_of(over), field))
			count++;
	}
	return count;
}

/* What the words mean together. */
static enum rc
check_template(struct reader *reader)
{
	const struct recipe *recipe = reader->recipe;
	bool alien = false;
	unsigned bodies = template_count(recipe->over, "{body}", &alien);
	bool stamped = template_count(recipe->over, "{timestamp}", &alien) > 0;
	bool named = template_count(recipe->over, "{id}", &alien) > 0;

	if (strlen(recipe->over) > RECIPE_OVER)
		return wrong(reader, "`over' is longer than 256 bytes");
	if (alien)
		return wrong(reader,
		    "`over' knows {body}, {timestamp} and "
		    "{id} only");
	if (bodies != 1)
		return wrong(reader, "`over' has to name {body} exactly once");
	if (stamped && recipe->timestamp == RECIPE_TIMESTAMP_NONE)
		return wrong(reader,
		    "`over' names {timestamp}: say where it "
		    "stands with `timestamp header NAME' or "
		    "`timestamp item TEXT'");
	if (!stamped && recipe->timestamp != RECIPE_TIMESTAMP_NONE)
		return wrong(reader,
		    "the timestamp is not signed: name "
		    "{timestamp} in `over', or leave it out");
	if (named && recipe->id.name == NULL)
		return wrong(reader,
		    "`over' names {id}: say where it stands "
		    "with `id header NAME'");
	if (!named && recipe->id.name != NULL)
		return wrong(reader,
		    "the id is not signed: name {id} in "
		    "`over', or leave it out");
	return RC_OK;
}

static bool
is_number(const struct recipe *recipe, const char *field)
{
	return recipe->unit != RECIPE_RFC3339 &&
	    bytes_begin(bytes_of(field), "{timestamp}");
}

/*
 * A date and time shows by itself where it begins and ends, so it needs no
 * separator from the body.
 */
static bool
may_touch(const struct recipe *recipe, const char *at, const char *next)
{
	bool first = bytes_begin(bytes_of(at), "{timestamp}");
	bool body = bytes_begin(bytes_of(first ? next : at), "{body}");

	return recipe->unit == RECIPE_RFC3339 && body &&
	    (first || bytes_begin(bytes_of(next), "{timestamp}"));
}

/*
 * Bytes must not pass from one field to the next under the same MAC, so two
 * of them have a separator that shows where they end; verify() refuses an id
 * that holds it.
 */
static enum rc
check_separators(struct reader *reader)
{
	static const char digits[] = "0123456789";
	const struct recipe *recipe = reader->recipe;
	const char *at = strchr(recipe->over, '{');
	const char *end, *next;

	while ((next = strchr(end = strchr(at, '}') + 1, '{')) != NULL) {
		if (next == end && !may_touch(recipe, at, next))
			return wrong(reader,
			    "two fields of `over' stand "
			    "side by side, where nothing tells what is whose: "
			    "write what separates them, as in "
			    "{id}.{timestamp}.{body}");
		if ((is_number(recipe, at) && strchr(digits, end[0])) ||
		    (is_number(recipe, next) && strchr(digits, next[-1])))
			return wrong(reader,
			    "a digit beside {timestamp} "
			    "cannot be told from the timestamp's own: write "
			    "another separator, as in {timestamp}.{body}");
		at = next;
	}
	return RC_OK;
}

static enum rc
check_timestamp(struct reader *reader)
{
	struct recipe *recipe = reader->recipe;

	if (recipe->timestamp == RECIPE_TIMESTAMP_NONE &&
	    recipe->tolerance != 0)
		return wrong(reader, "a tolerance needs a timestamp");
	if (recipe->timestamp == RECIPE_TIMESTAMP_NONE && reader->unit_given)
		return wrong(reader, "a unit needs a timestamp");
	if (recipe->timestamp == RECIPE_TIMESTAMP_ITEM &&
	    recipe->split[0] == '\0')
		return wrong(reader,
		    "`timestamp item' needs `split', which "
		    "cuts the header into items");
	if (recipe->timestamp != RECIPE_TIMESTAMP_NONE &&
	    recipe->tolerance == 0)
		recipe->tolerance = RECIPE_TOLERANCE;
	return RC_OK;
}

static enum rc
read_recipe(struct reader *reader)
{
	enum rc rc = read_header(reader, &reader->recipe->header);
	const char *word;

	while (rc == RC_OK && (word = next_word(reader)) != NULL)
		rc = read_option(reader, word);
	if (rc == RC_OK)
		rc = check_template(reader);
	if (rc == RC_OK)
		rc = check_separators(reader);
	if (rc == RC_OK)
		rc = check_timestamp(reader);
	return rc;
}

/* The error names the recipes that are one word. */
static enum rc
refuse_name(struct reader *reader)
{
	struct buf text = { 0 };
	const char *error = NULL;

	buf_text(&text, "write auto, none");
	for (size_t i = 0; recipe_preset(i) != NULL; i++)
		buf_printf(&text, ", %s", recipe_preset(i));
	buf_text(&text, " or `header NAME ...'");
	if (text.rc == RC_OK)
		error = pool_text(reader->pool, text.data);
	buf_free(&text);
	return error == NULL ? RC_MEMORY : wrong(reader, error);
}

static enum rc
read_preset(struct reader *reader, const char *name)
{
	const struct preset *preset = NULL;
	size_t n = sizeof(presets) / sizeof(presets[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(name, presets[i].name) == 0)
			preset = &presets[i];
	if (preset == NULL)
		return refuse_name(reader);
	reader->words = preset->words;
	reader->at = 1;
	reader->n = 0;
	while (reader->n < PRESET_WORDS && preset->words[reader->n] != NULL)
		reader->n++;
	return read_recipe(reader);
}

static enum rc
read_kind(struct reader *reader)
{
	const char *word = next_word(reader);

	if (word == NULL)
		return wrong(reader,
		    "write auto, none, a preset or "
		    "`header NAME ...'");
	if (strcmp(word, "header") == 0)
		return read_recipe(reader);
	if (reader->n > 1)
		return wrong(reader,
		    "nothing may stand behind auto, none or "
		    "a preset: write the recipe out as `header NAME ...'");
	if (strcmp(word, "auto") == 0)
		reader->recipe->kind = RECIPE_AUTO;
	else if (strcmp(word, "none") == 0)
		reader->recipe->kind = RECIPE_NONE;
	else
		return read_preset(reader, word);
	return RC_OK;
}

enum rc
recipe_parse(const char *const *words, size_t n, struct pool *pool,
    struct recipe *out, const char **error)
{
	struct recipe recipe = {
		.kind = RECIPE_HEADER,
		.split = "",
		.prefix = "",
		.timestamp_item = "",
		.over = "{body}",
	};
	struct reader reader = {
		.words = words,
		.n = n,
		.pool = pool,
		.recipe = &recipe,
		.error = error,
	};
	enum rc rc = read_kind(&reader);

	if (rc == RC_OK)
		*out = recipe;
	return rc;
}

static void
print_option(const char *option, const char *word, struct buf *into)
{
	if (word == NULL || word[0] == '\0')
		return;
	buf_printf(into, "%s ", option);
	tokens_print(word, into);
}

static void
print_timestamp(const struct recipe *recipe, struct buf *into)
{
	static const char *const units[] = {
		[RECIPE_SECONDS] = "s",
		[RECIPE_MILLISECONDS] = "ms",
		[RECIPE_RFC3339] = "rfc3339",
	};

	if (recipe->timestamp == RECIPE_TIMESTAMP_NONE)
		return;
	if (recipe->timestamp == RECIPE_TIMESTAMP_HEADER)
		print_option(" timestamp header", recipe->timestamp_header.name,
		    into);
	else
		print_option(" timestamp item", recipe->timestamp_item, into);
	if (recipe->unit != RECIPE_SECONDS)
		print_option(" unit", units[recipe->unit], into);
}

static enum rc
print_recipe(const struct recipe *recipe, struct buf *into)
{
	bool hex = recipe->encoding == RECIPE_HEX;

	print_option("header", recipe->header.name, into);
	print_option(" split", recipe->split, into);
	print_option(" prefix", recipe->prefix, into);
	print_option(" encoding", hex ? "hex" : "base64", into);
	print_timestamp(recipe, into);
	print_option(" id header", recipe->id.name, into);
	if (strcmp(recipe->over, "{body}") != 0)
		print_option(" over", recipe->over, into);
	if (recipe->timestamp != RECIPE_TIMESTAMP_NONE &&
	    recipe->tolerance != RECIPE_TOLERANCE)
		buf_printf(into, " tolerance %lldms",
		    (long long)recipe->tolerance);
	return into->rc;
}

enum rc
recipe_print(const struct recipe *recipe, struct buf *into)
{
	switch (recipe->kind) {
	case RECIPE_AUTO:
		return buf_text(into, "auto");
	case RECIPE_NONE:
		return buf_text(into, "none");
	case RECIPE_HEADER:
		return print_recipe(recipe, into);
	}
	return RC_SYNTAX;
}
