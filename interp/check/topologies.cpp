// SPDX-License-Identifier: GPL-2.0-only
// Topologies whose nodes differ: topology big { cores 4  node { llcs 2 } node { llcs 0  memory 1GiB } }
#include <numeric>

#include "interp/check/evaluate.h"
#include "interp/check/settings.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr int max_nodes = 64;
constexpr std::int64_t max_distance = 254; // ACPI SLIT: a byte, 255 is "unreachable"

} // namespace

std::optional<Value> Evaluator::topology_of(const ast::Statement& statement, const Module& module) {
    Value value{Type::topology};
    plan::Topology& topology = value.topology;
    topology.nodes = topology.llcs = 0;
    const std::size_t errors = diagnostics_.errors();
    Once once(diagnostics_);
    const auto number = [&](const ast::Statement& setting, std::int64_t least, const char* what) {
        return static_cast<int>(
            evaluate_integer(Type::count, setting.values.front(), module, least, plan::max_cpus, what).value_or(1));
    };
    for (const auto& setting : statement.body) {
        if (setting.kind == Kind::cores && once.first(setting))
            topology.cores = number(setting, 1, "the number of cores");
        if (setting.kind == Kind::threads && once.first(setting))
            topology.threads = number(setting, 1, "the number of threads");
        if (setting.kind != Kind::node) continue;
        plan::Topology::Node node{1, 0, {}};
        Once in_node(diagnostics_);
        for (const auto& part : setting.body) {
            if (!in_node.first(part)) continue;
            if (part.kind == Kind::llcs) node.llcs = number(part, 0, "the number of LLCs");
            if (part.kind == Kind::memory)
                node.memory_bytes = evaluate_memory(part.values.front(), module, "the node's memory").value_or(0);
            if (part.kind == Kind::distances)
                if (const auto list = evaluate_as(Type::list, part.values.front(), module))
                    for (const auto& item : list->items) {
                        if (item.type != Type::count || item.integer < 10 || item.integer > max_distance)
                            fail(Code::out_of_range, part.values.front().span,
                                 "a distance is a count between 10, to the node itself, and 254");
                        node.distances.push_back(static_cast<int>(item.integer));
                    }
        }
        topology.llcs += node.llcs;
        topology.node_list.push_back(std::move(node));
    }
    topology.nodes = static_cast<int>(topology.node_list.size());
    const Span name = statement.names.front().span;
    if (topology.nodes == 0 && statement.unread) return std::nullopt;
    if (topology.nodes == 0)
        return fail(Code::missing_setting, name, "the topology `" + statement.names.front().text + "` has no node",
                    "add one: node { llcs 1 }");
    if (topology.nodes > max_nodes)
        return fail(Code::out_of_range, name, "a topology has at most " + std::to_string(max_nodes) + " nodes");
    if (topology.llcs == 0)
        return fail(Code::out_of_range, name, "no node of the topology has a CPU", "give one of them `llcs 1`");
    if (static_cast<std::int64_t>(topology.llcs) * topology.cores * topology.threads > plan::max_cpus)
        return fail(Code::out_of_range, name, "a topology has at most " + std::to_string(plan::max_cpus) + " CPUs");
    for (const auto& node : topology.node_list)
        if (!node.distances.empty() && static_cast<int>(node.distances.size()) != topology.nodes)
            return fail(Code::out_of_range, name,
                        "a node has distances to " + std::to_string(node.distances.size()) + " of " +
                            std::to_string(topology.nodes) + " nodes",
                        "`distances` has one number for each node, 10 for the node itself");
    if (diagnostics_.errors() != errors) return std::nullopt;
    if (const auto sound = plan::check_topology(topology); !sound)
        return fail(Code::out_of_range, name, sound.error().message, sound.error().hint);
    return value;
}

} // namespace ktstr::check
