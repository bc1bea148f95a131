// SPDX-License-Identifier: GPL-2.0-only
// Digests of models are computed once for each state of a file.
#include <catch2/catch_test_macros.hpp>
#include <sys/eventfd.h>

#include "base/file.h"
#include "base/hash.h"
#include "llm/model_file.h"

using namespace ktstr;
using namespace ktstr::llm;
namespace fs = std::filesystem;

namespace {

struct Folder {
    TemporaryDirectory directory = *TemporaryDirectory::create("ktstr-test-");
    fs::path model = directory.path() / "model";
    fs::path digests = directory.path() / "a/b";

    void write(const std::string& text) const { REQUIRE(write_file(model, text)); }
    [[nodiscard]] std::string digest() const {
        auto digest = digest_of_model(model, digests, -1);
        return digest ? *digest : digest.error().text();
    }
    [[nodiscard]] fs::path kept() const { return digests / (sha256_hex(model.string()) + ".sha256"); }
};

} // namespace

TEST_CASE("a model's digest is that of its content, and follows a change at once") {
    const Folder folder;
    folder.write("one");
    CHECK(folder.digest() == sha256_hex("one"));
    folder.write("two");
    CHECK(folder.digest() == sha256_hex("two"));
}

TEST_CASE("a digest that is kept is taken for the file that it was made of, and for no other") {
    const Folder folder;
    folder.write("one");
    // What was changed a moment ago is not kept: it could change again within the same tick of the clock.
    CHECK(folder.digest() == sha256_hex("one"));
    CHECK(!fs::exists(folder.kept()));
    const std::string other = std::string(64, 'a');
    REQUIRE(make_directories(folder.digests));
    for (const std::string& content : {other, "1 2 3 4 5 6 7 " + other, std::string()}) {
        REQUIRE(write_file(folder.kept(), content));
        CHECK(folder.digest() == sha256_hex("one"));
    }
    fs::last_write_time(folder.model, fs::file_time_type::clock::now() - std::chrono::hours(1));
    CHECK(folder.digest() == sha256_hex("one"));
    std::string content = read_file(folder.kept()).value();
    REQUIRE(content.ends_with(sha256_hex("one")));
    REQUIRE(write_file(folder.kept(), content.substr(0, content.size() - 64) + other));
    CHECK(folder.digest() == other); // it was not read again
    folder.write("two");
    CHECK(folder.digest() == sha256_hex("two"));
}

TEST_CASE("a model that cannot be read, or is none, is named") {
    const Folder folder;
    CHECK(folder.digest().find("ENOENT") != std::string::npos);
    fs::create_directory(folder.model);
    CHECK(folder.digest().find("is not a file") != std::string::npos);
}

TEST_CASE("Ctrl-C stops the reading of a model") {
    const Folder folder;
    folder.write("one");
    const Fd cancelled(::eventfd(1, EFD_CLOEXEC));
    const auto digest = digest_of_model(folder.model, folder.digests, cancelled.get());
    REQUIRE(!digest);
    CHECK(digest.error().message == digest_cancelled);
}

TEST_CASE("a digest is 64 lower-case hexadecimal digits") {
    CHECK(is_digest(std::string(64, 'a')));
    CHECK(!is_digest(std::string(64, 'g')));
    CHECK(!is_digest(std::string(63, 'a')));
    CHECK(!is_digest(std::string(64, 'A')));
}
