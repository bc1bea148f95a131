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

((identifier) @type.builtin
  (#any-of? @type.builtin
    "affinity_churn" "alu_hot" "asymmetric_waker" "bursty" "cache_pipe" "cache_pressure" "cache_yield"
    "cgroup_attach_storm" "cgroup_churn" "cross_affinity_churn" "custom" "epoll_storm" "fan_out_compute"
    "fork_exit" "futex_fan_out" "futex_ping_pong" "idle_churn" "io_convoy" "io_rand_read"
    "io_sync_write" "ipc_variance" "irq_wake" "memory_hog" "mixed" "mutex_contention" "net_traffic"
    "nice_sweep" "numa_migration_churn" "numa_working_set_sweep" "page_fault_churn" "pipe_io"
    "policy_churn" "preempt_storm" "priority_inversion" "producer_consumer_imbalance" "rt_starvation"
    "schbench" "sequence" "signal_storm" "smt_sibling_spin" "spin_wait" "taobench" "thundering_herd"
    "timer_latency" "wake_chain" "yield_heavy"))
((identifier) @constant.builtin
  (#any-of? @constant.builtin
    "batch" "deadline" "ext" "fifo" "idle" "normal" "rr"))
