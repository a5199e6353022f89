// SPDX-License-Identifier: MIT
#include "harness/console/painting.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

PixelImage picture(std::uint32_t colour, std::size_t width = 640, std::size_t height = 480) {
    return {.width = width, .height = height, .pixels = std::vector<std::uint32_t>(width * height, colour)};
}

TEST(Painting, OfFirmwareIsWhatItPrintedToo) {
    const PixelImage black = picture(0);
    PixelImage text = black;
    for (std::size_t i = 0; i < 80 * 40; ++i)  // 80 characters
        text.pixels[i * 7] = 0xffffff;
    const Painting painting = compare_pictures(black, text);
    EXPECT_EQ(painting, (Painting{.background = 0, .plain = true, .drawn = 3200}));
    EXPECT_FALSE(exceeds_firmware(painting, 80));
    EXPECT_FALSE(exceeds_firmware(compare_pictures(text, black), 0)) << "it cleared the screen";
    EXPECT_EQ(compare_pictures(text, text).drawn, 0U);
}

TEST(Painting, OfAMediumIsMoreOrHasAColour) {
    const PixelImage black = picture(0);
    EXPECT_TRUE(exceeds_firmware(compare_pictures(black, picture(0x0000aa)), 0)) << "a memory tester's blue";
    PixelImage menu = black;
    for (std::size_t i = 0; i < 20'000; ++i)
        menu.pixels[i * 5] = 0xaaaaaa;
    EXPECT_TRUE(exceeds_firmware(compare_pictures(black, menu), 80));
    EXPECT_TRUE(exceeds_firmware(compare_pictures(picture(0, 100, 100), menu), 80)) << "of another size";
    EXPECT_FALSE(exceeds_firmware(compare_pictures({}, {}), 0));
}

}  // namespace
}  // namespace lktest
