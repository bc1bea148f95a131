// SPDX-License-Identifier: GPL-2.0-only
#include "llm/settings.h"

#include <cstdlib>

#include "base/file.h"

namespace ktstr::llm {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

} // namespace

Settings settings_from_environment() {
    Settings settings;
    settings.url = variable("KTSTR_LLM_URL");
    settings.command = variable("KTSTR_LLM_COMMAND");
    settings.model = variable("KTSTR_LLM_MODEL");
    settings.sha256 = variable("KTSTR_LLM_SHA256");
    settings.remote = variable("KTSTR_LLM_REMOTE");
    settings.limit_seconds = variable("KTSTR_LLM_LIMIT");
    settings.digests = cache_directory() / "models";
    return settings;
}

} // namespace ktstr::llm
