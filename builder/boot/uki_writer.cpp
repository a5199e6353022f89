// SPDX-License-Identifier: MIT
#include "builder/boot/uki_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "builder/base/error.hpp"
#include "builder/base/little_endian.hpp"

namespace lktest {
namespace {

// Microsoft PE/COFF specification: COFF header, PE32+ optional header, section table.
constexpr std::size_t coff_size = 24, section_size = 40;
constexpr std::uint16_t pe32_plus = 0x20b;
constexpr std::uint32_t initialized_data = 0x40, readable = 0x40000000;
// Offsets from the PE signature, and in the optional header.
constexpr std::size_t symbols_at = 12, symbol_count_at = 16;
constexpr std::size_t initialized_size_at = 8, section_alignment_at = 32, file_alignment_at = 36,
                      image_size_at = 56, headers_size_at = 60, checksum_at = 64, certificates_at = 144;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

void put32(std::string& bytes, std::size_t at, std::uint64_t value) {
    std::string number;
    add_le(number, value, 4);
    bytes.replace(at, number.size(), number);
}

[[noreturn]] void refuse(std::string_view why) {
    throw host_error(fmt::format("the EFI stub of the package systemd-boot-efi cannot be used: {}", why));
}

}  // namespace

std::string write_uki(std::string_view stub, std::span<const UkiSection> sections) {
    const std::size_t coff = le32(stub, 60), optional = coff + coff_size;
    if (!stub.starts_with("MZ") ||
        stub.substr(std::min(coff, stub.size()), 4) != std::string_view("PE\0\0", 4))
        refuse("it is not a PE image");
    const std::size_t optional_size = le16(stub, coff + 20), count = le16(stub, coff + 6);
    const std::size_t table = optional + optional_size;
    const std::uint32_t alignment = le32(stub, optional + section_alignment_at),
                        file_alignment = le32(stub, optional + file_alignment_at);
    if (le16(stub, optional) != pe32_plus || optional_size <= certificates_at || alignment == 0 ||
        file_alignment == 0)
        refuse("it is not a PE32+ image");
    if (le32(stub, optional + certificates_at) != 0)
        refuse("it is signed, and more sections would invalidate the signature");

    // The table grows into the gap before the first section.
    std::uint64_t gap_end = le32(stub, optional + headers_size_at), address = 0, stored_end = gap_end;
    bool long_names = false;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = table + i * section_size;
        long_names = long_names || stub.substr(at, 1) == "/";
        stored_end =
            std::max<std::uint64_t>(stored_end, std::uint64_t{le32(stub, at + 20)} + le32(stub, at + 16));
        address = std::max<std::uint64_t>(
            address, std::uint64_t{le32(stub, at + 12)} + std::max(le32(stub, at + 8), le32(stub, at + 16)));
        if (le32(stub, at + 20) != 0)
            gap_end = std::min<std::uint64_t>(gap_end, le32(stub, at + 20));
    }
    if (table + (count + sections.size()) * section_size > gap_end)
        refuse(fmt::format("its header has no room for {} more sections", sections.size()));

    std::string image(stub);
    // What follows the sections, a symbol table, would become a gap. Signing tools disagree about those.
    if (!long_names && stored_end < image.size()) {
        image.resize(stored_end);
        put32(image, coff + symbols_at, 0);
        put32(image, coff + symbol_count_at, 0);
    }
    image.resize(round_up(image.size(), file_alignment));
    std::uint64_t added = 0;
    std::size_t entry = table + count * section_size;
    for (const auto& [name, content] : sections) {
        address = round_up(address, alignment);
        const std::uint64_t stored = round_up(content.size(), file_alignment);
        std::string header(name.substr(0, 8));
        header.resize(8);
        for (const std::uint64_t field :
             {std::uint64_t{content.size()}, address, stored, std::uint64_t{image.size()}, std::uint64_t{0},
              std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{initialized_data | readable}})
            add_le(header, field, 4);
        image.replace(entry, section_size, header);
        entry += section_size;
        image += content;
        image.resize(round_up(image.size(), file_alignment));
        address += content.size();
        added += stored;
    }
    std::string number;
    add_le(number, count + sections.size(), 2);
    image.replace(coff + 6, 2, number);
    put32(image, optional + initialized_size_at, le32(stub, optional + initialized_size_at) + added);
    put32(image, optional + image_size_at, round_up(address, alignment));
    put32(image, optional + checksum_at, 0);
    return image;
}

}  // namespace lktest
