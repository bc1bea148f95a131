#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes what the editors know of the language's words, from the one list that the parser uses.

    editors/generate.py --write   writes the generated files again: after a change of the words or of a template
    editors/generate.py --check   says which of them are not up to date, and exits with 1 if any is

The keywords are those of interp/syntax/keywords.def; the names of work types and the like are asked of the built program
(`ktstr list`), so it has to be built first. --program names it; build/bin/ktstr is the default.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

EDITORS = pathlib.Path(__file__).resolve().parent
ROOT = EDITORS.parent

# How each class of words looks: TextMate scope, Vim group, Emacs face, tree-sitter's token. A class of keywords.def that
# is not here is an error, so that nobody's new words come out colourless.
CLASSES = {
    "statement": ("keyword.control", "Statement", "font-lock-keyword-face", "KEYWORD"),
    "declaration": ("keyword.control.declaration", "Statement", "font-lock-keyword-face", "KEYWORD"),
    "setting": ("keyword.other.setting", "Statement", "font-lock-keyword-face", "KEYWORD"),
    "op": ("keyword.other.op", "Statement", "font-lock-keyword-face", "KEYWORD"),
    "expectation": ("keyword.other.expectation", "Function", "font-lock-function-name-face", "EXPECTATION"),
    "word": ("keyword.other.word", "Keyword", "font-lock-builtin-face", "WORD"),
    "operator": ("keyword.operator.word", "Operator", "font-lock-builtin-face", None),
    "constant": ("constant.language", "Constant", "font-lock-constant-face", "CONSTANT"),
    "policy": ("constant.language.policy", "Constant", "font-lock-constant-face", None),
    "work_type": ("support.function.work-type", "Type", "font-lock-type-face", None),
}

# Words that the list may call `word` and that are more than that.
ALSO = {"and": "operator", "or": "operator", "not": "operator", "true": "constant", "false": "constant"}

# Words that tree-sitter's grammar names itself; its scanner leaves them alone.
IN_GRAMMAR = {"expect", "expectations", "template", "lua", "and", "or", "not", "always", "eventually"}

# Words that have a token of their own in tree-sitter's scanner, since it depends on what follows what they begin.
OWN_TOKEN = {"for": "FOR", "if": "IF", "else": "ELSE"}

# `ktstr list KIND` that is asked for names, and their class. A program that does not know a kind has none of it.
CATALOGUES = {"work-types": "work_type", "policies": "policy"}


def fail(message):
    sys.exit(f"generate.py: {message}")


# --- The words -------------------------------------------------------------------------------------------------------
def keywords():
    """[(spelling, class)] in the order of the list."""
    text = (ROOT / "interp/syntax/keywords.def").read_text(encoding="utf-8")
    found = re.findall(r'^KEYWORD\(\s*\w+\s*,\s*"(\w+)"\s*,\s*(\w+)\s*\)', text, re.MULTILINE)
    if not found or len(found) != len(re.findall(r"^KEYWORD\(", text, re.MULTILINE)):
        fail('interp/syntax/keywords.def has a line that is not KEYWORD(identifier, "spelling", class)')
    for spelling, name in found:
        if name not in CLASSES:
            fail(f"`{spelling}` is of the new class `{name}`: give that class a look in CLASSES of editors/generate.py")
    return found


def catalogue(program, kind):
    """The names that `ktstr list KIND` prints; none if this version has no such list."""
    with tempfile.TemporaryDirectory() as empty:  # where no folder can have the name of the list
        try:
            result = subprocess.run([program, "list", kind], capture_output=True, text=True, cwd=empty, check=False)
        except OSError as error:
            fail(f"{program}: {error.strerror}\nBuild it first (./dev build), or name another one with --program.")
    if result.returncode == 64 and f"no file or folder {kind}" in result.stderr:
        return []
    if result.returncode != 0:
        fail(f"`{program} list {kind}` failed with {result.returncode}:\n{result.stderr}")
    return result.stdout.split()


def words_by_class(program):
    """{class: [word, ...]} for the classes that have words. Each word is in one class: the keyword's, if it is one."""
    classes = {spelling: ALSO.get(spelling, name) for spelling, name in keywords()}
    for spelling, name in ALSO.items():
        classes.setdefault(spelling, name)
    for kind, name in CATALOGUES.items():
        for spelling in catalogue(program, kind):
            classes.setdefault(spelling, name)
    words = {name: sorted(word for word in classes if classes[word] == name) for name in CLASSES}
    return {name: list_ for name, list_ in words.items() if list_}


def reserved(words):
    """The words that begin statements."""
    return sorted(word for name, list_ in words.items() if CLASSES[name][3] == "KEYWORD" for word in list_)


def folded(list_, separator=" ", width=100):
    """The words in lines of about that width; all lines but the last end with the separator."""
    lines = [""]
    for number, word in enumerate(list_):
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word + (separator if number + 1 < len(list_) else "")
    return lines


def quoted(list_):
    return [line.rstrip() for line in folded([f'"{word}"' for word in list_])]


# --- The files -------------------------------------------------------------------------------------------------------
def words_json(words, _):
    return json.dumps(words, indent=2) + "\n"


# Not a part of a longer name, such as the module in `std.workloads` or the parent in `parent/child`.
TEXTMATE_WORD = r"(?<!\w)(?<![\w\")\]]\.)(?:{})(?![\w/])"


