// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest module`.
struct ModuleRequest {
    std::string action;
    std::filesystem::path from, to;
};

void add_module(CLI::App& app, ModuleRequest& request);

/// Packs a directory as a live medium's module, or unpacks one. Returns the exit status.
int module(const ModuleRequest& request);

}  // namespace lktest
