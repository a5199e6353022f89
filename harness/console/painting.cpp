// SPDX-License-Identifier: MIT
#include "harness/console/painting.hpp"

#include <unordered_map>

namespace lktest {

Painting compare_pictures(const PixelImage& before, const PixelImage& now) {
    Painting painting;
    std::unordered_map<std::uint32_t, std::size_t> colours;
    std::size_t most = 0;
    for (const std::uint32_t pixel : now.pixels)
        if (const std::size_t count = ++colours[pixel]; count > most) {
            most = count;
            painting.background = pixel;
        }
    painting.plain = 2 * most > now.pixels.size();
    const bool same_size = before.width == now.width && before.pixels.size() == now.pixels.size();
    for (std::size_t i = 0; i < now.pixels.size(); ++i)
        if (now.pixels[i] != painting.background && (!same_size || now.pixels[i] != before.pixels[i]))
            ++painting.drawn;
    return painting;
}

bool exceeds_firmware(const Painting& painting, std::size_t printed) {
    // A character of UEFI's font has 8 x 19 pixels, about a third of them set. It also paints a cursor.
    constexpr std::size_t pixels_of_character = 60, without_text = 100;
    return (painting.plain && painting.background != 0) ||
           painting.drawn > pixels_of_character * (printed + without_text);
}

}  // namespace lktest
