// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/lifetimes.h"

#include <algorithm>
#include <set>
#include <utility>

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
    std::map<std::string, int> next_label{}; // of each name that was taken
};

// The first entry of a sorted container that is below the path: those that are stand together.
template <typename Container> auto first_below(Container& container, const std::string& path) {
    return container.lower_bound(path + "/");
}
bool holds_or_has_below(const std::set<std::string>& paths, const std::string& path) {
    const auto below = first_below(paths, path);
    return paths.count(path) > 0 || (below != paths.end() && plan::is_within(*below, path));
}

class Lifetimes {
  public:
    Lifetimes(model::Scenario& scenario, Diagnostics& diagnostics) : scenario_(scenario), diagnostics_(diagnostics) {
        for_each_op([&](const model::Op& op) {
            const bool fills =
                op.kind == Kind::spawn || op.kind == Kind::move_all_tasks || op.kind == Kind::run_payload;
            if (fills && !op.cgroups.empty()) working_.insert(op.cgroups.back().name);
            if (op.kind != Kind::cgroup && op.kind != Kind::add_cgroup) return;
            unnamed_ = unnamed_ || op.cgroups.empty();
            if (op.cgroups.empty()) return;
            created_.emplace(op.cgroups.front().name, op.cgroups.front().span);
            if (!op.added->works.empty()) working_.insert(op.cgroups.front().name);
        });
    }

    void check() {
        find_keeps();
        step_ = backdrop;
        for (auto& op : scenario_.backdrop) check_op(op);
        for (step_ = 0; step_ < scenario_.steps.size(); ++step_) {
            for (auto& op : scenario_.steps[step_].ops) check_op(op);
            check_loop(scenario_.steps[step_]);
            check_watches(scenario_.steps[step_]);
            end_step();
        }
        check_expectations();
    }

  private:
    template <typename Visit> void for_each_op(Visit visit) {
        for (const auto& op : scenario_.backdrop) visit(op);
        for (const auto& step : scenario_.steps) {
            for (const auto& op : step.ops) visit(op);
            for (const auto& op : step.loop) visit(op);
        }
    }

    // A cgroup of a step lives until the end of the last step that names it, or until it is removed.
    void find_keeps() {
        std::map<std::string, std::size_t> makers; // step of the cgroups that are there
        const auto create = [&](const std::string& path, std::size_t step) {
            for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
                makers.try_emplace(path.substr(0, slash), step);
            makers.insert_or_assign(path, step);
        };
        const auto follow = [&](const std::vector<model::Op>& ops, std::size_t step) {
            for (const auto& op : ops) {
                const bool creates = op.kind == Kind::cgroup || op.kind == Kind::add_cgroup;
                for (const auto& cgroup : op.cgroups)
                    if (creates)
                        create(cgroup.name, step);
                    else if (!op.if_present)
                        keep_until(cgroup.name, makers, step);
                if (op.kind == Kind::remove_cgroup && !op.cgroups.empty())
                    std::erase_if(makers, [&](const auto& entry) {
                        return plan::is_within(entry.first, op.cgroups.front().name);
                    });
            }
        };
        follow(scenario_.backdrop, backdrop);
        for (std::size_t step = 0; step < scenario_.steps.size(); ++step) {
            follow(scenario_.steps[step].ops, step);
            follow(scenario_.steps[step].loop, step);
        }
    }
    void keep_until(const std::string& cgroup, const std::map<std::string, std::size_t>& makers, std::size_t step) {
        const auto maker = makers.find(cgroup);
        if (maker == makers.end() || maker->second == backdrop) return;
        for (std::size_t keeper = maker->second; keeper < step; ++keeper) {
            auto& keeps = scenario_.steps[keeper].keeps;
            if (std::find(keeps.begin(), keeps.end(), cgroup) == keeps.end()) keeps.push_back(cgroup);
        }
    }

