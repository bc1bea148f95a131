// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/apt_sources.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/file.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

// The suite with 6.19 and 7.x cloud kernels whose images unpack without installing (linux-binary-*).
constexpr const char* newer_kernels_suite = "trixie-backports";

std::vector<std::string> words(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}

std::vector<std::string> lines(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::vector<std::string> found;
    for (std::string line; std::getline(stream, line);) {
        if (line.ends_with('\r')) line.pop_back();
        found.push_back(line);
    }
    return found;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

bool has(const std::vector<std::string>& list, const std::string& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// The stanzas of a deb822 file, comments removed, continuation lines kept.
std::vector<Fields> stanzas(std::string_view text) {
    std::vector<Fields> all(1);
    for (const auto& line : lines(text)) {
        if (line.starts_with('#')) continue;
        if (trimmed(line).empty()) {
            if (!all.back().empty()) all.emplace_back();
            continue;
        }
        auto& fields = all.back();
        if (line[0] == ' ' || line[0] == '\t') {
            if (!fields.empty()) fields.back().second += "\n" + line;
            continue;
        }
        const auto colon = line.find(':');
        if (colon != std::string::npos) fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    if (all.back().empty()) all.pop_back();
    return all;
}

// The deb822 name of an option of the one-line format: "signed-by" is Signed-By, "arch" is Architectures.
std::string deb822_option(const std::string& name) {
    if (name == "arch") return "Architectures";
    if (name == "lang") return "Languages";
    if (name == "target") return "Targets";
    std::string text = name;
    bool start = true;
    for (auto& c : text) {
        if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        start = c == '-';
    }
    return text;
}

} // namespace

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
    std::vector<AptSource> sources;
    for (const auto& fields : stanzas(text)) {
        AptSource source;
        bool binary = false;
        bool enabled = true;
        for (const auto& [name, value] : fields) {
            const auto key = lower(name);
            if (key == "types")
                binary = has(words(value), "deb");
            else if (key == "uris")
                source.uris = words(value);
            else if (key == "suites")
                source.suites = words(value);
            else if (key == "components")
                source.components = words(value);
            else if (key == "enabled")
                enabled = lower(value) != "no" && lower(value) != "false" && value != "0";
            else
                source.options.emplace_back(name, value);
        }
        if (binary && enabled && !source.uris.empty() && !source.suites.empty()) sources.push_back(std::move(source));
    }
    return sources;
}

std::vector<AptSource> parse_list_sources(std::string_view text) {
    std::vector<AptSource> sources;
    for (auto line : lines(text)) {
        line = line.substr(0, line.find('#'));
        std::string options;
        if (const auto open = line.find('['); open != std::string::npos) {
            const auto close = line.find(']', open);
            if (close == std::string::npos) continue;
            options = line.substr(open + 1, close - open - 1);
            line.replace(open, close - open + 1, " ");
        }
        const auto parts = words(line);
        if (parts.size() < 3 || parts[0] != "deb") continue;
        AptSource source{{parts[1]}, {parts[2]}, {parts.begin() + 3, parts.end()}, {}};
        for (const auto& option : words(options)) {
            const auto equals = option.find('=');
            if (equals == std::string::npos) continue;
            std::string value = option.substr(equals + 1);
            std::replace(value.begin(), value.end(), ',', ' ');
            source.options.emplace_back(deb822_option(lower(option.substr(0, equals))), value);
        }
        sources.push_back(std::move(source));
    }
    return sources;
}

std::string to_deb822(const std::vector<AptSource>& sources) {
    std::string text;
    auto field = [&text](const std::string& name, const std::vector<std::string>& values) {
        if (values.empty()) return;
        text += name + ":";
        for (const auto& value : values) text += " " + value;
        text += "\n";
    };
    for (const auto& source : sources) {
        if (!text.empty()) text += "\n";
        field("Types", {"deb"});
        field("URIs", source.uris);
        field("Suites", source.suites);
        field("Components", source.components);
        for (const auto& [name, value] : source.options) field(name, {value});
    }
    return text;
}

std::vector<AptSource> read_apt_sources(const fs::path& directory) {
    std::vector<fs::path> files = {directory / "sources.list"};
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(directory / "sources.list.d", code)) files.push_back(entry.path());
    std::sort(files.begin() + 1, files.end());
    std::vector<AptSource> all;
    for (const auto& file : files) {
        const bool deb822 = file.extension() == ".sources";
        if (!deb822 && file.extension() != ".list") continue;
        const auto text = read_file(file, 1U << 20U);
        if (!text) continue; // absent, or not readable by this user: apt cannot read it either
        auto sources = deb822 ? parse_deb822_sources(*text) : parse_list_sources(*text);
        all.insert(all.end(), std::make_move_iterator(sources.begin()), std::make_move_iterator(sources.end()));
    }
    return all;
}

Result<std::vector<AptSource>> kernel_sources(const std::vector<AptSource>& machine, const std::string& codename) {
    std::vector<AptSource> sources;
    for (const auto& source : machine) {
        if (!has(source.suites, codename) || !has(source.components, "main")) continue;
        AptSource derived = source;
        derived.suites = {newer_kernels_suite};
        if (const auto own = codename + "-backports"; own != newer_kernels_suite) derived.suites.push_back(own);
        derived.components = {"main"};
        sources.push_back(std::move(derived));
        break;
    }
    if (sources.empty())
        return Error{"no apt source of this machine holds the release \"" + codename + "\" with the component main",
                     "ktstr kernel fetch works on Debian; elsewhere give a kernel with --kernel PATH"};
    for (const auto& source : machine) {
        const auto security = codename + "-security";
        if (!has(source.suites, security)) continue;
        AptSource kept = source;
        kept.suites = {security};
        kept.components = {"main"};
        sources.push_back(std::move(kept));
        break;
    }
    return sources;
}

std::string version_codename(std::string_view os_release) {
    for (const auto& line : lines(os_release)) {
        constexpr std::string_view key = "VERSION_CODENAME=";
        if (!line.starts_with(key)) continue;
        std::string value = line.substr(key.size());
        std::erase(value, '"');
        return value;
    }
    return {};
}

} // namespace ktstr
