" SPDX-License-Identifier: GPL-2.0-only
" Vim syntax file of .ktl. Written by editors/generate.py from editors/templates/syntax.vim and the parser's list of words.
if exists('b:current_syntax')
  finish
endif
let s:cpo = &cpo
set cpo&vim

" Where several items match at one place the last one wins, so the general ones stand first.
" std.workloads.hog and parent/child are one item, so that no part of them is taken for a keyword.
syntax match ktlName /\v<\h\w*%([.\/]\h\w*)*>/
syntax match ktlFunction /\v<\h\w*\ze\(/
syntax match ktlOperator /\v[-+*\/=<>]|!\=|\.\./
syntax match ktlNumber /\v<\d[0-9_]*%(\.\d[0-9_]*)?%(%(ns|us|ms|s|min|B|[KMGT]iB)>|\%|\/%(ns|us|ms|s|min)>|>)/
syntax match ktlCpuList /\v<\d+%(-\d+%(,\d+%(-\d+)?)*|%(,\d+%(-\d+)?)+)>/
syntax match ktlTopology /\v<\d+n\d+l\d+c\d+t>/
syntax match ktlNumber /\v<0x\x+>/
syntax match ktlVersion /\v<v\d+%(\.\d+)+>/

syntax match ktlDeclaration nextgroup=ktlDeclared skipwhite /\v<%(
      \assert|else|expectations|for|gauntlet|if|let|param|payload|private|scenario|scheduler|template|
      \topology|use|work)>%(\s*:|\/)@!/
syntax match ktlSetting nextgroup=ktlDeclared skipwhite /\v<%(
      \args|backdrop|better|binary|budget|capture|cgroup_parent|check|config|cores|cpu_max|cpu_weight|
      \cpuset|disable|distances|duration|enable|expect|files|flag|flags|io_weight|kernel_args|kernels|llcs|
      \memory|memory_high|memory_low|memory_max|memory_swap_max|mems|metric|node|output|pids_max|repeat|
      \requires|scenarios|seeds|step|sysctl|threads|topologies|unit|work_types|workers)>%(\s*:|\/)@!/
syntax match ktlOp nextgroup=ktlDeclared skipwhite /\v<%(
      \add_cgroup|attach_scheduler|capture_procs|cgroup|clear_cpuset|ctprof|detach_scheduler|freeze|kill|
      \move_all_tasks|pin_map|read_kernel|remove_cgroup|replace_scheduler|restart_scheduler|run|
      \set_affinity|set_cpuset|snapshot|spawn|stop_cgroup|swap_cpusets|unfreeze|wait|watch|write_bpf|
      \write_kernel)>%(\s*:|\/)@!/
syntax match ktlExpectation /\v<%(
      \allow|always|error|eventually|exists|exit_code|gap|include|isolation|metrics|progress|repro|spread|
      \throughput|values)>%(\s*:|\/)@!/
syntax match ktlWord /\v<%(
      \affinity|after|as|at_most|by|cold|comm|contains|converges|every|gid|host|implies|in|inconclusive|
      \increasing|lua|matches|memory_policy|nice|nondecreasing|of|off|pcomm|per|policy|powerset|present|
      \samples|steady|swappable|times|to|uid|until|with|within)>%(\s*:|\/)@!/
syntax match ktlOperator /\v<%(
      \and|not|or)>%(\s*:|\/)@!/
syntax match ktlConstant /\v<%(
      \all|false|inherit|kernel|true|usable)>%(\s*:|\/)@!/
syntax match ktlPolicy /\v<%(
      \batch|deadline|ext|fifo|idle|normal|rr)>%(\s*:|\/)@!/
syntax match ktlWorkType /\v<%(
      \affinity_churn|alu_hot|asymmetric_waker|bursty|cache_pipe|cache_pressure|cache_yield|
      \cgroup_attach_storm|cgroup_churn|cross_affinity_churn|custom|epoll_storm|fan_out_compute|fork_exit|
      \futex_fan_out|futex_ping_pong|idle_churn|io_convoy|io_rand_read|io_sync_write|ipc_variance|irq_wake|
      \memory_hog|mixed|mutex_contention|net_traffic|nice_sweep|numa_migration_churn|numa_working_set_sweep|
      \page_fault_churn|pipe_io|policy_churn|preempt_storm|priority_inversion|producer_consumer_imbalance|
      \rt_starvation|schbench|sequence|signal_storm|smt_sibling_spin|spin_wait|taobench|thundering_herd|
      \timer_latency|wake_chain|yield_heavy)>%(\s*:|\/)@!/
syntax match ktlLabel /\v<\h\w*\ze\s*:/

" The name after the word that declares it: cgroup hot {, let period =, for i in, template steady(
syntax match ktlDeclared contained /\v%(<%(for|if)\s+)@<!%(%(add_cgroup|args|assert|attach_scheduler|backdrop|better|binary|budget|capture|capture_procs|cgroup|cgroup_parent|check|clear_cpuset|config|cores|cpu_max|cpu_weight|cpuset|ctprof|detach_scheduler|disable|distances|duration|else|enable|expect|expectations|files|flag|flags|for|freeze|gauntlet|if|io_weight|kernel_args|kernels|kill|let|llcs|memory|memory_high|memory_low|memory_max|memory_swap_max|mems|metric|move_all_tasks|node|output|param|payload|pids_max|pin_map|private|read_kernel|remove_cgroup|repeat|replace_scheduler|requires|restart_scheduler|run|scenario|scenarios|scheduler|seeds|set_affinity|set_cpuset|snapshot|spawn|step|stop_cgroup|swap_cpusets|sysctl|template|threads|topologies|topology|unfreeze|unit|use|wait|watch|work|work_types|workers|write_bpf|write_kernel)>)@!<\h\w*%(\/\w+)*\ze\s*%(\=\=@!|\{)/
syntax match ktlDeclared contained /\v%(<for\s+)@<=\h\w*\ze\s+in>|%(<template\s+)@<=\h\w*\ze\(/

syntax match ktlEscape contained /\\[nt"\\$]/
syntax match ktlBadEscape contained /\\[^nt"\\$]/
syntax region ktlInterpolation contained matchgroup=ktlDelimiter start=/\${/ end=/}/ oneline contains=TOP
syntax region ktlString start=/"/ skip=/\\./ end=/"/ oneline contains=ktlEscape,ktlBadEscape,ktlInterpolation

syntax keyword ktlTodo contained TODO FIXME XXX
syntax match ktlComment /#.*$/ contains=ktlTodo,@Spell

syntax region ktlBlock start=/{/ end=/}/ transparent fold

" lua [[ ... ]], lua [=[ ... ]=] and so on: to the first bracket that closes it, whatever the Lua in it is.
syntax include @ktlLua syntax/lua.vim
unlet! b:current_syntax
syntax region ktlLuaBlock matchgroup=ktlLuaBounds start=/\v<lua\_s*\[\z(\=*)\[/ end=/\]\z1\]/ keepend fold contains=@ktlLua

syntax sync fromstart

highlight default link ktlDeclaration Statement
highlight default link ktlSetting Statement
highlight default link ktlOp Statement
highlight default link ktlExpectation Function
highlight default link ktlWord Keyword
highlight default link ktlOperator Operator
highlight default link ktlConstant Constant
highlight default link ktlPolicy Constant
highlight default link ktlWorkType Type
highlight default link ktlName Normal
highlight default link ktlFunction Function
highlight default link ktlOperator Operator
highlight default link ktlNumber Number
highlight default link ktlCpuList Number
highlight default link ktlTopology Number
highlight default link ktlVersion Number
highlight default link ktlLabel Identifier
highlight default link ktlDeclared Identifier
highlight default link ktlEscape SpecialChar
highlight default link ktlBadEscape Error
highlight default link ktlDelimiter Delimiter
highlight default link ktlString String
highlight default link ktlTodo Todo
highlight default link ktlComment Comment
highlight default link ktlLuaBounds Keyword

let b:current_syntax = 'ktl'
let &cpo = s:cpo
unlet s:cpo
