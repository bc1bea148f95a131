" SPDX-License-Identifier: GPL-2.0-only
" Indentation of .ktl: one step per open bracket, one more for a line that goes on with an operator. Lua is left alone.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=GetKtlIndent() indentkeys=0{,0},0],0),!^F,o,O nolisp nosmartindent autoindent
let b:undo_indent = 'setlocal indentexpr< indentkeys< lisp< smartindent< autoindent<'

if exists('*GetKtlIndent')
  finish
endif

" The line without its strings' content and its comment.
function! s:Code(lnum)
  let line = substitute(getline(a:lnum), '"\%([^"\\]\|\\.\)*"', '""', 'g')
  return substitute(line, '#.*$', '', '')
endfunction

" Whether the line begins inside of `lua [[ ... ]]`. Looks at the text, not at the syntax, which may be off.
function! s:InLua(lnum)
  let view = winsaveview()
  call cursor(a:lnum, 1)
  let start = search('\<lua\_s*\[\[', 'bnW')
  let end = search('\]\]', 'bnW')
  call winrestview(view)
  return start > end || (start > 0 && start == end && match(getline(start), '\]\].*\<lua\s*\[\[') >= 0)
endfunction

function! s:LeadingClosers(code)
  return strlen(substitute(matchstr(a:code, '^[] \t})]*'), '\s', '', 'g'))
endfunction

" Whether the line goes on with what the one before it has begun.
function! s:Continues(code)
  return a:code =~# '^\s*\%([-+*/<>]\|[=!]=\|\.\.\|\%(and\|or\)\>\)'
endfunction

function! GetKtlIndent()
  if s:InLua(v:lnum)
    return getline(v:lnum) =~# '^\s*\]\]' ? s:ClosingLua(v:lnum) : indent(v:lnum)
  endif
  let previous = prevnonblank(v:lnum - 1)
  while previous > 0 && (s:Code(previous) =~# '^\s*$' || s:InLua(previous))
    let previous = prevnonblank(previous - 1)
  endwhile
  if previous == 0
    return 0
  endif
  let code = s:Code(previous)
  let levels = s:Continues(code) ? -1 : 0
  let rest = substitute(code, '^[] \t})]*', '', '')
  " The bounds of a Lua block are no brackets.
  let rest = substitute(rest, '\<lua\s*\[\[.*$', '', '')
  let levels += strlen(substitute(rest, '[^[{(]', '', 'g')) - strlen(substitute(rest, '[^]})]', '', 'g'))
  let current = s:Code(v:lnum)
  let levels += s:Continues(current) - s:LeadingClosers(current)
  return max([0, indent(previous) + levels * shiftwidth()])
endfunction

" The ]] of a Lua block stands under the statement that opened it.
function! s:ClosingLua(lnum)
  let view = winsaveview()
  call cursor(a:lnum, 1)
  let start = search('\<lua\_s*\[\[', 'bnW')
  call winrestview(view)
  return indent(start)
endfunction
