// SPDX-License-Identifier: MIT
#include "harness/console/frames.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "builder/base/printable.hpp"
#include "harness/console/escapes.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_bytes = 4 << 20, fewest_rows = 2;
/// A guest may erase its screen endlessly; each look at it costs as much as a few KiB of text.
constexpr std::size_t most_looks = 5000;

std::size_t rows_with_text(const Picture& picture) {
    return static_cast<std::size_t>(std::ranges::count_if(picture, [](const auto& row) {
        return std::ranges::any_of(row, [](const PaintedText& part) {
            return part.text.find_first_not_of(' ') != std::string::npos;
        });
    }));
}

/// ED and RIS: the sequences that can erase most of a screen (ECMA-48 8.3.39; ISO 6429 RIS).
bool may_erase(const Token& token) {
    return token.kind == Token::Kind::sequence &&
           ((token.text.starts_with("\x1b[") && token.text.ends_with('J')) || token.text == "\033c");
}

class Frames {
public:
    explicit Frames(std::size_t most) : most_(most) {}

    void take(Picture picture) {
        if (rows_with_text(picture) < fewest_rows || (!kept_.empty() && kept_.back() == picture))
            return;
        kept_.push_back(std::move(picture));
        if (kept_.size() > most_)
            kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(most_ / 2));
    }

    std::vector<Picture> all() { return std::move(kept_); }

private:
    std::size_t most_;
    std::vector<Picture> kept_;
};

nlohmann::json json_of(const PaintedText& part) {
    nlohmann::json json = {printable(part.text)};
    const int attributes =
        (part.pen.bold ? 1 : 0) | (part.pen.underlined ? 2 : 0) | (part.pen.reversed ? 4 : 0);
    if (part.pen == Pen{})
        return json;
    json.push_back(part.pen.foreground);
    json.push_back(part.pen.background);
    json.push_back(attributes);
    return json;
}

}  // namespace

std::vector<Picture> terminal_frames(std::string_view bytes, std::size_t most) {
    bytes.remove_prefix(bytes.size() - std::min(bytes.size(), most_bytes));
    Screen screen;
    Frames frames(most);
    EscapeParser parser;
    std::size_t looks = 0;
    parser.feed(bytes, [&](const Token& token) {
        if (!may_erase(token) || ++looks > most_looks) {
            screen.feed(token.text);
            return;
        }
        Picture before = screen.picture();
        screen.feed(token.text);
        if (2 * rows_with_text(screen.picture()) < rows_with_text(before))
            frames.take(std::move(before));
    });
    frames.take(screen.picture());
    return frames.all();
}

std::string json_frames(const std::vector<Picture>& frames) {
    nlohmann::json json = nlohmann::json::array();
    for (const Picture& picture : frames) {
        nlohmann::json rows = nlohmann::json::array();
        for (const auto& row : picture) {
            nlohmann::json parts = nlohmann::json::array();
            for (const PaintedText& part : row)
                parts.push_back(json_of(part));
            rows.push_back(std::move(parts));
        }
        json.push_back(std::move(rows));
    }
    return json.dump() + "\n";
}

}  // namespace lktest
