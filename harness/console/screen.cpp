// SPDX-License-Identifier: MIT
#include "harness/console/screen.hpp"

#include <vterm.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "builder/base/handle.hpp"
#include "builder/base/printable.hpp"
#include "builder/base/utf8.hpp"
#include "harness/console/escapes.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_pending = 262'144;

using Row = std::array<char32_t, Screen::column_count>;
using PenRow = std::array<Pen, Screen::column_count>;
using RowSink = Screen::RowSink;

std::string text_of(const Row& row) {
    std::size_t end = row.size();
    while (end > 0 && row[end - 1] == U' ')
        --end;
    std::string text;
    for (std::size_t i = 0; i < end; ++i)
        if (row[i] != 0)  // the right half of a wide character
            append_utf8(text, row[i]);
    return text;
}

/// The form of a sequence that libvterm receives; empty if it does not affect a picture of text. The guest is
/// not trusted, so reports, titles, modes and repeat counts never reach the library.
std::string harmless(std::string_view sequence) {
    constexpr std::array<std::string_view, 11> whole{"\0337",    "\0338",    "\033D",  "\033E",
                                                     "\033M",    "\033c",    "\x1b(0", "\x1b(B",
                                                     "\x1b[?7l", "\x1b[?7h", "\x1b[!p"};
    if (std::ranges::find(whole, sequence) != whole.end())
        return std::string(sequence);
    constexpr std::string_view moves_erasures_and_pens = "ABCDEFGHJKLMPSTX@`adefmrsu";
    if (!sequence.starts_with("\x1b[") ||
        moves_erasures_and_pens.find(sequence.back()) == std::string_view::npos)
        return {};
    const std::string_view arguments = sequence.substr(2, sequence.size() - 3);
    if (arguments.find_first_not_of("0123456789;") != std::string_view::npos || arguments.size() > 16)
        return {};
    // No move exceeds the screen.
    std::string clamped = "\x1b[";
    for (std::size_t begin = 0; begin <= arguments.size();) {
        const std::size_t end = std::min(arguments.find(';', begin), arguments.size());
        const std::string_view digits = arguments.substr(begin, end - begin);
        clamped += digits.size() > 3 ? "999" : digits;
        if (end < arguments.size())
            clamped += ';';
        begin = end + 1;
    }
    return clamped + sequence.back();
}

std::int32_t colour_of(const VTermColor& colour) {
    if (VTERM_COLOR_IS_DEFAULT_FG(&colour) || VTERM_COLOR_IS_DEFAULT_BG(&colour))
        return Pen::default_colour;
    if (VTERM_COLOR_IS_INDEXED(&colour))
        return colour.indexed.idx;
    return Pen::rgb_colour | colour.rgb.red << 16 | colour.rgb.green << 8 | colour.rgb.blue;
}

/// Whether a blank painted with it looks like an empty cell.
bool leaves_no_trace(const Pen& pen) {
    return pen.background == Pen::default_colour && !pen.reversed && !pen.underlined;
}

std::vector<PaintedText> painted(const Row& row, const PenRow& pens) {
    std::size_t end = row.size();
    while (end > 0 && row[end - 1] == U' ' && leaves_no_trace(pens[end - 1]))
        --end;
    std::vector<PaintedText> texts;
    for (std::size_t i = 0; i < end; ++i) {
        if (row[i] == 0)
            continue;
        if (texts.empty() || !(texts.back().pen == pens[i]))
            texts.push_back({{}, pens[i]});
        append_utf8(texts.back().text, row[i]);
    }
    return texts;
}

/// Whether the character occupies one or two cells by itself. Combining characters do not, and are dropped
/// because the library collects any number of them in one cell.
bool stands_alone(char32_t point) {
    struct Range {
        char32_t first, last;
    };
    constexpr std::array known{Range{0x20, 0x7e},     Range{0xa1, 0xac},     Range{0xae, 0x2ff},
                               Range{0x370, 0x482},   Range{0x48a, 0x52f},   Range{0x2010, 0x2027},
                               Range{0x2030, 0x205e}, Range{0x20a0, 0x20c0}, Range{0x2100, 0x2bff},
                               Range{0x3041, 0x3096}, Range{0x30a1, 0x30fa}, Range{0x4e00, 0x9fff},
                               Range{0xac00, 0xd7a3}, Range{0xff01, 0xff5e}};
    return std::ranges::any_of(known, [point](Range r) { return r.first <= point && point <= r.last; });
}

}  // namespace

