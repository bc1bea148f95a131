// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/host/elf_layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fd.h"
#include "ctprof/host/debug_file.h"

namespace ktstr::ctprof {

namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t largest_tsd = 1U << 20U;

// What a symbol table says of jemalloc. Its private names may have a prefix: tsd_tls, je_tsd_tls, _rjem_je_tsd_tls.
struct Symbols {
    bool jemalloc = false;                   // an allocator's entry points are defined
    std::optional<std::uint64_t> tsd_offset; // of tsd_tls in the image's TLS block
};

bool is_name_of(std::string_view name, std::string_view wanted) {
    if (!name.ends_with(wanted)) return false;
    const auto prefix = name.substr(0, name.size() - wanted.size());
    return prefix.empty() || prefix.ends_with('_');
}

template <typename Handle> void for_each_section(Elf* elf, Handle handle) {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf, section)) != nullptr) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != nullptr) handle(section, header);
    }
}

void add_symbols(Elf* elf, Symbols& found) {
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
        if ((header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) || header.sh_entsize == 0) return;
        Elf_Data* data = elf_getdata(section, nullptr);
        if (data == nullptr) return;
        const auto count = static_cast<int>(std::min<std::uint64_t>(header.sh_size / header.sh_entsize, 1U << 24U));
        for (int i = 0; i < count; ++i) {
            GElf_Sym symbol;
            if (gelf_getsym(data, i, &symbol) == nullptr || symbol.st_shndx == SHN_UNDEF) continue;
            const char* text = elf_strptr(elf, header.sh_link, symbol.st_name);
            if (text == nullptr) continue;
            const std::string_view name(text);
            if (GELF_ST_TYPE(symbol.st_info) == STT_TLS) {
                if (is_name_of(name, "tsd_tls")) found.tsd_offset = symbol.st_value;
            } else if (is_name_of(name, "mallctlnametomib")) {
                found.jemalloc = true;
            }
        }
    });
}

// --- Thread-local storage --------------------------------------------------------------------------------------------

struct Segments {
    std::optional<GElf_Phdr> tls;
    std::optional<GElf_Phdr> first_load;
    bool has_interpreter = false;
};

Segments read_segments(Elf* elf) {
    Segments found;
    std::size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0) return found;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr) continue;
        if (segment.p_type == PT_TLS) found.tls = segment;
        if (segment.p_type == PT_LOAD && !found.first_load) found.first_load = segment;
        if (segment.p_type == PT_INTERP) found.has_interpreter = true;
    }
    return found;
}

std::uint64_t dynamic_value(Elf* elf, GElf_Sxword tag) {
    std::uint64_t found = 0;
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
        if (header.sh_type != SHT_DYNAMIC || header.sh_entsize == 0) return;
        Elf_Data* data = elf_getdata(section, nullptr);
        for (int i = 0; data != nullptr && i < static_cast<int>(header.sh_size / header.sh_entsize); ++i) {
            GElf_Dyn entry;
            if (gelf_getdyn(data, i, &entry) != nullptr && entry.d_tag == tag) found = entry.d_un.d_val;
        }
    });
    return found;
}

// Whether the image is run as a program; a position-independent one is of the same ELF type as a library.
bool is_program(Elf* elf, const Segments& segments) {
    GElf_Ehdr header;
    if (gelf_getehdr(elf, &header) == nullptr) return false;
    if (header.e_type == ET_EXEC) return true;
    return segments.has_interpreter || (dynamic_value(elf, DT_FLAGS_1) & DF_1_PIE) != 0;
}

