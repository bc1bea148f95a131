// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/object.h"

// KTSTR_BPF_OBJECT is the object's path, set by CMake. Aligned because libelf reads it in place.
__asm__(".pushsection .rodata\n"
        ".balign 8\n"
        "ktstr_bpf_object_begin:\n"
        ".incbin \"" KTSTR_BPF_OBJECT "\"\n"
        "ktstr_bpf_object_end:\n"
        ".popsection\n");

extern "C" {
extern const char ktstr_bpf_object_begin[];
extern const char ktstr_bpf_object_end[];
}

namespace ktstr::scx {

std::span<const char> object_bytes() { return {ktstr_bpf_object_begin, ktstr_bpf_object_end}; }

} // namespace ktstr::scx
