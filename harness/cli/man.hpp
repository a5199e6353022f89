// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lktest {

/// lktest(1), in the man macros of groff_man(7).
std::string man_page(const CLI::App& app);

}  // namespace lktest
