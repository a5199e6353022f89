// SPDX-License-Identifier: MIT
#include "builder/inspect/el_torito.hpp"

#include <algorithm>

#include "builder/inspect/iso_sector.hpp"

namespace lktest {
namespace {

constexpr std::size_t boot_entry_size = 32, boot_entry_limit = 64;

bool valid(std::string_view validation) {
    std::uint16_t sum = 0;
    for (std::size_t at = 0; at < boot_entry_size; at += 2)
        sum = static_cast<std::uint16_t>(sum + le16(validation, at));
    return u8(validation, 0) == 1 && le16(validation, 30) == 0xaa55 && sum == 0;
}

BootImage image(std::string_view entry, std::uint8_t platform) {
    return {platform, u8(entry, 0) == 0x88, static_cast<std::uint8_t>(u8(entry, 1) & 0xf),
            std::uint64_t{le32(entry, 8)} * iso_sector, std::uint64_t{le16(entry, 6)} * 512};
}

}  // namespace

std::optional<BootCatalogue> read_boot_catalogue(const ByteView& iso) {
    const std::string record = iso.read(17 * iso_sector, iso_sector);
    if (u8(record, 0) != 0 || !has_text(record, 1, "CD001") ||
        !has_text(record, 7, "EL TORITO SPECIFICATION"))
        return std::nullopt;
    // Enough for every entry that we read, each in a separate section.
    const std::string bytes =
        iso.read(std::uint64_t{le32(record, 71)} * iso_sector, 2 * (boot_entry_limit + 1) * boot_entry_size);
    const auto entry = [&bytes](std::size_t at) {
        return std::string_view(bytes).substr(std::min(at, bytes.size()), boot_entry_size);
    };
    BootCatalogue catalogue{valid(entry(0)), {}};
    const auto take = [&](std::size_t at, std::uint8_t platform) {
        if (BootImage found = image(entry(at), platform); found.bootable || found.size > 0)
            catalogue.images.push_back(found);
    };
    take(boot_entry_size, u8(bytes, 1));
    std::size_t at = 2 * boot_entry_size;
    while (catalogue.images.size() < boot_entry_limit && at < bytes.size()) {
        const std::uint8_t indicator = u8(bytes, at), platform = u8(bytes, at + 1);
        if (indicator != 0x90 && indicator != 0x91)
            break;
        const std::size_t count = std::min<std::size_t>(le16(bytes, at + 2), boot_entry_limit);
        for (std::size_t i = 1; i <= count; ++i)
            take(at + i * boot_entry_size, platform);
        at += (1 + count) * boot_entry_size;
        if (indicator == 0x91)
            break;
    }
    return catalogue;
}

}  // namespace lktest
