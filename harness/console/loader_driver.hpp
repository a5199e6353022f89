// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/transcript.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Drives a boot loader's menu from the serial console: chooses the entry and adds to its
/// kernel's command line, in the loader's own editor. Knows GRUB, systemd-boot, and ISOLINUX and its
/// relatives with menu.c32 or the bare `boot:` prompt. Pure; times count from power-on.
///
/// It types only what it sees the need of: nothing before the menu stands still on the screen,
/// then one key after another, each when the one before was answered. On a PC both the firmware and
/// the loader may paint on the same serial line, each character twice; so a screen is read with
/// doubled characters, and what finally counts is what the kernel says its command line is.
class LoaderDriver {
public:
    /// @param scale  how much slower than its CPU the guest is
    LoaderDriver(const BootLine& line, double scale);

    /// The guest begins anew.
    void restart();
    /// What the serial console said.
    void said(std::string_view bytes, std::chrono::microseconds at);
    void said(const ConsoleLine& line);

    /// What is to be typed now; empty when nothing is.
    /// @param rows  the terminal's screen
    std::string type(const std::vector<std::string>& rows, std::chrono::microseconds now);
    /// When type() should be asked again although nothing was said; nothing when it need not be.
    std::optional<std::chrono::microseconds> types_at(std::chrono::microseconds now) const;

    /// Why the line is not what was asked for; empty while all is well.
    const std::string& problem() const noexcept { return problem_; }
    /// Nothing is left to do: the menu was left.
    bool left() const noexcept { return state_ == State::left || state_ == State::confirmed; }

private:
    enum class State {
        waiting,    ///< for a menu
        choosing,   ///< keys_ lead to the entry, and into its editor
        editor,     ///< for the editor to be painted
        moving,     ///< keys_ lead to the end of the kernel's line
        typing,     ///< keys_ are the text, and then what boots
        left,       ///< the kernel was started
        confirmed,  ///< and said that its command line is right
    };
    enum class Loader { grub, menu, prompt, systemd };

    void begin(State state, std::string keys);
    void look(const std::vector<std::string>& rows, std::chrono::microseconds now);
    bool lacks_entry(bool there, std::chrono::microseconds now);
    void meet_menu(const std::vector<std::string>& rows, std::chrono::microseconds now);
    bool meet_systemd_boot(const std::vector<std::string>& rows, std::chrono::microseconds now);
    void meet_editor(const std::vector<std::string>& rows);
    void go_on_in_line(const std::vector<std::string>& rows);
    std::string next_key(std::chrono::microseconds now);
    void fail(std::string why);

    BootLine line_;
    std::chrono::microseconds still_, answer_;
    State state_ = State::waiting;
    Loader loader_ = Loader::grub;
    std::string keys_;      ///< still to be pressed
    std::string edited_;    ///< the line of systemd-boot's editor, as it was last seen
    std::string answered_;  ///< what was said since the last key
    std::optional<std::chrono::microseconds> pressed_;
    std::optional<std::chrono::microseconds> lacking_;  ///< since when a menu stands without the entry
    bool halted_ = false;                               ///< the menu's countdown was stopped
    std::chrono::microseconds last_byte_{};
    char last_key_ = 0;
    std::string problem_;
};

/// Whether the rows of a screen are a loader's menu that boots its entry by itself after some seconds.
bool counts_down(const std::vector<std::string>& rows);

/// Whether a row of the screen shows `text`, each of whose characters may be there twice and
/// whose blanks may be any number.
bool shows(std::string_view row, std::string_view text);

}  // namespace lktest
