// SPDX-License-Identifier: GPL-2.0-only
#include "report/explain.h"

#include <algorithm>
#include <utility>

#include "interp/plan/formula_words.h"
#include "report/plan_words.h"
#include "report/result.h"
#include "report/source_line.h"
#include "report/text.h"

namespace ktstr::report {

namespace {

constexpr std::size_t columns = 100;
constexpr std::size_t label_width = 12; // "parameters" and two blanks

// Wraps at blanks: the first line starts with `first`, the others with as many blanks as `indent` says.
std::string wrapped(std::string first, std::size_t indent, std::string_view text) {
    std::string out;
    std::string line = std::move(first);
    bool empty = true; // no word in the line yet
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!empty && display_width(line) + 1 + display_width(word) > columns) {
            out += line + "\n";
            line = std::string(indent, ' ');
            empty = true;
        }
        line += (empty ? "" : " ") + std::string(word);
        empty = false;
    }
    return out + line + "\n";
}

// What a step, or the backdrop, leaves behind to be torn down.
struct Remains {
    std::vector<std::string> cgroups;
    std::vector<std::pair<std::string, std::string>> workers;  // cgroup and name, outside of `cgroups`
    std::vector<std::pair<std::string, std::string>> payloads; // cgroup and name
    std::vector<std::string> watches;
    std::vector<std::string> kept; // of the cgroups

    void follow(const std::vector<plan::Op>& ops) {
        for (const auto& op : ops) std::visit([this](const auto& action) { one(action); }, op.action);
    }

    void keep_for_the_next(const plan::Step& step) {
        for (const auto& name : cgroups)
            if (step.keeps_cgroup(name)) kept.push_back(name);
        std::erase_if(cgroups, [&step](const std::string& name) { return step.keeps_cgroup(name); });
    }

    [[nodiscard]] std::string words() const {
        std::vector<std::string> parts;
        for (const auto& [cgroup, name] : payloads) parts.push_back("kill payload " + name + " " + place_words(cgroup));
        for (const auto& [cgroup, name] : workers)
            if (std::none_of(cgroups.begin(), cgroups.end(),
                             [&c = cgroup](const auto& own) { return plan::is_within(c, own); }))
                parts.push_back("stop the workers " + name + " " + place_words(cgroup));
        if (!cgroups.empty())
            parts.push_back(std::string("remove ") + (cgroups.size() == 1 ? "cgroup " : "cgroups ") + joined(cgroups) +
                            ", with all workers in " + (cgroups.size() == 1 ? "it" : "them"));
        for (const auto& name : watches) parts.push_back("end watch " + name);
        if (!kept.empty())
            parts.push_back(std::string("keep ") + (kept.size() == 1 ? "cgroup " : "cgroups ") + joined(kept) +
                            ", which a later step names");
        return joined(parts, "; ");
    }

  private:
    static void add_once(auto& list, const auto& item) {
        if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
    }
    void one(const plan::AddCgroup& op) { add_once(cgroups, op.spec.name); }
    void one(const plan::RemoveCgroup& op) {
        std::erase_if(cgroups, [&op](const std::string& name) { return plan::is_within(name, op.cgroup); });
        stop(op.cgroup);
    }
    void one(const plan::StopCgroup& op) { stop(op.cgroup); }
    void one(const plan::Spawn& op) { add_once(workers, std::pair(op.cgroup, op.work.name)); }
    void one(const plan::RunPayload& op) { add_once(payloads, std::pair(op.cgroup, op.payload)); }
    void one(const plan::WaitPayload& op) { std::erase(payloads, std::pair(op.cgroup, op.payload)); }
    void one(const plan::KillPayload& op) { std::erase(payloads, std::pair(op.cgroup, op.payload)); }
    void one(const plan::WatchSnapshot& op) { watches.push_back(op.name); }
    template <typename Action> void one(const Action&) {} // leaves nothing
    void stop(const std::string& cgroup) {
        std::erase_if(workers, [&cgroup](const auto& entry) { return plan::is_within(entry.first, cgroup); });
    }
};

class Explanation {
  public:
    Explanation(const plan::Plan& plan, const std::filesystem::path& file, const std::string& combination)
        : combination_(combination) {
        shown_.plan = plan;
        shown_.file = file;
    }

    std::string text() {
        header();
        backdrop();
        std::uint64_t start = 0;
        for (std::size_t i = 0; i < plan().steps.size(); ++i) {
            step(i, start);
            start += plan().steps[i].hold_ns;
        }
        expectations();
        checks();
        return std::move(text_);
    }

  private:
    [[nodiscard]] const plan::Plan& plan() const { return shown_.plan; }

