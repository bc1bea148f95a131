#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""collect.py ROOT OUTPUT: writes the texts that the editors are tested on, and what is to be seen in each of them.

The texts are every .ktl file in scenarios/ and stdlib/, the examples of docs/, what tests/format/after/ says that the layout
of everything is, and sample.ktl: all of them in the one layout. OUTPUT is a JSON list of {"name", "text", "tokens", "kept", "laid_out"};
a token is {"line", "column", "text", "kind"}, counted from 0, where the kind is a class of editors/words.json or one of
string, comment, number, label, declared and lua. A plain name is no token. `kept` are the lines whose indentation is the
author's: those of Lua, and comments that go on in the column of the comment above. `laid_out` is false where comments
stand in the middle of statements, so that no editor can know what a line goes on with.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
WORDS = json.loads((ROOT / "editors/words.json").read_text(encoding="utf-8"))
CLASS = {word: name for name, words in WORDS.items() for word in words}
RESERVED = {word for name in ("statement", "declaration", "setting", "op") for word in WORDS.get(name, [])}

# What follows a name that is declared, by the word before it; `=` or a block without one.
DECLARED_BEFORE = {"for": r"[ \t]+in\b", "if": r"(?!)", "template": r"\("}
UNIT = r"(?:(?:ns|us|ms|s|min|B|KiB|MiB|GiB|TiB)\b|%|/(?:ns|us|ms|s|min)\b)"
TOKENS = re.compile("|".join((
    r"(?P<comment>#.*)",
    r'(?P<string>"(?:[^"\\\n$]|\\.|\$(?!\{)|\$\{(?:[^"}\n]|"(?:[^"\\\n]|\\.)*")*\})*")',
    r"(?P<lua>\blua\s*\[(?P<level>=*)\[(?P<inside>.*?)\](?P=level)\])",
    r"(?P<number>\d+n\d+l\d+c\d+t\b|\bv\d+(?:\.\d+)+|0x[0-9A-Fa-f]+\b|\d+-\d+(?:,\d+(?:-\d+)?)*|\d+(?:,\d+(?:-\d+)?)+|"
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
                  and re.match(DECLARED_BEFORE.get(previous, r"[ \t]*(=(?!=)|\{)"), after)):
                add("declared", at, part)
            elif part in CLASS:
                add(CLASS[part], at, part)
        previous, end = (part if kind == "name" and part in RESERVED else ""), match.end()
    return found


def kept(text, found):
    """The lines whose indentation is the author's."""
    source = text.split("\n")
    begins = lambda line, column: not source[line][:column].strip()
    lines = {token["line"] for token in found if token["kind"] == "lua" and begins(token["line"], token["column"])}
    comments = {token["line"]: token["column"] for token in found if token["kind"] == "comment"}
    for line, column in sorted(comments.items()):
        if begins(line, column) and comments.get(line - 1) == column and (line - 1 in lines or not begins(line - 1, column)):
            lines.add(line)
    return sorted(lines)


def texts():
    for folder in ("scenarios", "stdlib", "tests/format/after"):
        for path in sorted((ROOT / folder).rglob("*.ktl")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^```ktl\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(1)) + 1}", match.group(1)
    yield "tests/editors/sample.ktl", (ROOT / "tests/editors/sample.ktl").read_text(encoding="utf-8")


result = [{"name": name, "text": text, "tokens": (found := tokens(text)), "kept": kept(text, found),
           "laid_out": name != "tests/format/after/comments.ktl"}
          for name, text in texts()]
assert len(result) > 30, "the texts are not where they were"
pathlib.Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
