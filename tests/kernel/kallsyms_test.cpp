// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstring>

#include "base/file.h"
#include "made_kernel.h"
#include "vmm/kernel/kallsyms.h"

using namespace ktstr;

namespace {

// The three ways in which kernels store addresses, as scripts/kallsyms.c wrote them over the years.
enum class Layout { until_6_14, until_6_19, from_7_0 };

struct Symbol {
    std::uint64_t address;
    std::string name; // with the type before it, "T_stext"
};

constexpr std::uint64_t base = 0xffffffff81000000ULL;

class Tables {
  public:
    Tables(Layout layout, const std::vector<Symbol>& symbols) : layout_(layout) {
        bytes_ = "some other read-only data";
        align();
        number(static_cast<std::uint32_t>(symbols.size()));
        align();
        const auto markers = names(symbols);
        align();
        for (const auto marker : markers) number(marker);
        align();
        tokens();
        align();
        offsets(symbols);
        if (layout_ != Layout::from_7_0) {
            align();
            number(base);
        }
        bytes_ += std::string(symbols.size() * 3, '\x01'); // seqs_of_names
        bytes_ += "more data";
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

  private:
    template <typename Number> void number(Number value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void align() { bytes_.resize((bytes_.size() + alignment() - 1) / alignment() * alignment()); }
    [[nodiscard]] std::size_t alignment() const { return layout_ == Layout::from_7_0 ? 4 : 8; }

    // Token 1 is "sched_", all others stand for their own character.
    std::vector<std::uint32_t> names(const std::vector<Symbol>& symbols) {
        std::vector<std::uint32_t> markers;
        const auto start = bytes_.size();
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            if (i % 256 == 0) markers.push_back(static_cast<std::uint32_t>(bytes_.size() - start));
            std::string packed = symbols[i].name;
            if (const auto at = packed.find("sched_"); at != std::string::npos) packed.replace(at, 6, "\x01");
            if (packed.size() > 0x7f) {
                bytes_ += static_cast<char>((packed.size() & 0x7fU) | 0x80U);
                bytes_ += static_cast<char>(packed.size() >> 7U);
            } else {
                bytes_ += static_cast<char>(packed.size());
            }
            bytes_ += packed;
        }
        return markers;
    }
    void tokens() {
        std::vector<std::uint16_t> index;
        const auto start = bytes_.size();
        for (int token = 0; token < 256; ++token) {
            index.push_back(static_cast<std::uint16_t>(bytes_.size() - start));
            if (token == 1)
                bytes_ += "sched_";
            else if (token > ' ' && token < 127)
                bytes_ += static_cast<char>(token);
            bytes_ += '\0';
        }
        align();
        for (const auto offset : index) number(offset);
    }
    void offsets(const std::vector<Symbol>& symbols) {
        for (const auto& symbol : symbols) {
            const auto place = made::rodata_address + bytes_.size();
            if (layout_ == Layout::from_7_0)
                number(static_cast<std::int32_t>(symbol.address - place));
            else if (layout_ == Layout::until_6_19)
                number(static_cast<std::uint32_t>(symbol.address - base));
            else if (symbol.address < base)
                number(static_cast<std::int32_t>(symbol.address)); // absolute
            else
                number(static_cast<std::int32_t>(-1 - static_cast<std::int64_t>(symbol.address - base)));
        }
    }

    Layout layout_;
    std::string bytes_;
};

std::optional<std::string> map_of(const std::string& rodata) {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    made::VmlinuxOptions options;
    options.sections = {{".rodata", rodata, made::rodata_address}};
    REQUIRE(write_file(directory->path() / "vmlinux", made::vmlinux(options)));
    const auto elf = ElfFile::open(directory->path() / "vmlinux");
    REQUIRE(elf);
    return system_map_from_kallsyms(*elf);
}

std::vector<Symbol> many_symbols() {
    std::vector<Symbol> symbols = {{base, "T_stext"}};
    for (unsigned i = 0; i < 700; ++i)
        symbols.push_back({base + 0x1000 + i * 16ULL, "tsched_function_" + std::to_string(i)});
    symbols.push_back({base + 0x2000000, "d" + std::string(200, 'v')});
    return symbols;
}

} // namespace

TEST_CASE("Symbols of an image without a symbol table are read from kallsyms in every layout since 6.4") {
    const auto layout = GENERATE(Layout::until_6_14, Layout::until_6_19, Layout::from_7_0);
    auto symbols = many_symbols();
    if (layout == Layout::until_6_14) symbols.insert(symbols.begin(), {0x35e80, "Arunqueues"});
    const auto map = map_of(Tables(layout, symbols).bytes());
    REQUIRE(map);
    CHECK(map->find("ffffffff81000000 T _stext\n") != std::string::npos);
    CHECK(map->find("ffffffff81001000 t sched_function_0\n") != std::string::npos);
    CHECK(map->find("ffffffff81003bb0 t sched_function_699\n") != std::string::npos);
    CHECK(map->find("ffffffff83000000 d " + std::string(200, 'v') + "\n") != std::string::npos);
    CHECK((map->find("0000000000035e80 A runqueues\n") != std::string::npos) == (layout == Layout::until_6_14));
    CHECK(std::count(map->begin(), map->end(), '\n') == static_cast<long>(symbols.size()));
}

TEST_CASE("Tables that do not fit together give no symbols rather than wrong ones") {
    const auto rodata = Tables(Layout::until_6_19, many_symbols()).bytes();
    auto broken = rodata;
    // Take the length of one name away: no walk over the names ends where the markers begin any more.
    broken[broken.find("T_stext") - 1] = 3;
    CHECK_FALSE(map_of(broken));
    CHECK_FALSE(map_of(rodata.substr(0, rodata.size() / 2)));
    CHECK_FALSE(map_of("nothing of the kind"));
    CHECK_FALSE(map_of({}));
}
