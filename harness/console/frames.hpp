// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/console/screen.hpp"

namespace lktest {

/// The screens that a terminal on the serial line showed: one whenever most of the screen was about to be
/// erased (a boot menu, when the kernel starts), and the last one. A screen with fewer than two rows, or
/// equal to the one before, is skipped.
/// @param bytes  the whole output of the line; only the last 4 MiB are used
/// @param most   if there are more screens, returns the first and the last half of this number
std::vector<Picture> terminal_frames(std::string_view bytes, std::size_t most);

/// A JSON array of frames. Each frame is an array of rows, and each row an array of [text, foreground,
/// background, attributes]. Colours are those of Pen, -1 for the terminal's default; attributes are 1 bold,
/// 2 underlined, 4 reversed. Omitted trailing values are -1, -1, 0.
std::string json_frames(const std::vector<Picture>& frames);

}  // namespace lktest
