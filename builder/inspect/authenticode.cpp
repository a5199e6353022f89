// SPDX-License-Identifier: MIT
#include "builder/inspect/authenticode.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "builder/base/handle.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t header_limit = 64 << 10, section_limit = 96, section_size = 40;

using Range = std::pair<std::uint64_t, std::uint64_t>;  // first byte, end

/// The sections' bytes in the file, in its order.
std::vector<Range> section_ranges(const PeLayout& layout) {
    std::vector<Range> ranges;
    for (std::size_t i = 0; i < layout.sections; ++i) {
        const std::size_t at = layout.section_table + i * section_size;
        const std::uint64_t size = le32(layout.header, at + 16), begin = le32(layout.header, at + 20);
        if (size != 0)
            ranges.emplace_back(begin, begin + size);
    }
    std::ranges::sort(ranges);
    return ranges;
}

}  // namespace

std::optional<PeLayout> pe_layout(const ByteView& file) {
    const std::string dos = file.read(0, 64);
    const std::uint64_t start = le32(dos, 60);
    if (!dos.starts_with("MZ") || start > header_limit)
        return std::nullopt;
    PeLayout layout;
    layout.header = file.read(start, header_limit);
    const std::string& header = layout.header;
    if (!has_text(header, 0, std::string_view("PE\0\0", 4)))
        return std::nullopt;
    const std::size_t optional = 24, directories = optional + (le16(header, optional) == 0x20b ? 112 : 96);
    layout.nx_compat = (le16(header, optional + 70) & 0x100) != 0;
    layout.headers = le32(header, optional + 60);
    layout.checksum = start + optional + 64;
    layout.directory = start + directories + 4 * 8;
    if (le32(header, directories - 4) > 4) {
        layout.certificates = le32(header, directories + 4 * 8);
        layout.certificates_size = le32(header, directories + 4 * 8 + 4);
    }
    layout.section_table = optional + le16(header, 20);
    if (le32(header, 12) != 0)
        layout.names = le32(header, 12) + std::uint64_t{le32(header, 16)} * 18;
    layout.sections = std::min<std::size_t>(le16(header, 6), section_limit);
    return layout;
}

std::string authenticode_hash(const ByteView& file, const PeLayout& layout, std::uint64_t limit) {
    std::vector<Range> ranges{{0, layout.checksum},
                              {layout.checksum + 4, layout.directory},
                              {layout.directory + 8, layout.headers}};
    // As firmware does it: gaps between sections are not hashed, and the rest begins where the file would
    // end without them.
    std::uint64_t hashed = layout.headers;
    for (const Range& section : section_ranges(layout)) {
        ranges.push_back(section);
        hashed += section.second - section.first;
    }
    const std::uint64_t certificates = layout.certificates != 0 ? layout.certificates_size : 0;
    if (hashed + certificates < file.size())
        ranges.emplace_back(hashed, file.size() - certificates);
    std::uint64_t total = 0;
    for (const auto& [begin, end] : ranges) {
        if (begin > end || end > file.size())
            return {};
        total += end - begin;
    }
    if (total > limit)
        return {};

    const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    for (const auto& [begin, end] : ranges) {
        constexpr std::size_t piece = 1 << 20;
        for (std::uint64_t at = begin; at < end; at += piece) {
            const std::string bytes = file.read(at, std::min<std::uint64_t>(piece, end - at));
            EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
        }
    }
    if (layout.certificates == 0 && file.size() % 8 != 0) {  // a signer would fill it up
        const std::string padding(8 - file.size() % 8, '\0');
        EVP_DigestUpdate(context.get(), padding.data(), padding.size());
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace lktest
