// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/run/make_image.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// @param default_arch  this machine's architecture, as the help text names it
void add_build(CLI::App& app, BuildRequest& request, const std::string& default_arch);

/// Builds the ISO and prints its path. Returns the exit status.
int build(const BuildRequest& request);

}  // namespace lktest
