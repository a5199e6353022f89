// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/progress.hpp"
#include "builder/layer/block_cache.hpp"
#include "builder/recipe.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Writes the tree as a SquashFS 4.0 image. The bytes depend on the tree, the
/// compression and the epoch alone, not on the number of workers.
/// @param source_date_epoch  time of the image, and the latest time of any file in it
/// @param workers            threads for compression; 0 means 1
/// @param cache              of compressed blocks, which does not change the bytes; may be null
/// @return files that were omitted because SquashFS cannot hold them, one sentence each
/// Throws a usage Error for settings that the compressor does not have, and a host
/// Error if the file cannot be written (disk full) or an input cannot be read.
/// After an error `file` is unchanged.
std::vector<std::string> write_squashfs(const FileTree& tree, const std::filesystem::path& file,
                                        const Compression& compression, std::int64_t source_date_epoch,
                                        unsigned workers, const Progress& progress,
                                        BlockCache* cache = nullptr);

}  // namespace lktest
