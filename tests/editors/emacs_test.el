;;; emacs_test.el --- Emacs on every text  -*- lexical-binding: t -*-
;; SPDX-License-Identifier: GPL-2.0-only
;;; Commentary:
;; emacs --batch -l emacs_test.el ROOT TEXTS SENTENCE: each line with TEST: and a sentence is one test, the form under it.
;;; Code:
(require 'cl-lib)
(require 'json)

(defvar test-root (pop command-line-args-left))
(defvar test-texts (pop command-line-args-left))
(defvar test-sentence (pop command-line-args-left))
(defvar test-failures nil)
(defvar test-cases nil "The test functions, in order.")

(load (expand-file-name "editors/emacs/ktl-mode.el" test-root) nil t)

(defun test-json (file)
  (with-temp-buffer
    (insert-file-contents file)
    (json-parse-buffer :object-type 'alist :array-type 'list)))

(defun test-fail (format-string &rest arguments)
  (push (apply #'format format-string arguments) test-failures))

(defun test-same (wanted got what)
  (unless (equal wanted got) (test-fail "%s: expected %S, got %S" what wanted got)))

(defmacro test-with-text (text &rest body)
  "Run BODY in a fontified buffer of `ktl-mode' that holds TEXT."
  (declare (indent 1))
  `(with-temp-buffer
     (insert ,text)
     (ktl-mode)
     (font-lock-ensure)
     (goto-char (point-min))
     ,@body))

(defun test-go (line column)
  (goto-char (point-min))
  (forward-line line)
  (forward-char column))

(defun test-face (position)
  (let ((face (get-text-property position 'face)))
    (if (listp face) (car (last face)) face)))

(defun test-face-of (kind)
  (pcase kind
    ("string" 'font-lock-string-face)
    ("comment" 'font-lock-comment-face)
    ("number" 'font-lock-constant-face)
    ("label" 'font-lock-variable-name-face)
    ("declared" 'font-lock-variable-name-face)
    ("lua" 'font-lock-string-face)
    (_ (cadr (or (assq (intern kind) ktl-words) (error "No words of the class %s" kind))))))

;; TEST: Emacs highlights every keyword, name, string, comment, number and Lua of every text as what it is
(push (lambda ()
  (let ((seen 0))
    (dolist (text (test-json test-texts))
      (let-alist text
        (test-with-text .text
          (dolist (token .tokens)
            (let-alist token
              (test-go .line .column)
              (dolist (position (list (point) (+ (point) (length .text) -1)))
                (let ((face (test-face position)))
                  (unless (or (eq face (test-face-of .kind))
                              (and (equal .kind "comment") (eq face 'font-lock-comment-delimiter-face)))
                    (test-fail "%s:%d:%d: %s is %S" (alist-get 'name text) (1+ .line) (1+ .column) .text face))))
              (cl-incf seen))))))
    (when (< seen 1000) (test-fail "only %d tokens were looked at" seen)))) test-cases)

;; TEST: Emacs highlights every word of the language
(push (lambda ()
  (dolist (class (test-json (expand-file-name "editors/words.json" test-root)))
    (dolist (word (cdr class))
      (let ((face (test-face-of (symbol-name (car class)))))
        (test-with-text (format "%s\nx_%s std.%s\n%s: 1\n" word word word word)
          (test-same face (test-face (point)) word)
          (forward-line 1)
          (test-same nil (test-face (+ (point) 2)) (concat "x_" word))
          (test-same nil (test-face (+ (point) (length word) 7)) (concat "std." word))
          (forward-line 1)
          (test-same 'font-lock-variable-name-face (test-face (point)) (concat word ":"))))))) test-cases)

;; TEST: Emacs lays every text out again after all its indentation was taken away
(push (lambda ()
  (dolist (text (test-json test-texts))
    (let-alist text
      (when (eq .laid_out t)
        (test-with-text (string-join (cl-loop for line in (split-string .text "\n") for number from 0
                                              collect (if (memq number .kept) line (string-trim-left line)))
                                     "\n")
          (let ((inhibit-message t)) (indent-region (point-min) (point-max)))
          (cl-loop for wanted in (split-string .text "\n")
                   for got in (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n")
                   for number from 1
                   do (test-same wanted got (format "%s:%d" .name number)))))))) test-cases)

;; TEST: Emacs knows .ktl files, comments lines and takes the comments away again
(push (lambda ()
  (let ((file (make-temp-file "ktl" nil ".ktl" "step {\n  freeze a\n}\n")))
    (unwind-protect
        (with-current-buffer (find-file-noselect file)
          (test-same 'ktl-mode major-mode "the mode")
          (test-same nil indent-tabs-mode "tabs")
          (comment-region (point-min) (point-max))
          (test-same "# step {\n#   freeze a\n# }\n" (buffer-string) "commented")
          (uncomment-region (point-min) (point-max))
          (test-same "step {\n  freeze a\n}\n" (buffer-string) "uncommented")
          (goto-char (point-min))
          (end-of-line)
          (comment-dwim nil)
          (test-same t (looking-back "# ?" (line-beginning-position)) "a comment at the end of a line")
          (set-buffer-modified-p nil)
          (kill-buffer))
      (delete-file file)))) test-cases)

;; TEST: Emacs folds blocks and lists the declarations of a file
(push (lambda ()
  (test-with-text "let a = 1\nscenario \"b\" {\n  step \"c\" {\n    freeze d\n  }\n}\n"
    (hs-minor-mode 1)
    (forward-line 2)
    (end-of-line)
    (hs-hide-block)
    (test-go 3 4)
    (test-same t (and (invisible-p (point)) t) "the inside of a folded step")
    (let ((inhibit-message t)) (hs-show-all))
    (let ((index (imenu--make-index-alist t)))
      (test-same t (and (assoc "b" index) t) "the scenario")
      (test-same t (and (assoc "c" (cdr (assoc "Steps" index))) t) "the step")
      (test-same t (and (assoc "a" (cdr (assoc "Definitions" index))) t) "the definition")))) test-cases)

;; TEST: Emacs inserts every snippet, laid out, and goes to its first place
(push (lambda ()
  (let ((snippets (test-json (expand-file-name "editors/vscode/snippets/ktl.json" test-root))))
    (test-same (length snippets) (length ktl-snippets) "as many as in VS Code")
    (dolist (snippet ktl-snippets)
      (test-with-text "scenario \"s\" {\n\n}\n"
        (forward-line 1)
        (let ((inhibit-message t)) (ktl-insert-snippet (car snippet)))
        (test-same t (< 16 (point) (- (point-max) 2)) (concat "the place in " (car snippet)))
        (test-same nil (string-match-p "|" (buffer-string)) "no place left open")
        (test-same 0 (car (syntax-ppss (point-max))) (concat (car snippet) " is balanced"))
        (test-go 1 0)
        (test-same 2 (current-indentation) (concat "the indentation of " (car snippet))))))) test-cases)

;; TEST: Emacs compiles the mode without a warning
(push (lambda ()
  (let* ((source (expand-file-name "editors/emacs/ktl-mode.el" test-root))
         (output (make-temp-file "ktl" nil ".elc"))
         (byte-compile-error-on-warn t)
         (byte-compile-dest-file-function (lambda (_) output)))
    (unwind-protect (test-same t (byte-compile-file source) "compiled")
      (delete-file output)))) test-cases)

(let* ((sentences (with-temp-buffer
                    (insert-file-contents load-file-name)
                    (cl-loop while (re-search-forward "^;; TEST: \\(.*\\)" nil t) collect (match-string 1))))
       (index (cl-position test-sentence sentences :test #'equal)))
  (test-same (length sentences) (length test-cases) "tests")
  (if index
      (funcall (nth index (reverse test-cases)))
    (test-fail "there is no such test"))
  (dolist (failure (last test-failures 20)) (message "%s" failure))
  (kill-emacs (if test-failures 1 0)))
;;; emacs_test.el ends here
