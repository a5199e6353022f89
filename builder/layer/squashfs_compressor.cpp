// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_compressor.hpp"

#include <fmt/format.h>
#include <sqfs/error.h>
#include <sqfs/super.h>

#include <algorithm>
#include <bit>
#include <exception>
#include <iterator>
#include <span>
#include <string>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

/// The compressors' names in libsquashfs, and their levels.
struct CompressorFacts {
    Compressor compressor;
    SQFS_COMPRESSOR id;
    unsigned least_level, most_level;  ///< 0, 0 without levels
};
constexpr CompressorFacts compressor_facts[] = {
    {Compressor::zstd, SQFS_COMP_ZSTD, SQFS_ZSTD_MIN_LEVEL, SQFS_ZSTD_MAX_LEVEL},
    {Compressor::xz, SQFS_COMP_XZ, 1, SQFS_XZ_MAX_LEVEL},
    {Compressor::lz4, SQFS_COMP_LZ4, 0, 0},
    {Compressor::gzip, SQFS_COMP_GZIP, SQFS_GZIP_MIN_LEVEL, SQFS_GZIP_MAX_LEVEL},
};

/// Stands before one of libsquashfs' compressors. It takes blocks that were compressed before from a cache.
/// It also keeps no block that became longer. libsquashfs' LZ4 (1.2.0) does, against its own documentation,
/// and unsquashfs then calls the image corrupt.
struct Front {
    sqfs_compressor_t outer;  ///< first, because libsquashfs sees only this
    Sqfs<sqfs_compressor_t> inner;
    BlockCache* cache;     ///< null for none
    std::string settings;  ///< of the compressor, a part of each key

    std::int32_t compress(std::span<const std::byte> block, std::span<std::byte> out) const;
};

/// Shorter blocks take less time than a look into the cache is worth.
constexpr std::size_t least_cached = 4096;

std::int32_t Front::compress(std::span<const std::byte> block, std::span<std::byte> out) const {
    const bool caches = cache && block.size() >= least_cached;
    BlockCache::Key key{};
    if (caches) {
        Sha256 sum;
        sum.add(std::as_bytes(std::span(settings)));
        sum.add(block);
        key = sum.digest();
        if (const auto known = cache->find(key, out))
            return static_cast<std::int32_t>(*known);
    }
    std::int32_t result = inner->do_block(
        inner.get(), reinterpret_cast<const sqfs_u8*>(block.data()), static_cast<sqfs_u32>(block.size()),
        reinterpret_cast<sqfs_u8*>(out.data()), static_cast<sqfs_u32>(out.size()));
    if (result >= 0 && static_cast<std::size_t>(result) >= block.size())
        result = 0;
    if (caches && result >= 0)
        cache->put(key, out.first(static_cast<std::size_t>(result)));
    return result;
}

Front& cast(sqfs_compressor_t* outer) {
    return *reinterpret_cast<Front*>(outer);
}

sqfs_compressor_t* front_of(sqfs_compressor_t* inner, BlockCache* cache, const std::string& settings) {
    auto* front = new Front{*inner, Sqfs<sqfs_compressor_t>(inner), cache, settings};
    front->outer.base.destroy = [](sqfs_object_t* object) { delete reinterpret_cast<Front*>(object); };
    front->outer.base.copy = [](const sqfs_object_t* object) -> sqfs_object_t* {
        const auto& self = *reinterpret_cast<const Front*>(object);
        auto* copy = static_cast<sqfs_compressor_t*>(sqfs_copy(self.inner.get()));
        return copy ? &front_of(copy, self.cache, self.settings)->base : nullptr;
    };
    front->outer.get_configuration = [](const sqfs_compressor_t* self, sqfs_compressor_config_t* config) {
        const auto& inner_one = reinterpret_cast<const Front*>(self)->inner;
        inner_one->get_configuration(inner_one.get(), config);
    };
    front->outer.write_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
        return cast(self).inner->write_options(cast(self).inner.get(), file);
    };
    front->outer.read_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
        return cast(self).inner->read_options(cast(self).inner.get(), file);
    };
    front->outer.do_block = [](sqfs_compressor_t* self, const sqfs_u8* in, sqfs_u32 size, sqfs_u8* out,
                               sqfs_u32 room) -> sqfs_s32 {
        try {
            return cast(self).compress({reinterpret_cast<const std::byte*>(in), size},
                                       {reinterpret_cast<std::byte*>(out), room});
        } catch (const std::exception&) {  // C code calls this
            return SQFS_ERROR_ALLOC;
        }
    };
    return &front->outer;
}

}  // namespace

SQFS_COMPRESSOR checked_id(const Compression& compression) {
    const CompressorFacts& facts =
        *std::find_if(std::begin(compressor_facts), std::end(compressor_facts),
                      [&](const CompressorFacts& row) { return row.compressor == compression.compressor; });
    const unsigned level = compression.level;
    if (level != 0 && facts.most_level == 0)
        throw usage_error(fmt::format("{} has no compression level", name(facts.compressor)), "remove it");
    if (level != 0 && (level < facts.least_level || level > facts.most_level))
        throw usage_error(fmt::format("{} has no compression level {}", name(facts.compressor), level),
                          fmt::format("use one from {} to {}", facts.least_level, facts.most_level));
    const std::uint32_t block = compression.block_size;
    if (!std::has_single_bit(block) || block < SQFS_MIN_BLOCK_SIZE || block > SQFS_MAX_BLOCK_SIZE)
        throw usage_error(fmt::format("SquashFS has no block size of {} bytes", block),
                          "use a power of two from 4 KiB to 1 MiB");
    return facts.id;
}

Sqfs<sqfs_compressor_t> make_compressor(const Compression& compression, std::uint16_t flags,
                                        BlockCache* cache) {
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
    if (flags == 0)
        compressor = front_of(compressor, cache,
                              fmt::format("{} {} {}\n", name(compression.compressor), compression.level,
                                          compression.block_size));
    return Sqfs<sqfs_compressor_t>(compressor);
}

}  // namespace lktest
