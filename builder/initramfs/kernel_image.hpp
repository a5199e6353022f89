// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/platform.hpp"

namespace lktest {

/// A kernel as boot loaders take it: a bzImage (x86_64), or an uncompressed Image (aarch64),
/// which GRUB 2.06 needs and distributions also ship as Image.gz or as an EFI zboot image.
/// @param what  where the bytes come from, for messages
/// Throws a usage Error if they are not a kernel, or a kernel for another machine.
std::string bootable_kernel(std::string bytes, Arch arch, const std::string& what);

/// The .config that is built into a kernel (CONFIG_IKCONFIG); empty when there is none, or
/// the kernel is compressed in a way that only itself knows.
std::string embedded_config(const std::string& kernel);

}  // namespace lktest
