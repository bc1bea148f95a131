// SPDX-License-Identifier: GPL-2.0-only
// Where jemalloc keeps what a thread has allocated: how to come from a thread pointer to the two counters.
//
// jemalloc (4 and 5) has a structure tsd_s for each thread, in a thread-local variable tsd_tls. The layouts are found
// on a host with elfutils (ctprof/host/elf_layout.h), and carried to where nothing but the image's build id is read.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ctprof/capture.h"

namespace ktstr::ctprof {

// Of one ELF image (x86-64). Addresses are the image's own, before it is loaded somewhere.
//
// x86-64 uses TLS variant II (U. Drepper, "ELF Handling For Thread-Local Storage", 3.4.6): the thread pointer, which is
// the base of %fs, stands behind the static TLS blocks, the program's own being the last before it.
struct HeapLayout {
    enum class Tls {
        program,      // the program's own block: `tls_offset` from the thread pointer, below 0
        static_slot,  // a library's static block: the slot, filled by R_X86_64_TPOFF64, holds its distance from the
                      // thread pointer; `tls_offset` is added
        dynamic_slot, // a library's dynamic block: the slot, filled by R_X86_64_DTPMOD64, holds its number in glibc's
                      // dynamic thread vector; `tls_offset` is into the block
    };
    Tls tls = Tls::program;
    std::int64_t tls_offset = 0;          // to tsd_tls
    std::uint64_t slot_address = 0;       // of 8 bytes; not for `program`
    std::uint64_t load_offset = 0;        // of the first loaded segment: in the file,
    std::uint64_t load_address = 0;       // and its address, both rounded down to the page
    std::uint64_t allocated_offset = 0;   // of thread_allocated in tsd_s, 8 bytes
    std::uint64_t deallocated_offset = 0; // of thread_deallocated in tsd_s, 8 bytes
    bool operator==(const HeapLayout&) const = default;
};

// What is known of an image: a layout (state `read`), or why there is none (`no_jemalloc`, `no_debug_information` or
// `unknown_tls`).
struct HeapFinding {
    HeapState state = HeapState::no_jemalloc;
    HeapLayout layout = {};
    bool operator==(const HeapFinding&) const = default;
};

// An image that a process has mapped.
struct ImageFile {
    std::string path;     // by which it can be opened here
    std::string own_path; // as the process knows it
};

// Knows layouts. Asked once for each image.
class LayoutSource {
  public:
    LayoutSource() = default;
    LayoutSource(const LayoutSource&) = delete;
    LayoutSource& operator=(const LayoutSource&) = delete;
    virtual ~LayoutSource() = default;
    virtual HeapFinding find(const ImageFile& image) = 0;
};

// One image of a table that was made elsewhere.
struct KnownImage {
    std::string build_id; // hexadecimal; empty if the image has none
    std::string path;     // where the image is when it is run; by which it is known if it has no build id
    HeapFinding finding;  // never no_jemalloc
};

// Layouts from such a table. Images that are not in it have no jemalloc.
class KnownLayouts : public LayoutSource {
  public:
    explicit KnownLayouts(std::vector<KnownImage> images) : images_(std::move(images)) {}
    HeapFinding find(const ImageFile& image) override;

  private:
    std::vector<KnownImage> images_;
};

// The GNU build id of an ELF64 file in hexadecimal, read from its notes; empty if it has none or is no such file.
std::string read_build_id(const std::string& path);

nlohmann::json to_json(const KnownImage& image);
// Checks presence, type and range of every field; `where` is for messages.
Result<KnownImage> known_image_from_json(const nlohmann::json& json, const std::string& where);

} // namespace ktstr::ctprof
