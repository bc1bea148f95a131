" SPDX-License-Identifier: GPL-2.0-only
" Vim and Neovim on every text. Sourced with g:root, g:texts (a file) and g:sentence set: each line with TEST: and a
" sentence is one test, the function under it. Ends the editor with 1 if the test fails.
set nocompatible noswapfile encoding=utf-8 nomodeline
execute 'set runtimepath^=' . fnameescape(g:root . '/editors/vim')
filetype plugin indent on
syntax on

let s:failures = []
function! s:Fail(what)
  call add(s:failures, a:what)
endfunction
function! s:Same(wanted, got, what)
  if type(a:wanted) != type(a:got) || a:wanted != a:got
    call s:Fail(a:what . ': expected ' . string(a:wanted) . ', got ' . string(a:got))
  endif
endfunction

let s:words = json_decode(join(readfile(g:root . '/editors/words.json'), "\n"))
let s:texts = json_decode(join(readfile(g:texts), "\n"))
let s:folder = tempname()
call mkdir(s:folder)

" Opens the lines as a .ktl file of its own.
function! s:Open(lines)
  silent! bwipeout!
  call writefile(a:lines, s:folder . '/text.ktl')
  execute 'silent edit ' . fnameescape(s:folder . '/text.ktl')
endfunction

function! s:GroupAt(line, column)
  let ids = synstack(a:line + 1, a:column + 1)
  return empty(ids) ? '' : synIDattr(ids[-1], 'name')
endfunction

function! s:GroupOf(kind)
  return 'ktl' . join(map(split(a:kind, '_'), 'substitute(v:val, ".", "\\u&", "")'), '')
endfunction

let s:looks = {'number': 'ktl\%(Number\|CpuList\|Topology\|Version\)', 'comment': 'ktlComment\|ktlTodo', 'lua': 'lua.*'}

" TEST: highlights every keyword, name, string, comment, number and Lua of every text as what it is
function! s:Highlights()
  let seen = 0
  for text in s:texts
    call s:Open(split(text.text, "\n", 1))
    for token in text.tokens
      let wanted = get(s:looks, token.kind, s:GroupOf(token.kind))
      for column in [token.column, token.column + strlen(token.text) - 1]
        let group = s:GroupAt(token.line, column)
        " Lua's plain names have no group of their own, but they stand in the block.
        if token.kind ==# 'lua'
          let names = map(synstack(token.line + 1, column + 1), 'synIDattr(v:val, "name")')
          let group = index(names, 'ktlLuaBlock') >= 0 ? 'lua' : group
        elseif token.text ==# 'lua'
          let wanted = 'ktlLuaBounds'
        endif
        if group !~# '^\%(' . wanted . '\)$'
          call s:Fail(printf('%s:%d:%d: %s is %s', text.name, token.line + 1, column + 1, token.text, group))
        endif
      endfor
      let seen += 1
    endfor
  endfor
  if seen < 1000
    call s:Fail('only ' . seen . ' tokens were looked at')
  endif
endfunction

" TEST: highlights every word of the language, and each of its groups has a look
function! s:Words()
  for [kind, words] in items(s:words)
    call s:Same(1, synIDattr(synIDtrans(hlID(s:GroupOf(kind))), 'name') !=# s:GroupOf(kind), 'the look of ' . kind)
    for word in words
      call s:Open([word, 'x_' . word . ' ' . word . '_x std.' . word, word . ': 1'])
      call s:Same(s:GroupOf(kind), s:GroupAt(0, 0), word)
      call s:Same(0, stridx(s:GroupAt(1, 2), 'ktlName'), 'x_' . word)
      call s:Same(0, stridx(s:GroupAt(1, 2 * strlen(word) + 10), 'ktlName'), 'std.' . word)
      call s:Same('ktlLabel', s:GroupAt(2, 0), word . ':')
    endfor
  endfor
endfunction

" TEST: lays every text out again after all its indentation was taken away
function! s:Indentation()
  for text in s:texts
    if !text.laid_out
      continue
    endif
    let lines = split(text.text, "\n")
    call s:Open(map(copy(lines), 'index(text.kept, v:key) >= 0 ? v:val : substitute(v:val, "^\\s\\+", "", "")'))
    silent normal! gg=G
    let got = getline(1, '$')
    for number in range(len(lines))
      call s:Same(lines[number], got[number], text.name . ':' . (number + 1))
    endfor
  endfor
endfunction

" TEST: knows .ktl files, how to comment a line, and how wide an indent is
function! s:Settings()
  call s:Open(['scenario "a" {'])
  call s:Same('ktl', &filetype, 'filetype')
  call s:Same('# %s', &commentstring, 'commentstring')
  call s:Same(2, shiftwidth(), 'shiftwidth')
  call s:Same(1, &expandtab, 'expandtab')
  call s:Open(['# one'])
  execute "normal! A two\<CR>three"
  call s:Same(['# one two', '# three'], getline(1, '$'), 'a comment goes on in the next line')
  call s:Open([''])
  execute "normal! iscenario \"a\" {\<CR>duration 2s\<CR>}\<CR>"
  call s:Same(['scenario "a" {', '  duration 2s', '}', ''], getline(1, '$'), 'indentation while typing')
endfunction

" TEST: folds blocks and Lua, and opens a file unfolded
function! s:Folds()
  call s:Open(['scenario "a" {', '  step "b" {', '    freeze c', '  }', '  check "d" lua [[', '    x()', '  ]]', '}', 'let e = 1'])
  call s:Same([1, 2, 2, 2, 2, 2, 2, 1, 0], map(range(1, 9), 'foldlevel(v:val)'), 'foldlevels')
  call s:Same(-1, foldclosed(3), 'closed at the start')
  silent normal! zM
  call s:Same(8, foldclosedend(1), 'the end of the closed fold')
endfunction

let s:lines = readfile(expand('<sfile>:p'))
let s:at = index(s:lines, '" TEST: ' . g:sentence)
if s:at < 0
  call s:Fail('there is no such test')
else
  try
    call call('s:' . matchstr(s:lines[s:at + 1], 's:\zs\w\+'), [])
  catch
    call s:Fail(v:exception . ' at ' . v:throwpoint)
  endtry
endif
call delete(s:folder, 'rf')
if !empty(s:failures)
  call writefile(s:failures[0:19] + [len(s:failures) . ' differences'], '/dev/stderr')
  cquit
endif
qall!
