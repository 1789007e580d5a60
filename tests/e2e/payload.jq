# SPDX-License-Identifier: ISC
#
# Reads one event of pelihook's own, as pelihook.conf(5) tells its payload, and
# writes a line for each key that is missing, has another type, or is null
# where it may not be.  `alone' for the one, `common' for what several share,
# and `each' for those of its list.

def is_time: type == "string" and
    test("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$");
def is_text: type == "string" and length > 0;
def is_seconds: type == "number" and . > 0;
def is_pipeline: type == "object" and keys_unsorted == ["id", "name"] and
    (.id | is_text) and (.name | is_text);
def is_cause: . as $cause | ["destination", "platform", "connector", "source",
    "user", "limit", "configuration", "unknown"] | index($cause) != null;

def key($of; $key; check):
	if has($key) | not then "\($of): no \($key)"
	elif .[$key] | check | not then "\($of): \($key) is \(.[$key])"
	else empty end;
def or_null(check): . == null or check;

def members($of; $alarm; $over):
	($of == "common" or $alarm == "silent") as $none |
	key($of; "pipeline"; if $none then . == null else is_pipeline end),
	key($of; "run"; if $of != "common" and ($alarm == "stuck" or
	    ($alarm == "failing" and ($over | not))) then is_text
	    else . == null end),
	key($of; "since"; is_time),
	key($of; "expected"; if $of == "common" or $alarm == "failing" then
	    . == null else is_time end),
	key($of; "usual"; if $none or $alarm == "failing" then . == null
	    else or_null(is_seconds) end),
	key($of; "last_success"; if $none then . == null
	    else or_null(is_time) end),
	key($of; "cause"; if $none then . == null
	    elif $alarm == "failing" and ($over | not) then is_cause
	    else or_null(is_cause) end),
	if $over then
		key($of; "recovered_from"; . == $alarm),
		key($of; "lasted"; is_seconds)
	else
		("recovered_from", "lasted") as $key | select(has($key)) |
		"\($of): \($key) of what is not over"
	end;

{ "pelihook.pipeline_failing": "failing", "pelihook.pipeline_late": "late",
  "pelihook.pipelines_late": "late", "pelihook.run_stuck": "stuck",
  "pelihook.runs_stuck": "stuck", "pelihook.hook_silent": "silent" } as $alarms |
(.event | endswith("recovered")) as $over |
(.event | test("[.](pipelines|runs)_")) as $many |
(if $over then .recovered_from else $alarms[.event] end) as $alarm |
key("event"; "event"; $over or $alarm != null),
key("event"; "hook"; is_text),
key("event"; "text"; is_text and endswith(".")),
members(if $many then "common" else "alone" end; $alarm; $over),
if $many then
	key("event"; "list"; type == "array" and length > 1),
	(.list[] | members("each"; $alarm; $over),
	    (("event", "hook", "text", "list") as $key | select(has($key)) |
		"each: \($key)"))
elif has("list") then
	"event: a list of one"
else empty end,
(keys - ["event", "hook", "pipeline", "run", "since", "expected", "usual",
    "last_success", "cause", "text", "recovered_from", "lasted", "list"] |
    .[] | "event: \(.) is none of the keys")
