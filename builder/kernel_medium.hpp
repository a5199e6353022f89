// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/platform.hpp"
#include "builder/build.hpp"

namespace lktest {

/// A kernel to boot without a live system.
struct KernelFiles {
    std::filesystem::path kernel;  ///< bzImage, Image, Image.gz or vmlinuz.efi
    std::filesystem::path initrd;  ///< empty for a small one of lktest's, with a shell
};

/// The machine that a kernel image is for. Throws a usage Error if it is not a kernel.
Arch arch_of_kernel(const std::filesystem::path& kernel);

/// Whether a file begins as a kernel image does, and not as a medium.
bool looks_like_kernel(const std::filesystem::path& file);

/// The kernel that was built last in a kernel's source or build tree.
/// @param arch  unset: for any machine
/// Throws a usage Error naming the places if there is none.
std::filesystem::path kernel_in_tree(const std::filesystem::path& tree, std::optional<Arch> arch);

/// Makes an ISO with the kernel, its initramfs and boot loaders, which starts them without other files.
BuildResult build_kernel_medium(const KernelFiles& files, const BuildOptions& options);

}  // namespace lktest
