; SPDX-License-Identifier: GPL-2.0-only
; Written by editors/generate.py from editors/templates/highlights.scm and the parser's list of words.
; The patterns of one node do not overlap, but for those of names, where either is right: editors differ in which wins.

(comment) @comment

[(keyword) (word) "expect" "lua"] @keyword
(expectation_word) @function.builtin
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
(default name: (identifier) @variable.parameter)
(member name: (identifier) @property)
(call function: (identifier) @function.call)

(name) @variable.definition

((identifier) @type.builtin
  (#any-of? @type.builtin
    "affinity_churn" "alu_hot" "bursty" "cache_pressure" "cache_yield" "fork_exit" "futex_ping_pong"
    "idle_churn" "memory_hog" "mixed" "mutex_contention" "nice_sweep" "page_fault_churn" "pipe_io"
    "policy_churn" "spin_wait" "timer_latency" "yield_heavy"))
