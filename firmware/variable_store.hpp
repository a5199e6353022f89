// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// EFI_VARIABLE_… attributes (UEFI 2.10, 8.2): kept without power, and visible while booting.
inline constexpr std::uint32_t boot_service_variable = 0x03;
/// The same, visible to a running system too, and only its owner may change it, as db.
inline constexpr std::uint32_t authenticated_variable = 0x27;

/// A variable to put into a store.
struct NewVariable {
    std::string name;         ///< ASCII
    std::string_view vendor;  ///< the GUID in memory order
    std::string value;
    std::uint32_t attributes = authenticated_variable;
};

/// A variable of a store.
struct StoredVariable {
    std::string name;    ///< printable ASCII; other characters as '?'
    std::string vendor;  ///< "8be4df61-93ca-11d2-aa0d-00e098032b8c"
    std::uint32_t attributes = 0;
    std::string value;
    bool operator==(const StoredVariable&) const = default;
};

/// The valid variables, in the order of the store; none if it is not a store of EDK2's authenticated
/// variables.
std::vector<StoredVariable> variables_in(std::string_view store);

/// The value of a variable in a store of EDK2's authenticated variables; unset if it is missing.
std::optional<std::string> variable_in(std::string_view store, std::string_view name);

/// Writes variables into a store, replacing those with the same names. Does not check for the old owner's
/// consent. Throws a host Error if this is not such a store, or has no room for them.
/// @param begin  the beginning of the flash image, at least to the end of the variables
std::string with_variables(std::string begin, std::span<const NewVariable> variables);

/// The size of the part that with_variables() uses, according to the image's first bytes.
std::size_t variables_end(std::string_view begin);

}  // namespace lktest
