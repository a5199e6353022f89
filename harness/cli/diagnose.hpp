// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/results/run_files.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest diagnose`.
struct DiagnoseRequest {
    std::string guest;                                       ///< a cell, or a domain if `connect` is set
    std::string connect;                                     ///< libvirt URI; empty for a cell of a run
    std::filesystem::path run = results::default_directory;  ///< the run in progress
    std::filesystem::path output;                            ///< a directory; empty to write no files
    std::filesystem::path core;                              ///< a file; empty to write no core
    bool json = false;
};

void add_diagnose(CLI::App& app, DiagnoseRequest& request);

/// Looks at a running guest from outside, and prints where it is and what may be wrong. The guest is paused
/// for a moment. Returns the exit status.
int diagnose(const DiagnoseRequest& request);

}  // namespace lktest
