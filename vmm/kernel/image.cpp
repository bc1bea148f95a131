// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "base/file.h"
#include "vmm/kernel/elf_file.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

// Offsets in the x86 boot sector and setup header (Documentation/arch/x86/boot.rst).
constexpr std::size_t setup_sects_at = 0x1f1;
constexpr std::size_t syssize_at = 0x1f4; // in paragraphs of 16 bytes
constexpr std::size_t boot_flag_at = 0x1fe;
constexpr std::size_t header_magic_at = 0x202;
constexpr std::size_t protocol_at = 0x206;
constexpr std::size_t version_pointer_at = 0x20e;
constexpr std::size_t xloadflags_at = 0x236;
constexpr std::size_t payload_offset_at = 0x248;
constexpr std::size_t payload_length_at = 0x24c;
constexpr std::size_t header_end = 0x268;
constexpr std::uint16_t xlf_kernel_64 = 1;
constexpr std::uint16_t protocol_with_xloadflags = 0x20c;

constexpr std::uint32_t xen_elfnote_phys32_entry = 18; // include/xen/interface/elfnote.h: the PVH entry
constexpr std::size_t largest_vmlinux = 1U << 30U;     // unpacked; a damaged length must not eat the memory
constexpr std::size_t size_suffix = 4; // the packed kernel is followed by its unpacked size, 32 bits little-endian

template <typename Number> Number number_at(std::string_view bytes, std::size_t offset) {
    Number value{};
    if (offset + sizeof(value) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

bool is_bzimage(std::string_view bytes) {
    return bytes.size() >= header_end && number_at<std::uint16_t>(bytes, boot_flag_at) == 0xaa55 &&
           bytes.substr(header_magic_at, 4) == "HdrS";
}

bool is_text(std::string_view bytes) {
    const auto head = bytes.substr(0, 512);
    return !head.empty() && std::all_of(head.begin(), head.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r';
    });
}

// The architecture of a boot image that is not x86's, by the magic its boot protocol prescribes.
std::optional<std::string> foreign_architecture(std::string_view bytes) {
    if (bytes.size() >= 64 && bytes.substr(0x38, 4) == "ARM\x64") return "arm64";
    if (bytes.size() >= 64 && (bytes.substr(0x38, 4) == "RSC\x05" || bytes.substr(0x30, 5) == "RISCV")) return "riscv";
    if (bytes.size() >= 64 && bytes.substr(4, 4) == "zimg") return "arm64, riscv or loongarch (EFI zboot)";
    return std::nullopt;
}

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
    case EM_386: return "i386";
    case EM_AARCH64: return "arm64";
    case EM_ARM: return "arm";
    case EM_RISCV: return "riscv";
    case EM_PPC64: return "powerpc64";
    case EM_S390: return "s390";
    case EM_LOONGARCH: return "loongarch";
    default: return "ELF machine " + std::to_string(machine);
    }
}

Error other_architecture(const std::string& name, const std::string& architecture) {
    return Error{name + " is a kernel image for " + architecture + ", and ktstr boots x86-64 kernels",
                 "give an x86-64 vmlinux or bzImage"};
}

Error not_a_kernel(const std::string& name, const std::string& what) {
    return Error{name + " is not a Linux kernel: " + what,
                 "give a vmlinux, a bzImage, a kernel build tree, or a version such as 7.0"};
}

// The release of a kernel from the banner that every vmlinux holds: "Linux version 6.12.94-ktstr (user@host) ...".
std::string banner_release(std::string_view bytes) {
    constexpr std::string_view banner = "Linux version ";
    for (auto at = bytes.find(banner); at != std::string_view::npos; at = bytes.find(banner, at + 1)) {
        const auto rest = bytes.substr(at + banner.size(), 128);
        const auto end = rest.find(' ');
        if (end != std::string_view::npos && end > 0 && rest[0] >= '0' && rest[0] <= '9')
            return std::string(rest.substr(0, end));
    }
    return {};
}

Result<ImageFacts> inspect_vmlinux(const fs::path& path, std::string_view bytes) {
    auto elf = ElfFile::open(path);
    if (!elf) return elf.error();
    ImageFacts facts;
    facts.release = banner_release(bytes);
    if (facts.release.empty()) return not_a_kernel(path.string(), "an ELF file without a \"Linux version\" banner");
    if (elf->machine() != EM_X86_64) return other_architecture(path.string(), machine_name(elf->machine()));
    facts.kind = ImageKind::vmlinux;
    facts.pvh = elf->has_note("Xen", xen_elfnote_phys32_entry);
    return facts;
}

Result<ImageFacts> inspect_bzimage(const std::string& name, std::string_view bytes) {
    if (number_at<std::uint16_t>(bytes, protocol_at) < protocol_with_xloadflags ||
        (number_at<std::uint16_t>(bytes, xloadflags_at) & xlf_kernel_64) == 0)
        return other_architecture(name, "i386");
    const std::uint64_t setup =
        (std::max<std::uint64_t>(1, static_cast<unsigned char>(bytes[setup_sects_at])) + 1) * 512;
    const std::uint64_t promised = setup + number_at<std::uint32_t>(bytes, syssize_at) * 16ULL;
    // The last paragraph may be short.
    if (bytes.size() + 16 <= promised)
        return Error{name + " is a truncated bzImage: " + std::to_string(bytes.size()) + " of " +
                         std::to_string(promised) + " bytes",
                     "copy or download it again"};
    ImageFacts facts;
    facts.kind = ImageKind::bzimage;
    const auto version = bytes.substr(
        std::min(bytes.size(), number_at<std::uint16_t>(bytes, version_pointer_at) + std::size_t{0x200}), 128);
    facts.release = version.substr(0, version.find_first_of(std::string_view(" \0", 2)));
    if (facts.release.empty()) return not_a_kernel(name, "a boot image that names no version");
    return facts;
}

