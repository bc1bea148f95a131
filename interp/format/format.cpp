// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/format.h"

#include "interp/format/columns.h"
#include "interp/format/layout.h"
#include "interp/format/tokens.h"
#include "interp/syntax/parse.h"

namespace ktstr::format {

std::optional<std::string> format(const SourceFile& source, Diagnostics& diagnostics) {
    const std::size_t errors = diagnostics.errors();
    const syntax::Tree tree = syntax::parse(source, diagnostics);
    if (diagnostics.errors() > errors) return std::nullopt;
    const TokenStream stream = tokenize(source.text(), tree);
    return align(lay_out(stream));
}

} // namespace ktstr::format
