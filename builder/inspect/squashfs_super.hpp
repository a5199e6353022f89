// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The superblock of a SquashFS 4.0 image (Linux, fs/squashfs/squashfs_fs.h).
struct SquashfsSuper {
    std::string compressor;        ///< "zstd"
    std::uint32_t block_size = 0;  ///< bytes
    std::uint32_t inodes = 0;
    std::int64_t made = 0;   ///< seconds since 1970
    std::uint64_t used = 0;  ///< its size in bytes, by the superblock
    std::string fault;       ///< why Linux would refuse it; empty if it would not
};

/// Unset if the bytes do not begin with "hsqs".
std::optional<SquashfsSuper> read_squashfs_super(const ByteView& file);

}  // namespace lktest
