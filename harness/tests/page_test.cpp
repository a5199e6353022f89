// SPDX-License-Identifier: MIT
// The HTML report in a real browser: headless Chromium loads the page, and the test checks the resulting DOM
// and the browser's console.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/report/html.hpp"
#include "harness/report/json.hpp"
#include "harness/report/pack.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

std::size_t occurrences(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
        ++count;
    return count;
}

/// A page after the browser has loaded it.
struct Seen {
    std::string title;
    std::string main;     ///< the markup of <main>
    std::string theme;    ///< the markup of the theme's button
    std::string console;  ///< errors and other messages to developers
};

class PageTest : public testing::Test {
protected:
    /// @param hash  the URL's fragment: "#q=uefi"
    /// @param width  of the window
    Seen look(const std::string& page, const std::string& hash, int width = 1280) {
        write_file(directory_.path() / "index.html", page);
        const ProcessResult browser =
            run_process({"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--user-data-dir=" + (directory_.path() / "profile").string(),
                         fmt::format("--window-size={},900", width), "--enable-logging=stderr",
                         "--virtual-time-budget=10000", "--dump-dom",
                         "file://" + (directory_.path() / "index.html").string() + hash},
                        {.deadline = std::chrono::minutes(2)});
        EXPECT_EQ(browser.status, 0) << browser.err;
        Seen seen{.title = between(browser.out, "<title>", "</title>"),
                  .main = between(browser.out, "<main", "</main>"),
                  .theme = between(browser.out, "<button id=\"theme\"", "</button>"),
                  .console = {}};
        std::istringstream lines(browser.err);
        for (std::string line; std::getline(lines, line);)
            if (line.find("CONSOLE") != std::string::npos)
                seen.console += line + "\n";
        return seen;
    }

    /// A cell's directory with the files of a boot, or hostile ones.
    std::string pack(const std::string& console, const std::string& events = "") {
        const TempDir cell;
        write_file(cell.path() / "console.log", console);
        if (!events.empty())
            write_file(cell.path() / "events.jsonl", events);
        write_file(cell.path() / "domain.xml", "<domain type='qemu'/>\n");
        return pack_cell(cell.path());
    }

private:
    static std::string between(const std::string& text, const std::string& begin, const std::string& end) {
        const std::size_t from = text.find(begin), to = text.find(end, from);
        return from == std::string::npos || to == std::string::npos
                   ? ""
                   : text.substr(from + begin.size(), to - from - begin.size());
    }

    TempDir directory_;
};

TEST_F(PageTest, ShowsTheMatrixAndWhatFailed) {
    const Seen seen = look(html_page(json_report(sample_failures()), {}), "");
    EXPECT_EQ(seen.console, "");
    EXPECT_EQ(seen.title, "1/3 passed · lktest");
    EXPECT_NE(seen.main.find("1 of 3 cells passed"), std::string::npos) << seen.main;
    EXPECT_EQ(occurrences(seen.main, "<button type=\"button\" class=\"tile "), 3U);
    EXPECT_EQ(occurrences(seen.main, "<div class=\"group\">"), 2U);
}

TEST_F(PageTest, SaysWhichImageChangedDuringTheRun) {
    results::Run report = sample_failures();
    report.images = {{"/tmp/<b>.iso", std::string(64, 'a'), 7, report.started, "it was removed"}};
    const Seen seen = look(html_page(json_report(report), {}), "");
    EXPECT_EQ(seen.console, "");
    EXPECT_NE(seen.main.find("image /tmp/&lt;b&gt;.iso changed during the run: it was removed"),
              std::string::npos)
        << seen.main;
}

TEST_F(PageTest, LeavesRowsOfMachinesThatCannotExistOutUntilTheyAreAskedFor) {
    results::Run report = sample_failures();
    BootCell small = sample_cell(Arch::x86_64, Firmware::uefi);
    small.hardware.memory = 512U << 20;
    report.cells[1].cell = small;
    BootCell impossible = small;
    impossible.hardware.chipset = Chipset::virt;
    report.cells.push_back(results::not_applicable(impossible, "x86_64 has no machine 'virt'"));
    const std::string page = html_page(json_report(report), {});
    const Seen plain = look(page, "");
    EXPECT_EQ(plain.console, "");
    EXPECT_NE(plain.main.find(">q35 512M</th>"), std::string::npos) << plain.main;
    EXPECT_EQ(plain.main.find(">virt 512M</th>"), std::string::npos) << plain.main;
    EXPECT_NE(plain.main.find("1 row of machines that cannot exist is hidden"), std::string::npos);
    EXPECT_NE(look(page, "#class=not-applicable").main.find(">virt 512M</th>"), std::string::npos);
}