struct Compression {
    std::string_view magic;
    int filter; // of libarchive
    std::string_view name;
};

// The magics that scripts/extract-vmlinux looks for; lz4 is the legacy frame, which is what the kernel's build writes.
const std::array<Compression, 7>& compressions() {
    using namespace std::string_view_literals;
    static const std::array<Compression, 7> table = {{{"\x1f\x8b"sv, ARCHIVE_FILTER_GZIP, "gzip"},
                                                      {"BZh"sv, ARCHIVE_FILTER_BZIP2, "bzip2"},
                                                      {"\x5d\0\0"sv, ARCHIVE_FILTER_LZMA, "lzma"},
                                                      {"\xfd\x37zXZ\0"sv, ARCHIVE_FILTER_XZ, "xz"},
                                                      {"\x89LZO\0\r\n\x1a\n"sv, ARCHIVE_FILTER_LZOP, "lzo"},
                                                      {"\x02\x21\x4c\x18"sv, ARCHIVE_FILTER_LZ4, "lz4"},
                                                      {"\x28\xb5\x2f\xfd"sv, ARCHIVE_FILTER_ZSTD, "zstd"}}};
    return table;
}

struct CloseArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

// Unpacks one compressed stream. At most `limit` bytes come out.
Result<std::string> decompress(std::string_view packed, const Compression& compression, std::size_t limit,
                               const std::string& name) {
    const std::unique_ptr<archive, CloseArchive> reader(archive_read_new());
    auto failed = [&](const std::string& why) {
        return Error{"cannot unpack the " + std::string(compression.name) + "-compressed kernel in " + name + ": " +
                         why,
                     "the file is damaged: copy or download it again"};
    };
    auto reason = [&] {
        const char* text = archive_error_string(reader.get());
        return std::string(text != nullptr ? text : "the stream is damaged");
    };
    archive_entry* entry = nullptr;
    if (archive_read_append_filter(reader.get(), compression.filter) < ARCHIVE_WARN ||
        archive_read_set_format(reader.get(), ARCHIVE_FORMAT_RAW) != ARCHIVE_OK ||
        archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return failed(reason());
    std::string content;
    content.reserve(limit);
    std::array<char, 65536> buffer{};
    while (content.size() < limit) {
        const la_ssize_t count =
            archive_read_data(reader.get(), buffer.data(), std::min(buffer.size(), limit - content.size()));
        if (count < 0) return failed(reason());
        if (count == 0) return failed("the stream ends after " + std::to_string(content.size()) + " bytes");
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return content;
}

} // namespace

Result<ImageFacts> inspect_image(const fs::path& path) {
    std::error_code code;
    const auto status = fs::status(path, code);
    if (!fs::exists(status)) return Error{"there is no kernel at " + path.string(), "see `ktstr kernel list`"};
    if (!fs::is_regular_file(status)) return not_a_kernel(path.string(), "not a regular file");
    const auto content = read_file(path, 4ULL << 30U);
    if (!content) return content.error();
    const std::string_view bytes = *content;
    if (bytes.empty()) return not_a_kernel(path.string(), "the file is empty");
    if (bytes.starts_with(ELFMAG)) return inspect_vmlinux(path, bytes);
    if (is_bzimage(bytes)) return inspect_bzimage(path.string(), bytes);
    if (const auto architecture = foreign_architecture(bytes)) return other_architecture(path.string(), *architecture);
    if (is_text(bytes)) return not_a_kernel(path.string(), "a text file");
    return not_a_kernel(path.string(), "neither ELF nor bzImage");
}

Result<std::string> extract_vmlinux(std::string_view bzimage, const std::string& name) {
    if (!is_bzimage(bzimage)) return not_a_kernel(name, "not a bzImage");
    const std::size_t setup = (std::max<std::size_t>(1, static_cast<unsigned char>(bzimage[setup_sects_at])) + 1) * 512;
    const std::size_t offset = setup + number_at<std::uint32_t>(bzimage, payload_offset_at);
    const std::size_t length = number_at<std::uint32_t>(bzimage, payload_length_at);
    if (offset > bzimage.size() || length > bzimage.size() - offset || length <= size_suffix)
        return Error{name + " is a truncated bzImage: its packed kernel ends at byte " +
                         std::to_string(offset + length) + " of " + std::to_string(bzimage.size()),
                     "copy or download it again"};
    std::string_view packed = bzimage.substr(offset, length);
    const auto unpacked_size = number_at<std::uint32_t>(packed, length - size_suffix);
    if (unpacked_size > largest_vmlinux)
        return Error{"the packed kernel in " + name + " claims to hold " + std::to_string(unpacked_size) + " bytes",
                     "the file is damaged: copy or download it again"};
    const auto& known = compressions();
    const auto compression =
        std::find_if(known.begin(), known.end(), [packed](const auto& one) { return packed.starts_with(one.magic); });
    if (compression == known.end())
        return Error{"the kernel in " + name + " is packed in a way ktstr does not know", "give its vmlinux instead"};
    // gzip's own trailer is the size; all others have it behind the stream.
    if (compression->filter != ARCHIVE_FILTER_GZIP) packed.remove_suffix(size_suffix);
    auto vmlinux = decompress(packed, *compression, unpacked_size, name);
    if (!vmlinux) return vmlinux.error();
    if (!vmlinux->starts_with(ELFMAG)) return not_a_kernel(name, "what it unpacks to is not an ELF file");
    return vmlinux;
}

} // namespace ktstr