    // --- Lines
    void line(std::size_t indent, const std::string& text) {
        text_ += wrapped(std::string(indent, ' '), indent + 4, printable_line(text));
    }
    void labelled(std::string label, const std::string& text) {
        label.resize(std::max(label.size() + 1, label_width), ' ');
        text_ += wrapped("  " + label, 2 + label_width, printable_line(text));
    }
    // The place behind the text, or below it where the line is full.
    void placed(const std::string& text, const plan::SourcePosition& position, std::size_t width) {
        const std::string words = printable_line(text);
        const std::string where = location_of(position);
        const std::size_t used = std::max(display_width(words), width);
        if (where.empty() || 2 + used + 2 + display_width(where) > columns) {
            line(2, words);
            if (!where.empty()) line(6, where);
            return;
        }
        text_ += "  " + words + std::string(used - display_width(words) + 2, ' ') + where + "\n";
    }
    [[nodiscard]] std::string location_of(const plan::SourcePosition& position) const {
        if (position.file.empty()) return "";
        const plan::SourcePosition in_line{position.file, position.line, 0};
        return location(shown_, in_line);
    }
    void section(const std::string& title) {
        text_ += "\n";
        line(0, title);
    }

    // --- The header
    void header() {
        const std::string where = location_of(plan().source);
        line(0, "scenario \"" + plan().scenario + "\"" + (combination_.empty() ? "" : " with " + combination_) +
                    (where.empty() ? "" : "  " + where));
        const auto shape = topology_words(plan().topology);
        labelled("topology", plan().topology.label() + ", " + shape.front());
        for (std::size_t i = 1; i < shape.size(); ++i) labelled("", shape[i]);
        labelled("memory", size_words(plan().memory_bytes));
        if (!plan().kernel_args.empty()) labelled("kernel", joined(plan().kernel_args, " "));
        for (const auto& [name, value] : plan().sysctls) labelled("sysctl", name + " = " + value);
        schedulers();
        for (const auto& payload : plan().payloads) this->payload(payload);
        for (const auto& [name, value] : plan().parameters) labelled("parameter", name + " = " + value);
        labelled("duration", duration_words(plan().duration_ns));
        labelled("hash", plan::plan_hash(plan()));
    }

    void schedulers() {
        if (!plan().scheduler) labelled("scheduler", "eevdf, the kernel's own");
        for (const auto& scheduler : plan().schedulers) {
            const bool first = plan().scheduler == scheduler.name;
            labelled(first ? "scheduler" : "later", scheduler_words(scheduler));
        }
    }

    static std::string scheduler_words(const plan::Scheduler& scheduler) {
        std::vector<std::string> parts;
        if (scheduler.binary.empty())
            parts.push_back("built into the kernel: on by `" + scheduler.enable + "`, off by `" + scheduler.disable +
                            "`");
        else
            parts.push_back(command_words(scheduler.binary, scheduler.args));
        if (!scheduler.config.empty())
            parts.push_back("configuration file " + scheduler.config +
                            (scheduler.config_flag.empty() ? "" : " after " + scheduler.config_flag));
        if (!scheduler.flags.empty()) parts.push_back("flags " + joined(scheduler.flags));
        if (!scheduler.cgroup_parent.empty()) parts.push_back("itself in cgroup " + scheduler.cgroup_parent);
        return scheduler.name + ": " + joined(parts, "; ");
    }

    void payload(const plan::Payload& payload) {
        using Output = plan::Payload::Output;
        std::vector<std::string> parts = {payload.name + ": " + command_words(payload.binary, payload.args)};
        if (payload.output == Output::json) parts.emplace_back("metrics from its JSON");
        if (payload.output == Output::regex) parts.push_back("metrics by the pattern " + payload.pattern);
        if (payload.output == Output::llm)
            parts.push_back("metrics as a language model reads them" +
                            (payload.pattern.empty() ? "" : ": " + payload.pattern));
        for (const auto& metric : payload.metrics) parts.push_back(metric_words(metric));
        if (!payload.files.empty()) parts.push_back("with the files " + joined(payload.files));
        labelled("payload", joined(parts, "; "));
    }

    static std::string metric_words(const plan::Metric& metric) {
        using Polarity = plan::Metric::Polarity;
        std::string words = "metric " + metric.name + (metric.unit.empty() ? "" : " in " + metric.unit);
        if (metric.better == Polarity::none) return words;
        return words + (metric.better == Polarity::higher ? ", higher is better" : ", lower is better");
    }

    // --- What happens
    void ops(const std::vector<plan::Op>& ops, std::size_t indent) {
        for (const auto& op : ops) {
            const OpWords words = op_words(plan(), op);
            line(indent, words.what);
            for (const auto& detail : words.details) line(indent + 2, detail);
        }
    }

