// SPDX-License-Identifier: MIT
#include "harness/console/loader_driver.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/console/screen.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

std::string recorded(const std::string& name) {
    return read_file(source_directory().string() + "/golden/loader/" + name + ".raw");
}

/// A loader and the driver that types to it, with a simulated clock.
struct Table {
    explicit Table(const BootLine& line) : driver(line, 10) {}

    void hear(std::string_view bytes) {
        driver.said(bytes, now);
        screen.feed(bytes);
        transcript.feed(bytes, now, [this](const ConsoleLine& said) { driver.said(said); });
        press();
    }
    void wait(std::chrono::microseconds time) {
        for (const auto until = now + time; now < until;) {
            now = std::min(driver.types_at(now).value_or(until), until);
            press();
        }
    }
    void press() {
        std::string keys = driver.type(screen.rows(), now);
        typed += keys;
    }

    LoaderDriver driver;
    Screen screen;
    Transcript transcript;
    std::chrono::microseconds now = 0s;
    std::string typed;
};

const BootLine hello{.entry = "", .append = "lktest.hello", .place = {}};

/// The end of the last `text` before `before`.
std::size_t end_of(const std::string& recording, std::string_view text, std::size_t before) {
    const std::size_t found = recording.rfind(text, before);
    EXPECT_NE(found, recording.npos) << text;
    return found + text.size();
}

TEST(LoaderDriver, WalksThroughGrubsMenuAndEditor) {
    // On the PC, GRUB and the firmware paint on the same line, with two screen sizes.
    for (const std::string name : {"grub-aarch64-uefi", "grub-x86_64-uefi"}) {
        const std::string recording = recorded(name);
        const std::size_t menu = end_of(recording, "automatically in 3s.", recording.find("Emacs-like"));
        Table table(hello);
        table.hear(recording.substr(0, menu));
        EXPECT_EQ(printable(table.typed), "\\x0b") << name << ": which stops the countdown";
        table.wait(2s);
        EXPECT_EQ(printable(table.typed), "\\x0be") << name;
        table.hear(recording.substr(menu));
        table.wait(10s);
        EXPECT_EQ(printable(table.typed), "\\x0be\\x0e\\x0e\\x0e\\x05 ") << name;
        for (const char letter : hello.append + "\x18") {
            table.hear(std::string(1, table.typed.back()));  // the echo of the previous key
            EXPECT_EQ(table.typed.back(), letter);
        }
        EXPECT_TRUE(table.driver.left());
        EXPECT_EQ(table.driver.problem(), "");
    }
}

TEST(LoaderDriver, WalksThroughIsolinuxsMenuThatTheBiosPaintsToo) {
    const std::string recording = recorded("isolinux-x86_64-bios");
    const std::size_t menu = end_of(recording, " seconds....", recording.npos);
    Table table(hello);
    table.hear(recording.substr(0, menu));
    table.wait(2s);
    EXPECT_EQ(table.typed, "\x0b\t");
}

/// Its menu has different texts, and earlier output of the network card's iPXE must not be mistaken for a
/// menu.
TEST(LoaderDriver, WalksThroughPxelinuxsMenuOfDebiansInstaller) {
    const std::string recording = recorded("pxelinux-debian-x86_64-bios");
    const std::size_t card = end_of(recording, "iPXE command line...", recording.npos),
                      menu = end_of(recording, "TAB to edit a menu entry", recording.npos);
    Table table({.entry = "", .append = "console=ttyS0", .place = {}});
    table.hear(recording.substr(0, card));
    table.wait(5s);
    EXPECT_EQ(table.typed, "");
    table.hear(recording.substr(card, menu - card));
    table.wait(2s);
    EXPECT_EQ(table.typed, "\t");
    table.hear(recording.substr(menu));
    table.wait(2s);
    EXPECT_EQ(table.typed, "\t ") << "the next letter when this one is shown";
}

/// Its menu has no title, and its editor is a single line that keeps the cursor at the start.
TEST(LoaderDriver, WalksThroughSystemdBootsMenuAndEditor) {
    const std::string recording = recorded("systemd-boot-x86_64-uefi");
    const std::size_t menu = end_of(recording, "Boot in 3 s.", recording.npos),
                      editor = end_of(recording, "second=1", recording.find("second=1") + 1);
    Table table({.entry = "Second one", .append = "console=ttyS0", .place = {}});
    table.hear(recording.substr(0, menu));
    EXPECT_EQ(table.typed, "\x0b") << "the countdown continues";
    table.wait(10s);
    EXPECT_EQ(printable(table.typed), "\\x0b\\x1b[A\\x1b[A\\x1b[Ae")
        << "up to the first entry, which is the wanted one";
    table.typed.clear();
    table.hear(recording.substr(menu, editor - menu));
    table.wait(30s);
    EXPECT_EQ(printable(table.typed), "\\x1b[B\\x1b[B ") << "after the only word, and no farther";
    for (const char letter : std::string_view("console=ttyS0\r")) {
        table.hear(std::string(1, table.typed.back()));
        EXPECT_EQ(table.typed.back(), letter);
    }
    EXPECT_TRUE(table.driver.left());
    EXPECT_EQ(table.driver.problem(), "");
}

