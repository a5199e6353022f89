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

/// libsquashfs' LZ4 (1.2.0) keeps a block that became longer, against its own
/// documentation; unsquashfs then calls the image corrupt. This compressor is the
/// inner one but for that.
struct NeverLonger {
    sqfs_compressor_t outer;  ///< first, because libsquashfs sees only this
    sqfs_compressor_t* inner;
};

const NeverLonger& cast(const sqfs_compressor_t* outer) {
    return *reinterpret_cast<const NeverLonger*>(outer);
}

sqfs_compressor_t* wrap(sqfs_compressor_t* inner) {
    auto* wrapper = new NeverLonger{*inner, inner};
    wrapper->outer.base.destroy = [](sqfs_object_t* object) {
        auto* self = reinterpret_cast<NeverLonger*>(object);
        sqfs_destroy(self->inner);
        delete self;
    };
    wrapper->outer.base.copy = [](const sqfs_object_t* object) {
        auto* copy = sqfs_copy(reinterpret_cast<const NeverLonger*>(object)->inner);
        return copy ? &wrap(static_cast<sqfs_compressor_t*>(copy))->base : nullptr;
    };
    wrapper->outer.get_configuration = [](const sqfs_compressor_t* self, sqfs_compressor_config_t* config) {
        cast(self).inner->get_configuration(cast(self).inner, config);
    };
    wrapper->outer.write_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
        return cast(self).inner->write_options(cast(self).inner, file);
    };
    wrapper->outer.read_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
        return cast(self).inner->read_options(cast(self).inner, file);
    };
    wrapper->outer.do_block = [](sqfs_compressor_t* self, const sqfs_u8* in, sqfs_u32 size, sqfs_u8* out,
                                 sqfs_u32 room) {
        const sqfs_s32 result = cast(self).inner->do_block(cast(self).inner, in, size, out, room);
        return result >= 0 && static_cast<sqfs_u32>(result) >= size ? 0 : result;
    };
    return &wrapper->outer;
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
    if (compression.compressor == Compressor::lz4 && flags == 0)
        compressor = wrap(compressor);
    return Sqfs<sqfs_compressor_t>(compressor);
}

}  // namespace lktest
