// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/file.hpp"
#include "harness/console/bitmap_font.hpp"
#include "harness/console/check_log.hpp"
#include "harness/console/failures.hpp"
#include "harness/console/screen.hpp"
#include "harness/fuzz/readers.hpp"

namespace lktest {
namespace {

void saved_log(const std::string& bytes) {
    static const LogWords words = read_log_words(data_file("harness/console/saved_log.toml"));
    static const LogRules rules(read_failures(data_file("harness/console/failures.toml")), words);
    static_cast<void>(check_log(bytes, rules, words).stage());
}

/// Feeds the input in two parts, as a console would.
void screen(const std::string& text) {
    const std::string_view bytes = text;
    Screen screen;
    for (const std::string_view part : {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
        screen.feed(part);
        screen.paint([](std::string_view) {});
    }
    static_cast<void>(screen.rows());
    static_cast<void>(screen.picture());
}

void font(const std::string& bytes) {
    static_cast<void>(read_grub_font(bytes));
    static_cast<void>(find_vga_font(bytes));
}

std::vector<std::string> logs() {
    return {
        "[    0.000000] Linux version 6.1.0 (x@y) #1 SMP\n[    0.000000] Command line: quiet\n"
        "[    1.100000][    T1] BUG: unable to handle page fault for address: 0000000000000010\n"
        "[    1.100001][    T1] Call Trace:\n[    1.100002][    T1]  frob+0x10/0x40 [frob]\n"
        "[    1.200000] ---[ end trace 0000000000000000 ]---\nwelcome to \x1b[1mlive\x1b[0m\r\nlive login: ",
        "2026-01-02T03:04:05Z host kernel: Kernel panic - not syncing: VFS: Unable to mount root fs\n"
        "{\"msg\": \"[    2.000000] reboot: Restarting system\"}\nerror: file `/boot/grub' not found.\n"
        "grub rescue> ",
        std::string("\xff\xfeL\0i\0n\0u\0x\0 \0v\0e\0r\0s\0i\0o\0n\0 \0\x36\0\n\0", 32)};
}

std::vector<std::string> paintings() {
    return {
        "\x1b[2J\x1b[H\x1b[0;37;40m\x1b[1;1H                    GNU GRUB  version "
        "2.06\n\x1b[4;2H\x1b[7m*Live\x1b[0m"
        "\x1b[20;3HUse the \xe2\x86\x91 and \xe2\x86\x93 keys\x1b[?25l\x1b[3;20r\x1bM\x1b(0lqk\x1b(B"
        "\x1b[38;5;196mred\x1b]0;title\x07\x1b[6n\x1b[10@\x1b[1P"};
}

/// GRUB's format: a name and a length before each section; one character of eight by two pixels.
std::vector<std::string> fonts() {
    const auto section = [](const char* name, std::string_view content) {
        const std::string size{'\0', '\0', '\0', static_cast<char>(content.size())};
        return name + size + std::string(content);
    };
    const std::string head =
        section("FILE", "PFF2") + section("NAME", "Fixed") + section("MAXW", std::string_view("\0\x08", 2)) +
        section("MAXH", std::string_view("\0\x10", 2)) + section("ASCE", std::string_view("\0\x0e", 2)) +
        section("DESC", std::string_view("\0\x02", 2)) +
        section("CHIX", std::string_view("\0\0\0A\0\0\0\0\x68", 9));
    return {head + "DATA\xff\xff\xff\xff" + std::string("\0\x08\0\x02\0\0\0\0\0\x08\x55\xaa", 12),
            std::string(4096, '\x18')};
}

}  // namespace

std::vector<FuzzReader> console_readers() {
    return {{"console_log", saved_log, logs},
            {"console_screen", screen, paintings},
            {"console_font", font, fonts}};
}

}  // namespace lktest
