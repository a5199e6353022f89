// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/machine/domain_xml.hpp"

namespace lktest {

/// Takes kernel, initramfs and command line from a menu entry of a medium, without its boot loader: what
/// then fails is no fault of the loader's.
/// @param wish  entry: its title, empty for the first that has a kernel for `arch`; append: for the command
/// line
/// @param directory  where the two files are left
/// Throws a usage Error when there is no such entry.
DirectKernel take_kernel(const std::filesystem::path& iso, Arch arch, const BootLine& wish,
                         const std::filesystem::path& directory);

}  // namespace lktest
