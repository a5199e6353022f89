// SPDX-License-Identifier: MIT
#include "harness/report/html.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "builder/base/file.hpp"
#include "harness/report/base64.hpp"
#include "harness/report/json.hpp"
#include "harness/report/pack.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

std::size_t occurrences(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
        ++count;
    return count;
}

/// Decodes RFC 4648 and zlib.
nlohmann::json unpack(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0, value = 0;
    for (const char c : text.substr(0, text.find('='))) {
        value = value << 6 | static_cast<unsigned>(digits.find(c));
        bits += 6;
        if (bits >= 8)
            bytes += static_cast<char>(value >> (bits -= 8) & 0xff);
    }
    std::string json(1 << 20, '\0');
    uLongf size = json.size();
    EXPECT_EQ(::uncompress(reinterpret_cast<Bytef*>(json.data()), &size,
                           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()),
              Z_OK);
    return nlohmann::json::parse(json.substr(0, size));
}

TEST(Base64, IsThatOfTheStandard) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("foob"), "Zm9vYg==");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Sha256, IsThatOfTheStandard) {
    EXPECT_EQ(base64(sha256("abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(HtmlPage, FetchesNothing) {
    const std::string page = html_page(json_report(sample_report()), {});
    EXPECT_EQ(occurrences(page, "src=\""), 0U);
    EXPECT_EQ(occurrences(page, "<link"), 0U);
    EXPECT_EQ(occurrences(page, "http://"), 0U);
    EXPECT_EQ(occurrences(page, "https://"), 0U);
    EXPECT_EQ(occurrences(page, "{{"), 0U);
}

TEST(HtmlPage, HoldsNoTagThatAGuestWrote) {
    const std::string empty = html_page(json_report(sample_report()), {});
    results::Run report = sample_failures();
    report.cells[1].verdict->reason = "</script><script>alert(1)</script><!-- {{script}} {{cells}} \u2028";
    const std::string page = html_page(json_report(report), {});
    EXPECT_EQ(occurrences(page, "<script"), occurrences(empty, "<script"));
    EXPECT_EQ(occurrences(page, "</script"), occurrences(empty, "</script"));
    EXPECT_EQ(occurrences(page, "<!--"), 0U);
    EXPECT_EQ(occurrences(page, "{{script}}"), 1U);  // the literal text, without substitution
}

TEST(PackCell, HoldsTextsAndPicturesAndNothingElse) {
    const TempDir cell;
    write_file(cell.path() / "console.log", "[ 0.1] a\r\n[ 0.2] \x1b[2J\xff</script>\xe2\x80\xa8\n");
    write_file(cell.path() / "console.raw", "raw");
    write_file(cell.path() / "screen.png", "\x89PNG");
    std::filesystem::create_symlink("/etc/hostname", cell.path() / "stolen.txt");
    const auto left = unpack(pack_cell(cell.path()));
    EXPECT_EQ(left["files"].size(), 1U);
    EXPECT_EQ(left["files"]["console.log"]["text"], "[ 0.1] a\n[ 0.2] \\x1b[2J\\xff</script>\\u{2028}\n");
    EXPECT_EQ(left["images"]["screen.png"], "data:image/png;base64,iVBORw==");
}

TEST(PackCell, HoldsNoFilmWhenThePageHasVeryManyCells) {
    const TempDir cell;
    write_file(cell.path() / "film-0001.000.png", "a");
    write_file(cell.path() / "screen.png", "b");
    EXPECT_EQ(unpack(pack_cell(cell.path(), cells_with_film))["images"].size(), 2U);
    const auto without = unpack(pack_cell(cell.path(), cells_with_film + 1))["images"];
    EXPECT_EQ(without.size(), 1U);
    EXPECT_TRUE(without.contains("screen.png"));
}

TEST(PackCell, LeavesTheMiddleOfALongTextOut) {
    const TempDir cell;
    std::string text;
    while (text.size() < 2 * (shown_head + shown_tail))
        text += "line " + std::to_string(text.size()) + "\n";
    write_file(cell.path() / "console.log", text);
    const auto file = unpack(pack_cell(cell.path()))["files"]["console.log"];
    const auto shown = file["text"].get<std::string>();
    EXPECT_EQ(shown.size() + file["omitted"].get<std::size_t>(), text.size());
    EXPECT_TRUE(shown.starts_with("line 0\n"));
    EXPECT_TRUE(shown.ends_with(text.substr(text.size() - 100)));
    std::size_t seam = 0;
    for (std::size_t line = 0; line < file["after"].get<std::size_t>(); ++line)
        seam = shown.find('\n', seam) + 1;
    EXPECT_EQ(shown.substr(0, seam), text.substr(0, seam));
    EXPECT_TRUE(shown.substr(seam).starts_with("line "));
}

TEST(PackCell, IsNothingForACellThatLeftNothing) {
    EXPECT_EQ(pack_cell("/nowhere"), "");
    const TempDir cell;
    EXPECT_EQ(pack_cell(cell.path()), "");
}

}  // namespace
}  // namespace lktest
