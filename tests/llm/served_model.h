// SPDX-License-Identifier: GPL-2.0-only
// A server of a made-up model, as a process of its own: served_model.py.
#pragma once

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

namespace ktstr::test {

class ServedModel {
  public:
    // `options` as in served_model.py; the path of the model's file is added, and the log.
    explicit ServedModel(nlohmann::json options = {}) {
        if (!options.contains("mode")) options["mode"] = "good";
        REQUIRE(write_file(model(), "the weights"));
        if (!options.contains("model_path")) options["model_path"] = model().string();
        options["log"] = (folder() / "log").string();
        std::array<int, 2> fds{};
        REQUIRE(::pipe(fds.data()) == 0);
        const Fd read_end(fds[0]);
        Fd write_end(fds[1]);
        auto process = Process::start({.arguments = {"python3", KTSTR_SERVED_MODEL, options.dump()},
                                       .stdout_fd = write_end.get(),
                                       .stderr_fd = STDERR_FILENO});
        REQUIRE(process);
        write_end.reset();
        process_ = std::make_unique<Process>(std::move(*process));
        char c = 0;
        while (::read(read_end.get(), &c, 1) == 1 && c != '\n') port_ += c;
        REQUIRE(!port_.empty());
    }

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path model() const { return folder() / "made-up.gguf"; }
    [[nodiscard]] std::string sha256() const { return *sha256_file(model()); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }
    // Each request: {"path", "body"}.
    [[nodiscard]] std::vector<nlohmann::json> requests() const {
        std::vector<nlohmann::json> requests;
        std::string text = read_file(folder() / "log").value();
        for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
            requests.push_back(nlohmann::json::parse(text.substr(at, text.find('\n', at) - at)));
        return requests;
    }

  private:
    TemporaryDirectory folder_ = *TemporaryDirectory::create("ktstr-test-");
    std::unique_ptr<Process> process_;
    std::string port_;
};

} // namespace ktstr::test
