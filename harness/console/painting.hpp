// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/console/pixel_text.hpp"

namespace lktest {

/// What can be said of a picture without reading it.
struct Painting {
    std::uint32_t background = 0;  ///< the most frequent colour
    bool plain = false;            ///< more than half of the picture has that colour
    std::size_t drawn = 0;         ///< pixels of another colour that the picture before did not have there
    bool operator==(const Painting&) const = default;
};

/// @param before  the picture that was there before; of another size: nothing of it is left
Painting compare_pictures(const PixelImage& before, const PixelImage& now);

/// Whether somebody else than the firmware painted this. Firmware prints white on black, and all of it on the
/// serial console too.
/// @param printed  characters on the serial console until now, which may all be on the display, and may have
///                 been painted again when it scrolled
bool exceeds_firmware(const Painting& painting, std::size_t printed);

}  // namespace lktest
