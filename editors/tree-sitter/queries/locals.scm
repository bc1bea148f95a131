; SPDX-License-Identifier: GPL-2.0-only
[(source_file) (block)] @local.scope

(name) @local.definition

(identifier) @local.reference
