// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "harness/console/pixel_text.hpp"

namespace lktest {

/// The pixels of a PNG file of at most 4096 × 4096; unset if it is not a valid one.
std::optional<PixelImage> decode_png(std::string_view file);

}  // namespace lktest
