// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/boot/signing.hpp"
#include "builder/image/image_file.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The files with every EFI program signed. With shim, Debian's shim is the removable-media loader and starts
/// the former one; /EFI/mok.cer is the certificate for MokManager ("Enroll key from disk").
/// @param packages  must contain shim-signed if `shim` is set
/// @param time      of the signatures, seconds since 1970
std::vector<ImageFile> secure_boot_files(std::vector<ImageFile> files, const FileTree& packages, Arch arch,
                                         const SigningKey& key, bool shim, std::int64_t time);

/// The medium's parts with the kernel signed, for loaders that start it through the firmware.
std::vector<ImageFile> with_signed_kernel(std::vector<ImageFile> parts, const SigningKey& key,
                                          std::int64_t time);

}  // namespace lktest
