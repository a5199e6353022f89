// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/little_endian.hpp"

namespace lktest {

/// A window onto the bytes of an untrusted file. Only the bytes that are read are held in memory, and
/// bytes outside the window cannot be read.
class ByteView {
public:
    ByteView() = default;
    /// Throws a usage Error naming the file if it cannot be opened or is not a regular file.
    static ByteView of_file(const std::filesystem::path& path);
    static ByteView of_memory(std::string bytes);

    std::uint64_t size() const noexcept { return pieces_.empty() ? 0 : pieces_.back().end(); }

    /// The window [offset, offset + size) of this one, cut at its end.
    ByteView part(std::uint64_t offset, std::uint64_t size) const;
    ByteView from(std::uint64_t offset) const { return part(offset, size()); }

    /// Appends another window onto the same file: how fragmented files are read.
    void append(const ByteView& next);

    /// At most `size` bytes; fewer at the end. Throws a host Error if the disk fails.
    std::string read(std::uint64_t offset, std::size_t size) const;
    /// The same into `buffer`; returns the number of bytes read.
    std::size_t read(std::uint64_t offset, std::span<char> buffer) const;

private:
    struct Source;
    struct Piece {
        std::uint64_t at;      ///< in this window
        std::uint64_t offset;  ///< in the source
        std::uint64_t size;    ///< never 0
        std::uint64_t end() const noexcept { return at + size; }
    };

    std::shared_ptr<const Source> source_;
    std::vector<Piece> pieces_;
};

/// Whether both windows show the same bytes.
bool same_bytes(const ByteView& one, const ByteView& other);

/// The offset of `text` within the first `limit` bytes; unset if it is not found.
std::uint64_t find_text(const ByteView& bytes, std::string_view text, std::uint64_t limit);
inline constexpr std::uint64_t not_found = ~std::uint64_t{0};

/// Whether `text` is at this place; false past the end of `bytes`.
bool has_text(std::string_view bytes, std::size_t at, std::string_view text);

/// UTF-16 (a Unicode byte order mark is not looked for) as UTF-8; lone surrogates become U+FFFD.
std::string utf8_of_utf16(std::u16string_view text);

}  // namespace lktest
