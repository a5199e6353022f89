// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/style.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// What the user asked of `lktest doctor`.
struct DoctorOptions {
    std::filesystem::path output = "lktest-results";  ///< whose disk must have space
};

/// What one look at the machine found.
struct Finding {
    enum class Kind {
        good,
        warning,  ///< works, but less well or not everything
        fault,    ///< cells will end as host faults
    };
    Kind kind = Kind::good;
    std::string subject;  ///< "QEMU for aarch64"
    std::string text;     ///< what was found
    std::string remedy;   ///< how to mend it; empty when nothing is to mend
};

/// The findings as a person reads them, and whether cells can run here.
std::string render(const std::vector<Finding>& findings, const Style& style);

void add_doctor(CLI::App& app, DoctorOptions& options);

/// Looks at the machine. Returns the exit status: 3 when there is a fault.
int doctor(const DoctorOptions& options);

}  // namespace lktest
