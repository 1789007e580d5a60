/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "receive/choose.h"

#include "base/bytes.h"
#include "base/log.h"
#include "config/conf.h"
#include "http/request.h"
#include "signature/recipe.h"

/* What PATH_INFO says of a hook. */
enum path_kind {
	PATH_NAME,
	PATH_NONE, /* no name */
	PATH_BAD,  /* nothing that can hold a name */
};

/* /NAME or /NAME/; *name is what was found in any case, for the log. */
static enum path_kind
parse_path(const char *path_info, struct bytes *name)
{
	*name = bytes_of(path_info);
	if (name->len == 0)
		return PATH_NONE;
	if (name->data[0] != '/')
		return PATH_BAD;
	*name = bytes_skip(*name, 1);
	if (name->len == 0)
		return PATH_NONE;
	if (name->data[name->len - 1] == '/')
		name->len--;
	return name->len == 0 ? PATH_BAD : PATH_NAME;
}

static const struct hook *
find_by_path(const struct conf *conf, const char *path_info, struct bytes *name)
{
	const struct hook *hook;

	switch (parse_path(path_info, name)) {
	case PATH_NAME:
		hook = conf_find(conf, *name);
		return hook == NULL || hook->signature.kind == RECIPE_NONE ?
		    NULL :
		    hook;
	case PATH_NONE:
		return conf->hooks_len == 1 ? &conf->hooks[0] : NULL;
	case PATH_BAD:
		break;
	}
	return NULL;
}

enum rc
choose_hook(const struct conf *conf, const struct request *request,
    struct choice *choice, const struct hook **hook)
{
	unsigned count;
	const char *variable = request_variable(request, "PELIHOOK_HOOK",
	    &count);

	if (count > 1) {
		log_say(LOG_LEVEL_ERROR,
		    "PELIHOOK_HOOK is there twice: "
		    "the web server has to set it once");
		return RC_CONFIG;
	}
	if (count == 1 && variable[0] != '\0') {
		choice->by = "PELIHOOK_HOOK";
		choice->sought = bytes_of(variable);
		*hook = conf_find(conf, choice->sought);
	} else {
		choice->by = "PATH_INFO";
		*hook = find_by_path(conf, request->path_info, &choice->sought);
	}
	return *hook == NULL ? RC_NO_HOOK : RC_OK;
}
