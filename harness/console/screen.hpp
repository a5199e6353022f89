// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// How a character is painted (ECMA-48, SGR). A colour is an index of xterm's palette of 256, or rgb_colour
/// and the three bytes 0xRRGGBB.
struct Pen {
    static constexpr std::int32_t default_colour = -1, rgb_colour = 0x1000000;
    std::int32_t foreground = default_colour, background = default_colour;
    bool bold = false, underlined = false, reversed = false;

    bool operator==(const Pen&) const = default;
};

/// Characters that stand beside each other and are painted alike.
struct PaintedText {
    std::string text;
    Pen pen;

    bool operator==(const PaintedText&) const = default;
};

/// Rows from the top to the last that is not empty; none has blanks at its end that nothing can be seen of.
using Picture = std::vector<std::vector<PaintedText>>;

/// What a terminal on the serial line would show: firmware and boot loaders paint there
/// with cursor moves. It has 50 rows of 132 columns, more than any text mode that UEFI's
/// serial terminal or a BIOS paints in; only the upper left is used by those that are smaller.
///
/// Bytes are kept until somebody looks. Of a flood that nobody looks at only the last
/// 128 KiB are painted.
class Screen {
public:
    static constexpr int row_count = 50;
    static constexpr int column_count = 132;

    using RowSink = std::function<void(std::string_view row)>;

    Screen();
    Screen(Screen&&) noexcept;
    Screen& operator=(Screen&&) noexcept;
    ~Screen();

    void feed(std::string_view bytes);

    /// Paints what was fed, and gives `row` the text of each row that the cursor left or
    /// erased after something had been painted in it: in this order every text was on the
    /// screen, even one that is overwritten by now, and however the bytes were cut.
    void paint(const RowSink& row);

    /// The rows without trailing blanks, from the top to the last that is not empty.
    std::vector<std::string> rows();

    /// The same with its colours.
    Picture picture();

private:
    struct Terminal;
    std::unique_ptr<Terminal> terminal_;
    std::string pending_;
};

}  // namespace lktest
