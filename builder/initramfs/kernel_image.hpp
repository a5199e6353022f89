// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/platform.hpp"

namespace lktest {

/// A kernel in a format that boot loaders accept: a bzImage (x86_64), or an uncompressed Image (aarch64).
/// GRUB 2.06 needs that, although distributions may ship an Image.gz or an EFI zboot image.
/// @param what  where the bytes come from, for messages
/// Throws a usage Error if they are not a kernel, or a kernel for another machine.
std::string bootable_kernel(std::string bytes, Arch arch, const std::string& what);

/// The .config built into a kernel (CONFIG_IKCONFIG); empty if it has none, or
/// if only the kernel itself can decompress it.
std::string embedded_config(const std::string& kernel);

}  // namespace lktest
