// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lktest {

/// The exit statuses of lktest.
enum class ExitCode { passed = 0, boot_failed = 1, usage = 2, host = 3 };

/// A fault that ends the command; its kind is the exit status.
/// A failed boot is a value (Verdict), never an Error.
class Error : public std::runtime_error {
public:
    enum class Kind { usage = static_cast<int>(ExitCode::usage), host = static_cast<int>(ExitCode::host) };

    /// @param what  what happened and where
    /// @param hint  what to do next, one imperative sentence; may be empty
    Error(Kind kind, const std::string& what, std::string hint = {})
        : std::runtime_error(what), kind_(kind), hint_(std::move(hint)) {}

    Kind kind() const noexcept { return kind_; }
    const std::string& hint() const noexcept { return hint_; }

private:
    Kind kind_;
    std::string hint_;
};

/// A usage error: the user's input cannot work (exit status 2).
inline Error usage_error(const std::string& what, std::string hint = {}) {
    return {Error::Kind::usage, what, std::move(hint)};
}

/// A host error: this machine lacks something, or failed (exit status 3).
inline Error host_error(const std::string& what, std::string hint = {}) {
    return {Error::Kind::host, what, std::move(hint)};
}

/// The same, ending in the text of an errno value: "cannot open x: Permission denied".
Error system_error(std::string_view what, int error_number, std::string hint = {});

}  // namespace lktest
