// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace lktest {

/// The files of a cell for the page: its texts (printable, long ones cut in the middle)
/// and its PNG pictures as JSON, compressed (zlib, RFC 1950) and in base64. The page unpacks them when
/// the cell is opened. Unreadable files are omitted; empty if all are unreadable.
///
///     {"files": {"console.log": {"text": …, "omitted": bytes, "after": lines}},
///      "images": {"screen.png": "data:image/png;base64,…"}}
/// @param cells_of_the_page  if more than `cells_with_film`, the pictures film-*.png are omitted
std::string pack_cell(const std::filesystem::path& directory, std::size_t cells_of_the_page = 1);

/// A film is about 60 KiB: a page of this many cells still opens in a moment.
inline constexpr std::size_t cells_with_film = 200;

/// Bytes of a long text that the page shows, of its beginning and of its end, where failures are.
inline constexpr std::size_t shown_head = 96 << 10, shown_tail = 256 << 10;

}  // namespace lktest
