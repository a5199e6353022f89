// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "harness/matrix/expand.hpp"
#include "harness/run/run.hpp"

namespace lktest {

inline constexpr const char* kernel_scenario = "kernel";  ///< checks what any kernel and initramfs show

/// Whether the user named a kernel to boot instead of a medium.
bool boots_kernel(const RunOptions& options);

/// The kernel that the user named, or the newest in the tree. Throws a usage Error for options that exclude
/// each other.
std::filesystem::path kernel_of(const RunOptions& options);

/// The files that the image is made of, which --watch looks at.
std::vector<std::filesystem::path> inputs_of_kernel(const RunOptions& options);

/// The image that holds the kernel; QEMU starts the kernel itself unless another medium is selected. It is
/// built by build_kernel_image().
std::vector<ImageChoice> kernel_images(const RunOptions& options);

void build_kernel_image(const RunOptions& options);

}  // namespace lktest
