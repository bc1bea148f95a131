// SPDX-License-Identifier: GPL-2.0-only
#include "interp/compile/declarations.h"

#include <algorithm>

#include "interp/check/evaluate.h"
#include "interp/syntax/find_files.h"

namespace ktstr {

namespace {

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// Where the comment of a line begins, past strings; npos if it has none.
std::size_t comment_start(std::string_view line) {
    bool in_string = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"' && (i == 0 || line[i - 1] != '\\')) in_string = !in_string;
        if (line[i] == '#' && !in_string) return i;
    }
    return std::string_view::npos;
}

// The comment behind the declaration's first line, else the lines of comment right above it.
std::string comment_of(const check::Symbol& symbol) {
    const SourceFile& file = *symbol.span.file;
    const int line = symbol.span.line();
    const std::string_view own = file.line(line);
    if (const auto start = comment_start(own); start != std::string_view::npos) return trimmed(own.substr(start + 1));
    std::string text;
    for (int above = line - 1; above >= 1; --above) {
        const std::string comment = trimmed(file.line(above));
        if (!comment.starts_with('#')) break;
        text = trimmed(std::string_view(comment).substr(1)) + (text.empty() ? "" : " ") + text;
    }
    return text;
}

class Collector {
  public:
    Collector() : names_(diagnostics_), evaluator_(names_, diagnostics_, environment_) {}

    void add(const check::Module& module, const std::string& shown, std::vector<Declaration>& out) {
        for (const auto& [name, symbol] : module.symbols)
            if (!symbol.is_private) out.push_back({name, std::string(symbol.kind()), shown, summary_of(symbol)});
    }

  private:
    std::string summary_of(const check::Symbol& symbol) {
        const std::string comment = comment_of(symbol);
        if (symbol.kind() != "topology") return comment;
        const auto value = evaluator_.value_of(symbol, symbol.span);
        if (!value || value->type != check::Type::topology) return comment;
        return value->topology.label() + (comment.empty() ? "" : ": ") + comment;
    }

    Diagnostics diagnostics_; // of values: `ktstr check` is for them
    check::Environment environment_;
    check::Names names_;
    check::Evaluator evaluator_;
};

} // namespace

Result<Declarations> declarations(const std::vector<std::filesystem::path>& paths) {
    const auto files = syntax::find_files(paths);
    if (!files) return files.error();
    Declarations out;
    Diagnostics diagnostics;
    check::Modules modules(diagnostics);
    Collector collector;
    for (const auto& [name, module] : modules.standard()) collector.add(*module, name, out.found);
    for (const auto& file : *files) collector.add(modules.load(file, file.string()), file.string(), out.found);
    out.diagnostics = diagnostics.take();
    return out;
}

} // namespace ktstr
