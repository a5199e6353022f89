// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>

#include "builder/base/error.hpp"

namespace lktest {

/// Returns the path of a .deb's decompressed data.tar in `cache`/tars. Unpacks it if needed. It has the time
/// of its .deb. Throws a host Error if the .deb is damaged or the disk is full.
std::filesystem::path data_tar(const std::filesystem::path& deb, const std::filesystem::path& cache);

/// The Error for a damaged .deb.
Error damaged_deb(const std::filesystem::path& deb, std::string_view reason);

}  // namespace lktest
