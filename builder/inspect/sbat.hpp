// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

// SBAT: programs state a generation for each of their components, and machines require a least one (shim's
// SBAT.md).
namespace lktest {

/// The generations that a machine requires: the variable SbatLevel, or a payload that shim carries.
struct SbatLevel {
    std::string date;                   ///< "2025021800"
    std::vector<std::string> required;  ///< "shim,4", "grub,5"
};

/// Reads "sbat,1,2025021800\nshim,4\ngrub,5\n". The bytes may be hostile: at most 32 lines are read.
SbatLevel parse_sbat_level(std::string_view text);

/// The date in the first line of a level; empty if there is none.
std::string sbat_date(std::string_view text);

/// "2025-02-18" of "2025021800"; any other text, which may come from a guest, in printable form.
std::string sbat_day(std::string_view date);

/// The level that shim's project published last, as far as this program knows.
SbatLevel published_sbat_level();

/// The components of `sbat` whose generation is below the one that the level requires: "grub has generation
/// 3, and 5 is required".
std::vector<std::string> revoked_components(const std::vector<std::string>& sbat,
                                            const std::vector<std::string>& required);

}  // namespace lktest
