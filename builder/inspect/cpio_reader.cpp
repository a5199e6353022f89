// SPDX-License-Identifier: MIT
#include "builder/inspect/cpio_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t header_size = 110;
constexpr std::uint32_t symlink_mode = 0120000, type_mask = 0170000;

/// The n-th of the eight-digit hexadecimal fields after the magic.
std::optional<std::uint32_t> field(std::string_view header, std::size_t n) {
    const std::string_view digits = header.substr(6 + n * 8, 8);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
}

std::uint64_t padding(std::uint64_t size) {
    return (4 - size % 4) % 4;
}

}  // namespace

CpioResult read_cpio(const Stream& stream, const HeadSize& head_size,
                     const std::function<bool(CpioEntry)>& take) {
    CpioResult result;
    const auto ended = [&result](std::string_view why) {
        result.fault = fmt::format("{} after {} bytes of its archive", why, result.read);
        return result;
    };
    while (true) {
        const std::string header = read_some(stream, header_size);
        if (header.size() < header_size)
            return ended("it ends");
        if (!header.starts_with("070701") && !header.starts_with("070702"))
            return ended("a cpio header is missing");
        const auto mode = field(header, 1), size = field(header, 6), name_size = field(header, 11);
        if (!mode || !size || !name_size || *name_size == 0 || *name_size > longest_path)
            return ended("a cpio header is damaged");
        result.read += header_size;
        std::string name = read_some(stream, *name_size);
        result.read += name.size() + skip(stream, padding(header_size + *name_size));
        if (name.size() < *name_size)
            return ended("it ends");
        name.resize(std::min(name.find('\0'), name.size()));
        CpioEntry entry{normal_path(name), *mode, *size, {}};
        const bool link = (*mode & type_mask) == symlink_mode;
        entry.head =
            read_some(stream, std::min<std::uint64_t>(*size, link ? longest_path : head_size(entry.path)));
        const std::uint64_t rest = *size - entry.head.size(), pad = padding(*size);
        const std::uint64_t skipped = skip(stream, rest + pad);
        result.read += entry.head.size() + skipped;
        if (name == "TRAILER!!!") {
            result.complete = true;
            return result;
        }
        if (skipped < rest)
            return ended("it ends");
        if (!take(std::move(entry)))
            return ended("it has too many files");
    }
}

}  // namespace lktest
