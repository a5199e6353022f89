// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_compressor.hpp"

#include <fmt/format.h>
#include <sqfs/super.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

/// How the compressors are called by libsquashfs, and which levels they know.
struct CompressorFacts {
    Compressor compressor;
    SQFS_COMPRESSOR id;
    unsigned least_level, most_level;  ///< 0, 0: it has none
};
constexpr CompressorFacts compressor_facts[] = {
    {Compressor::zstd, SQFS_COMP_ZSTD, SQFS_ZSTD_MIN_LEVEL, SQFS_ZSTD_MAX_LEVEL},
    {Compressor::xz, SQFS_COMP_XZ, 1, SQFS_XZ_MAX_LEVEL},
    {Compressor::lz4, SQFS_COMP_LZ4, 0, 0},
    {Compressor::gzip, SQFS_COMP_GZIP, SQFS_GZIP_MIN_LEVEL, SQFS_GZIP_MAX_LEVEL},
};

}  // namespace

SQFS_COMPRESSOR checked_id(const Compression& compression) {
    const CompressorFacts& facts =
        *std::find_if(std::begin(compressor_facts), std::end(compressor_facts),
                      [&](const CompressorFacts& row) { return row.compressor == compression.compressor; });
    const unsigned level = compression.level;
    if (level != 0 && facts.most_level == 0)
        throw usage_error(fmt::format("{} has no compression level", name(facts.compressor)), "leave it out");
    if (level != 0 && (level < facts.least_level || level > facts.most_level))
        throw usage_error(fmt::format("{} has no compression level {}", name(facts.compressor), level),
                          fmt::format("give one from {} to {}", facts.least_level, facts.most_level));
    const std::uint32_t block = compression.block_size;
    if (!std::has_single_bit(block) || block < SQFS_MIN_BLOCK_SIZE || block > SQFS_MAX_BLOCK_SIZE)
        throw usage_error(fmt::format("SquashFS has no block size of {} bytes", block),
                          "give a power of two from 4 KiB to 1 MiB");
    return facts.id;
}

Sqfs<sqfs_compressor_t> make_compressor(const Compression& compression, std::uint16_t flags) {
    sqfs_compressor_config_t config;
    sqfs_compressor_t* compressor = nullptr;
    int error = sqfs_compressor_config_init(&config, checked_id(compression), compression.block_size, flags);
    if (compression.level != 0)
        config.level = compression.level;
    if (error == 0)
        error = sqfs_compressor_create(&config, &compressor);
    if (error != 0)
        throw host_error(
            fmt::format("libsquashfs cannot compress with {} on this machine", name(compression.compressor)),
            "choose another compressor");
    return Sqfs<sqfs_compressor_t>(compressor);
}

}  // namespace lktest
