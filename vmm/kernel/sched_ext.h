// SPDX-License-Identifier: GPL-2.0-only
// Whether sched_ext schedulers can really attach to a kernel, read from its BTF before anything boots.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

struct SchedExtFacts {
    bool present = false; // the kernel has struct_ops for sched_ext_ops (CONFIG_SCHED_CLASS_EXT)
    // kfuncs scx_bpf_* and bpf_iter_scx_dsq_*, by name, sorted.
    std::vector<std::string> callable;
    std::vector<std::string> broken; // there, but a BPF program that calls it is refused
    // Of the kfuncs that no useful scheduler does without (create a queue, insert, move to local, kick, ...), those
    // that are not callable under any of their names; "scx_bpf_dsq_insert or scx_bpf_dispatch".
    std::vector<std::string> missing;

    [[nodiscard]] bool schedulers_attach() const { return present && missing.empty(); }
};

// From raw BTF and, if the image has it, the raw section .BTF_ids (else empty). `name` is for the messages.
//
// A kfunc counts as callable if
//   1. its FUNC is registered: its type id stands in .BTF_ids, where the kernel keeps the sets of callable functions.
//      Decl tags "bpf_kfunc" are no criterion: kernels built with pahole before 1.26 have none and work
//      (Debian's pahole 1.24 on 6.12);
//   2. the prototype is the one a program sees. From 7.1 on kfuncs may be flagged KF_IMPLICIT_ARGS (1 << 16,
//      include/linux/btf.h): the verifier supplies a last parameter `const struct bpf_prog_aux *aux`. The build
//      (resolve_btfids) must then strip `aux` from the FUNC and add `<name>_impl` with the full prototype, which the
//      verifier looks up. Where the build has not done so, libbpf refuses the program for an incompatible prototype, or
//      the verifier for the missing `_impl`. Seen: Debian's 7.1.13 lacks it for 19 of 59 scx kfuncs and 7.2.12 for 22
//      of 73, scx_bpf_create_dsq among them; 7.3.4 has all; 6.19 and 7.0 do not use the flag for them.
//
// Checked against guests: a scheduler attached on 6.12 (built), 7.0.13 and 7.3.4, and libbpf refused it on 7.2.12
// ("func_proto incompatible with vmlinux").
Result<SchedExtFacts> sched_ext_facts(std::string_view btf, std::string_view btf_ids, const std::string& name);

// The same from a vmlinux file; a kernel without BTF has `present` false.
Result<SchedExtFacts> sched_ext_facts(const std::filesystem::path& vmlinux);

} // namespace ktstr
