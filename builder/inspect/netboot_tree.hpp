// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// The files of a boot server's directory, as if they were on a medium. Reads at most 600 files, which stay
/// open. Does not follow symbolic links out of the directory.
IsoTree read_netboot_tree(const std::filesystem::path& directory);

}  // namespace lktest