// The slot by which a library finds its own TLS block. Of relocations without a symbol the addend says which place of
// the block is meant; those with one of the library's own symbols are what R_X86_64_DTPMOD64 has too.
bool find_slot(Elf* elf, std::uint64_t tsd_offset, HeapLayout& layout) {
    bool found = false;
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
        if (header.sh_type != SHT_RELA || header.sh_entsize == 0) return;
        Elf_Data* data = elf_getdata(section, nullptr);
        const auto count = static_cast<int>(std::min<std::uint64_t>(header.sh_size / header.sh_entsize, 1U << 24U));
        for (int i = 0; data != nullptr && i < count; ++i) {
            GElf_Rela relocation;
            if (gelf_getrela(data, i, &relocation) == nullptr || GELF_R_SYM(relocation.r_info) != 0) continue;
            const auto type = GELF_R_TYPE(relocation.r_info);
            const bool is_static = type == R_X86_64_TPOFF64;
            if (!is_static && (type != R_X86_64_DTPMOD64 || found)) continue;
            if (found && layout.tls == HeapLayout::Tls::static_slot) continue;
            found = true;
            layout.tls = is_static ? HeapLayout::Tls::static_slot : HeapLayout::Tls::dynamic_slot;
            layout.slot_address = relocation.r_offset;
            layout.tls_offset = static_cast<std::int64_t>(tsd_offset) - (is_static ? relocation.r_addend : 0);
        }
    });
    return found;
}

// Where tsd_tls is. The program's block ends at the thread pointer but for what its alignment takes (glibc,
// csu/libc-tls.c and elf/dl-tls.c; the linkers compute the same for R_X86_64_TPOFF32).
bool find_tls(Elf* elf, const Segments& segments, std::uint64_t tsd_offset, HeapLayout& layout) {
    if (!segments.tls || tsd_offset >= segments.tls->p_memsz) return false;
    if (!is_program(elf, segments)) return find_slot(elf, tsd_offset, layout);
    const GElf_Phdr& tls = *segments.tls;
    const std::uint64_t align = std::max<std::uint64_t>(tls.p_align, 1);
    const std::uint64_t size = tls.p_memsz + ((0 - tls.p_vaddr - tls.p_memsz) & (align - 1));
    layout.tls = HeapLayout::Tls::program;
    layout.tls_offset = static_cast<std::int64_t>(tsd_offset - size);
    return true;
}

// --- DWARF -----------------------------------------------------------------------------------------------------------

// The offset of an 8-byte member whose name ends so: jemalloc gives its members a prefix that keeps others from using
// them directly.
std::optional<std::uint64_t> member_offset(Dwarf_Die* structure, std::string_view wanted) {
    Dwarf_Die child;
    if (dwarf_child(structure, &child) != 0) return std::nullopt;
    do {
        const char* text = dwarf_diename(&child);
        if (dwarf_tag(&child) != DW_TAG_member || text == nullptr || !is_name_of(text, wanted)) continue;
        Dwarf_Attribute attribute;
        Dwarf_Word offset = 0;
        Dwarf_Word size = 0;
        Dwarf_Die type;
        if (dwarf_attr(&child, DW_AT_type, &attribute) == nullptr || dwarf_formref_die(&attribute, &type) == nullptr ||
            dwarf_aggregate_size(&type, &size) != 0 || size != 8)
            continue;
        if (dwarf_attr(&child, DW_AT_data_member_location, &attribute) != nullptr &&
            dwarf_formudata(&attribute, &offset) == 0 && offset < largest_tsd)
            return offset;
    } while (dwarf_siblingof(&child, &child) == 0);
    return std::nullopt;
}

