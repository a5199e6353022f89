// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/medium_facts.hpp"
#include "harness/diagnose/facts.hpp"

namespace lktest {

/// What a machine trusts under Secure Boot, according to its variable store.
struct MachineKeys {
    std::vector<std::string> db;                  ///< certificates in DER
    std::vector<std::string> db_hashes;           ///< Authenticode hashes of single images, in hexadecimal
    std::vector<std::string> dbx_hashes;          ///< the same, of revoked images
    std::vector<std::string> dbx_certificates{};  ///< in DER: no image that they signed may start
    std::vector<std::string> mok;                 ///< certificates of MokList, in DER
    std::string sbat_level;                       ///< the variable SbatLevel; empty if there is none

    bool known() const { return !db.empty() || !db_hashes.empty(); }
};

/// "Secure Boot trusts Microsoft UEFI CA 2023, with the revocations of 2025-02-18".
std::string trust_sentence(const MachineKeys& keys);

/// Adds both sides of a refusal to `facts`: who signed the loaders of the medium, and what the machine
/// trusts. Adds nothing if the keys are not known. Pure.
void add_secure_boot_facts(const MediumFacts& medium, const MachineKeys& keys, Facts& facts);

}  // namespace lktest
