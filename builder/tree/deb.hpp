// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>

#include "builder/base/error.hpp"

namespace lktest {

/// A .deb's data.tar, decompressed, in `cache`/tars. It is unpacked unless it is
/// there already. It has the time of the .deb that it was made from.
/// Throws a host Error when the .deb is damaged or the disk is full.
std::filesystem::path data_tar(const std::filesystem::path& deb, const std::filesystem::path& cache);

/// The Error for a .deb whose content is not what it should be.
Error damaged_deb(const std::filesystem::path& deb, std::string_view reason);

}  // namespace lktest
