// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/lifetimes.h"

#include <algorithm>
#include <set>

#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

// The scenario's backdrop counts as a step of its own that ends last.
constexpr std::size_t backdrop = static_cast<std::size_t>(-1);

struct Cgroup {
    std::size_t step = backdrop; // that made it
    Span made;
    bool has_cpuset = false;
    bool poisoned = false; // made up after a message, so that it is not followed by others
    std::set<std::string> labels;
};

bool is_below(std::string_view path, std::string_view ancestor) {
    return path.size() > ancestor.size() && path.substr(0, ancestor.size()) == ancestor && path[ancestor.size()] == '/';
}

class Lifetimes {
  public:
    Lifetimes(model::Scenario& scenario, Diagnostics& diagnostics) : scenario_(scenario), diagnostics_(diagnostics) {
        for_each_op([&](const model::Op& op) {
            if (op.kind == Kind::cgroup) created_.emplace(op.cgroups.front().path, op.cgroups.front().span);
        });
    }

    void check() {
        step_ = backdrop;
        for (auto& op : scenario_.backdrop) check_op(op);
        for (step_ = 0; step_ < scenario_.steps.size(); ++step_) {
            for (auto& op : scenario_.steps[step_].ops) check_op(op);
            end_step();
        }
        check_expectations();
    }

  private:
    template <typename Visit> void for_each_op(Visit visit) {
        for (const auto& op : scenario_.backdrop) visit(op);
        for (const auto& step : scenario_.steps)
            for (const auto& op : step.ops) visit(op);
    }

    void check_op(model::Op& op) {
        switch (op.kind) {
        case Kind::cgroup: return create(op);
        case Kind::remove_cgroup: return remove(op);
        case Kind::attach_scheduler:
        case Kind::detach_scheduler:
        case Kind::restart_scheduler: return check_scheduler(op);
        default: break;
        }
        for (const auto& name : op.cgroups) require(name);
        if (op.cgroups.empty()) return;
        Cgroup& first = alive_.at(op.cgroups.front().path);
        if (op.kind == Kind::set_cpuset) first.has_cpuset = true;
        if (op.kind == Kind::clear_cpuset) first.has_cpuset = false;
        if (op.kind == Kind::spawn) relabel(first, *op.work);
        if (op.kind == Kind::swap_cpusets)
            for (const auto& name : op.cgroups) require_cpuset(name);
        const bool pair = op.kind == Kind::swap_cpusets || op.kind == Kind::move_all_tasks;
        if (pair && op.cgroups.size() == 2 && op.cgroups[0].path == op.cgroups[1].path)
            diagnostics_.add(Code::wrong_arguments, op.cgroups[1].span, "both cgroups are the same");
    }

    // Workers that are spawned into a cgroup must not share a name with a group that is there.
    static void relabel(Cgroup& cgroup, model::Work& work) {
        const std::string base = work.work.name;
        for (int i = 2; !cgroup.labels.insert(work.work.name).second; ++i)
            work.work.name = base + "_" + std::to_string(i);
    }

    void create(const model::Op& op) {
        const model::CgroupName& name = op.cgroups.front();
        const auto existing = alive_.find(name.path);
        if (existing != alive_.end()) {
            if (!existing->second.poisoned)
                diagnostics_.add(
                    Code::duplicate_cgroup, name.span, "the cgroup `" + name.path + "` exists already",
                    "made on line " + std::to_string(existing->second.made.line()) +
                        (existing->second.step == backdrop && step_ != backdrop ? ", in the backdrop" : "") +
                        "; remove_cgroup ends it");
            return;
        }
        // Parents that were not declared are made along with it.
        for (auto slash = name.path.find('/'); slash != std::string::npos; slash = name.path.find('/', slash + 1))
            alive_.try_emplace(name.path.substr(0, slash), Cgroup{step_, name.span, false, false, {}});
        Cgroup cgroup{step_, name.span, op.added->cpus.has_value(), false, {}};
        for (const auto& work : op.added->works) cgroup.labels.insert(work.work.name);
        alive_.emplace(name.path, std::move(cgroup));
        ended_.erase(name.path);
    }

    void remove(const model::Op& op) {
        if (op.cgroups.empty()) return;
        const model::CgroupName& name = op.cgroups.front();
        if (op.if_present && alive_.count(name.path) == 0) {
            if (created_.count(name.path) == 0) report_unknown(name.path, name.span);
            return;
        }
        require(name);
        end(name.path, "it was removed on line " + std::to_string(name.span.line()));
    }

