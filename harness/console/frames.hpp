// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/console/screen.hpp"

namespace lktest {

/// The screens that a terminal on the serial line showed one after the other: what stood there whenever
/// most of it was erased (a boot menu, when the kernel begins), and what stands there at the end. A screen
/// of fewer than two rows, or like the one before, is none.
/// @param bytes  all that came over the line; of more than 4 MiB only the last are looked at
/// @param most   where there are more, the first and the last half of them
std::vector<Picture> terminal_frames(std::string_view bytes, std::size_t most);

/// A JSON array of frames, each an array of rows, each an array of [text, foreground, background,
/// attributes]: colours as in Pen, -1 the terminal's own; attributes 1 bold, 2 underlined, 4 reversed;
/// what is left out at the end is -1, -1, 0.
std::string json_frames(const std::vector<Picture>& frames);

}  // namespace lktest
