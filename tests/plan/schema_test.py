#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Holds docs/plan.schema.json to the program: both take every plan, and both refuse a plan that is damaged.

    schema_test.py KTSTR PLAN_READER SCHEMA PATH...

The plans are those of the .ktl files at the paths, and the plan with one of everything that PLAN_READER prints.
"""

import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("schema_test.py needs Debian's python3-jsonschema: ./dev test installs it")

WORDS_BY_NAME = ("sysctls", "parameters")  # of a plan: names that it may choose, with texts
REPLACEMENTS = {str: 7, int: "seven", float: "seven", bool: "yes", list: {}, dict: [], type(None): []}


def plans_of(ktstr, path):
    output = subprocess.run([ktstr, "plan", path], capture_output=True, text=True, check=True).stdout
    decoder, at = json.JSONDecoder(), 0
    while at < len(output):
        plan, end = decoder.raw_decode(output, at)
        yield plan
        at = end + 1


def value_at(document, path):
    for key in path:
        document = document[key]
    return document


def places(value, path=()):
    """Every object and member of the document, by path; of the items of a list only those that differ in kind."""
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, path + (name,))
    elif isinstance(value, list):
        seen = set()
        for index, item in enumerate(value):
            kind = (item.get("op"), item.get("kind")) if isinstance(item, dict) else None
            if kind not in seen:
                seen.add(kind)
                yield from places(item, path + (index,))


def damaged(plan):
    """(what was done, the plan with it) for a surplus member, a missing one and one of a wrong type everywhere."""
    done = set()
    for path, value in places(plan):
        kind = value_at(plan, path[:-1]).get("op") if path and isinstance(path[-1], str) else None
        general = (tuple(key for key in path if isinstance(key, str)), kind)
        if general in done:
            continue
        done.add(general)
        name = "/".join(str(key) for key in path) or "the plan"
        free = len(path) == 1 and path[0] in WORDS_BY_NAME
        if isinstance(value, dict) and not free:
            surplus = copy.deepcopy(plan)
            value_at(surplus, path)["surplus"] = 1
            yield f"{name} with a surplus member", surplus
        if not path:
            continue
        wrong = copy.deepcopy(plan)
        value_at(wrong, path[:-1])[path[-1]] = REPLACEMENTS[type(value)]
        yield f"{name} of a wrong type", wrong
        if isinstance(path[-1], str) and not (len(path) == 2 and path[0] in WORDS_BY_NAME):
            missing = copy.deepcopy(plan)
            del value_at(missing, path[:-1])[path[-1]]
            yield f"{name} missing", missing


def smaller(plan):
    """With a few of the many workers: one worker's members are like another's."""
    plan = copy.deepcopy(plan)
    works = plan["backdrop"][0]["spec"]["works"]
    plan["backdrop"][0]["spec"]["works"] = works[:2] + [work for work in works if work["work_type"] == "sequence"]
    kinds = ("number", "within", "measure")
    plan["expectations"] = [one for one in plan["expectations"]
                            if one["formula"] is None or one["formula"]["kind"] in kinds]
    return plan


def main():
    ktstr, reader, schema_path, *paths = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    full = json.loads(subprocess.run([reader, "--full"], capture_output=True, text=True, check=True).stdout)
    good = [("the plan with everything", full)]
    good += [(f"{path}: {plan['scenario']}", plan) for path in paths for plan in plans_of(ktstr, path)]
    bad = list(damaged(smaller(full)))
    good.append(("the smaller plan with everything", smaller(full)))

    lines = "".join(json.dumps(plan) + "\n" for _, plan in good + bad)
    answers = subprocess.run([reader], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = []
    for (what, plan), answer in zip(good, answers):
        error = jsonschema.exceptions.best_match(validator.iter_errors(plan))
        if error is not None:
            wrong.append(f"the schema refuses {what}: {error.json_path}: {error.message}")
        if answer != "taken":
            wrong.append(f"ktstr refuses {what}: {answer}")
    for (what, plan), answer in zip(bad, answers[len(good):]):
        if validator.is_valid(plan):
            wrong.append(f"the schema takes {what}")
        if answer == "taken":
            wrong.append(f"ktstr takes {what}")
    print(f"{len(good)} plans are right, {len(bad)} are damaged")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
