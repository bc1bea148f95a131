;;; ktl-mode.el --- Editing ktstr's .ktl scenario files  -*- lexical-binding: t -*-
;; SPDX-License-Identifier: GPL-2.0-only

;; Version: 0.1.0
;; Package-Requires: ((emacs "26.1"))
;; Keywords: languages

;;; Commentary:

;; Highlighting, indentation, comments, folding (hs-minor-mode), a menu of declarations (imenu) and snippets for .ktl.
;; Written by editors/generate.py from editors/templates/ktl-mode.el and the parser's list of words.

;;; Code:

(require 'imenu)
(require 'hideshow)

(defgroup ktl nil
  "Editing ktstr's .ktl files."
  :group 'languages)

(defcustom ktl-indent-offset 2
  "Columns of one step of indentation; the canonical layout has 2."
  :type 'integer
  :safe #'integerp)

(defconst ktl-words
  '((declaration font-lock-keyword-face
     "assert" "else" "expectations" "for" "gauntlet" "if" "let" "param" "payload" "private" "scenario"
     "scheduler" "template" "topology" "use" "work")
    (setting font-lock-keyword-face
     "args" "backdrop" "better" "binary" "budget" "capture" "cgroup_parent" "check" "config" "cores"
     "cpu_max" "cpu_weight" "cpuset" "disable" "distances" "duration" "enable" "expect" "files" "flag"
     "flags" "io_weight" "kernel_args" "kernels" "llcs" "memory" "memory_high" "memory_low" "memory_max"
     "memory_swap_max" "mems" "metric" "node" "output" "pids_max" "repeat" "requires" "scenarios" "seeds"
     "step" "sysctl" "threads" "topologies" "unit" "work_types" "workers")
    (op font-lock-keyword-face
     "add_cgroup" "attach_scheduler" "capture_procs" "cgroup" "clear_cpuset" "ctprof" "detach_scheduler"
     "freeze" "kill" "move_all_tasks" "pin_map" "read_kernel" "remove_cgroup" "replace_scheduler"
     "restart_scheduler" "run" "set_affinity" "set_cpuset" "snapshot" "spawn" "stop_cgroup"
     "swap_cpusets" "unfreeze" "wait" "watch" "write_bpf" "write_kernel")
    (expectation font-lock-function-name-face
     "allow" "always" "error" "eventually" "exists" "exit_code" "gap" "include" "isolation" "metrics"
     "progress" "repro" "spread" "throughput" "values")
    (word font-lock-builtin-face
     "affinity" "after" "as" "at_most" "by" "cold" "comm" "contains" "converges" "every" "gid" "host"
     "implies" "in" "inconclusive" "increasing" "lua" "matches" "memory_policy" "nice" "nondecreasing"
     "of" "off" "pcomm" "per" "policy" "powerset" "present" "samples" "steady" "swappable" "times" "to"
     "uid" "until" "with" "within")
    (operator font-lock-builtin-face
     "and" "not" "or")
    (constant font-lock-constant-face
     "all" "false" "inherit" "kernel" "true" "usable")
    (policy font-lock-constant-face
     "batch" "deadline" "ext" "fifo" "idle" "normal" "rr")
    (work_type font-lock-type-face
     "affinity_churn" "alu_hot" "asymmetric_waker" "bursty" "cache_pipe" "cache_pressure" "cache_yield"
     "cgroup_attach_storm" "cgroup_churn" "cross_affinity_churn" "custom" "epoll_storm" "fan_out_compute"
     "fork_exit" "futex_fan_out" "futex_ping_pong" "idle_churn" "io_convoy" "io_rand_read"
     "io_sync_write" "ipc_variance" "irq_wake" "memory_hog" "mixed" "mutex_contention" "net_traffic"
     "nice_sweep" "numa_migration_churn" "numa_working_set_sweep" "page_fault_churn" "pipe_io"
     "policy_churn" "preempt_storm" "priority_inversion" "producer_consumer_imbalance" "rt_starvation"
     "schbench" "sequence" "signal_storm" "smt_sibling_spin" "spin_wait" "taobench" "thundering_herd"
     "timer_latency" "wake_chain" "yield_heavy")
    )
  "The words of the language: (class face word...).")

(defconst ktl-reserved-words
  '("add_cgroup" "args" "assert" "attach_scheduler" "backdrop" "better" "binary" "budget" "capture"
    "capture_procs" "cgroup" "cgroup_parent" "check" "clear_cpuset" "config" "cores" "cpu_max"
    "cpu_weight" "cpuset" "ctprof" "detach_scheduler" "disable" "distances" "duration" "else" "enable"
    "expect" "expectations" "files" "flag" "flags" "for" "freeze" "gauntlet" "if" "io_weight"
    "kernel_args" "kernels" "kill" "let" "llcs" "memory" "memory_high" "memory_low" "memory_max"
    "memory_swap_max" "mems" "metric" "move_all_tasks" "node" "output" "param" "payload" "pids_max"
    "pin_map" "private" "read_kernel" "remove_cgroup" "repeat" "replace_scheduler" "requires"
    "restart_scheduler" "run" "scenario" "scenarios" "scheduler" "seeds" "set_affinity" "set_cpuset"
    "snapshot" "spawn" "step" "stop_cgroup" "swap_cpusets" "sysctl" "template" "threads" "topologies"
    "topology" "unfreeze" "unit" "use" "wait" "watch" "work" "work_types" "workers" "write_bpf"
    "write_kernel"
    )
  "The words that begin statements and cannot be names.")

(defconst ktl-inner-words
  '("affinity" "after" "and" "as" "at_most" "by" "cold" "comm" "contains" "converges" "every" "gid"
    "host" "implies" "in" "inconclusive" "increasing" "lua" "matches" "memory_policy" "nice"
    "nondecreasing" "of" "off" "or" "pcomm" "per" "policy" "powerset" "present" "samples" "steady"
    "swappable" "times" "to" "uid" "until" "with" "within"
    )
  "The words that stand inside of statements: a line can go on with one.")

