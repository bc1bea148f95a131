// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/location.h"
#include "interp/library/solve.h"

namespace ktstr::library {

Result<const GitCommit*> Fetcher::open(const Source& source, const std::string& commit) {
    const std::string key = source.git + "\n" + source.rev + "\n" + commit;
    if (const auto known = opened_.find(key); known != opened_.end()) return &known->second.commit;
    const bool path = is_path(source.git);
    if (!path && options_.fetching) options_.fetching(source.git);
    auto scratch = lock_.stage();
    if (!scratch) return scratch.error();
    const GitRequest request{path ? (project_ / source.git).lexically_normal().string() : source.git, source.rev,
                             commit};
    auto opened = GitCommit::open(request, scratch->path(), options_.keep_going);
    if (!opened) return opened.error();
    const auto [entry, added] = opened_.emplace(key, Opened{std::move(*scratch), std::move(*opened)});
    return &entry->second.commit;
}

Result<Fetcher::Fetched> Fetcher::fetch(const Source& source, const std::string& commit) {
    const auto opened = open(source, commit);
    if (!opened) return opened.error();
    auto content = (*opened)->content(source.folder);
    if (!content) return Error{"`" + source.text() + "`: " + content.error().message, content.error().hint};
    return Fetched{(*opened)->id(), std::move(*content)};
}

} // namespace ktstr::library