def textmate(words, template):
    grammar = json.loads(template)
    grammar["repository"]["words"]["patterns"] = [
        {"name": f"{CLASSES[name][0]}.ktl", "match": TEXTMATE_WORD.replace("{}", "|".join(list_))}
        for name, list_ in words.items()]
    return json.dumps(grammar, indent=2).replace("@reserved@", "|".join(reserved(words))) + "\n"


def vim(words, template):
    matches, links = [], []
    for name, list_ in words.items():
        group = "ktl" + "".join(part.capitalize() for part in name.split("_"))
        declares = " nextgroup=ktlDeclared skipwhite" if CLASSES[name][3] == "KEYWORD" else ""
        lines = ["      \\" + line for line in folded(list_, "|")]
        matches += [f"syntax match {group}{declares} /\\v<%(", *lines]
        matches[-1] += r")>%(\s*:|\/)@!/"
        links.append(f"highlight default link {group} {CLASSES[name][1]}")
    return (template.replace('"@words@', "\n".join(matches)).replace('"@links@', "\n".join(links))
            .replace("@reserved@", "|".join(reserved(words))))


def inner(words):
    """The words that stand inside of statements: a line that begins with one goes on with the one before."""
    return sorted({*words["word"], *words["operator"]} - {"not"})


def vim_indent(words, template):
    lines = folded([f"'{word}'" for word in inner(words)], ", ")
    return template.replace('"@inner@', "\n".join(f"      \\ {line.rstrip()}" for line in lines))


def snippets(words):
    """The snippets of words that the language has. Each word of templates/snippets.json can wait there for its day."""
    every = json.loads((EDITORS / "templates/snippets.json").read_text(encoding="utf-8"))
    known = {word for list_ in words.values() for word in list_}
    return {name: snippet for name, snippet in every.items() if snippet["prefix"] in known}


def vscode_snippets(words, _):
    return json.dumps(snippets(words), indent=2) + "\n"


def emacs_snippet(snippet):
    """(name description text) with `|` for the first place to fill in, and the defaults of the others."""
    text = "\n".join(snippet["body"])
    text = re.sub(r"\$\{(\d+)(?::([^}]*))?\}|\$(\d+)",
                  lambda m: ("|" if m[1] == "1" or m[3] == "0" else "") + (m[2] or ""), text)
    text = text.replace("\\$", "$")
    text = text.replace("|", "\0", 1).replace("|", "").replace("\0", "|")
    string = lambda value: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'    ({string(snippet["prefix"])} {string(snippet["description"])}\n     {string(text)})'


def emacs(words, template):
    lines = []
    for name, list_ in words.items():
        lines += [f"    ({name} {CLASSES[name][2]}", *("     " + line for line in quoted(list_))]
        lines[-1] += ")"
    return (template.replace(";;@words@", "\n".join(lines).lstrip())
            .replace(";;@inner@", "\n    ".join(quoted(inner(words))))
            .replace(";;@reserved@", "\n    ".join(quoted(reserved(words))))
            .replace(";;@snippets@", "\n".join(map(emacs_snippet, snippets(words).values())).lstrip()))


def scanner_words(words, template):
    rows = sorted((word, OWN_TOKEN.get(word, CLASSES[name][3])) for name, list_ in words.items() for word in list_
                  if CLASSES[name][3] and word not in IN_GRAMMAR)
    return template.replace("@words@", "\n".join(f'    {{"{word}", {token}}},' for word, token in rows))


def highlights(words, template):
    lines = []
    for name, capture in (("work_type", "type.builtin"), ("policy", "constant.builtin")):
        if name in words:
            lines += ["((identifier) @" + capture, f"  (#any-of? @{capture}",
                      *("    " + line for line in quoted(words[name]))]
            lines[-1] += "))"
    return template.replace(";@names@", "\n".join(lines))


# What is written: (file, how, template). Templates are in editors/templates.
OUTPUTS = [
    ("words.json", words_json, None),
    ("vscode/syntaxes/ktl.tmLanguage.json", textmate, "ktl.tmLanguage.json"),
    ("vscode/snippets/ktl.json", vscode_snippets, None),
    ("vim/syntax/ktl.vim", vim, "syntax.vim"),
    ("vim/indent/ktl.vim", vim_indent, "indent.vim"),
    ("emacs/ktl-mode.el", emacs, "ktl-mode.el"),
    ("tree-sitter/src/words.h", scanner_words, "words.h.in"),
    ("tree-sitter/queries/highlights.scm", highlights, "highlights.scm"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    parser.add_argument("--program", default=str(ROOT / "build/bin/ktstr"), help="the ktstr program that is asked")
    arguments = parser.parse_args()
    words = words_by_class(str(pathlib.Path(arguments.program).absolute()))
    stale = []
    for name, how, template in OUTPUTS:
        text = how(words, (EDITORS / "templates" / template).read_text(encoding="utf-8") if template else "")
        path = EDITORS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(f"editors/{name}")
        if arguments.write:
            path.write_text(text, encoding="utf-8")
    if arguments.write:
        print("\n".join(f"wrote {name}" for name in stale) or "all up to date")
    elif stale:
        fail("not what the words and the templates make of it: " + ", ".join(stale)
             + "\nWrite it again: editors/generate.py --write")


if __name__ == "__main__":
    main()
