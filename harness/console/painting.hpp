// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/console/pixel_text.hpp"

namespace lktest {

/// Properties of a picture that do not require reading it.
struct Painting {
    std::uint32_t background = 0;  ///< the most frequent colour
    bool plain = false;            ///< more than half of the picture has that colour
    std::size_t drawn = 0;         ///< pixels of another colour that the previous picture lacked
    bool operator==(const Painting&) const = default;
};

/// @param before  the previous picture; if its size differs, none of it remains
Painting compare_pictures(const PixelImage& before, const PixelImage& now);

/// Whether something other than the firmware painted this. Firmware prints white on black, and prints the
/// same text on the serial console.
/// @param printed  characters on the serial console until now. All of them may be on the display, and may
/// have
///                 been repainted when it scrolled.
bool exceeds_firmware(const Painting& painting, std::size_t printed);

}  // namespace lktest