    void check_op(model::Op& op) {
        switch (op.kind) {
        case Kind::cgroup:
        case Kind::add_cgroup: return create(op);
        case Kind::remove_cgroup: return remove(op);
        case Kind::attach_scheduler:
        case Kind::detach_scheduler:
        case Kind::restart_scheduler:
        case Kind::replace_scheduler:
        case Kind::pin_map:
        case Kind::write_bpf: return check_scheduler(op);
        default: break;
        }
        for (const auto& name : op.cgroups) require(name);
        if (op.payload) check_payload(op);
        if (const auto* snapshot = op.action ? std::get_if<plan::CaptureSnapshot>(&*op.action) : nullptr)
            take_snapshot(snapshot->name, op.span);
        if (op.cgroups.empty()) return;
        Cgroup& first = alive_.at(op.cgroups.front().name);
        if (op.kind == Kind::set_cpuset) first.has_cpuset = true;
        if (op.kind == Kind::clear_cpuset) first.has_cpuset = false;
        if (op.kind == Kind::spawn) relabel(first, *op.work);
        if (op.kind == Kind::swap_cpusets)
            for (const auto& name : op.cgroups) require_cpuset(name);
        const bool pair = op.kind == Kind::swap_cpusets || op.kind == Kind::move_all_tasks;
        if (pair && op.cgroups.size() == 2 && op.cgroups[0].name == op.cgroups[1].name)
            diagnostics_.add(Code::wrong_arguments, op.cgroups[1].span, "both cgroups are the same");
    }

    // Workers that are spawned into a cgroup must not share a name with a group that is there.
    static void relabel(Cgroup& cgroup, model::Work& work) {
        const std::string base = work.work.name;
        int& next = cgroup.next_label.try_emplace(base, 2).first->second;
        while (!cgroup.labels.insert(work.work.name).second) work.work.name = base + "_" + std::to_string(next++);
    }

    // A loop can go round any number of times: what it does to the cgroups must be possible again.
    void check_loop(model::Step& step) {
        for (int round = 0; round < 2; ++round)
            for (auto& op : step.loop) check_op(op);
    }

    // KVM has the four debug registers of a CPU; under emulation there is no such limit.
    void check_watches(const model::Step& step) {
        constexpr int debug_registers = 4;
        int watches = 0;
        for (const auto& op : step.ops)
            if (op.kind == Kind::watch && ++watches == debug_registers + 1)
                diagnostics_.add(Code::too_many_watches, op.span,
                                 "this is the fifth watchpoint of the step: under KVM there are four",
                                 "under emulation (--accelerator tcg) it works");
    }

    void take_snapshot(const std::string& name, Span span) {
        const auto [entry, added] = snapshots_.try_emplace(name, span);
        if (!added && entry->second.begin != span.begin)
            diagnostics_.add(Code::duplicate_name, span, "there are two snapshots `" + name + "`",
                             "the first is taken on line " + std::to_string(entry->second.line()));
    }

    // A payload has its name and its cgroup for an address: one at a time, and there to be waited for.
    void check_payload(const model::Op& op) {
        const std::string place = op.cgroups.empty() ? "host" : op.cgroups.front().name;
        const std::pair<std::string, std::string> address{op.payload->name, place};
        ran_.insert(op.payload->name);
        if (op.kind == Kind::run_payload) {
            if (!running_.emplace(address, step_).second)
                diagnostics_.add(Code::payload_state, op.payload->span,
                                 "`" + op.payload->name + "` runs in `" + place + "` already",
                                 "wait for it, kill it, or run it in another cgroup");
            return;
        }
        if (running_.erase(address) > 0) return;
        std::string hint = "`run " + op.payload->name + "` comes first; a payload ends with the step that started it";
        for (const auto& [other, step] : running_)
            if (other.first == op.payload->name)
                hint = "it runs in `" + other.second + "`" +
                       (other.second == "host" ? "" : ": " + word_of(op) + " " + other.first + " in " + other.second);
        diagnostics_.add(Code::payload_state, op.payload->span,
                         "`" + op.payload->name + "` does not run in `" + place + "` at this point", hint);
    }

