#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Holds docs/sidecar.schema.json and docs/sidecar.md to the records that ktstr writes.

    sidecar_schema_test.py SCHEMA DOCUMENT MADE_UP_SIDECARS
    sidecar_schema_test.py SCHEMA RECORD...

The first form takes the records that the program prints, and refuses those that are damaged: a key missing, surplus or of
another type, and more than one verdict. The second takes records of real runs.
"""

import copy
import json
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("sidecar_schema_test.py needs Debian's python3-jsonschema: ./dev test installs it")

REPLACEMENTS = {str: 7, int: "seven", float: "seven", bool: "yes", list: {}, dict: [], type(None): [1]}
FREE = ("value", "decides", "absent", "kvm_stats")  # any value, or a kind of its own


def places(value, schema, defs, path=()):
    """Every required member that the schema describes, by its path in the record."""
    schema = defs[schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            if name in value and name in schema.get("required", ()):
                yield path + (name,)
                yield from places(value[name], member, defs, path + (name,))
    elif isinstance(value, list) and value and "items" in schema:
        yield from places(value[0], schema["items"], defs, path + (0,))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def damaged(record, schema):
    """(what was done, the record with it)"""
    for path in places(record, schema, schema["$defs"]):
        name = "/".join(map(str, path))
        missing = copy.deepcopy(record)
        del at(missing, path[:-1])[path[-1]]
        yield f"{name} missing", missing
        if path[-1] not in FREE:
            wrong = copy.deepcopy(record)
            at(wrong, path[:-1])[path[-1]] = REPLACEMENTS[type(at(record, path))]
            yield f"{name} of a wrong type", wrong
    for what, where in (("a surplus key", ()), ("a surplus member of host", ("host",))):
        surplus = copy.deepcopy(record)
        at(surplus, where)["surplus"] = 1
        yield what, surplus
    for first, second in (("passed", "skipped"), ("passed", "inconclusive"), ("skipped", "inconclusive")):
        yield f"{first} and {second}", {**record, first: True, second: True}
    for version in (1, 3):
        yield f"version {version}", {**record, "sidecar_version": version}


def refusals(validator, records):
    for name, record in records:
        error = jsonschema.exceptions.best_match(validator.iter_errors(record))
        if error is not None:
            yield f"the schema refuses {name}: {error.json_path}: {error.message[:300]}"


def documented(text):
    """The keys in the first column of the tables."""
    for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE):
        yield from re.findall(r"`(\w+)`", row)


def main():
    schema_path, *rest = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = []
    if rest[0].endswith(".md"):
        lines = subprocess.run([rest[1]], capture_output=True, text=True, check=True).stdout.splitlines()
        records = [(f"made-up record {number}", json.loads(line)) for number, line in enumerate(lines, 1)]
        bad = list(damaged(records[0][1], schema))
        wrong += [f"the schema takes {what}" for what, record in bad if validator.is_valid(record)]
        with open(rest[0], encoding="utf-8") as file:
            keys = list(documented(file.read()))
        if sorted(keys) != sorted(schema["properties"]):
            wrong.append(f"{rest[0]} and the schema differ in {sorted(set(keys) ^ set(schema['properties']))}")
        print(f"{len(records)} records are right, {len(bad)} are damaged")
    else:
        records = []
        for path in rest:
            with open(path, encoding="utf-8") as file:
                records.append((path, json.load(file)))
    wrong += refusals(validator, records)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
