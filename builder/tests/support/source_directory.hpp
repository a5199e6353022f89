// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace lktest {

/// The checkout, for files that tests read.
const std::filesystem::path& source_directory();

}  // namespace lktest
