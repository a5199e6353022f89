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

/// Drives a boot loader's menu from the serial console: selects the entry and extends its kernel command line
/// in the loader's own editor. Supports GRUB, systemd-boot, and ISOLINUX and its relatives with menu.c32 or
/// the bare `boot:` prompt. Pure; times count from power-on.
///
/// It types only when needed: nothing before the menu on the screen is stable, then one key at a time, each
/// after the previous one was answered. On a PC both firmware and loader may paint on the same serial line,
/// so each character may appear twice; screens are compared with that in mind. The command line that the
/// kernel prints has the last word.
class LoaderDriver {
public:
    /// @param scale  how much slower the guest is than its CPU
    LoaderDriver(const BootLine& line, double scale);

    /// The guest was reset.
    void restart();
    /// Receives output of the serial console.
    void said(std::string_view bytes, std::chrono::microseconds at);
    void said(const ConsoleLine& line);

    /// The keys to type now; may be empty.
    /// @param rows  the terminal's screen
    std::string type(const std::vector<std::string>& rows, std::chrono::microseconds now);
    /// When to call type() again if there is no output; unset if that is unnecessary.
    std::optional<std::chrono::microseconds> types_at(std::chrono::microseconds now) const;

    /// Why the line differs from the request; empty while there is no problem.
    const std::string& problem() const noexcept { return problem_; }
    /// Whether the menu was left, so that nothing remains to do.
    bool left() const noexcept { return state_ == State::left || state_ == State::confirmed; }

private:
    enum class State {
        waiting,    ///< for a menu
        choosing,   ///< keys_ lead to the entry, and into its editor
        editor,     ///< for the editor to be painted
        moving,     ///< keys_ lead to the end of the kernel's line
        typing,     ///< keys_ are the text, and then what boots
        left,       ///< the kernel was started
        confirmed,  ///< and printed the right command line
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
    std::string keys_;      ///< still to press
    std::string edited_;    ///< the line of systemd-boot's editor as last seen
    std::string answered_;  ///< output since the last key
    std::optional<std::chrono::microseconds> pressed_;
    std::optional<std::chrono::microseconds> lacking_;  ///< since when a menu lacks the entry
    bool halted_ = false;                               ///< the menu's countdown was stopped
    std::chrono::microseconds last_byte_{};
    char last_key_ = 0;
    std::string problem_;
};

/// Whether the screen shows a loader's menu that boots its entry by itself after some seconds.
bool counts_down(const std::vector<std::string>& rows);

/// Whether a row of the screen shows `text`. Each character may appear twice, and runs of blanks may have any
/// length.
bool shows(std::string_view row, std::string_view text);

}  // namespace lktest
