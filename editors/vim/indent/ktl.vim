" SPDX-License-Identifier: GPL-2.0-only
" Indentation of .ktl, as in its one layout: a step per open bracket, two more for a line that goes on with a statement. Lua
" is left alone. Written by editors/generate.py from editors/templates/indent.vim and the parser's list of words.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=GetKtlIndent() indentkeys=0{,0},0],0),!^F,o,O nolisp nosmartindent autoindent
let b:undo_indent = 'setlocal indentexpr< indentkeys< lisp< smartindent< autoindent<'

if exists('*GetKtlIndent')
  finish
endif

" Words that stand inside of statements: a line that begins with one goes on with what the one before has begun.
let s:inner_words = [
      \ 'affinity', 'after', 'and', 'as', 'at_most', 'by', 'cold', 'comm', 'contains', 'converges', 'every',
      \ 'gid', 'host', 'implies', 'in', 'inconclusive', 'increasing', 'lua', 'matches', 'memory_policy',
      \ 'nice', 'nondecreasing', 'of', 'off', 'or', 'pcomm', 'per', 'policy', 'powerset', 'present',
      \ 'samples', 'steady', 'swappable', 'times', 'to', 'uid', 'until', 'with', 'within'
      \]
" Words that begin statements, but inside of these (by their first word) they do not.
let s:inner_of = {'flags': 'scheduler', 'mems': 'set_cpuset', 'threads': '\%(workers\|spawn\)'}

let s:lua_open = '\<lua\_s*\[=*\['
let s:string = '"\%([^"\\$]\|\\.\|\$\%({\)\@!\|\${\%([^"}]\|"\%([^"\\]\|\\.\)*"\)*}\)*"'
let s:lua = '\<lua\s*\[\(=*\)\[.\{-}\]\1\]\|' . s:lua_open . '.*$'

" Where the Lua block begins and ends that line LNUM begins in, as [line, line, column behind its end]; an end that is
" missing is after the last line. [] if there is none.
function! s:LuaAround(lnum)
  let view = winsaveview()
  call cursor(a:lnum, 1)
  let start = search(s:lua_open, 'bnW')
  let around = []
  if start > 0
    call cursor(start, len(getline(start)))
    call search(s:lua_open, 'bcW')
    call search('\[=*\[', 'cW')
    let level = matchstr(getline('.'), '^\[\zs=*', col('.') - 1)
    let end = searchpos('\]' . level . '\]', 'nW')
    if end[0] == 0
      let around = [start, line('$') + 1, 0]
    elseif end[0] >= a:lnum
      let around = [start, end[0], end[1] + len(level) + 2]
    endif
  endif
  call winrestview(view)
  return around
endfunction

" The line without its Lua, its comment and what is in its strings.
function! s:Code(lnum)
  let around = s:LuaAround(a:lnum)
  if !empty(around) && around[1] > a:lnum
    return ''
  endif
  let text = strpart(getline(a:lnum), empty(around) ? 0 : around[2] - 1)
  return substitute(text, s:string . '\|' . s:lua . '\|#.*$', '\=submatch(0)[0] ==# "#" ? "" : "\"\""', 'g')
endfunction

" The last line with code before line LNUM; 0 if there is none.
function! s:CodeBefore(lnum)
  let lnum = prevnonblank(a:lnum - 1)
  while lnum > 0 && s:Code(lnum) =~# '^\s*$'
    let lnum = prevnonblank(lnum - 1)
  endwhile
  return lnum
endfunction

" What the bracket at CODE[AT] encloses: statements, elements, or nothing that has lines of its own.
function! s:KindOf(code, at)
  let before = matchstr(strpart(a:code, 0, a:at), '\S\ze\s*$')
  if a:code[a:at] ==# '{'
    return before =~# '[=:,([]' ? 'elements' : 'statements'
  endif
  let is_group = a:code[a:at] ==# '(' && a:code[a:at - 1] !~# '\w' && strpart(a:code, a:at + 1) =~# '\S'
  return is_group ? 'nothing' : 'elements'
