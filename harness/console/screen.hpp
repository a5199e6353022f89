// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// How a character is painted (ECMA-48, SGR). A colour is an index of xterm's 256-colour palette, or
/// rgb_colour and the three bytes 0xRRGGBB.
struct Pen {
    static constexpr std::int32_t default_colour = -1, rgb_colour = 0x1000000;
    std::int32_t foreground = default_colour, background = default_colour;
    bool bold = false, underlined = false, reversed = false;

    bool operator==(const Pen&) const = default;
};

/// Adjacent characters with the same attributes.
struct PaintedText {
    std::string text;
    Pen pen;

    bool operator==(const PaintedText&) const = default;
};

/// Rows from the top to the last that is not empty, without invisible blanks at their ends.
using Picture = std::vector<std::vector<PaintedText>>;

/// Emulates a terminal on the serial line, where firmware and boot loaders paint with cursor moves. It has 50
/// rows of 132 columns, more than any text mode of UEFI's serial terminal or a BIOS. Smaller modes use only
/// the upper left.
///
/// Bytes are stored until the screen is read. During a flood only the last 128 KiB are painted.
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

    /// Paints the stored bytes. Passes to `row` the text of each changed row before the cursor leaves it or
    /// it is erased. Every text that was on the screen is thus reported in order, even if it is overwritten
    /// by now, and however the bytes were divided.
    void paint(const RowSink& row);

    /// The rows without trailing blanks, from the top to the last that is not empty.
    std::vector<std::string> rows();

    /// The rows with their colours.
    Picture picture();

private:
    struct Terminal;
    std::unique_ptr<Terminal> terminal_;
    std::string pending_;
};

}  // namespace lktest
