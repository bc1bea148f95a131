// SPDX-License-Identifier: GPL-2.0-only
// The words that stand for the plan's enumerations in its JSON form.
#pragma once

#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "interp/plan/plan.h"

namespace ktstr::plan {

template <typename Enum, std::size_t N> using Names = std::array<std::pair<Enum, std::string_view>, N>;

template <typename Enum, std::size_t N> std::string_view name_of(const Names<Enum, N>& names, Enum value) {
    for (const auto& [candidate, name] : names)
        if (candidate == value) return name;
    std::abort();
}

template <typename Enum, std::size_t N>
std::optional<Enum> value_of(const Names<Enum, N>& names, std::string_view word) {
    for (const auto& [candidate, name] : names)
        if (name == word) return candidate;
    return std::nullopt;
}

inline constexpr Names<Policy, 7> policy_names = {{{Policy::normal, "normal"},
                                                   {Policy::batch, "batch"},
                                                   {Policy::idle, "idle"},
                                                   {Policy::fifo, "fifo"},
                                                   {Policy::rr, "rr"},
                                                   {Policy::deadline, "deadline"},
                                                   {Policy::ext, "ext"}}};

inline constexpr Names<Affinity::Kind, 7> affinity_names = {{{Affinity::Kind::inherit, "inherit"},
                                                             {Affinity::Kind::exact, "exact"},
                                                             {Affinity::Kind::single, "single"},
                                                             {Affinity::Kind::random, "random"},
                                                             {Affinity::Kind::llc_aligned, "llc_aligned"},
                                                             {Affinity::Kind::cross_cgroup, "cross_cgroup"},
                                                             {Affinity::Kind::smt_siblings, "smt_siblings"}}};

inline constexpr Names<MemoryPolicy::Mode, 6> memory_mode_names = {
    {{MemoryPolicy::Mode::standard, "standard"},
     {MemoryPolicy::Mode::local, "local"},
     {MemoryPolicy::Mode::bind, "bind"},
     {MemoryPolicy::Mode::preferred, "preferred"},
     {MemoryPolicy::Mode::interleave, "interleave"},
     {MemoryPolicy::Mode::weighted_interleave, "weighted_interleave"}}};

inline constexpr Names<KernelTarget::Kind, 5> target_names = {{{KernelTarget::Kind::symbol, "symbol"},
                                                               {KernelTarget::Kind::address, "address"},
                                                               {KernelTarget::Kind::per_cpu, "per_cpu"},
                                                               {KernelTarget::Kind::task, "task"},
                                                               {KernelTarget::Kind::bpf, "bpf"}}};

inline constexpr Names<Comparison, 6> comparison_names = {{{Comparison::less, "<"},
                                                           {Comparison::less_equal, "<="},
                                                           {Comparison::greater, ">"},
                                                           {Comparison::greater_equal, ">="},
                                                           {Comparison::equal, "=="},
                                                           {Comparison::not_equal, "!="}}};

inline constexpr Names<Metric::Polarity, 3> polarity_names = {
    {{Metric::Polarity::none, "none"}, {Metric::Polarity::higher, "higher"}, {Metric::Polarity::lower, "lower"}}};

inline constexpr Names<PayloadCheck::Kind, 5> payload_check_names = {{{PayloadCheck::Kind::exit_code, "exit_code"},
                                                                      {PayloadCheck::Kind::exists, "exists"},
                                                                      {PayloadCheck::Kind::compare, "compare"},
                                                                      {PayloadCheck::Kind::metrics, "metrics"},
                                                                      {PayloadCheck::Kind::values, "values"}}};

inline constexpr Names<Payload::Output, 4> output_names = {{{Payload::Output::exit_code, "exit_code"},
                                                            {Payload::Output::json, "json"},
                                                            {Payload::Output::regex, "regex"},
                                                            {Payload::Output::llm, "llm"}}};

inline constexpr Names<Expectation::Kind, 9> expectation_names = {
    {{Expectation::Kind::progress, "progress"},
     {Expectation::Kind::spread, "spread"},
     {Expectation::Kind::gap, "gap"},
     {Expectation::Kind::isolation, "isolation"},
     {Expectation::Kind::throughput, "throughput"},
     {Expectation::Kind::error, "error"},
     {Expectation::Kind::repro, "repro"},
     {Expectation::Kind::allow_inconclusive, "allow_inconclusive"},
     {Expectation::Kind::formula, "formula"}}};

inline constexpr Names<Formula::Kind, 28> formula_names = {{{Formula::Kind::number, "number"},
                                                            {Formula::Kind::series, "series"},
                                                            {Formula::Kind::snapshot, "snapshot"},
                                                            {Formula::Kind::payload, "payload"},
                                                            {Formula::Kind::measure, "measure"},
                                                            {Formula::Kind::rate, "rate"},
                                                            {Formula::Kind::delta, "delta"},
                                                            {Formula::Kind::reduce, "reduce"},
                                                            {Formula::Kind::add, "add"},
                                                            {Formula::Kind::subtract, "subtract"},
                                                            {Formula::Kind::multiply, "multiply"},
                                                            {Formula::Kind::divide, "divide"},
                                                            {Formula::Kind::compare, "compare"},
                                                            {Formula::Kind::within, "within"},
                                                            {Formula::Kind::rise, "rise"},
                                                            {Formula::Kind::fall, "fall"},
                                                            {Formula::Kind::logical_not, "logical_not"},
                                                            {Formula::Kind::logical_and, "logical_and"},
                                                            {Formula::Kind::logical_or, "logical_or"},
                                                            {Formula::Kind::logical_implies, "logical_implies"},
                                                            {Formula::Kind::always, "always"},
                                                            {Formula::Kind::eventually, "eventually"},
                                                            {Formula::Kind::until, "until"},
                                                            {Formula::Kind::nondecreasing, "nondecreasing"},
                                                            {Formula::Kind::increasing, "increasing"},
                                                            {Formula::Kind::steady, "steady"},
                                                            {Formula::Kind::converges, "converges"},
                                                            {Formula::Kind::sustained, "sustained"}}};

} // namespace ktstr::plan
