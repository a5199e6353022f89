// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/style.hpp"
#include "harness/results/run_files.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest doctor`.
struct DoctorOptions {
    std::filesystem::path output = results::default_directory;  ///< checked for free space
};

/// One fact that doctor found out about the machine.
struct Finding {
    enum class Kind {
        good,
        warning,  ///< works, but not fully or not fast
        fault,    ///< cells will end with a host fault
    };
    Kind kind = Kind::good;
    std::string subject;  ///< "QEMU for aarch64"
    std::string text;     ///< what was found
    std::string remedy;   ///< how to fix it; empty if there is nothing to fix
};

/// Formats the findings for a person, followed by whether cells can run here.
std::string render(const std::vector<Finding>& findings, const Style& style);

void add_doctor(CLI::App& app, DoctorOptions& options);

/// Checks the machine. Returns the exit status: 3 if there is a fault.
int doctor(const DoctorOptions& options);

}  // namespace lktest