    void backdrop() {
        if (plan().backdrop.empty()) return;
        section("backdrop, through all steps");
        line(2, "at 0s, before the first step");
        ops(plan().backdrop, 4);
        Remains remains;
        remains.follow(plan().backdrop);
        if (const std::string words = remains.words(); !words.empty()) {
            line(2, "at " + duration_words(plan().duration_ns) + ", after the last step");
            line(4, words);
        }
    }

    void step(std::size_t index, std::uint64_t start) {
        const plan::Step& step = plan().steps[index];
        const std::uint64_t end = start + step.hold_ns;
        const std::string where = location_of(step.source);
        section("step " + std::to_string(index + 1) + " of " + std::to_string(plan().steps.size()) +
                (step.name.empty() ? "" : " \"" + step.name + "\"") + ", " + duration_words(start) + " to " +
                duration_words(end) + (where.empty() ? "" : "  " + where));
        line(2, "at " + duration_words(start));
        ops(step.ops, 4);
        line(4, "hold for " + duration_words(step.hold_ns));
        if (step.every_ns > 0) loop(step, start);
        captures(start, end, index + 1 == plan().steps.size());
        line(2, "at " + duration_words(end));
        Remains remains{.cgroups = kept_};
        remains.follow(step.ops);
        remains.follow(step.loop);
        remains.keep_for_the_next(step);
        kept_ = remains.kept;
        const std::string words = remains.words();
        line(4, words.empty() ? "nothing to tear down" : words);
    }

    // The first round comes after one interval; one that would come at the end of the hold does not.
    void loop(const plan::Step& step, std::uint64_t start) {
        const std::uint64_t rounds = step.hold_ns == 0 ? 0 : (step.hold_ns - 1) / step.every_ns;
        line(2, "every " + duration_words(step.every_ns) + " from " + duration_words(start + step.every_ns) +
                    ", about " + count_words(rounds, "time"));
        ops(step.loop, 4);
    }

    void captures(std::uint64_t start, std::uint64_t end, bool last) {
        for (std::size_t i = 0; i < plan().captures_ns.size(); ++i) {
            const std::uint64_t at = plan().captures_ns[i];
            if (at < start || (last ? at > end : at >= end)) continue;
            line(2, "at " + duration_words(at));
            line(4, "take periodic snapshot " + std::to_string(i + 1) + " of " +
                        std::to_string(plan().captures_ns.size()));
        }
    }

    // --- What is judged
    struct Judged {
        std::string text;
        plan::SourcePosition source;
        [[nodiscard]] bool is_like(const Judged& other) const {
            return text == other.text && source.file == other.source.file && source.line == other.source.line;
        }
    };

    void list(const std::string& title, const std::vector<Judged>& all) {
        if (all.empty()) return;
        section(title);
        std::size_t width = 0;
        for (const auto& one : all)
            if (const std::size_t own = display_width(printable_line(one.text)); own <= columns / 2)
                width = std::max(width, own);
        for (std::size_t i = 0; i < all.size();) {
            std::size_t same = i; // what one line of the source says of several cgroups
            while (same < all.size() && all[same].is_like(all[i])) ++same;
            placed(all[i].text + (same - i > 1 ? ", " + count_words(same - i, "time") : ""), all[i].source, width);
            i = same;
        }
    }

    // As written, with what it came to where the source does not say so; made up for a plan that was not written.
    static std::string expectation_words(const plan::Expectation& expectation) {
        if (expectation.written.empty()) return plan::expectation_words(expectation);
        const std::string resolved = plan::resolved_words(expectation);
        return expectation.written + (resolved.empty() ? "" : " (" + resolved + ")");
    }

    void expectations() {
        std::vector<Judged> all;
        for (const auto& expectation : plan().expectations)
            all.push_back({expectation_words(expectation), expectation.source});
        for (const auto& payload : plan().payloads)
            for (const auto& check : payload.checks)
                all.push_back({"payload " + payload.name + ": " + check.written, check.source});
        list("expectations", all);
    }

    void checks() {
        std::vector<Judged> all;
        for (const auto& check : plan().checks)
            all.push_back({"\"" + check.name + "\"" + (check.always ? ", also after a failure" : ""), check.source});
        list("checks in Lua, after the run", all);
    }

    ScenarioResult shown_;
    std::string combination_;
    std::vector<std::string> kept_; // cgroups, by the step before
    std::string text_;
};

} // namespace

std::string explain(const plan::Plan& plan, const std::filesystem::path& file, const std::string& combination) {
    return Explanation(plan, file, combination).text();
}

} // namespace ktstr::report
