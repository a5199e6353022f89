// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// A hash tree of dm-verity with its superblock (cryptsetup, "DMVerity", on-disk format 1).
struct VerityTree {
    std::string place;              ///< "partition 3", "/live/root.verity"
    std::string algorithm;          ///< "sha256"
    std::uint64_t data_blocks = 0;  ///< that it covers
    std::uint32_t data_block_size = 0;
    std::string root_hash;  ///< computed from the tree's top; empty if the algorithm is unknown
    bool cut = false;       ///< the tree is shorter than its superblock says
};

/// Unset if the bytes do not begin with such a superblock.
std::optional<VerityTree> read_verity(const ByteView& bytes, std::string place);

}  // namespace lktest
