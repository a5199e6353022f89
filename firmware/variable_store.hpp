// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lktest {

/// A variable that only its owner may change, such as db.
struct AuthenticatedVariable {
    std::string name;         ///< ASCII
    std::string_view vendor;  ///< the GUID in memory order
    std::string value;
};

/// The value of a variable in a store of EDK2's authenticated variables; unset if it is missing.
std::optional<std::string> variable_in(std::string_view store, std::string_view name);

/// Writes variables into a store, replacing those with the same names. Does not check for the old owner's
/// consent. Throws a host Error if this is not such a store, or has no room for them.
/// @param begin  the beginning of the flash image, at least to the end of the variables
std::string with_variables(std::string begin, std::span<const AuthenticatedVariable> variables);

/// The size of the part that with_variables() uses, according to the image's first bytes.
std::size_t variables_end(std::string_view begin);

}  // namespace lktest