TEST(LoaderDriver, TellsWhenSystemdBootsMenuLacksTheEntry) {
    const std::string recording = recorded("systemd-boot-x86_64-uefi");
    Table table({.entry = "Third one", .append = "", .place = {}});
    table.hear(recording.substr(0, end_of(recording, "Boot in 3 s.", recording.npos)));
    table.wait(10s);
    EXPECT_EQ(table.typed, "\x0b");
    EXPECT_EQ(table.driver.problem(), "the loader's menu has no entry 'Third one'");
}

TEST(LoaderDriver, TypesAtABarePrompt) {
    Table table({.entry = "rescue", .append = "x", .place = {}});
    table.hear("ISOLINUX 6.04\r\nboot: ");
    table.wait(1s);
    for (const char letter : std::string_view("escue x\r")) {
        table.hear(std::string(1, table.typed.back()));
        EXPECT_EQ(table.typed.back(), letter);
    }
    EXPECT_EQ(printable(table.typed), "rescue x\\x0d");
}

TEST(LoaderDriver, WaitsForAnEchoThatIsSlowAndGivesUpOnOneThatNeverComes) {
    Table table({.entry = "", .append = "x", .place = {}});
    table.hear("boot: ");
    table.wait(15s);
    EXPECT_EQ(table.typed, "l");
    EXPECT_EQ(table.driver.problem(), "");
    table.wait(10s);
    EXPECT_EQ(table.driver.problem(), "the loader did not show 'l' when it was typed");
}

TEST(LoaderDriver, TakesNoLetterOfATerminalSequenceForAnEcho) {
    Table table({.entry = "h", .append = "x", .place = {}});
    table.hear("boot: ");
    table.wait(1s);
    table.hear("\x1b[?25h\x1b[2;3H");
    EXPECT_EQ(table.typed, "h");
    table.hear("h");
    EXPECT_EQ(table.typed, "h ");
}

TEST(LoaderDriver, TellsWhenTheKernelSaysAnotherCommandLine) {
    Table table({.entry = "", .append = "toram", .place = {}});
    table.hear("boot: ");
    table.wait(1s);
    while (!table.driver.left())
        table.hear(std::string(1, table.typed.back()));
    table.hear("\r\n[    0.000000] Linux version 6.1.0\r\n[    0.000000] Command line: quiet trm\r\n");
    EXPECT_EQ(table.driver.problem(),
              "the kernel was started without 'toram'; its command line is: quiet trm");
}

TEST(LoaderDriver, TellsWhenNoMenuWasSeen) {
    Table table(hello);
    table.hear("Loading...\r\n[    0.000000] Linux version 6.1.0\r\n");
    EXPECT_EQ(table.driver.problem(), "the kernel was started before the loader's menu was seen");
}

TEST(LoaderDriver, BeginsAnewWithTheNextBoot) {
    Table table(hello);
    table.hear("Loading...\r\n[    0.000000] Linux version 6.1.0\r\n");
    table.driver.restart();
    EXPECT_EQ(table.driver.problem(), "");
    table.hear("boot: ");
    table.wait(1s);
    EXPECT_FALSE(table.typed.empty());
}

TEST(LoaderDriver, TakesNoLastWordOfTheKernelForAPrompt) {
    for (const std::string last : {"[   34.815] reboot: machine restart\r\n", "boot: machine restart\r\n"}) {
        Table table(hello);
        table.driver.restart();
        table.hear(last);
        table.wait(5s);
        EXPECT_EQ(table.typed, "") << last;
        table.hear("\x1b[2J\x1b[HISOLINUX 6.04\r\nboot: ");
        table.wait(1s);
        EXPECT_EQ(table.typed, "l") << last;
    }
}

TEST(LoaderDriver, ChoosesAnEntryByItsTitle) {
    Table table({.entry = "Third one", .append = "", .place = {}});
    table.hear(
        "GNU GRUB  version 2.12\r\n+------+\r\n|*First one |\r\n| Second one|\r\n| Third one |\r\n"
        "Press enter to boot the selected OS, `e' to edit the commands\r\n");
    table.wait(10s);
    EXPECT_EQ(printable(table.typed), "\\x0e\\x0e\\x0d");
    Table missing({.entry = "Fourth one", .append = "", .place = {}});
    missing.hear("|*First one |\r\n`e' to edit the commands\r\n");
    missing.wait(1s);
    EXPECT_EQ(missing.driver.problem(), "");
    missing.wait(4s);
    EXPECT_EQ(missing.driver.problem(), "the loader's menu has no entry 'Fourth one'");
}

TEST(LoaderDriver, WaitsForTheSubmenuThatHasTheEntry) {
    Table table({.entry = "Rescue", .append = "", .place = {}});
    table.hear("|*Install |\r\n| Advanced |\r\n`e' to edit the commands\r\n");
    table.wait(2s);
    EXPECT_EQ(table.typed, "");
    table.hear("\x1b[2J\x1b[H|*Expert |\r\n| Rescue |\r\n`e' to edit the commands\r\n");
    table.wait(10s);
    EXPECT_EQ(printable(table.typed), "\\x0e\\x0d");
    EXPECT_EQ(table.driver.problem(), "");
}

TEST(LoaderDriver, ReadsDoubledCharacters) {
    EXPECT_TRUE(shows("   AAuuttoommaattiicc  bboooott", "Automatic boot"));
    EXPECT_TRUE(shows("edit the commands", "commands"));
    EXPECT_TRUE(shows("ccoommmmaannddss", "commands"));
    EXPECT_FALSE(shows("comands", "commands"));
    EXPECT_FALSE(shows("", "x"));
}

}  // namespace
}  // namespace lktest