    void create(const model::Op& op) {
        if (op.cgroups.empty()) return;
        const model::Mention& name = op.cgroups.front();
        const auto existing = alive_.find(name.name);
        if (existing != alive_.end()) {
            const Span made = existing->second.made;
            const bool same = made.file == name.span.file && made.begin == name.span.begin;
            if (!existing->second.poisoned)
                diagnostics_.add(
                    Code::duplicate_cgroup, name.span, "the cgroup `" + name.name + "` exists already",
                    (same ? std::string("made by this statement in a round before")
                          : "made on line " + std::to_string(made.line()) +
                                (existing->second.step == backdrop && step_ != backdrop ? ", in the backdrop" : "")) +
                        "; remove_cgroup ends it");
            return;
        }
        // Parents that were not declared are made along with it.
        for (auto slash = name.name.find('/'); slash != std::string::npos; slash = name.name.find('/', slash + 1))
            alive_.try_emplace(name.name.substr(0, slash), Cgroup{step_, name.span, false, false, {}});
        Cgroup cgroup{step_, name.span, op.added->cpus.has_value(), false, {}};
        for (const auto& work : op.added->works) cgroup.labels.insert(work.work.name);
        alive_.emplace(name.name, std::move(cgroup));
        ended_.erase(name.name);
    }

    void remove(const model::Op& op) {
        if (op.cgroups.empty()) return;
        const model::Mention& name = op.cgroups.front();
        if (op.if_present && alive_.count(name.name) == 0) {
            if (created_.count(name.name) == 0) report_unknown(name.name, name.span);
            return;
        }
        require(name);
        end(name.name, name.span);
    }

    // Ends the cgroup and all below it.
    void end(const std::string& path, Span where) {
        if (alive_.erase(path) > 0) ended_[path] = where;
        for (auto i = first_below(alive_, path); i != alive_.end() && plan::is_within(i->first, path);
             i = alive_.erase(i))
            ended_[i->first] = where;
    }

    void end_step() {
        const plan::Step step{.keeps = scenario_.steps[step_].keeps};
        std::vector<std::string> paths;
        for (auto& [path, cgroup] : alive_) {
            if (cgroup.step != step_) continue;
            if (step.keeps_cgroup(path))
                ++cgroup.step;
            else
                paths.push_back(path);
        }
        for (const auto& path : paths) alive_.erase(path);
        std::erase_if(running_, [&](const auto& entry) { return entry.second == step_; });
    }

    void require(const model::Mention& name) {
        if (alive_.count(name.name) > 0) return;
        if (const auto ended = ended_.find(name.name); ended != ended_.end())
            diagnostics_.add(Code::cgroup_not_alive, name.span,
                             "the cgroup `" + name.name + "` is gone: it was removed on line " +
                                 std::to_string(ended->second.line()),
                             "remove it later, or make it again");
        else if (const auto created = created_.find(name.name); created != created_.end())
            diagnostics_.add(Code::cgroup_not_alive, name.span,
                             "the cgroup `" + name.name + "` does not exist yet: it is made on line " +
                                 std::to_string(created->second.line()));
        else
            report_unknown(name.name, name.span);
        alive_.emplace(name.name, Cgroup{step_, name.span, true, true, {}});
    }

    void require_cpuset(const model::Mention& name) {
        if (alive_.at(name.name).has_cpuset) return;
        diagnostics_.add(Code::no_cpuset, name.span, "the cgroup `" + name.name + "` has no cpuset to swap",
                         "give it one: cpuset all, or whatever it may use");
    }

    void report_unknown(const std::string& path, Span span) {
        const std::string last = path.substr(path.rfind('/') + 1); // npos + 1 is 0
        if (unnamed_ || scenario_.unread->count(last) > 0) return; // most likely it is one that was reported
        if (!diagnostics_.keeps(Code::unknown_cgroup, span)) return diagnostics_.add(Code::unknown_cgroup, span, {});
        std::vector<std::string> names;
        for (const auto& [known, where] : created_) names.push_back(known);
        diagnostics_.add(Code::unknown_cgroup, span, "there is no cgroup `" + path + "` in this scenario",
                         suggest(path, names));
    }

    static std::string word_of(const model::Op& op) {
        const std::string_view text = op.span.text();
        return std::string(text.substr(0, text.find_first_of(" \t\r\n")));
    }

    void check_scheduler(const model::Op& op) {
        const std::string word = word_of(op);
        if (!scenario_.scheduler && !op.scheduler) {
            diagnostics_.add(Code::no_scheduler, op.span, "`" + word + "` needs a scheduler, and the scenario has none",
                             "add `scheduler NAME` to the scenario");
            return;
        }
        const bool needs_attached = op.kind != Kind::attach_scheduler;
        const bool attached = attached_.value_or(scenario_.scheduler.has_value());
        if (attached != needs_attached)
            diagnostics_.add(Code::scheduler_state, op.span,
                             attached ? "the scheduler is attached already"
                                      : "the scheduler is not attached at this point",
                             attached ? "detach_scheduler comes first" : "attach_scheduler comes first");
        attached_ = op.kind != Kind::detach_scheduler;
    }

