; SPDX-License-Identifier: GPL-2.0-only
[(source_file) (block)] @local.scope

(statement (keyword) . (identifier) @local.definition . "=")
(statement (keyword) . [(identifier) (path)] @local.definition . body: (block))

(identifier) @local.reference
