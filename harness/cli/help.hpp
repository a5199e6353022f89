// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
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
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace lktest
