// SPDX-License-Identifier: GPL-2.0-only
// The JSON form of the plan, both ways. Each structure has one describe() that names its members and their ranges; a
// Writer makes JSON of them, a Reader fills them from JSON and checks them.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "interp/plan/fields.h"
#include "interp/plan/names.h"
#include "interp/plan/plan.h"

namespace ktstr::plan {

constexpr int max_formula_depth = 64;

// A structure as a visitor takes it.
template <typename Visitor, typename T> using Visited = std::conditional_t<Visitor::reading, T, const T>;

class Writer;
class Reader;

// One per structure, for both visitors.
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, SourcePosition>& source);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Topology>& topology);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Topology::Node>& node);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Deadline>& deadline);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Affinity>& affinity);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, MemoryPolicy>& policy);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Work>& work);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, CgroupSpec>& spec);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, KernelTarget>& target);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Op>& op);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Step>& step);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Scheduler>& scheduler);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Metric>& metric);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, PayloadCheck>& check);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Payload>& payload);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Formula>& formula);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Expectation>& expectation);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Check>& check);
template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Plan>& plan);

class Writer {
  public:
    static constexpr bool reading = false;
    enum class Form { whole, identity }; // identity: without where things stand in the source, and how
    explicit Writer(Form form) : form_(form) {}

    template <typename T> static nlohmann::json json_of(const T& value, Form form) {
        Writer writer(form);
        describe(writer, value);
        return std::move(writer.json_);
    }

    void text(const char* name, const std::string& value) { json_[name] = value; }
    void texts(const char* name, const std::vector<std::string>& value) { json_[name] = value; }
    void text_map(const char* name, const std::map<std::string, std::string>& value) { json_[name] = value; }
    void boolean(const char* name, bool value) { json_[name] = value; }
    void number(const char* name, double value) { json_[name] = value; }
    void cpu_set(const char* name, const CpuSet& value) { json_[name] = value.list(); }
    template <typename T> void integer(const char* name, T value, std::int64_t = 0, std::uint64_t = 0) {
        json_[name] = value;
    }
    template <typename T> void integers(const char* name, const std::vector<T>& value) { json_[name] = value; }
    template <typename T>
    void optional_integer(const char* name, const std::optional<T>& value, std::uint64_t = 0, std::uint64_t = 0) {
        json_[name] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
    }
    void optional_text(const char* name, const std::optional<std::string>& value) {
        json_[name] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
    }
    void optional_cpu_set(const char* name, const std::optional<CpuSet>& value) {
        json_[name] = value ? nlohmann::json(value->list()) : nlohmann::json(nullptr);
    }
    template <typename Enum, std::size_t N> void choice(const char* name, Enum value, const Names<Enum, N>& names) {
        json_[name] = name_of(names, value);
    }
    template <typename T> void structure(const char* name, const T& value) { json_[name] = json_of(value, form_); }
    template <typename T> void optional_structure(const char* name, const std::optional<T>& value) {
        json_[name] = value ? json_of(*value, form_) : nlohmann::json(nullptr);
    }
    template <typename T> void list(const char* name, const std::vector<T>& values) {
        nlohmann::json array = nlohmann::json::array();
        for (const auto& value : values) array.push_back(json_of(value, form_));
        json_[name] = std::move(array);
    }
    void source(const SourcePosition& value) {
        if (form_ == Form::whole) structure("source", value);
    }
    void optional_source(const char* name, const std::optional<SourcePosition>& value) {
        if (form_ == Form::whole) optional_structure(name, value);
    }
    void written(const std::string& value) {
        if (form_ == Form::whole) text("written", value);
    }
    void set(const char* name, nlohmann::json value) { json_[name] = std::move(value); }

  private:
    Form form_;
    nlohmann::json json_ = nlohmann::json::object();
};

class Reader {
  public:
    static constexpr bool reading = true;
    // `formula_depth`: how many formulas are around this structure.
    Reader(const nlohmann::json& object, std::string where, int formula_depth = 0)
        : json_(object), fields_(object, where), where_(std::move(where)), formula_depth_(formula_depth) {}

