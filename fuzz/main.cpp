// SPDX-License-Identifier: GPL-2.0-only
// What libFuzzer calls; KTSTR_FUZZ_TARGET is one of targets.h.
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(data, data + size);
    const std::string fault = ktstr::fuzz::KTSTR_FUZZ_TARGET(input);
    if (fault.empty()) return 0;
    std::cerr << "fault: " << fault << '\n';
    std::abort();
}
