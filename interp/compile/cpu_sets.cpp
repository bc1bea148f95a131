// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cmath>

#include "interp/compile/lower.h"

namespace ktstr::lower {

namespace {

using SetKind = model::CpuSetSpec::Kind;

class SetResolver {
  public:
    SetResolver(const model::PlacedSet& set, const plan::Topology& topology, Diagnostics& diagnostics)
        : set_(set.set), span_(set.span), topology_(topology), diagnostics_(diagnostics) {}

    plan::CpuSet cpus() {
        const int cpus = topology_.cpus();
        switch (set_.kind) {
        case SetKind::all: return plan::CpuSet::range(0, cpus - 1);
        case SetKind::usable: return plan::CpuSet::range(0, cpus > 2 ? cpus - 2 : cpus - 1);
        case SetKind::llc: return group(topology_.llcs, topology_.cpus_per_llc(), "LLC", "LLCs");
        case SetKind::numa: return node();
        case SetKind::range: return within(plan::CpuSet::range(set_.index, set_.count), cpus, "CPU", "CPUs");
        case SetKind::exact: return within(set_.exact, cpus, "CPU", "CPUs");
        case SetKind::disjoint:
        case SetKind::overlap: return part(cpus);
        }
        std::abort();
    }

    plan::CpuSet nodes() {
        if (set_.kind == SetKind::all) return plan::CpuSet::range(0, topology_.nodes - 1);
        const plan::CpuSet wanted = set_.kind == SetKind::numa ? plan::CpuSet({set_.index}) : set_.exact;
        return within(wanted, topology_.nodes, "NUMA node", "NUMA nodes");
    }

  private:
    plan::CpuSet group(int groups, int size, const char* one, const char* many) {
        if (set_.index >= groups) return outside(one, many, set_.index, groups);
        return plan::CpuSet::range(set_.index * size, (set_.index + 1) * size - 1);
    }

    plan::CpuSet node() {
        if (set_.index >= topology_.nodes) return outside("NUMA node", "NUMA nodes", set_.index, topology_.nodes);
        plan::CpuSet cpus = topology_.cpus_of_node(set_.index);
        if (cpus.empty())
            diagnostics_.add(Code::outside_topology, span_,
                             "NUMA node " + std::to_string(set_.index) + " has memory only, no CPU");
        return cpus;
    }

    plan::CpuSet within(const plan::CpuSet& wanted, int total, const char* one, const char* many) {
        if (wanted.members().back() >= total) return outside(one, many, wanted.members().back(), total);
        return wanted;
    }

    plan::CpuSet outside(const char* one, const char* many, int number, int total) {
        diagnostics_.add(Code::outside_topology, span_,
                         "there is no " + std::string(one) + " " + std::to_string(number) + ": the topology " +
                             topology_.label() + " has " + std::to_string(total) + " " + (total == 1 ? one : many),
                         "they are counted from 0");
        return {};
    }

    // Part i of n equal runs of CPUs; for overlap, it reaches into the next one.
    plan::CpuSet part(int cpus) {
        if (set_.count > cpus) {
            diagnostics_.add(Code::outside_topology, span_,
                             "the topology " + topology_.label() + " has " + std::to_string(cpus) +
                                 " CPUs, too few for " + std::to_string(set_.count) + " parts");
            return {};
        }
        const int first = set_.index * cpus / set_.count;
        int end = (set_.index + 1) * cpus / set_.count;
        if (set_.kind == SetKind::overlap) {
            const double reach = set_.fraction * cpus / set_.count;
            end = std::min(cpus, end + static_cast<int>(std::ceil(reach - 1e-9)));
        }
        return plan::CpuSet::range(first, end - 1);
    }

    const model::CpuSetSpec& set_;
    Span span_;
    const plan::Topology& topology_;
    Diagnostics& diagnostics_;
};

} // namespace

plan::CpuSet resolve_cpus(const model::PlacedSet& set, const plan::Topology& topology, Diagnostics& diagnostics) {
    return SetResolver(set, topology, diagnostics).cpus();
}

plan::CpuSet resolve_nodes(const model::PlacedSet& set, const plan::Topology& topology, Diagnostics& diagnostics) {
    return SetResolver(set, topology, diagnostics).nodes();
}

} // namespace ktstr::lower