    template <typename T>
    static Result<T> read(const nlohmann::json& object, const std::string& where, int formula_depth = 0) {
        T value{};
        Reader reader(object, where, formula_depth + (std::is_same_v<T, Formula> ? 1 : 0));
        if (reader.formula_depth_ > max_formula_depth)
            return Error{where + " is nested more than " + std::to_string(max_formula_depth) + " formulas deep"};
        describe(reader, value);
        reader.refuse_unknown();
        return reader.fields_.finish(std::move(value));
    }

    void text(const char* name, std::string& value) { fields_.text(seen(name), value); }
    void texts(const char* name, std::vector<std::string>& value) { fields_.texts(seen(name), value); }
    void text_map(const char* name, std::map<std::string, std::string>& value) { fields_.text_map(seen(name), value); }
    void boolean(const char* name, bool& value) { fields_.boolean(seen(name), value); }
    void number(const char* name, double& value) { fields_.number(seen(name), value); }
    void cpu_set(const char* name, CpuSet& value) { fields_.cpu_set(seen(name), value); }
    template <typename T>
    void integer(const char* name, T& value, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                 std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
        fields_.integer(seen(name), value);
        if (ok() && (std::cmp_less(value, least) || std::cmp_greater(value, most))) out_of_range(name, least, most);
    }
    template <typename T> void integers(const char* name, std::vector<T>& value) {
        fields_.array<T>(seen(name), value, [](const nlohmann::json& element, const std::string& where) {
            T number{};
            const nlohmann::json holder = {{"", element}};
            Fields fields(holder, where);
            fields.integer("", number);
            return fields.error() ? Result<T>(Error{where + " is not an integer in range"}) : Result<T>(number);
        });
    }
    template <typename T>
    void optional_integer(const char* name, std::optional<T>& value, std::uint64_t least = 0,
                          std::uint64_t most = std::numeric_limits<T>::max()) {
        std::optional<std::uint64_t> count;
        fields_.optional_count(seen(name), count);
        if (!ok() || !count) return;
        if (*count < least || *count > most) return out_of_range(name, static_cast<std::int64_t>(least), most);
        value = static_cast<T>(*count);
    }
    void optional_text(const char* name, std::optional<std::string>& value);
    void optional_cpu_set(const char* name, std::optional<CpuSet>& value) {
        fields_.optional_cpu_set(seen(name), value);
    }
    template <typename Enum, std::size_t N> void choice(const char* name, Enum& value, const Names<Enum, N>& names) {
        fields_.choice(seen(name), value, [&names](std::string_view word) { return value_of(names, word); });
    }
    template <typename T> void structure(const char* name, T& value) {
        fields_.nested(seen(name), value, reader_of<T>());
    }
    template <typename T> void optional_structure(const char* name, std::optional<T>& value) {
        fields_.optional_nested(seen(name), value, reader_of<T>());
    }
    template <typename T> void list(const char* name, std::vector<T>& values) {
        fields_.array(seen(name), values, reader_of<T>());
    }
    void source(SourcePosition& value) { structure("source", value); }
    void optional_source(const char* name, std::optional<SourcePosition>& value) { optional_structure(name, value); }
    void written(std::string& value) { text("written", value); }

    // For what is checked beyond a member's own range.
    [[nodiscard]] bool ok() const { return !fields_.error(); }
    void fail(const char* name, const std::string& what) { fields_.fail_field(name, what.c_str()); }
    void fail(const Error& error) { fields_.keep(error); }
    void fail_if(bool wrong, const char* name, const std::string& what) {
        if (ok() && wrong) fail(name, what);
    }
    // The member's JSON for special reading; null after an error, of which it is one if it is missing.
    const nlohmann::json* member(const char* name);
    [[nodiscard]] const std::string& where() const { return where_; }

  private:
    template <typename T> auto reader_of() {
        return [depth = formula_depth_](const nlohmann::json& object, const std::string& where) {
            return read<T>(object, where, depth);
        };
    }
    const char* seen(const char* name) {
        seen_.push_back(name);
        return name;
    }
    void out_of_range(const char* name, std::int64_t least, std::uint64_t most);
    void refuse_unknown();

    const nlohmann::json& json_;
    Fields fields_;
    std::string where_;
    int formula_depth_;
    std::vector<std::string_view> seen_; // members that were asked for
};

} // namespace ktstr::plan

// Instantiates a structure's describe() where it is defined.
#define KTSTR_DESCRIBED(T)                                                                                             \
    template void describe<Writer>(Writer&, const T&);                                                                 \
    template void describe<Reader>(Reader&, T&)
