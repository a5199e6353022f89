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
    std::string root_hash;            ///< computed from the tree's top; empty if the algorithm is unknown
    bool cut = false;                 ///< the tree is shorter than its superblock says
    std::string partition_uuid = {};  ///< of the partition that it fills; empty otherwise
    std::string data_place = {};      ///< what it covers; empty if unknown
    std::optional<std::string> difference = {};  ///< see first_difference(); unset if not compared
};

/// Unset if the bytes do not begin with such a superblock.
std::optional<VerityTree> read_verity(const ByteView& bytes, std::string place);

/// Whether one of a few samples of the data has the hash that the tree says.
bool covers(const ByteView& tree, const ByteView& data);

/// The first block of the data or of the tree that does not have its hash: "block 17 of 2350". Empty if
/// all have theirs. Reads all data that the tree covers.
std::string first_difference(const ByteView& tree, const ByteView& data);

}  // namespace lktest
