// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "firmware/secure_keys.hpp"
#include "harness/diagnose/secure_boot_facts.hpp"

namespace lktest {

/// Reads what a scenario or the command line asks of Secure Boot. Certificates of Microsoft's CAs and SBAT
/// levels come from the shims that are installed on this host, or that are on the medium, which is inspected
/// in a confined process. Blocks for about a second. Throws a usage Error if neither has what is asked.
SecureLists secure_lists(SecureKeys keys, const std::filesystem::path& medium);

/// The certificates that a machine with this variable store trusts; see variables_in().
MachineKeys machine_keys(std::string_view store);

/// The job of the confined process.
std::string shims_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
