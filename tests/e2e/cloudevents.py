# SPDX-License-Identifier: ISC
"""Whether each line of standard input is a CloudEvents 1.0 envelope by
cloudevents.json.  Prints what is wrong, and exits 1."""

import json
import os
import sys

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))


def once(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a member stands twice: %s" % names)
    return dict(pairs)


def only_once_at_top(pairs):
    """The payload may repeat a name, the envelope may not."""
    names = [name for name, _ in pairs]
    return once(pairs) if "specversion" in names else dict(pairs)


def refuse(word):
    raise ValueError("%s is no JSON" % word)


def main():
    with open(os.path.join(HERE, "cloudevents.json")) as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(
        schema, format_checker=jsonschema.FormatChecker())
    lines = sys.stdin.buffer.read().decode("utf-8").split("\n")
    wrong = [] if lines.pop() == "" else ["no LF at the end"]
    if not lines:
        wrong.append("no envelope")
    for line in lines:
        try:
            event = json.loads(line, object_pairs_hook=only_once_at_top,
                               parse_constant=refuse)
        except ValueError as error:
            wrong.append(str(error))
            continue
        wrong += [error.message for error in validator.iter_errors(event)]
    for text in wrong:
        print(text)
    return 1 if wrong else 0


sys.exit(main())
