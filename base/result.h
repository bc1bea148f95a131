// SPDX-License-Identifier: GPL-2.0-only
// Recoverable failure as a value: Result<T> is either a T or an Error. Exceptions are for bugs only.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ktstr {

// What went wrong, in words for the user, and what they can do about it.
struct Error {
    std::string message;   // one sentence: what failed, on which path or name, and why
    std::string hint = {}; // the way out, or empty

    // "message (hint)", for places that have one line only.
    [[nodiscard]] std::string text() const { return hint.empty() ? message : message + " (" + hint + ")"; }
};

// "cannot <action> <path>: <strerror(errno_value)>"; pass errno right after the call that failed.
Error errno_error(const std::string& action, const std::string& path, int errno_value);

template <typename T> class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}     // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Calling value() on an error, or error() on a value, is a bug: it aborts.
    T& value() & { return require_value(); }
    const T& value() const& { return const_cast<Result*>(this)->require_value(); }
    T value() && { return std::move(require_value()); }
    T* operator->() { return &require_value(); }
    const T* operator->() const { return &const_cast<Result*>(this)->require_value(); }
    T& operator*() & { return require_value(); }
    const T& operator*() const& { return const_cast<Result*>(this)->require_value(); }
    T operator*() && { return std::move(require_value()); }

    [[nodiscard]] const Error& error() const {
        if (ok()) std::abort();
        return *std::get_if<1>(&state_);
    }

  private:
    T& require_value() {
        if (!ok()) std::abort();
        return *std::get_if<0>(&state_);
    }
    std::variant<T, Error> state_;
};

template <> class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const {
        if (ok()) std::abort();
        return *error_;
    }

  private:
    std::optional<Error> error_;
};

} // namespace ktstr
