// SPDX-License-Identifier: GPL-2.0-only
// Checked reading of JSON objects that came from elsewhere: a missing field, or one of the wrong type or range, is an
// error that names its path. The first error is kept; reads after it do nothing.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "interp/plan/topology.h"

namespace ktstr::plan {

class Fields {
  public:
    // `where` is the path of `object` in its document, for messages: "plan.steps[2]".
    Fields(const nlohmann::json& object, std::string where) : json_(object), where_(std::move(where)) {
        if (!json_.is_object()) fail("is not an object");
    }

    template <typename Integer> void integer(const char* name, Integer& out) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (const auto number = integer_of<Integer>(*value))
            out = *number;
        else
            fail_field(name, "is not an integer in range");
    }
    template <typename Integer> void integers(const char* name, std::vector<Integer>& out) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (!value->is_array()) return fail_field(name, "is not an array");
        out.reserve(value->size());
        for (std::size_t i = 0; i < value->size(); ++i) {
            const auto number = integer_of<Integer>((*value)[i]);
            if (!number) return keep(Error{path(name) + "[" + std::to_string(i) + "] is not an integer in range"});
            out.push_back(*number);
        }
    }

    void number(const char* name, double& out);
    void boolean(const char* name, bool& out);
    void text(const char* name, std::string& out);
    void texts(const char* name, std::vector<std::string>& out);
    void text_map(const char* name, std::map<std::string, std::string>& out);
    void cpu_set(const char* name, CpuSet& out);
    void optional_cpu_set(const char* name, std::optional<CpuSet>& out); // null = none
    void optional_count(const char* name, std::optional<std::uint64_t>& out);
    void object(const char* name, nlohmann::json& out);

    // Reads each element of the array `name` with read(element, path), which returns a Result of the element type.
    template <typename T, typename Read> void array(const char* name, std::vector<T>& out, Read read) {
        const auto* value = find(name);
        if (value == nullptr) return;
        if (!value->is_array()) return fail_field(name, "is not an array");
        for (std::size_t i = 0; i < value->size(); ++i) {
            Result<T> element = read((*value)[i], path(name) + "[" + std::to_string(i) + "]");
            if (!element) return keep(element.error());
            out.push_back(std::move(*element));
        }
    }

    // Reads the object `name` with read(object, path).
    template <typename T, typename Read> void nested(const char* name, T& out, Read read) {
        const auto* value = find(name);
        if (value == nullptr) return;
        Result<T> inner = read(*value, path(name));
        if (!inner) return keep(inner.error());
        out = std::move(*inner);
    }
    // The same; null gives none.
    template <typename T, typename Read> void optional_nested(const char* name, std::optional<T>& out, Read read) {
        const auto* value = find(name);
        if (value == nullptr || value->is_null()) return;
        Result<T> inner = read(*value, path(name));
        if (!inner) return keep(inner.error());
        out = std::move(*inner);
    }

    // Maps the text of `name` to a value with `parse`, which returns an optional.
    template <typename T, typename Parse> void choice(const char* name, T& out, Parse parse) {
        std::string word;
        text(name, word);
        if (error_) return;
        if (const std::optional<T> value = parse(word))
            out = *value;
        else
            fail_field(name, ("has the unknown value '" + word + "'").c_str());
    }

    void fail_field(const char* name, const char* what) { keep(Error{path(name) + " " + what}); }
    // Takes an error that names its path itself.
    void keep(Error error) {
        if (!error_) error_ = std::move(error);
    }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    // The value, or the first error met while reading it.
    template <typename T> Result<T> finish(T value) {
        if (error_) return *error_;
        return value;
    }

  private:
    template <typename Integer> static std::optional<Integer> integer_of(const nlohmann::json& value) {
        static_assert(std::is_integral_v<Integer>);
        using Limits = std::numeric_limits<Integer>;
        if (!value.is_number_integer()) return std::nullopt;
        if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0) {
            const auto number = value.get<std::int64_t>();
            if (!std::is_signed_v<Integer> || number < static_cast<std::int64_t>(Limits::min())) return std::nullopt;
            return static_cast<Integer>(number);
        }
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(Limits::max())) return std::nullopt;
        return static_cast<Integer>(number);
    }
    [[nodiscard]] std::string path(const char* name) const { return where_ + "." + name; }
    const nlohmann::json* find(const char* name);
    void fail(const char* what) { keep(Error{where_ + " " + what}); }

    const nlohmann::json& json_;
    std::string where_;
    std::optional<Error> error_;
};

} // namespace ktstr::plan
