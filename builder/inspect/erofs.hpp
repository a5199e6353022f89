// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// A feature of an EROFS image, and the first kernel that supports it.
struct ErofsNeed {
    std::string what;    ///< "zstd", "fragments"
    std::string kernel;  ///< "6.10"
    std::string option;  ///< "CONFIG_EROFS_FS_ZIP_ZSTD"; empty if no option turns it on
};

/// The superblock of an EROFS image (Linux, fs/erofs/erofs_fs.h).
struct ErofsSuper {
    std::uint32_t block_size = 0;  ///< bytes
    std::uint64_t inodes = 0;
    std::int64_t made = 0;                 ///< seconds since 1970
    std::uint64_t used = 0;                ///< its size in bytes, by the superblock
    std::vector<std::string> compressors;  ///< "lz4", "zstd"
    unsigned devices = 0;                  ///< files or partitions of data that it needs in addition
    std::vector<ErofsNeed> needs;          ///< features that a kernel must support to mount it
    std::string fault;                     ///< why every kernel refuses it; empty if none does
};

/// Unset if the bytes are not an EROFS image.
std::optional<ErofsSuper> read_erofs_super(const ByteView& file);

}  // namespace lktest
