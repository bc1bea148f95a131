; SPDX-License-Identifier: GPL-2.0-only
; Written by editors/generate.py from editors/templates/highlights.scm and the parser's list of words.
; The patterns of one node do not overlap, but for those of names, where either is right: editors differ in which wins.

(comment) @comment

[(keyword) (for) (if) (else) (word) "expect" "expectations" "template" "lua"] @keyword
[(expectation_word) "always" "eventually"] @function.builtin
(constant) @constant.builtin
["and" "or" "not"] @keyword.operator

(string ["\"" (string_content)] @string)
(escape) @string.escape
(interpolation ["${" "}"] @punctuation.special)

[(count) (decimal) (duration) (size) (percentage) (rate) (cpu_list)] @number
[(topology) (version)] @constant

["<" "<=" ">" ">=" "==" "!=" "+" "-" "*" "/" "+-" ".." "="] @operator
["{" "}" "[" "]" "(" ")" "[[" "]]"] @punctuation.bracket
["," ":" "."] @punctuation.delimiter

(labelled label: (identifier) @variable.parameter)
(parameter name: (identifier) @variable.parameter)
(member name: (identifier) @property)
(call function: (identifier) @function.call)

(name) @variable.definition

;@names@
