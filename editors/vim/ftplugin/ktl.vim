" SPDX-License-Identifier: GPL-2.0-only
" Comments, folding and the canonical width of an indent for .ktl.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:# formatoptions-=t formatoptions+=croql
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal suffixesadd=.ktl
" Blocks and Lua can be folded; a file opens unfolded.
setlocal foldmethod=syntax foldlevel=99

let b:undo_ftplugin = 'setlocal commentstring< comments< formatoptions< expandtab< shiftwidth< softtabstop<'
      \ . ' suffixesadd< foldmethod< foldlevel<'
