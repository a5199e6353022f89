// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// The part of a flash image that holds variables; empty if there is no such file, or it is of another
/// format.
std::string read_variable_store(const std::filesystem::path& file);

/// The changes that a boot made to the UEFI variables.
struct VariableReport {
    std::string json;                ///< variables.json: "before", "after" and "changes"
    std::vector<std::string> notes;  ///< changes that outlive the boot and can stop other media, as sentences
};

/// Compares two variable stores; see variables_in(). Pure.
VariableReport report_variables(std::string_view before, std::string_view after);

}  // namespace lktest