bool read_tsd(Dwarf_Die* unit, HeapLayout& layout) {
    Dwarf_Die child;
    if (dwarf_child(unit, &child) != 0) return false;
    do {
        const char* name = dwarf_diename(&child);
        if (dwarf_tag(&child) != DW_TAG_structure_type || name == nullptr || std::string_view(name) != "tsd_s")
            continue;
        const auto allocated = member_offset(&child, "thread_allocated");
        const auto deallocated = member_offset(&child, "thread_deallocated");
        if (!allocated || !deallocated) continue; // a declaration
        layout.allocated_offset = *allocated;
        layout.deallocated_offset = *deallocated;
        return true;
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

bool is_of_jemalloc(Dwarf_Die* unit) {
    const char* name = dwarf_diename(unit);
    const std::string_view file(name == nullptr ? "" : name);
    return file.ends_with("/tsd.c") || file.ends_with("jemalloc.c") || file == "tsd.c";
}

// In the units that are jemalloc's by their names; then, for what was linked by the compiler, in all.
bool find_tsd(Dwarf* dwarf, HeapLayout& layout) {
    if (dwarf == nullptr) return false;
    for (const bool any : {false, true}) {
        Dwarf_CU* unit = nullptr;
        Dwarf_Die die;
        std::uint8_t type = 0;
        while (dwarf_get_units(dwarf, unit, &unit, nullptr, &type, &die, nullptr) == 0)
            if ((any || is_of_jemalloc(&die)) && read_tsd(&die, layout)) return true;
    }
    return find_tsd(dwarf_getalt(dwarf), layout);
}

class Image {
  public:
    explicit Image(const std::string& path)
        : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
        struct stat status {};
        if (!file_ || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
        elf_version(EV_CURRENT);
        elf_ = elf_begin(file_.get(), ELF_C_READ_MMAP, nullptr);
    }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
    ~Image() {
        dwarf_end(dwarf_);
        elf_end(elf_);
    }
    [[nodiscard]] Elf* elf() const { return elf_; }
    [[nodiscard]] bool is_x86_64() const {
        GElf_Ehdr header;
        return elf_ != nullptr && elf_kind(elf_) == ELF_K_ELF && gelf_getehdr(elf_, &header) != nullptr &&
               header.e_machine == EM_X86_64 && header.e_ident[EI_CLASS] == ELFCLASS64;
    }
    Dwarf* dwarf() {
        if (dwarf_ == nullptr) dwarf_ = dwarf_begin_elf(elf_, DWARF_C_READ, nullptr);
        return dwarf_;
    }

  private:
    Fd file_;
    Elf* elf_ = nullptr;
    Dwarf* dwarf_ = nullptr;
};

} // namespace

HeapFinding find_heap_layout(const std::string& path) {
    Image image(path);
    if (!image.is_x86_64()) return {};
    Symbols symbols;
    add_symbols(image.elf(), symbols);
    const Segments segments = read_segments(image.elf());
    if (!symbols.jemalloc && !segments.tls) return {};
    HeapLayout layout;
    bool has_fields = symbols.tsd_offset && find_tsd(image.dwarf(), layout);
    // An image that is stripped of all symbols has those too in its debug file.
    if (const auto debug_file = has_fields ? std::nullopt : find_debug_file(path, image.elf())) {
        Image debug(*debug_file);
        if (debug.is_x86_64()) add_symbols(debug.elf(), symbols);
        has_fields = debug.is_x86_64() && symbols.tsd_offset && find_tsd(debug.dwarf(), layout);
    }
    if (!has_fields)
        return {symbols.jemalloc || symbols.tsd_offset ? HeapState::no_debug_information : HeapState::no_jemalloc};
    if (!symbols.tsd_offset || !segments.first_load || !find_tls(image.elf(), segments, *symbols.tsd_offset, layout))
        return {HeapState::unknown_tls};
    layout.load_offset = segments.first_load->p_offset & ~(page - 1);
    layout.load_address = segments.first_load->p_vaddr & ~(page - 1);
    return {HeapState::read, layout};
}

std::vector<KnownImage> known_images(const std::vector<ImageFile>& images) {
    std::vector<KnownImage> known;
    for (const auto& image : images) {
        const HeapFinding finding = find_heap_layout(image.path);
        if (finding.state != HeapState::no_jemalloc)
            known.push_back({read_build_id(image.path), image.own_path, finding});
    }
    return known;
}

} // namespace ktstr::ctprof
