// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace lktest {

/// What a cell left in its directory, for the page: its texts (printable, the middle of long ones left out)
/// and its PNG pictures as JSON, compressed (zlib, RFC 1950) and in base64. The page unpacks it when
/// somebody opens the cell. A file that cannot be read is left out; empty when none can.
///
///     {"files": {"console.log": {"text": …, "omitted": bytes, "after": lines}},
///      "images": {"screen.png": "data:image/png;base64,…"}}
/// @param cells_of_the_page  when they are more than `cells_with_film`, pictures film-*.png are left out
std::string pack_cell(const std::filesystem::path& directory, std::size_t cells_of_the_page = 1);

/// A film is about 60 KiB: a page of this many cells still opens in a moment.
inline constexpr std::size_t cells_with_film = 200;

/// How much of a text the page shows, in bytes: of its beginning, and of its end, where failures are.
inline constexpr std::size_t shown_head = 96 << 10, shown_tail = 256 << 10;

}  // namespace lktest