TEST_F(PageTest, TurnsAWideMatrixOnANarrowScreen) {
    results::Run report = sample_report();
    report.cells.clear();
    for (const Firmware firmware : {Firmware::bios, Firmware::uefi})
        for (const Medium medium : {Medium::cdrom, Medium::usb, Medium::disk}) {
            report.cells.push_back(sample_pass(Arch::x86_64, firmware, std::chrono::seconds(20)));
            report.cells.back().cell = sample_cell(Arch::x86_64, firmware, medium);
        }
    const std::string page = html_page(json_report(report), {});
    const Seen wide = look(page, ""), narrow = look(page, "", 390);
    EXPECT_EQ(narrow.console, "");
    EXPECT_EQ(occurrences(wide.main, "<tr><th scope=\"row\""), 1U) << wide.main;
    EXPECT_EQ(occurrences(narrow.main, "<tr><th scope=\"row\""), 6U) << narrow.main;
    EXPECT_EQ(occurrences(narrow.main, "<button type=\"button\" class=\"tile "), 6U);
}

TEST_F(PageTest, ItsThemeButtonSaysWhatItDoes) {
    const std::string page = html_page(json_report(sample_report()), {});
    const Seen automatic = look(page, ""), dark = look(page, "#theme=dark");
    EXPECT_NE(automatic.theme.find(">Theme: automatic"), std::string::npos) << automatic.theme;
    EXPECT_NE(automatic.theme.find("title=\"switch to the dark theme\""), std::string::npos);
    EXPECT_NE(dark.theme.find(">Theme: dark"), std::string::npos) << dark.theme;
    EXPECT_NE(dark.theme.find("title=\"switch to the light theme\""), std::string::npos);
}

TEST_F(PageTest, ListsTheAttemptsOfACell) {
    const Seen seen =
        look(html_page(json_report(sample_classes()), {}), "#cell=boot.recovery.x86_64-uefi-secure-cdrom");
    EXPECT_EQ(seen.console, "");
    EXPECT_NE(seen.main.find("<dt>attempt 2 of 2</dt><dd>milestone-deadline after 2m 05s</dd>"),
              std::string::npos)
        << seen.main;
}

TEST_F(PageTest, ShowsOnlyTheCellsThatAreAskedFor) {
    const Seen seen = look(html_page(json_report(sample_failures()), {}), "#q=qemu-died+uefi");
    EXPECT_EQ(seen.console, "");
    EXPECT_NE(seen.main.find("1 of 4 shown"), std::string::npos) << seen.main;
    EXPECT_EQ(occurrences(seen.main, "<div class=\"group\">"), 1U);
    EXPECT_EQ(occurrences(seen.main, "<tr><th scope=\"row\""), 1U);
}

TEST_F(PageTest, OpensACellWithItsTimelineConsoleAndCommand) {
    results::Run report = sample_failures();
    const std::string console =
        "[    0.500000] Linux version 6.1\n[    1.200000] " + report.cells[1].verdict->evidence[0] + "\n";
    const std::vector<std::string> cells{
        "", pack(console, json_line({std::chrono::milliseconds(500), Event::Kind::milestone, Source::serial,
                                     "kernel", "Linux version 6.1"}))};
    const Seen seen = look(
        html_page(json_report(report), cells, R"({"boot.recovery.x86_64-uefi-cdrom": {"firmware": 1.25}})"),
        "#cell=boot.recovery.x86_64-uefi-cdrom");
    EXPECT_EQ(seen.console, "");
    EXPECT_NE(seen.main.find("id=\"timeline\""), std::string::npos) << seen.main;
    EXPECT_NE(seen.main.find("usually 1.3s"), std::string::npos);
    EXPECT_NE(seen.main.find("span missing"), std::string::npos);
    EXPECT_NE(seen.main.find("line failed"), std::string::npos);
    EXPECT_NE(seen.main.find("line reached"), std::string::npos);
    EXPECT_NE(seen.main.find("lktest run --arch x86_64 --firmware uefi"), std::string::npos);
    EXPECT_NE(seen.main.find("data-tab=\"domain.xml\""), std::string::npos);
}

