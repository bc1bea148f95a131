// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/symbols.h"

#include <catch2/catch_test_macros.hpp>

namespace ktstr::observe {

TEST_CASE("a System.map is read, the first of a name wins, and functions name their addresses") {
    const auto symbols = Symbols::parse("ffffffff81000000 T _stext\n"
                                        "ffffffff81000100 t do_idle\n"
                                        "ffffffff82000000 D jiffies\n"
                                        "ffffffff82000008 D jiffies\n"
                                        "not a symbol\n"
                                        "ffffffff83000000\n"
                                        "000000000002cf00 D runqueues\n");
    CHECK(symbols.size() == 4);
    CHECK(symbols.find("jiffies") == 0xffffffff82000000ULL);
    CHECK(symbols.find("runqueues") == 0x2cf00ULL);
    CHECK_FALSE(symbols.find("nothing"));
    CHECK(symbols.describe(0xffffffff8100011f) == "do_idle+0x1f");
    CHECK(symbols.describe(0xffffffff81000000) == "_stext+0x0");
    CHECK(symbols.describe(0xffffffff80000000).empty());
    CHECK(symbols.describe(0xffffffff90000000).empty()); // far behind the last function
    CHECK(symbols.similar("iffi") == std::vector<std::string>{"jiffies"});
}

TEST_CASE("a text without symbols has none") {
    CHECK(Symbols::parse("").size() == 0);
    CHECK(Symbols::parse("\n\n  \n").size() == 0);
}

} // namespace ktstr::observe
