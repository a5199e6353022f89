// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest inspect`.
struct InspectRequest {
    std::filesystem::path iso;               ///< or a kernel
    std::filesystem::path initrd;            ///< of a kernel
    std::vector<std::filesystem::path> dbx;  ///< lists of revoked programs; empty for those installed
    bool json = false;
};

void add_inspect(CLI::App& app, InspectRequest& request);

/// Reports what is on an ISO and what is wrong with it. Returns the exit status: 1 if there is an error.
int inspect(const InspectRequest& request);

/// Reads a medium in the confined process.
std::string inspect_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
