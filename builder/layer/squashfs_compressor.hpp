// SPDX-License-Identifier: MIT
#pragma once

#include <sqfs/compressor.h>

#include "builder/layer/block_cache.hpp"
#include "builder/layer/squashfs_handle.hpp"
#include "builder/recipe.hpp"

namespace lktest {

/// libsquashfs' number of a compressor. Throws a usage Error if SquashFS does not have
/// the level or the block size.
SQFS_COMPRESSOR checked_id(const Compression& compression);

/// @param flags  0 to compress, SQFS_COMP_FLAG_UNCOMPRESS to expand
/// @param cache  of compressed blocks; may be null
/// Throws a host Error if libsquashfs was built without that compressor.
Sqfs<sqfs_compressor_t> make_compressor(const Compression& compression, std::uint16_t flags,
                                        BlockCache* cache = nullptr);

}  // namespace lktest
