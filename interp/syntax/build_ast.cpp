// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/build_ast.h"

#include "interp/syntax/tree_reader.h"

namespace ktstr::syntax {

namespace {

// The first line of a block, without its `{`: where a message about the whole block points.
Span head_span(NodeView node, std::uint32_t end) { return {node.span().file, node.span().begin, end}; }

ast::Setting build_setting(NodeView node) {
    ast::Setting setting{node.kind(), node.span(), {}};
    for (const auto& child : node.children()) setting.values.push_back(build_expression(child));
    return setting;
}

ast::Sysctl build_sysctl(NodeView node) {
    const auto children = node.children();
    return {build_name(children[0]), build_expression(children[1])};
}

// Reads the nodes of the rule `workload` from children[i] on, and leaves i behind them.
ast::Workload build_workload(const std::vector<NodeView>& children, std::size_t& i) {
    ast::Workload workload{children[i].span(), build_name(children[i]), {}, {}, {}};
    for (++i; i < children.size(); ++i) {
        const NodeView& child = children[i];
        if (child.kind() == Kind::argument) {
            workload.arguments.push_back(build_argument(child));
            workload.span.end = child.span().end;
        } else if (child.kind() == Kind::label) {
            workload.labels.push_back(build_name(child.children().front()));
        } else if (child.kind() == Kind::nice || child.kind() == Kind::policy || child.kind() == Kind::affinity) {
            workload.settings.push_back(build_setting(child));
        } else {
            break;
        }
    }
    return workload;
}

ast::Workers build_workers(NodeView node, const std::vector<NodeView>& children, std::size_t& i) {
    ast::Expression count = build_expression(children[i++]);
    ast::Workload workload = build_workload(children, i);
    return {node.span(), std::move(count), std::move(workload)};
}

ast::Cgroup build_cgroup(NodeView node) {
    const auto children = node.children();
    ast::Cgroup cgroup{head_span(node, children.front().span().end), build_name(children.front()), {}, {}, {}};
    for (std::size_t i = 1; i < children.size(); ++i) {
        if (children[i].kind() == Kind::cgroup) {
            cgroup.children.push_back(build_cgroup(children[i]));
        } else if (children[i].kind() == Kind::work_in_cgroup) {
            std::size_t part = 0;
            cgroup.workers.push_back(build_workers(children[i], children[i].children(), part));
        } else {
            cgroup.settings.push_back(build_setting(children[i]));
        }
    }
    return cgroup;
}

ast::Op build_op(NodeView node) {
    ast::Op op{node.kind(), node.span(), {}, {}, {}, {}, false, false};
    const auto children = node.children();
    std::size_t i = 0;
    if (node.kind() == Kind::spawn) op.workers = build_workers(node, children, i);
    for (; i < children.size(); ++i) {
        const NodeView& child = children[i];
        switch (child.kind()) {
        case Kind::if_present: op.if_present = true; break;
        case Kind::host: op.host = true; break;
        case Kind::mems: op.mems = build_setting(child); break;
        case Kind::path:
        case Kind::string: op.cgroups.push_back(build_name(child)); break;
        default: op.set = build_expression(child); break;
        }
    }
    return op;
}

bool is_op(Kind kind) { return kind >= Kind::remove_cgroup && kind <= Kind::restart_scheduler; }

ast::Statement build_statement(NodeView node) {
    if (node.kind() == Kind::cgroup) return build_cgroup(node);
    return build_op(node);
}

ast::Expectation build_expectation(NodeView node) {
    ast::Expectation expectation{node.kind(), node.span(), {}, false, {}, {}, false};
    for (const auto& child : node.children()) {
        switch (child.kind()) {
        case Kind::path:
        case Kind::string: expectation.cgroup = build_name(child); break;
        case Kind::off: expectation.off = true; break;
        case Kind::comparison: expectation.comparison = child.span().text(); break;
        case Kind::contains: expectation.value = build_expression(child.children().front()); break;
        case Kind::matches:
            expectation.value = build_expression(child.children().front());
            expectation.matches = true;
            break;
        default: expectation.value = build_expression(child); break;
        }
    }
    return expectation;
}

void build_expectations(NodeView node, std::vector<ast::Expectation>& out) {
    for (const auto& child : node.children()) out.push_back(build_expectation(child));
}

ast::Step build_step(NodeView node) {
    ast::Step step{head_span(node, node.span().begin + 4), {}, {}, {}};
    for (const auto& child : node.children()) {
        if (child.kind() == Kind::string)
            step.name = build_name(child);
        else if (child.kind() == Kind::hold)
            step.hold = build_expression(child.children().front());
        else
            step.statements.push_back(build_statement(child));
        if (child.kind() == Kind::string || child.kind() == Kind::hold) step.span.end = child.span().end;
    }
    return step;
}

ast::SchedulerUse build_scheduler_use(NodeView node) {
    const auto children = node.children();
    ast::SchedulerUse use{build_name(children.front()), {}};
    if (children.size() > 1) use.with_args = build_setting(children[1]);
    return use;
}

ast::Scenario build_scenario(NodeView node) {
    const auto children = node.children();
    ast::Scenario scenario{
        head_span(node, children.front().span().end), build_name(children.front()), {}, {}, {}, {}, {}, {}, {}};
    for (std::size_t i = 1; i < children.size(); ++i) {
        const NodeView& child = children[i];
        switch (child.kind()) {
        case Kind::scheduler_use: scenario.schedulers.push_back(build_scheduler_use(child)); break;
        case Kind::sysctl: scenario.sysctls.push_back(build_sysctl(child)); break;
        case Kind::step: scenario.steps.push_back(build_step(child)); break;
        case Kind::expect: build_expectations(child, scenario.expectations); break;
        case Kind::backdrop:
            for (const auto& statement : child.children()) scenario.backdrop.push_back(build_statement(statement));
            break;
        default:
            if (child.kind() == Kind::cgroup || is_op(child.kind()))
                scenario.statements.push_back(build_statement(child));
            else
                scenario.settings.push_back(build_setting(child));
        }
    }
    return scenario;
}

ast::Scheduler build_scheduler(NodeView node) {
    const auto children = node.children();
    ast::Scheduler scheduler{build_name(children.front()), {}, {}, {}};
    for (std::size_t i = 1; i < children.size(); ++i) {
        if (children[i].kind() == Kind::expect)
            build_expectations(children[i], scheduler.expectations);
        else if (children[i].kind() == Kind::sysctl)
            scheduler.sysctls.push_back(build_sysctl(children[i]));
        else
            scheduler.settings.push_back(build_setting(children[i]));
    }
    return scheduler;
}

ast::Use build_use(NodeView node) {
    const auto children = node.children();
    ast::Use use{node.span(), build_name(children.front()), children.front().kind() == Kind::string, {}};
    if (children.size() > 1) use.alias = build_name(children[1].children().front());
    return use;
}

} // namespace

ast::File build_ast(const Tree& tree, const SourceFile& source, Diagnostics& diagnostics) {
    ast::File file;
    const TreeContext context{tree, source, diagnostics};
    for (const auto& node : NodeView(context, 0).children()) {
        const auto children = node.children();
        switch (node.kind()) {
        case Kind::use: file.uses.push_back(build_use(node)); break;
        case Kind::topology_declaration:
            file.topologies.push_back({build_name(children[0]), build_expression(children[1])});
            break;
        case Kind::let_declaration:
            file.lets.push_back({build_name(children[0]), build_expression(children[1])});
            break;
        case Kind::work_declaration: {
            std::size_t i = 1;
            file.works.push_back({build_name(children[0]), build_workload(children, i)});
            break;
        }
        case Kind::scheduler_declaration: file.schedulers.push_back(build_scheduler(node)); break;
        default: file.scenarios.push_back(build_scenario(node)); break;
        }
    }
    return file;
}

} // namespace ktstr::syntax
