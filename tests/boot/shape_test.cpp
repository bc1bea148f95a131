// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/shape.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr;
using vmm::node_memory;
using vmm::shape_arguments;

namespace {

constexpr std::uint64_t mib = 1ULL << 20U;

// The arguments in one line, for `memory_mib` in all.
std::string shape(const plan::Topology& topology, std::uint64_t memory_mib) {
    std::vector<vmm::MemoryFile> files;
    for (const auto bytes : node_memory(topology, memory_mib * mib))
        files.push_back({"/m" + std::to_string(files.size()), bytes});
    std::string line;
    for (const auto& argument : shape_arguments(topology, files)) line += (line.empty() ? "" : " ") + argument;
    return line;
}

std::string memory_object(int node, std::uint64_t memory_mib) {
    return " -object memory-backend-file,id=node" + std::to_string(node) +
           ",share=on,size=" + std::to_string(memory_mib * mib) + ",mem-path=/m" + std::to_string(node);
}

} // namespace

TEST_CASE("alike nodes become sockets with a die for each LLC, and share CPUs and memory evenly") {
    CHECK(shape({2, 4, 3, 2, {}}, 512) == "-cpu SapphireRapids -smp 24,sockets=2,dies=2,cores=3,threads=2 -m 512M" +
                                              memory_object(0, 256) + " -numa node,nodeid=0,memdev=node0,cpus=0-11" +
                                              memory_object(1, 256) + " -numa node,nodeid=1,memdev=node1,cpus=12-23");
}

TEST_CASE("nodes that differ get their own LLCs, memory and distances, and one may have memory only") {
    const plan::Topology topology{3, 3, 2, 1, {{2, 256 * mib, {10, 21, 31}}, {1, 0, {}}, {0, 128 * mib, {31, 20, 10}}}};
    CHECK(shape(topology, 512) == "-cpu SapphireRapids -smp 6,sockets=3,dies=1,cores=2,threads=1 -m 512M" +
                                      memory_object(0, 256) + " -numa node,nodeid=0,memdev=node0,cpus=0-3" +
                                      memory_object(1, 128) + " -numa node,nodeid=1,memdev=node1,cpus=4-5" +
                                      memory_object(2, 128) +
                                      " -numa node,nodeid=2,memdev=node2"
                                      " -numa dist,src=0,dst=1,val=21 -numa dist,src=0,dst=2,val=31"
                                      " -numa dist,src=1,dst=0,val=20 -numa dist,src=1,dst=2,val=20"
                                      " -numa dist,src=2,dst=0,val=31 -numa dist,src=2,dst=1,val=20");
}

TEST_CASE("a socket holds as many LLCs as divide those of every node") {
    CHECK(shape({3, 6, 1, 1, {{4, 0, {}}, {2, 0, {}}, {0, 0, {}}}}, 384).find("sockets=3,dies=2") != std::string::npos);
}

TEST_CASE("memory that does not divide evenly is given to the first node that shares") {
    CHECK(node_memory({2, 2, 1, 1, {}}, 257 * mib) == std::vector<std::uint64_t>{129 * mib, 128 * mib});
    CHECK(node_memory({2, 2, 1, 1, {{1, 100 * mib, {}}, {1, 0, {}}}}, 257 * mib) ==
          std::vector<std::uint64_t>{100 * mib, 157 * mib});
    CHECK(node_memory({1, 1, 1, 1, {}}, 100 * mib) == std::vector<std::uint64_t>{100 * mib});
}