endfunction

" The line of the bracket that is open before line LNUM, and its kind, if CLOSED of them are closed there; [0, 'statements']
" if none is open.
function! s:Opener(lnum, closed)
  let depth = a:closed
  let lnum = s:CodeBefore(a:lnum)
  while lnum > 0
    let code = s:Code(lnum)
    for at in range(len(code) - 1, 0, -1)
      if code[at] =~# '[])}]'
        let depth += 1
      elseif code[at] =~# '[[({]'
        let kind = s:KindOf(code, at)
        if depth > 1 || (depth == 1 && a:closed == 0)
          let depth -= 1
        elseif kind !=# 'nothing' || a:closed > 0
          return [lnum, kind]
        endif
      endif
    endfor
    " A declaration at the margin stands in no bracket.
    if depth == 0 && code =~# '^\h'
      break
    endif
    let lnum = s:CodeBefore(lnum)
  endwhile
  return [0, 'statements']
endfunction

" The line in which the statement begins that line LNUM goes on with.
function! s:Start(lnum)
  let lnum = s:CodeBefore(a:lnum)
  while lnum > 1 && s:GoesOn(lnum)
    let lnum = s:CodeBefore(lnum)
  endwhile
  return lnum
endfunction

" Whether the line goes on with what the one before it has begun.
function! s:GoesOn(lnum)
  let before = s:CodeBefore(a:lnum)
  let end = before > 0 ? matchstr(s:Code(before), '\S\ze\s*$') : '{'
  if end =~# '[[({]'
    return 0
  elseif end ==# ','
    return s:Opener(a:lnum, 0)[1] ==# 'statements'
  endif
  let code = s:Code(a:lnum)
  let word = matchstr(code, '^\s*\zs\h\w*\>\%(\s*:\|[(.\/]\)\@!')
  if word ==# 'for'
    return code !~# '^\s*for\s\+\h\w*\s\+in\>'
  elseif word ==# 'if'
    return code =~# '^\s*if\s\+present\>'
  elseif has_key(s:inner_of, word)
    return s:Code(s:Start(a:lnum)) =~# '^\s*' . s:inner_of[word] . '\>'
  endif
  return index(s:inner_words, word) >= 0 || code =~# '^\s*\%([-+*/<>]\|[=!]=\|\.\.\)'
endfunction

" Whether the line is a comment that goes on in the column of the one behind the code above.
function! s:IsAlignedComment(lnum)
  let column = match(getline(a:lnum), '^\s*\zs#')
  let lnum = a:lnum - 1
  while column > 0 && match(getline(lnum), '^\s*\zs#') == column
    let lnum -= 1
  endwhile
  return column > 0 && getline(lnum)[column] ==# '#' && s:Code(lnum) =~# '\S' &&
        \ s:Code(lnum) ==# substitute(strpart(getline(lnum), 0, column), s:string . '\|' . s:lua, '""', 'g')
endfunction

function! GetKtlIndent()
  let lua = s:LuaAround(v:lnum)
  if !empty(lua)
    return lua[1] == v:lnum && getline(v:lnum) =~# '^\s*\]' ? indent(lua[0]) : -1
  elseif s:IsAlignedComment(v:lnum)
    return -1
  endif
  let closers = strlen(substitute(matchstr(s:Code(v:lnum), '^[] \t})]*'), '\s', '', 'g'))
  let [opener, kind] = s:Opener(v:lnum, closers)
  let base = opener == 0 ? 0 : indent(opener)
  if opener > 0 && kind ==# 'statements' && s:GoesOn(opener)
    let base -= 2 * shiftwidth()
  endif
  let inside = opener > 0 && closers == 0
  return base + (inside + 2 * s:GoesOn(v:lnum)) * shiftwidth()
endfunction
