#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""collect.py ROOT OUTPUT: writes the texts that the editors are tested on, and what is to be seen in each of them.

The texts are every .ktl file in scenarios/ and stdlib/, the examples of docs/, and sample.ktl. OUTPUT is a JSON list of
{"name", "text", "tokens"}; a token is {"line", "column", "text", "kind"}, counted from 0, where the kind is a class of
editors/words.json or one of string, comment, number, label, declared and lua. A plain name is no token.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
WORDS = json.loads((ROOT / "editors/words.json").read_text(encoding="utf-8"))
CLASS = {word: name for name, words in WORDS.items() for word in words}
RESERVED = {word for name in ("statement", "declaration", "setting", "op") for word in WORDS.get(name, [])}

UNIT = r"(?:(?:ns|us|ms|s|min|B|KiB|MiB|GiB|TiB)\b|%|/(?:ns|us|ms|s|min)\b)"
TOKENS = re.compile("|".join((
    r"(?P<comment>#.*)",
    r'(?P<string>"(?:[^"\\\n]|\\.)*")',
    r"(?P<lua>\blua\s*\[\[(?P<inside>.*?)\]\])",
    r"(?P<number>\d+n\d+l\d+c\d+t\b|\bv\d+(?:\.\d+)+|\d+-\d+(?:,\d+(?:-\d+)?)*|\d+(?:,\d+(?:-\d+)?)+|"
    r"\d[\d_]*(?:\.\d[\d_]*)?" + UNIT + r"?)",
    r"(?P<part>(?<=[\w\")\]])\.(?:[A-Za-z_]\w*|(?=\")))",
    r"(?P<name>[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*)",
    r"(?P<other>\.\.|[^\s])",
)).replace(".*?", r"(?s:.*?)"))


def tokens(text):
    found = []

    def add(kind, at, part):
        line = text.count("\n", 0, at)
        found.append({"line": line, "column": at - (text.rfind("\n", 0, at) + 1), "text": part, "kind": kind})

    previous = ""  # the reserved word right before, if there is one on the same line
    end = 0
    for match in TOKENS.finditer(text):
        kind, at, part = match.lastgroup, match.start(), match.group()
        if match.group("lua"):
            if "lua" in CLASS:
                add(CLASS["lua"], at, "lua")
            inside = match.group("inside")
            for line in re.finditer(r"\S.*", inside):
                add("lua", match.start("inside") + line.start(), line.group().rstrip())
        elif kind in ("comment", "number"):
            add(kind, at, part)
        elif kind == "string":
            add("string", at, '"')
            add("string", match.end() - 1, '"')
        elif kind == "name":
            after = text[match.end():]
            if re.match(r"\s*:", after):
                add("label", at, part)
            elif (previous and "\n" not in text[end:at] and part not in RESERVED and "." not in part
                  and re.match(r"[ \t]*(=(?!=)|\{)", after)):
                add("declared", at, part)
            elif part in CLASS:
                add(CLASS[part], at, part)
        previous, end = (part if kind == "name" and part in RESERVED else ""), match.end()
    return found


def texts():
    for folder in ("scenarios", "stdlib"):
        for path in sorted((ROOT / folder).rglob("*.ktl")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^```ktl\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(1)) + 1}", match.group(1)
    yield "tests/editors/sample.ktl", (ROOT / "tests/editors/sample.ktl").read_text(encoding="utf-8")


result = [{"name": name, "text": text, "tokens": tokens(text)} for name, text in texts()]
assert len(result) > 30, "the texts are not where they were"
pathlib.Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
