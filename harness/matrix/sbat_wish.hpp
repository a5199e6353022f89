// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lktest {

/// SecureKeys::sbat for a user's word; unset if it cannot be a level.
/// @param directory  of its files
std::optional<std::string> sbat_wish(const std::string& word, const std::filesystem::path& directory = {});

}  // namespace lktest