(defconst ktl-snippets
  '(("scenario" "A scenario: a machine, a load and what must hold"
     "scenario \"|name\" {
  topology 1n1l2c1t
  duration 2s
  cgroup load { workers 2 of spin_wait }
  expect { gap <= 2s }
}")
    ("backdrop" "What lives through every step"
     "backdrop {
  cgroup |steady { workers 1 of spin_wait }
}")
    ("step" "A step: statements, then a hold"
     "step \"|name\" for 50% {
  
}")
    ("cgroup" "A cgroup with its workers"
     "cgroup |name {
  cpuset all
  workers 2 of spin_wait
}")
    ("expect" "What must hold"
     "expect {
  progress
  gap <= |2s
}")
    ("scheduler" "A scheduler under test"
     "scheduler |name {
  binary \"scx_name\"
  args   [\"\"]
}")
    ("payload" "A program of the host that runs in the guest"
     "payload |name {
  binary \"program\"
  args   [\"\"]
  output json
}")
    ("template" "A scenario with parameters"
     "template |name(count = 2) {
  cgroup load { workers count of spin_wait }
}")
    ("gauntlet" "Scenarios over topologies, flags, kernels and seeds"
     "gauntlet \"|name\" {
  scenarios  all
  topologies std.topologies.small
  seeds      1..4
  budget     10min
}")
    ("check" "A check in Lua after the run"
     "check \"|name\" lua [[
  
]]")
    ("for" "Statements for each number or name"
     "for |i in 0..3 {
  cgroup \"load${i}\" { workers 1 of spin_wait }
}")
    ("if" "Statements for some machines or kernels"
     "if |topology.cpus > 4 {
  cgroup more { workers 2 of spin_wait }
}")
    )
  "What `ktl-insert-snippet' inserts: (name description text).
Point ends up at the `|'.")

;;; Syntax

(defvar ktl-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\\ "\\" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?' "." table)
    (dolist (operator '(?+ ?- ?* ?/ ?< ?> ?= ?! ?. ?, ?: ?% ?$))
      (modify-syntax-entry operator "." table))
    table)
  "Syntax table of `ktl-mode'.")

