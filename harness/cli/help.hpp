// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace lktest {

/// "lktest run"
std::string full_name(const CLI::App& app);

/// The placeholder of a positional argument: "FILE...".
std::string argument(const CLI::Option& option);

/// Prints help in sections: a line for each option with its placeholder and default, then examples.
/// AppFormatMode::All adds the advanced options and all their values.
class HelpFormatter : public CLI::FormatterBase {
public:
    /// @param width  of the terminal; 0 means that lines may have any length
    explicit HelpFormatter(std::size_t width) : width_(width) {}
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;

private:
    std::size_t width_;
};

/// The group of the commands that most users need.
inline constexpr const char* everyday_commands = "Everyday commands";

/// What `lktest` prints without a command.
std::string everyday_help(const CLI::App& app, std::size_t width);

}  // namespace lktest