    // What an expectation names must be somewhere in the scenario, or nothing would ever be compared.
    void check_expectations() {
        std::set<std::string> read;
        std::set<std::string> steps;
        std::set<std::string> snapshots;
        for (const auto& step : scenario_.steps) steps.insert(step.name);
        for (const auto& [name, span] : snapshots_) snapshots.insert(name);
        for (const auto& expectation : scenario_.expectations) {
            for (const auto& cgroup : expectation.cgroups) check_subject(cgroup);
            for (const auto& step : expectation.steps) {
                if (steps.count(step.name) == 0)
                    report_unknown_subject(step, "there is no step \"" + step.name + "\"", steps, "");
            }
            for (const auto& snapshot : expectation.snapshots) {
                read.insert(snapshot.name);
                if (snapshots_.count(snapshot.name) == 0)
                    report_unknown_subject(snapshot, "no snapshot `" + snapshot.name + "` is taken", snapshots,
                                           "take it in a step: snapshot " + snapshot.name);
            }
            for (const auto& series : expectation.series) check_series(series);
            for (const auto& payload : expectation.payloads)
                if (ran_.count(payload.name) == 0)
                    diagnostics_.add(Code::unreachable_expectation, payload.span,
                                     "the payload `" + payload.name + "` is never run",
                                     "start it in a step: run " + payload.name);
        }
        const bool scripted = !scenario_.checks.empty(); // a script may read any of them
        for (const auto& [name, span] : snapshots_)
            if (!scripted && read.count(name) == 0)
                diagnostics_.add(Code::unread_snapshot, span, "nothing reads the snapshot `" + name + "`",
                                 "an expectation can: snapshot(" + name + ").nr_queued <= 100");
    }

    void check_series(const model::Mention& series) {
        const bool of_scheduler = series.name.rfind("bpf.", 0) == 0 || series.name.rfind("stats.", 0) == 0;
        if (of_scheduler && scenario_.schedulers.empty() && !scenario_.scheduler && !std::exchange(missed_, true))
            diagnostics_.add(Code::no_scheduler, series.span,
                             "`" + series.name + "` is a value of the scheduler, and the scenario has none",
                             "add `scheduler NAME` to the scenario");
    }

    void report_unknown_subject(const model::Mention& subject, const std::string& message,
                                const std::set<std::string>& known, const std::string& if_none) {
        if (!diagnostics_.keeps(Code::unknown_subject, subject.span))
            return diagnostics_.add(Code::unknown_subject, subject.span, {});
        diagnostics_.add(Code::unknown_subject, subject.span, message,
                         known.empty() ? if_none : suggest(subject.name, {known.begin(), known.end()}));
    }

    void check_subject(const model::Mention& cgroup) {
        if (created_.count(cgroup.name) == 0) {
            if (unknown_.insert(cgroup.name).second) report_unknown(cgroup.name, cgroup.span);
            return;
        }
        if (!holds_or_has_below(working_, cgroup.name))
            diagnostics_.add(Code::unreachable_expectation, cgroup.span,
                             "no worker is ever started in the cgroup `" + cgroup.name + "`");
    }

    model::Scenario& scenario_;
    Diagnostics& diagnostics_;
    std::size_t step_ = backdrop;
    std::optional<bool> attached_;  // none: as the scenario begins
    std::set<std::string> working_; // cgroups that begin with workers, or get some
    std::set<std::string> unknown_; // reported
    bool missed_ = false;           // that there is no scheduler to ask for values was said
    bool unnamed_ = false;          // the name of a cgroup was wrong
    std::map<std::string, Span> snapshots_;
    std::map<std::pair<std::string, std::string>, std::size_t> running_; // payload and cgroup, with the step
    std::set<std::string> ran_;
    std::map<std::string, Span> created_; // anywhere in the scenario
    std::map<std::string, Cgroup> alive_;
    std::map<std::string, Span> ended_; // where
};

} // namespace

void check_lifetimes(model::Scenario& scenario, Diagnostics& diagnostics) { Lifetimes(scenario, diagnostics).check(); }

} // namespace ktstr::check
