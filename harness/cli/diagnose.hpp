// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest diagnose`.
struct DiagnoseRequest {
    std::string guest;                             ///< a cell, or with `connect` a domain
    std::string connect;                           ///< libvirt URI; empty: a cell of a run
    std::filesystem::path run = "lktest-results";  ///< that is going on
    std::filesystem::path output;                  ///< a directory; empty: nothing is written
    std::filesystem::path core;                    ///< a file; empty: none is written
    bool json = false;
};

void add_diagnose(CLI::App& app, DiagnoseRequest& request);

/// Looks at a running guest from outside and prints where it is and what may be wrong. It is paused for a
/// moment. Returns the exit status.
int diagnose(const DiagnoseRequest& request);

}  // namespace lktest