;; A Lua block is one string to Emacs, so that neither its brackets nor its quotes count. Nor do the quotes inside of an
;; interpolation end the string around it.
(defun ktl-syntax-propertize (start end)
  "Mark Lua blocks and the quotes in interpolations between START and END."
  (goto-char start)
  (let ((open (nth 8 (syntax-ppss start))))
    (when (and open (eq (char-after open) ?\[))
      (ktl--propertize-lua-end open end)))
  (while (re-search-forward "\\_<lua\\_>[ \t\n]*\\(\\[\\)=*\\[\\|\\${" end t)
    (let* ((open (match-beginning 1))
           (state (save-excursion (syntax-ppss (match-beginning 0)))))
      (cond
       ((and open (not (nth 8 state)))
        (put-text-property open (1+ open) 'syntax-table (string-to-syntax "|"))
        (ktl--propertize-lua-end open end))
       ((and (not open) (eq (nth 3 state) ?\"))
        (ktl--propertize-interpolation))))))

(defun ktl--propertize-lua-end (open end)
  "Mark the end of the Lua block with its bracket at OPEN, if END is behind it."
  (let ((level (save-excursion (goto-char (1+ open)) (skip-chars-forward "="))))
    (when (re-search-forward (concat "\\]" (make-string level ?=) "\\(\\]\\)") end 'move)
      (put-text-property (match-beginning 1) (match-end 1) 'syntax-table (string-to-syntax "|")))))

(defun ktl--propertize-interpolation ()
  "Go to the `}' on this line; the quotes before it get no meaning."
  (let ((in-string nil))
    (while (and (re-search-forward "\\\\.\\|[\"}]" (line-end-position) 'move)
                (or in-string (not (eq (char-before) ?}))))
      (when (equal (match-string 0) "\"")
        (setq in-string (not in-string))
        (put-text-property (1- (point)) (point) 'syntax-table (string-to-syntax "."))))))

(defconst ktl--name "[A-Za-z_][A-Za-z0-9_]*")

(defun ktl--match-declared (limit)
  "Find the next name before LIMIT that is declared: cgroup hot {, let period =.
Or for i in, template steady(."
  (let ((found nil)
        (pattern (concat (regexp-opt ktl-reserved-words 'symbols)
                         "[ \t]+\\(" ktl--name "\\(?:/[A-Za-z0-9_]+\\)*\\)"
                         "\\(?:[ \t]*\\(?:=[^=]\\|=$\\|{\\)\\|\\([ \t]+in\\_>\\)\\|\\((\\)\\)")))
    (while (and (not found) (re-search-forward pattern limit t))
      (goto-char (match-end 2))
      (setq found (and (not (member (match-string-no-properties 2) ktl-reserved-words))
                       (pcase (match-string-no-properties 1)
                         ("for" (match-beginning 3))
                         ("if" nil)
                         ("template" (match-beginning 4))
                         (_ (not (or (match-beginning 3) (match-beginning 4))))))))
    found))

(defun ktl--match-words (words)
  "Return a matcher for font lock of WORDS that are no part of a longer name."
  (let ((pattern (regexp-opt words 'symbols)))
    (lambda (limit)
      (let ((found nil))
        (while (and (not found) (re-search-forward pattern limit t))
          (let ((start (match-beginning 0)))
            (setq found (not (or (eq (char-after) ?/)
                                 (eq (char-before start) ?/)
                                 (and (eq (char-before start) ?.)
                                      (not (eq (char-before (1- start)) ?.))))))))
        found))))

(defconst ktl-font-lock-keywords
  `((,(concat "\\_<\\(" ktl--name "\\)[ \t]*:") 1 font-lock-variable-name-face)
    (ktl--match-declared 2 font-lock-variable-name-face)
    ,@(mapcar (lambda (class)
                (list (ktl--match-words (cddr class)) 0 (list 'quote (cadr class))))
              ktl-words)
    ("\\_<[0-9]+n[0-9]+l[0-9]+c[0-9]+t\\_>" . font-lock-constant-face)
    ("\\_<v[0-9]+\\(?:\\.[0-9]+\\)+\\_>" . font-lock-constant-face)
    ("\\_<0x[0-9A-Fa-f]+\\_>" . font-lock-constant-face)
    ("\\_<[0-9]+\\(?:-[0-9]+\\)?\\(?:,[0-9]+\\(?:-[0-9]+\\)?\\)+\\_>" . font-lock-constant-face)
    ("\\_<[0-9]+-[0-9]+\\_>" . font-lock-constant-face)
    (,(concat "\\_<[0-9][0-9_]*\\(?:\\.[0-9][0-9_]*\\)?"
              "\\(?:\\(?:ns\\|us\\|ms\\|s\\|min\\|B\\|[KMGT]iB\\)\\_>\\|%\\|/\\(?:ns\\|us\\|ms\\|s\\|min\\)\\_>\\|\\_>\\)")
     . font-lock-constant-face)
    (,(concat "\\_<\\(" ktl--name "\\)(") 1 font-lock-function-name-face)
    ("\\\\[nt\"\\\\$]\\|\\${[^}\n]*}" 0 (ktl--in-string-face) prepend))
  "What `ktl-mode' highlights beside comments and strings.")

(defun ktl--in-string-face ()
  "The face of escapes and interpolations, if the match is in a string of .ktl."
  (let ((open (nth 8 (save-excursion (syntax-ppss (match-beginning 0))))))
    (and open (eq (char-after open) ?\") 'font-lock-preprocessor-face)))

;;; Indentation

(defun ktl--after-code ()
  "Go back from the line at point to the end of the code before it.
Return its last character, nil at the start of the file."
  (beginning-of-line)
  (forward-comment (- (point)))
  (char-before))

(defun ktl--kind (open)
  "What the bracket at OPEN encloses: `statements' or `elements'.
Nil for a group, which has no lines of its own."
  (save-excursion
    (goto-char open)
    (let ((bracket (char-after))
          (before (progn (skip-chars-backward " \t\n") (char-before))))
      (cond
       ((eq bracket ?{) (if (memq before '(?= ?: ?, ?\( ?\[)) 'elements 'statements))
       ((and (eq bracket ?\() (not (memq (char-syntax (or (char-before open) ?\s)) '(?w ?_))))
        (goto-char (1+ open))
        (and (looking-at-p "[ \t]*\\(?:#.*\\)?$") 'elements))
       (t 'elements)))))

(defun ktl--openers ()
  "The open brackets before point, but for groups; the innermost first."
  (let ((openers nil))
    (dolist (open (nth 9 (syntax-ppss)) openers)
      (when (ktl--kind open) (push open openers)))))

(defun ktl--start-of-statement ()
  "Go back to the line that begins what the line at point goes on with."
  (ktl--after-code)
  (beginning-of-line)
  (while (and (not (bobp)) (ktl--goes-on-p))
    (ktl--after-code)
    (beginning-of-line)))

;; Words that begin statements, but inside of these they do not.
(defconst ktl--inner-of
  '(("flags" . "scheduler") ("mems" . "set_cpuset") ("threads" . "\\(?:workers\\|spawn\\)")))

(defun ktl--goes-on-p ()
  "Whether the line at point goes on with what the one before it has begun."
  (save-excursion
    (back-to-indentation)
    (let* ((start (point))
           (word (and (looking-at "\\_<[A-Za-z_]+\\_>[^.(/:]\\|\\_<[A-Za-z_]+$") (current-word t)))
           (inner-of (cdr (assoc word ktl--inner-of)))
           (before (ktl--after-code)))
      (cond
       ((memq before '(nil ?\[ ?\( ?{)) nil)
       ((eq before ?,)
        (goto-char start)
        (let ((open (car (ktl--openers)))) (or (null open) (eq (ktl--kind open) 'statements))))
       (inner-of
        (goto-char start)
        (ktl--start-of-statement)
        (looking-at-p (concat "[ \t]*" inner-of "\\_>")))
       (t
        (goto-char start)
        (cond
         ((equal word "for") (not (looking-at-p "for[ \t]+[A-Za-z0-9_]+[ \t]+in\\_>")))
         ((equal word "if") (looking-at-p "if[ \t]+present\\_>"))
         (t (or (member word ktl-inner-words)
                (looking-at-p "[-+*/<>]\\|[=!]=\\|\\.\\.")))))))))

(defun ktl--aligned-comment-p ()
  "Whether the line at point is a comment that goes on with one behind code.
It then stands right below, in the same column."
  (save-excursion
    (back-to-indentation)
    (let ((column (current-column)))
      (when (and (> column 0) (eq (char-after) ?#))
        (while (and (zerop (forward-line -1))
                    (progn (back-to-indentation) (eq (char-after) ?#))
                    (= (current-column) column)))
        (move-to-column column)
        (and (eq (char-after) ?#) (= (current-column) column) (> column (current-indentation))
             (not (nth 8 (syntax-ppss))))))))

(defun ktl--base (open)
  "The indentation of the statement or line that the bracket at OPEN is of."
  (save-excursion
    (goto-char open)
    (- (current-indentation)
       (if (and (eq (ktl--kind open) 'statements) (ktl--goes-on-p)) (* 2 ktl-indent-offset) 0))))

(defun ktl--indentation ()
  "The column for the line at point; nil for what is left alone.
That are Lua, and comments that go on in their column."
  (save-excursion
    (beginning-of-line)
    (let* ((state (syntax-ppss))
           (closers (save-excursion
                      (let ((start (point)))
                        (skip-chars-forward " \t])}")
                        (length (replace-regexp-in-string "[ \t]" "" (buffer-substring start (point)))))))
           (openers (if (zerop closers) (ktl--openers) (reverse (nth 9 state)))))
      (cond
       ((nth 3 state)
        (when (looking-at-p "[ \t]*\\]=*\\]")
          (goto-char (nth 8 state))
          (current-indentation)))
       ((ktl--aligned-comment-p) nil)
       (t
        (+ (if openers (ktl--base (or (nth (max 0 (1- closers)) openers) (car (last openers)))) 0)
           (if (and openers (zerop closers)) ktl-indent-offset 0)
           (if (ktl--goes-on-p) (* 2 ktl-indent-offset) 0)))))))

(defun ktl-indent-line ()
  "Indent the line.
One step per open bracket, two more for a line that goes on with a statement."
  (interactive)
  (let ((column (ktl--indentation)))
    (if (null column)
        'noindent
      (if (<= (current-column) (current-indentation))
          (indent-line-to column)
        (save-excursion (indent-line-to column))))))

;;; Snippets

(defun ktl-insert-snippet (name)
  "Insert the snippet NAME, such as scenario, and go to its first place to fill in."
  (interactive (list (completing-read "Insert: " ktl-snippets nil t)))
  (let ((start (point-marker))
        (parts (split-string (nth 2 (or (assoc name ktl-snippets) (user-error "There is no snippet %s" name))) "|")))
    (insert (car parts))
    (let ((place (point-marker)))
      (insert (cadr parts))
      (indent-region start (point))
      (goto-char place))))

;;; The mode

(defvar ktl-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-s") #'ktl-insert-snippet)
    map)
  "Keys of `ktl-mode'.")

(defconst ktl-imenu-generic-expression
  `((nil "^[ \t]*scenario[ \t]+\"?\\([^\"\n{=]*[^\"\n{= \t]\\)" 1)
    ("Steps" "^[ \t]*step[ \t]+\"\\([^\"\n]+\\)\"" 1)
    ("Definitions" ,(concat "^[ \t]*\\(?:let\\|work\\|topology\\|scheduler\\|payload\\|template\\|param\\)[ \t]+\\("
                            ktl--name "\\)[ \t]*[={(]") 1))
  "What `imenu' lists.")

;;;###autoload
(define-derived-mode ktl-mode prog-mode "ktl"
  "Major mode for ktstr's .ktl scenario files."
  (setq-local comment-start "# ")
  (setq-local comment-end "")
  (setq-local comment-start-skip "#+[ \t]*")
  (setq-local syntax-propertize-function #'ktl-syntax-propertize)
  (setq-local font-lock-defaults '(ktl-font-lock-keywords))
  (setq-local indent-line-function #'ktl-indent-line)
  (setq-local indent-tabs-mode nil)
  (setq-local electric-indent-chars (append "{}[]()" electric-indent-chars))
  (setq-local imenu-generic-expression ktl-imenu-generic-expression))

(add-to-list 'hs-special-modes-alist '(ktl-mode "{" "}" "#" nil nil))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.ktl\\'" . ktl-mode))

(provide 'ktl-mode)
;;; ktl-mode.el ends here