TEST_F(PageTest, ShowsTheFilmOfTheDisplayWithItsMilestones) {
    // A valid PNG of one pixel, which the browser accepts.
    const std::string pixel(
        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9c"
        "c`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xae\x42`\x82",
        67);
    results::Run report = sample_failures();
    report.cells[1].milestones = {{"firmware", std::chrono::milliseconds(1000), {}},
                                  {"boot-loader", std::chrono::milliseconds(2500), {}}};
    const TempDir cell;
    for (const char* name : {"film-0010.200.png", "film-0001.100.png", "screen.png"})
        write_file(cell.path() / name, pixel);
    const Seen seen = look(html_page(json_report(report), std::vector{std::string(), pack_cell(cell.path())}),
                           "#cell=boot.recovery.x86_64-uefi-cdrom");
    EXPECT_EQ(seen.console, "");
    const std::size_t film = seen.main.find("id=\"film\"");
    ASSERT_NE(film, std::string::npos) << seen.main;
    const std::size_t first = seen.main.find("<figcaption>firmware 1.1s</figcaption>", film);
    const std::size_t second = seen.main.find("<figcaption>boot-loader 10.2s</figcaption>", film);
    EXPECT_NE(first, std::string::npos) << seen.main;
    EXPECT_NE(second, std::string::npos) << seen.main;
    EXPECT_LT(first, second);
    EXPECT_EQ(occurrences(seen.main.substr(film), "<img "),
              2U);  // the screen of the failure is separate
}

TEST_F(PageTest, PaintsWhatTheTerminalShowed) {
    const TempDir cell;
    write_file(cell.path() / "screens.json",
               R"([[[["GNU GRUB",7,4,1],[" <b>plain"]],[],[["chosen",-1,-1,4]]],[[["login:"]]]])");
    const Seen seen =
        look(html_page(json_report(sample_failures()), std::vector{std::string(), pack_cell(cell.path())}),
             "#cell=boot.recovery.x86_64-uefi-cdrom&tab=screens.json");
    EXPECT_EQ(seen.console, "");
    EXPECT_EQ(occurrences(seen.main, "<figure class=\"terminal\">"), 2U) << seen.main;
    EXPECT_NE(seen.main.find("<span style=\"color: rgb(213, 213, 213); background-color: rgb(54, 114, 200); "
                             "font-weight: 700;\">GNU GRUB</span> &lt;b&gt;plain"),
              std::string::npos)
        << seen.main;
    EXPECT_NE(seen.main.find(">chosen</span>"), std::string::npos);
    EXPECT_NE(seen.main.find("2 of 2"), std::string::npos);
}

TEST_F(PageTest, ShowsHostileWordsAsWords) {
    const std::string hostile =
        "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
        "\xe2\x80\xa8{{script}}\x1b]0;owned\x07\xff<!--";
    results::Run report = sample_failures();
    report.cells[1].verdict->reason = hostile;
    report.cells[1].verdict->evidence = {hostile};
    report.cells[1].cell.image_path = "/" + hostile;
    const std::vector<std::string> cells{"", pack("[    0.100000] " + hostile + "\n" + hostile + "\n")};
    const Seen seen = look(html_page(json_report(report), cells), "#cell=boot.recovery.x86_64-uefi-cdrom");
    EXPECT_EQ(seen.console, "");
    EXPECT_EQ(seen.title, "✗ x86_64 uefi · lktest");
    EXPECT_EQ(occurrences(seen.main, "<img"), 0U);
    EXPECT_EQ(occurrences(seen.main, "<script"), 0U);
    EXPECT_GE(occurrences(seen.main, "&lt;/script&gt;&lt;script&gt;"), 4U) << seen.main;
    EXPECT_NE(seen.main.find("\\u{2028}{{script}}\\x1b]0;owned\\x07\\xff"), std::string::npos);
}

TEST_F(PageTest, CarriesAThousandCells) {
    results::Run report = sample_report();
    const results::CellResult one = report.cells[0];
    report.cells.clear();
    std::string console;
    for (int line = 0; line < 600; ++line)
        console += "[    1.234567] a line of a kernel's console, " + std::to_string(line * 7919) + "\n";
    std::vector<std::string> cells(1000, pack(console));
    for (int i = 0; i < 1000; ++i) {
        results::CellResult result = one;
        result.cell.image = "image-" + std::to_string(i / 2);
        result.cell.firmware = i % 2 == 0 ? "bios" : "uefi";
        result.cell.name = "boot." + result.cell.image + ".x86_64-" + result.cell.firmware + "-cdrom";
        report.cells.push_back(result);
    }
    const std::string page = html_page(json_report(report), cells);
    EXPECT_LT(page.size(), std::size_t{16} << 20);
    const Seen all = look(page, "");
    EXPECT_EQ(all.console, "");
    EXPECT_EQ(occurrences(all.main, "class=\"tile passed\""), 1000U);
    const Seen last = look(page, "#cell=boot.image-499.x86_64-uefi-cdrom");
    EXPECT_EQ(last.console, "");
    EXPECT_EQ(occurrences(last.main, "<div class=\"line \">"), 600U);
}

}  // namespace
}  // namespace lktest
