// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// How an initramfs is compressed. Every kernel reads one that is not.
enum class Packing { zstd, none };

/// The tree as an initramfs image: a newc cpio archive ("070701", Documentation/
/// driver-api/early-userspace/buffer-format.rst in Linux), compressed with zstd.
/// The same tree and time give the same bytes: inode numbers are counted here, and
/// every file has `mtime`. Never xz: libarchive's has a CRC64 check, which the kernel refuses.
/// @param mtime  seconds since 1970
std::string write_cpio(const FileTree& tree, std::int64_t mtime, Packing packing = Packing::zstd);

}  // namespace lktest
