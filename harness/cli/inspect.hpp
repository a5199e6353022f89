// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest inspect`.
struct InspectRequest {
    std::filesystem::path iso;
    bool json = false;
};

void add_inspect(CLI::App& app, InspectRequest& request);

/// Says what is on an ISO and what is wrong with it. Returns the exit status: 1 when there is an error.
int inspect(const InspectRequest& request);

/// What the confined process does that reads the medium.
std::string inspect_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
