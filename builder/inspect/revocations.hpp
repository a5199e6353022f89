// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/sbat.hpp"
#include "builder/inspect/secure_boot.hpp"

namespace lktest {

/// What is revoked, as far as it is known where a medium is inspected. Firmware and shim refuse what a list
/// of revoked programs names.
struct Revocations {
    std::string dbx_source;                     ///< the file it is from; empty if there is none
    std::vector<std::string> dbx_certificates;  ///< in DER
    std::vector<std::string> dbx_hashes;        ///< Authenticode hashes, in hexadecimal
    std::vector<SbatLevel> levels;              ///< those of installed shims
    std::string today;                          ///< "2026-11-30"; empty: no date is judged
};

/// Adds a list of revoked programs; see signature_lists_in(). Returns false if the file is not one.
bool add_dbx(Revocations& revocations, std::string_view bytes);

/// Why a list of hashes and certificates names this program; empty if it does not.
std::string why_listed(const SecureBootFacts& program, const std::vector<std::string>& certificates,
                       const std::vector<std::string>& hashes);

}  // namespace lktest
