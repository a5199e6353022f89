// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lktest {

/// A variable that only its owner may change, as db is.
struct AuthenticatedVariable {
    std::string name;         ///< ASCII
    std::string_view vendor;  ///< the GUID in memory order
    std::string value;
};

/// The value of a variable in a store of EDK2's authenticated variables; unset if it is missing.
std::optional<std::string> variable_in(std::string_view store, std::string_view name);

/// Puts variables into a store, in place of those that have their names. Nothing asks here whether the old
/// owner would have allowed it. Throws a host Error when this is no such store, or has no room for them.
/// @param begin  the beginning of the flash image, up to the end of the variables at least
std::string with_variables(std::string begin, std::span<const AuthenticatedVariable> variables);

/// How much of the image that is, by its first bytes: all that with_variables() looks at.
std::size_t variables_end(std::string_view begin);

}  // namespace lktest
