// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "interp/format/diff.h"
#include "interp/format/format.h"
#include "interp/format/rewrite.h"
#include "interp/syntax/find_files.h"
#include "interp/syntax/read_source.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct FmtOptions {
    std::vector<fs::path> paths;
    bool check = false;
    bool diff = false;
};

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF"; // which the sources in memory lack

// One file, or standard input, before and after.
struct Texts {
    std::string name;
    std::string before;
    std::string after;
};

std::optional<Texts> complain_of(Diagnostics& diagnostics) {
    print(diagnostics.take());
    return std::nullopt;
}

// Nothing, and a message, if it is no .ktl text.
std::optional<Texts> format_text(const SourcePtr& source, std::string before, Diagnostics& diagnostics) {
    if (!source) return complain_of(diagnostics);
    auto after = format::format(*source, diagnostics);
    if (!after) return complain_of(diagnostics);
    if (after->size() > syntax::max_source_bytes) {
        complain({source->shown() + " would be larger than " + std::to_string(syntax::max_source_bytes) + " bytes",
                  "split it into several files"});
        return std::nullopt;
    }
    return Texts{source->shown(), std::move(before), std::move(*after)};
}

std::optional<Texts> format_file(const fs::path& path) {
    Diagnostics diagnostics;
    const SourcePtr source = syntax::read_source(path, path.string(), path.string(), diagnostics);
    std::string before;
    std::error_code code;
    if (source && fs::file_size(path, code) > source->text().size()) before = byte_order_mark;
    if (source) before += source->text();
    return format_text(source, std::move(before), diagnostics);
}

std::optional<Texts> format_standard_input() {
    std::string text(syntax::max_source_bytes + 1, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > syntax::max_source_bytes) {
        complain({"standard input is larger than " + std::to_string(syntax::max_source_bytes) + " bytes",
                  "split it into several files"});
        return std::nullopt;
    }
    Diagnostics diagnostics;
    const SourcePtr source = syntax::check_source("<stdin>", "<stdin>", text, diagnostics);
    return format_text(source, std::move(text), diagnostics);
}

int say(std::string_view text) {
    const auto written = write_all(STDOUT_FILENO, text, "standard output");
    if (!written) complain(written.error());
    return written ? exit_pass : exit_host;
}

// The exit code of one file.
int act(const FmtOptions& options, const fs::path& path) {
    const bool is_input = path == "-";
    const auto texts = is_input ? format_standard_input() : format_file(path);
    if (!texts) return exit_usage;
    const bool same = texts->before == texts->after;
    if (options.check || options.diff) {
        if (same) return exit_pass;
        const int said =
            say(options.diff ? format::unified_diff(texts->before, texts->after, texts->name) : texts->name + "\n");
        return said == exit_pass ? exit_fail : said;
    }
    if (is_input) return say(texts->after);
    if (same) return exit_pass;
    if (const auto written = format::rewrite(path, texts->after); !written) {
        complain(written.error());
        return exit_host;
    }
    return say(texts->name + "\n");
}

// Standard input first, then the files.
Result<std::vector<fs::path>> find_texts(const std::vector<fs::path>& paths) {
    std::vector<fs::path> files;
    std::copy_if(paths.begin(), paths.end(), std::back_inserter(files),
                 [](const fs::path& path) { return path != "-"; });
    const bool has_input = files.size() < paths.size();
    auto found = syntax::find_files(files);
    if (found && has_input) found->insert(found->begin(), "-");
    return found;
}

int fmt(const FmtOptions& options) {
    const auto texts = find_texts(options.paths);
    if (!texts) {
        complain(texts.error());
        return exit_usage;
    }
    int worst = exit_pass; // 70 before 64 before 1
    for (const auto& path : *texts) worst = std::max(worst, act(options, path));
    return worst;
}

} // namespace

void add_fmt_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<FmtOptions>();
    auto* command = app.add_subcommand("fmt", "lay .ktl files out in the one canonical way, in place");
    command->add_option("paths", options->paths, ".ktl files and folders; -: from standard input to standard output")
        ->required()
        ->type_name("PATH");
    auto* check = command->add_flag("--check", options->check, "only list the files that would change; exit 1 if any");
    command->add_flag("--diff", options->diff, "only show what would change; exit 1 if anything")->excludes(check);
    command->callback([options, &exit_code] { exit_code = fmt(*options); });
}

} // namespace ktstr::cli
