// SPDX-License-Identifier: GPL-2.0-only
// Checked reading of the JSON objects of this room, which come from files and guests. The first error is kept and names
// its place; reads after it do nothing.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace ktstr::ctprof {

class JsonFields {
  public:
    // `where` is the object's path in its document: "threads[2]".
    JsonFields(const nlohmann::json& json, std::string where) : json_(json), where_(std::move(where)) {
        if (!json_.is_object()) fail("is not an object");
    }

    // Null if it is not there, which is an error.
    const nlohmann::json* find(const char* name) {
        if (error_) return nullptr;
        const auto found = json_.find(name);
        if (found != json_.end()) return &*found;
        fail_field(name, "is missing");
        return nullptr;
    }
    template <typename Integer> static std::optional<Integer> integer_of(const nlohmann::json& value) {
        static_assert(std::is_integral_v<Integer>);
        if (!value.is_number_integer()) return std::nullopt;
        if (value.is_number_unsigned() || value.template get<std::int64_t>() >= 0) {
            const auto number = value.template get<std::uint64_t>();
            if (number > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) return std::nullopt;
            return static_cast<Integer>(number);
        }
        if constexpr (std::is_signed_v<Integer>) {
            const auto number = value.template get<std::int64_t>();
            if (number >= static_cast<std::int64_t>(std::numeric_limits<Integer>::min()))
                return static_cast<Integer>(number);
        }
        return std::nullopt;
    }
    template <typename Integer> void integer(const char* name, Integer& out) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (const auto number = integer_of<Integer>(*value))
            out = *number;
        else
            fail_field(name, "is not an integer in range");
    }
    void boolean(const char* name, bool& out) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (value->is_boolean())
            out = value->get<bool>();
        else
            fail_field(name, "is not true or false");
    }
    void text(const char* name, std::string& out, std::size_t longest = 4096) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (!value->is_string() || value->get_ref<const std::string&>().size() > longest)
            fail_field(name, "is not a text of at most " + std::to_string(longest) + " bytes");
        else
            out = value->get_ref<const std::string&>();
    }
    // `parse` makes an optional value of a word.
    template <typename T, typename Parse> void choice(const char* name, T& out, Parse parse) {
        std::string word;
        text(name, word);
        if (error_) return;
        if (const std::optional<T> value = parse(word))
            out = *value;
        else
            fail_field(name, "has the unknown value '" + word.substr(0, 100) + "'");
    }

    void fail(const std::string& what) {
        if (!error_) error_ = Error{where_ + " " + what};
    }
    void fail_field(const char* name, const std::string& what) {
        if (!error_) error_ = Error{where_ + "." + name + " " + what};
    }
    void keep(const Error& error) {
        if (!error_) error_ = error;
    }
    template <typename T> Result<T> finish(T value) {
        if (error_) return *error_;
        return value;
    }

  private:
    const nlohmann::json& json_;
    std::string where_;
    std::optional<Error> error_;
};

} // namespace ktstr::ctprof