struct Screen::Terminal {
    Terminal() : vterm(vterm_new(row_count, column_count)) {
        for (Row& row : cells)
            row.fill(U' ');
        vterm_set_utf8(vterm.get(), 1);
        state = vterm_obtain_state(vterm.get());
        vterm_state_set_callbacks(state, &callbacks, this);
        vterm_output_set_callback(
            vterm.get(), [](const char*, std::size_t, void*) {}, nullptr);
        vterm_state_reset(state, 1);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() = default;

    static Terminal& of(void* user) { return *static_cast<Terminal*>(user); }

    static int put(VTermGlyphInfo* glyph, VTermPos at, void* user) {
        Row& row = of(user).cells[static_cast<std::size_t>(at.row)];
        const auto column = static_cast<std::size_t>(at.col);
        PenRow& pens = of(user).pens[static_cast<std::size_t>(at.row)];
        row[column] = glyph->chars[0];
        pens[column] = of(user).pen;
        for (std::size_t i = 1; i < static_cast<std::size_t>(glyph->width) && column + i < row.size(); ++i)
            row[column + i] = 0;
        return 1;
    }
    static int erase(VTermRect area, int, void* user) {
        for (int r = area.start_row; r < area.end_row; ++r) {
            Row& row = of(user).cells[static_cast<std::size_t>(r)];
            std::fill(row.begin() + area.start_col, row.begin() + area.end_col, U' ');
            PenRow& pens = of(user).pens[static_cast<std::size_t>(r)];
            std::fill(pens.begin() + area.start_col, pens.begin() + area.end_col,
                      Pen{.background = of(user).pen.background});
        }
        return 1;
    }
    static int choose_pen(VTermAttr attribute, VTermValue* value, void* user) {
        Pen& pen = of(user).pen;
        switch (static_cast<int>(attribute)) {
            case VTERM_ATTR_BOLD: pen.bold = value->boolean != 0; break;
            case VTERM_ATTR_UNDERLINE: pen.underlined = value->number != 0; break;
            case VTERM_ATTR_REVERSE: pen.reversed = value->boolean != 0; break;
            case VTERM_ATTR_FOREGROUND: pen.foreground = colour_of(value->color); break;
            case VTERM_ATTR_BACKGROUND: pen.background = colour_of(value->color); break;
            default: break;
        }
        return 1;
    }
    /// Moves the content of `area` up by `downward` rows and left by `rightward` columns, and fills with
    /// blanks.
    static int scroll(VTermRect area, int downward, int rightward, void* user) {
        const bool whole_rows = area.start_col == 0 && area.end_col == column_count && rightward == 0;
        if (!whole_rows || downward == 0 || std::abs(downward) >= area.end_row - area.start_row) {
            move_part(of(user).cells, area, downward, rightward, U' ');
            move_part(of(user).pens, area, downward, rightward, Pen{.background = of(user).pen.background});
            return 1;
        }
        const auto move_rows = [&](auto& rows) {
            const auto begin = rows.begin() + area.start_row, end = rows.begin() + area.end_row;
            if (downward > 0)
                std::move(begin + downward, end, begin);
            else
                std::move_backward(begin, end + downward, end);
        };
        move_rows(of(user).cells);
        move_rows(of(user).pens);
        const VTermRect blank{downward > 0 ? area.end_row - downward : area.start_row,
                              downward > 0 ? area.end_row : area.start_row - downward, 0, column_count};
        return erase(blank, 0, user);
    }
    template <class Value>
    static void move_part(std::array<std::array<Value, column_count>, row_count>& cells, VTermRect area,
                          int downward, int rightward, const Value& blank) {
        const auto before = cells;
        for (int r = area.start_row; r < area.end_row; ++r)
            for (int c = area.start_col; c < area.end_col; ++c) {
                const int from_row = r + downward, from_column = c + rightward;
                const bool inside = from_row >= area.start_row && from_row < area.end_row &&
                                    from_column >= area.start_col && from_column < area.end_col;
                cells.at(r).at(c) = inside ? before.at(from_row).at(from_column) : blank;
            }
    }
    VTermPos cursor() const {
        VTermPos at{};
        vterm_state_get_cursorpos(state, &at);
        return at;
    }
    void write(std::string_view bytes) { vterm_input_write(vterm.get(), bytes.data(), bytes.size()); }

    void report(const RowSink& row) {
        if (!std::exchange(dirty, false))
            return;
        if (const std::string text = text_of(cells[static_cast<std::size_t>(cursor().row)]); !text.empty())
            row(text);
    }

    /// Writes text piece by piece, so that every row is reported before the cursor leaves it.
    void put_text(std::string_view text, const RowSink& row) {
        while (!text.empty()) {
            std::string piece;
            // A wide character needs two cells.
            int room = column_count - cursor().col;
            while (!text.empty() && (piece.empty() || room > 0)) {
                const CodePoint point = first_code_point(text);
                piece += stands_alone(point.value) ? text.substr(0, point.size) : "?";
                room -= point.value < 0x300 ? 1 : 2;
                text.remove_prefix(point.size);
            }
            write(piece);
            dirty = true;
            if (cursor().col >= column_count - 2)
                report(row);
        }
    }

    void take(const Token& token, const RowSink& row) {
        if (token.kind == Token::Kind::text)
            return put_text(token.text, row);
        if (token.kind == Token::Kind::sequence) {
            if (const std::string sequence = harmless(token.text); !sequence.empty()) {
                if (sequence.back() != 'm')  // it does not move the cursor
                    report(row);
                write(sequence);
            }
        } else if (std::string_view("\t\b\n\v\f\r").find(token.text[0]) != std::string_view::npos) {
            if (token.text != "\t")
                report(row);
            write(token.text);
        }
    }

    // Assigned by name, because later releases of libvterm add callbacks.
    static constexpr VTermStateCallbacks callbacks = [] {
        VTermStateCallbacks used{};
        used.putglyph = put;
        used.scrollrect = scroll;
        used.erase = erase;
        used.setpenattr = choose_pen;
        return used;
    }();

    Handle<VTerm, vterm_free> vterm;
    VTermState* state = nullptr;  // owned by vterm
    std::array<Row, row_count> cells;
    std::array<PenRow, row_count> pens;
    Pen pen;
    EscapeParser parser;
    bool dirty = false;  ///< the cursor's row was changed since it was reported
};

Screen::Screen() : terminal_(std::make_unique<Terminal>()) {}
Screen::Screen(Screen&&) noexcept = default;
Screen& Screen::operator=(Screen&&) noexcept = default;
Screen::~Screen() = default;

void Screen::feed(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() <= most_pending)
        return;
    // Cut at a place that cannot be inside a sequence.
    const std::size_t keep_from = pending_.find_first_of("\x1b\n", pending_.size() - most_pending / 2);
    pending_.erase(0, std::min(keep_from, pending_.size() - most_pending / 4));
}

void Screen::paint(const RowSink& row) {
    terminal_->parser.feed(pending_, [this, &row](const Token& token) { terminal_->take(token, row); });
    pending_.clear();
}

std::vector<std::string> Screen::rows() {
    paint([](std::string_view) {});
    std::vector<std::string> texts;
    for (const Row& row : terminal_->cells)
        texts.push_back(text_of(row));
    while (!texts.empty() && texts.back().empty())
        texts.pop_back();
    return texts;
}

Picture Screen::picture() {
    paint([](std::string_view) {});
    Picture picture;
    for (std::size_t i = 0; i < terminal_->cells.size(); ++i)
        picture.push_back(painted(terminal_->cells[i], terminal_->pens[i]));
    while (!picture.empty() && picture.back().empty())
        picture.pop_back();
    return picture;
}

}  // namespace lktest
