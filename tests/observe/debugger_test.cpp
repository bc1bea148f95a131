// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/debugger.h"

#include <sys/socket.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>

#include "base/socket_pair.h"

namespace ktstr::vmm {

namespace {

// What QEMU would say is put into the socket before it is asked for.
struct Stub {
    Stub() {
        auto pair = make_socket_pair();
        REQUIRE(pair.ok());
        debugger = Debugger(std::move(pair->ours));
        theirs = std::move(pair->theirs);
    }
    void say(const std::string& bytes) const {
        REQUIRE(::send(theirs.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    }
    void say_packet(const std::string& text) const {
        unsigned sum = 0;
        for (const char c : text) sum += static_cast<unsigned char>(c);
        std::array<char, 4> end{};
        std::snprintf(end.data(), end.size(), "%02x", sum & 0xffU);
        say("$" + text + "#" + end.data());
    }
    [[nodiscard]] std::string heard() const {
        std::array<char, 4096> bytes{};
        const ssize_t count = ::recv(theirs.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
    }
    Debugger debugger;
    Fd theirs;
};

} // namespace

TEST_CASE("a watchpoint is asked for with its address, its length and a checksum") {
    Stub stub;
    stub.say_packet("OK");
    REQUIRE(stub.debugger.watch(0xffffffff82004900, 8).ok());
    CHECK(stub.heard().starts_with("$Z2,ffffffff82004900,8#"));
    stub.say_packet("OK");
    REQUIRE(stub.debugger.unwatch(0xffffffff82004900, 8).ok());
    CHECK(stub.heard().find("$z2,ffffffff82004900,8#") != std::string::npos);
}

TEST_CASE("a watchpoint that is refused says where the limit may be") {
    Stub stub;
    stub.say_packet("E22");
    const auto refused = stub.debugger.watch(0x1000, 8);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("E22") != std::string::npos);
    CHECK(refused.error().hint.find("four") != std::string::npos);
}

TEST_CASE("a stop tells of the write that it came from, in pieces too") {
    Stub stub;
    stub.say("+$T05thread:01;watch:ffffffff");
    CHECK_FALSE(stub.debugger.next_stop(0).value().has_value());
    stub.say("82004900;#00$T02thread:01;#04");
    const auto first = stub.debugger.next_stop(0);
    REQUIRE(first.value().has_value());
    CHECK(first.value()->watchpoint);
    CHECK(first.value()->address == 0xffffffff82004900);
    const auto second = stub.debugger.next_stop(0);
    REQUIRE(second.value().has_value());
    CHECK_FALSE(second.value()->watchpoint);
    CHECK_FALSE(stub.debugger.next_stop(0).value().has_value());
}

TEST_CASE("an answer is told from a stop that came before it") {
    Stub stub;
    stub.say_packet("T02thread:01;");
    stub.say_packet("OK");
    CHECK(stub.debugger.watch(0x1000, 4).ok());
}

TEST_CASE("a debugger that is gone, or speaks without end, is an error") {
    Stub stub;
    stub.say(std::string(70000, 'x'));
    CHECK_FALSE(stub.debugger.next_stop(0).ok());
    Stub gone;
    gone.theirs = Fd();
    CHECK_FALSE(gone.debugger.next_stop(0).ok());
    CHECK_FALSE(gone.debugger.continue_all().ok());
}

} // namespace ktstr::vmm
