// SPDX-License-Identifier: GPL-2.0-only
// Finds where jemalloc keeps its counters in an image, with elfutils: the thread-local variable in the symbol table,
// the fields of tsd_s in DWARF, both also in separate debug files (by build id below /usr/lib/debug, by
// .gnu_debuglink).
#pragma once

#include <string>
#include <vector>

#include "ctprof/heap_layout.h"

namespace ktstr::ctprof {

// `path` may be a file that is no ELF image, or not there: no_jemalloc.
HeapFinding find_heap_layout(const std::string& path);

class ElfLayouts : public LayoutSource {
  public:
    HeapFinding find(const ImageFile& image) override { return find_heap_layout(image.path); }
};

// What is known of these images, for KnownLayouts elsewhere; those without jemalloc are left out. `path` opens the
// image here, `own_path` is where it will be when it is run.
std::vector<KnownImage> known_images(const std::vector<ImageFile>& images);

} // namespace ktstr::ctprof
