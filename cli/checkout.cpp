// SPDX-License-Identifier: GPL-2.0-only
#include "cli/checkout.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/git_handles.h"
#include "runs/git.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

// Until ktstr is gone or lets go. What it started may still write for a moment.
[[noreturn]] void remove_afterwards(int end_of_owner, const fs::path& directory) {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::prctl(PR_SET_NAME, "ktstr-checkout");
    if (end_of_owner > 0) ::close_range(0, static_cast<unsigned>(end_of_owner) - 1, 0);
    ::close_range(static_cast<unsigned>(end_of_owner) + 1, ~0U, 0);
    char byte = 0;
    while (::read(end_of_owner, &byte, 1) < 0 && errno == EINTR) {
    }
    constexpr int tries = 50;
    constexpr unsigned pause_us = 100'000;
    for (int i = 0; i < tries; ++i) {
        std::error_code code;
        fs::remove_all(directory, code);
        if (!code) break;
        ::usleep(pause_us);
    }
    ::_exit(0);
}

Error git_error_of(const std::string& what) { return {what + ": " + git_words(), ""}; }

// The commit's files into the directory.
Result<std::string> check_out(git_repository* repository, const std::string& revision, const fs::path& directory) {
    GitObject named;
    GitObject commit;
    if (!git_make(named, [&](git_object** out) { return git_revparse_single(out, repository, revision.c_str()); }) ||
        !git_make(commit, [&](git_object** out) { return git_object_peel(out, named.get(), GIT_OBJECT_COMMIT); }))
        return Error{git_error_of("there is no commit " + revision).message, "name one as git log does"};
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DONT_UPDATE_INDEX;
    const std::string target = directory.string();
    options.target_directory = target.c_str();
    if (git_checkout_tree(repository, commit.get(), &options) != 0)
        return git_error_of("cannot check out " + revision + " into " + target);
    return runs::shortened_commit(git_hex(*git_object_id(commit.get())));
}

} // namespace

Result<Checkout> Checkout::create(const std::string& revision) {
    const GitLibrary library;
    GitRepository repository;
    if (!git_make(repository, [](git_repository** out) { return git_repository_open_ext(out, ".", 0, nullptr); }))
        return Error{git_error_of("the present directory is in no git repository").message,
                     "go into one, or name another checkout with --baseline"};
    auto directory = TemporaryDirectory::create("ktstr-baseline-");
    if (!directory) return directory.error();
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    const Fd read_end(pipe[0]);
    Fd write_end(pipe[1]);
    const pid_t remover = ::fork();
    if (remover < 0) return errno_error("start", "a process that removes the checkout", errno);
    if (remover == 0) remove_afterwards(read_end.get(), directory->path());
    const fs::path root = directory->release();
    Checkout checkout(root, "", std::move(write_end), remover);
    auto commit = check_out(repository.get(), revision, root);
    if (!commit) return commit.error();
    checkout.commit_ = std::move(*commit);
    std::error_code ignored; // then it is the whole tree
    const char* tree = git_repository_workdir(repository.get());
    const fs::path within = tree != nullptr ? fs::relative(fs::current_path(), tree, ignored) : fs::path();
    if (!within.empty() && within != "." && fs::is_directory(root / within, ignored)) checkout.path_ = root / within;
    return checkout;
}

Checkout::~Checkout() {
    if (!owner_) return;
    owner_.reset();
    while (::waitpid(remover_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace ktstr::cli
