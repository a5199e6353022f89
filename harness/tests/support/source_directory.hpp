// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace lktest {

/// The checkout, for files that tests read.
inline const std::filesystem::path source_directory = LKTEST_SOURCE_DIR;

}  // namespace lktest
