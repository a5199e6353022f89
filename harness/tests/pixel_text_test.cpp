// SPDX-License-Identifier: MIT
#include "harness/console/pixel_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// GRUB's font, Unifont, with the characters of ASCII.
std::string font_file() {
    return read_file("/usr/share/grub/ascii.pf2");
}

constexpr std::uint32_t white = 0xffffff, grey = 0xaaaaaa, black = 0;

/// A picture as a loader paints it: a background of many colours, and text.
class Painting {
public:
    Painting() : image_{.width = 320, .height = 120, .pixels = std::vector<std::uint32_t>(320UL * 120)} {
        for (std::size_t i = 0; i < image_.pixels.size(); ++i)
            image_.pixels[i] = static_cast<std::uint32_t>(0x004060 + (i % 320) / 4 + ((i / 320) / 4 << 8));
    }
    void write(std::string_view text, std::size_t x, std::size_t y, std::uint32_t colour) {
        for (const char c : text) {
            const auto cell = std::ranges::find(font_.cells, static_cast<char32_t>(c),
                                                &std::pair<char32_t, CellBits>::first);
            for (std::size_t row = 0; cell != font_.cells.end() && row < font_.height; ++row)
                for (unsigned column = 0; column < 8; ++column)
                    if ((cell->second[row] << column & 0x80) != 0)
                        image_.pixels[(y + row) * image_.width + x + column] = colour;
            x += 8;
        }
    }
    void fill(std::size_t x, std::size_t y, std::size_t width, std::uint32_t colour) {
        for (std::size_t row = 0; row < font_.height; ++row)
            std::fill_n(image_.pixels.begin() + static_cast<std::ptrdiff_t>((y + row) * image_.width + x),
                        width, colour);
    }
    std::vector<std::string> read() const { return PixelReader(font_).rows(image_); }
    PixelImage& image() { return image_; }
    const BitmapFont& font() const { return font_; }

private:
    PixelImage image_;
    BitmapFont font_ = read_grub_font(font_file()).value();
};

TEST(PixelReader, ReadsAMenuWhereverItStandsAndInWhateverColours) {
    Painting menu;
    menu.write("GNU GRUB  version 2.06", 43, 5, white);
    menu.fill(40, 40, 200, grey);
    menu.write("*Live system", 40, 40, black);
    menu.write(" R", 40, 56, white);
    menu.write("escue, or (more)?", 56, 56, grey);
    EXPECT_THAT(menu.read(), ElementsAre("GNU GRUB  version 2.06", "*Live system", " Rescue, or (more)?"));
}

TEST(PixelReader, ReadsNothingWherePixelsAreNoText) {
    Painting none;
    EXPECT_THAT(none.read(), IsEmpty());
    none.write("debian", 10, 10, white);
    for (std::size_t x = 0; x < 320; ++x)
        none.image().pixels[320UL * 16 + x] = white;  // struck out
    EXPECT_THAT(none.read(), IsEmpty());
    none.image() = {};
    EXPECT_THAT(none.read(), IsEmpty());
}

TEST(PixelReader, ReadsAPicturesEdge) {
    Painting edge;
    edge.write("upper left", 0, 0, white);
    edge.write("lower right", 320 - 11 * 8, 120 - 16, white);
    EXPECT_THAT(edge.read(), ElementsAre("upper left", std::string(29, ' ') + "lower right"));
}

TEST(GrubFont, IsRefusedWhenItIsNoneAndLacksWhatIsCutOff) {
    const std::string whole = font_file();
    const auto font = read_grub_font(whole);
    ASSERT_TRUE(font);
    EXPECT_EQ(font->height, 16U);
    EXPECT_GE(font->cells.size(), 94U);
    EXPECT_FALSE(read_grub_font(""));
    EXPECT_FALSE(read_grub_font("PFF2"));
    for (std::size_t size = 0; size < whole.size() / 2; ++size) {
        const auto cut = read_grub_font(std::string_view(whole).substr(0, size));
        EXPECT_LT(cut ? cut->cells.size() : 0, font->cells.size()) << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(~flipped[at]);
        const auto read = read_grub_font(flipped);
        EXPECT_LE(read ? read->height : 0, CellBits().size()) << at;
    }
}

TEST(VgaFont, IsFoundInItsRom) {
    const std::string rom = read_file("/usr/share/seabios/vgabios-stdvga.bin");
    const auto font = find_vga_font(rom);
    ASSERT_TRUE(font);
    EXPECT_EQ(font->cells.size(), 94U);
    EXPECT_FALSE(find_vga_font(std::string(65536, '\x55')));
    EXPECT_FALSE(find_vga_font(""));
    // Truncated anywhere, in separate buffers so that ASan detects reads past the end.
    for (std::size_t size = 0; size < rom.size(); size += 8) {
        const std::vector<char> part(rom.begin(), rom.begin() + static_cast<std::ptrdiff_t>(size));
        const auto cut = find_vga_font({part.data(), part.size()});
        EXPECT_TRUE(!cut || cut->cells.size() == font->cells.size()) << size;
    }
}

}  // namespace
}  // namespace lktest
