// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/machine/domain_xml.hpp"

namespace lktest {

/// Extracts kernel, initramfs and command line from a menu entry of a medium, to boot without its boot
/// loader. A failure of that boot is then not the loader's fault.
/// @param wish  entry: its title, empty for the first that has a kernel for `arch`; append: added to the
/// command line
/// @param directory  where the two files are written
/// Throws a usage Error if there is no such entry.
DirectKernel take_kernel(const std::filesystem::path& iso, Arch arch, const BootLine& wish,
                         const std::filesystem::path& directory);

}  // namespace lktest
