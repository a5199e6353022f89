// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/secure_keys.hpp"
#include "harness/diagnose/secure_boot_facts.hpp"
#include "harness/matrix/hardware.hpp"

namespace lktest {

/// Certificates that shims carry and a machine may also hold.
struct ShimContents {
    std::vector<std::string> authorities;  ///< certificates of Microsoft's CAs, in DER
    std::vector<std::string> sbat_levels;  ///< "sbat,1,DATE\nshim,4\n…"
};

/// The shims that this host has installed and those on a run's media, each of which is read once. Any thread
/// may call it.
class KnownShims {
public:
    /// Reads what a scenario or the command line asks of Secure Boot. Certificates of Microsoft's CAs and
    /// SBAT levels come from installed shims or from those on the medium, which is inspected in a confined
    /// process the first time. That blocks for about a second. Throws a usage Error if neither has what is
    /// asked.
    /// @param store  the firmware's template, whose db may have the certificates too; may be empty
    SecureLists lists(SecureKeys keys, const std::filesystem::path& medium,
                      const std::filesystem::path& store);

private:
    const ShimContents& of(const std::filesystem::path& medium);

    std::mutex alone_;
    std::map<std::filesystem::path, ShimContents> by_medium_;
};

/// The scenario's keys on a machine of a cell, which has its own trust and SBAT level.
SecureKeys keys_for(SecureKeys keys, const Hardware& hardware);

/// The certificates that a machine with this variable store trusts; see variables_in().
MachineKeys machine_keys(std::string_view store);

/// The job of the confined process.
std::string shims_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
