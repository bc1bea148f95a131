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

"@words@
syntax match ktlLabel /\v<\h\w*\ze\s*:/

" The name after the word that declares it: cgroup hot {, let period =, for i in, template steady(
syntax match ktlDeclared contained /\v%(<%(for|if)\s+)@<!%(%(@reserved@)>)@!<\h\w*%(\/\w+)*\ze\s*%(\=\=@!|\{)/
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

"@links@
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