    // Ends the cgroup and all below it.
    void end(const std::string& path, const std::string& why) {
        for (auto i = alive_.begin(); i != alive_.end();) {
            if (i->first == path || is_below(i->first, path)) {
                ended_[i->first] = why;
                i = alive_.erase(i);
            } else {
                ++i;
            }
        }
    }

    void end_step() {
        std::vector<std::string> paths;
        for (const auto& [path, cgroup] : alive_)
            if (cgroup.step == step_) paths.push_back(path);
        for (const auto& path : paths) {
            const std::string& step = scenario_.steps[step_].name;
            end(path, "it was torn down at the end of step \"" + step + "\", which made it");
        }
    }

    void require(const model::CgroupName& name) {
        if (alive_.count(name.path) > 0) return;
        if (const auto ended = ended_.find(name.path); ended != ended_.end())
            diagnostics_.add(Code::cgroup_not_alive, name.span,
                             "the cgroup `" + name.path + "` is gone: " + ended->second,
                             "a cgroup of the backdrop lives through all steps");
        else if (const auto created = created_.find(name.path); created != created_.end())
            diagnostics_.add(Code::cgroup_not_alive, name.span,
                             "the cgroup `" + name.path + "` does not exist yet: it is made on line " +
                                 std::to_string(created->second.line()));
        else
            report_unknown(name.path, name.span);
        alive_.emplace(name.path, Cgroup{step_, name.span, true, true, {}});
    }

    void require_cpuset(const model::CgroupName& name) {
        if (alive_.at(name.path).has_cpuset) return;
        diagnostics_.add(Code::no_cpuset, name.span, "the cgroup `" + name.path + "` has no cpuset to swap",
                         "give it one: cpuset all, or whatever it may use");
    }

    void report_unknown(const std::string& path, Span span) {
        std::vector<std::string> names;
        for (const auto& [known, where] : created_) names.push_back(known);
        diagnostics_.add(Code::unknown_cgroup, span, "there is no cgroup `" + path + "` in this scenario",
                         suggest(path, names));
    }

    void check_scheduler(const model::Op& op) {
        const std::string word(op.span.text());
        if (!scenario_.scheduler) {
            diagnostics_.add(Code::no_scheduler, op.span, "`" + word + "` needs a scheduler, and the scenario has none",
                             "add `scheduler NAME` to the scenario");
            return;
        }
        const bool needs_attached = op.kind != Kind::attach_scheduler;
        if (attached_ != needs_attached)
            diagnostics_.add(Code::scheduler_state, op.span,
                             attached_ ? "the scheduler is attached already"
                                       : "the scheduler is not attached at this point",
                             attached_ ? "detach_scheduler comes first" : "attach_scheduler comes first");
        attached_ = op.kind != Kind::detach_scheduler;
    }

    void check_expectations() {
        std::set<std::string> reported;
        for (const auto& expectation : scenario_.expectations) {
            const std::string& name = expectation.cgroup;
            if (name.empty() || created_.count(name) > 0 || !reported.insert(name).second) continue;
            report_unknown(name, span_of(expectation, name));
        }
    }

    // Where the expectation names its cgroup.
    [[nodiscard]] Span span_of(const plan::Expectation& expectation, const std::string& name) const {
        const SourceFile& file = *scenario_.span.file;
        const std::string_view line = file.line(expectation.source.line);
        const auto start = static_cast<std::size_t>(line.data() - file.text().data());
        const auto at = line.find(name, line.find('('));
        const std::size_t begin =
            start + (at == std::string_view::npos ? static_cast<std::size_t>(expectation.source.column) - 1 : at);
        return {&file, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + name.size())};
    }

    model::Scenario& scenario_;
    Diagnostics& diagnostics_;
    std::size_t step_ = backdrop;
    bool attached_ = true;
    std::map<std::string, Span> created_; // anywhere in the scenario
    std::map<std::string, Cgroup> alive_;
    std::map<std::string, std::string> ended_; // why
};

} // namespace

void check_lifetimes(model::Scenario& scenario, Diagnostics& diagnostics) { Lifetimes(scenario, diagnostics).check(); }

} // namespace ktstr::check
