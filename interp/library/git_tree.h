// SPDX-License-Identifier: GPL-2.0-only
// The files of a library out of a git tree.
#pragma once

#include "interp/library/content.h"
#include "base/git_handles.h"

namespace ktstr::library {

// The content below `folder` ("" for all) of the tree of a commit. Submodules are not followed.
Result<Content> read_tree(git_repository* repository, const git_tree* top, const std::string& folder);

} // namespace ktstr::library
