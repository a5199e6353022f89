// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/boot/standstill.hpp"
#include "harness/console/watch.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {

/// The time limits of a cell, in the guest's own time. Scenario times are meant for hardware acceleration.
struct Limits {
    double scale = 1;                               ///< applied to every scenario time; see limits_for()
    std::optional<std::chrono::microseconds> cell;  ///< from power-on, not scaled
    bool keep_countdown = false;                    ///< let the countdown of a loader's menu run out
    std::chrono::microseconds settle{};         ///< after a failure line, to collect the lines that follow
    std::chrono::microseconds poke_patience{};  ///< how long to wait for an answer to Enter
    std::chrono::microseconds tentative{};      ///< without activity, before a tentative failure counts
};

/// Under emulation (TCG) a guest runs about ten times slower than on its CPU.
/// @param emulated  what QEMU itself reports about the accelerator in use
Limits limits_for(bool emulated, std::optional<std::chrono::seconds> cell_timeout);

/// Whether a console's answer to Enter means anything: a terminal echoes the key even if no program reads it.
inline bool is_visible(std::string_view answer) {
    return answer.find_first_not_of(" \t\r\n") != answer.npos;
}

/// Observations of a running cell other than its console text. Times count from power-on.
struct Sighting {
    enum class Machine { running, powered_off, panicked, died };
    /// The guest shows no activity: no byte, nothing new on a display, no disk and no network activity.
    struct Standing {
        std::chrono::microseconds since{};
        Hang hang = Hang::idle;
    };

    std::chrono::microseconds now{};
    std::optional<std::chrono::microseconds> last_byte;  ///< unset if the console never printed anything
    Machine machine = Machine::running;
    std::string machine_reason;                        ///< the words of libvirt or QEMU
    std::optional<std::chrono::microseconds> gone_at;  ///< when the machine stopped running
    bool console_closed = false;
    bool cancelled = false;
    unsigned loader_looks = 0;  ///< looks in a row without a kernel, though the console shows one
    std::optional<std::chrono::microseconds> looked_at;  ///< when a kernel was last looked for
    unsigned resets_asked = 0;                           ///< resets caused by the scenario's steps
    std::optional<std::chrono::microseconds> poked_at;
    std::optional<std::chrono::microseconds> counting_since;  ///< set while a menu counts down
    unsigned enters = 0;                                ///< how often Enter was pressed in this boot's menu
    std::optional<std::chrono::microseconds> enter_at;  ///< when it was last pressed
    std::string poke_answer;                            ///< console output since Enter was pressed on it
    std::optional<Standing> standing;                   ///< unset while it moves
    std::optional<Standing> repeating;  ///< prints nothing new and moves little; unset while it progresses
    std::string network_problem;        ///< what the host side of the tap did not see before its deadline
    std::string host_problem;           ///< a fault of the host: a full disk, a dead DHCP server
};

/// Nothing to decide before `until`, unless something changes.
struct Wait {
    std::chrono::microseconds until;
};
/// The console is silent: press Enter on it, and look again.
struct Poke {};
/// A menu waits for a key or counts down: press Enter in it.
struct Enter {};

using Decision = std::variant<Wait, Poke, Enter, Verdict>;

/// The state of a step that waits.
struct Acting {
    std::string what;     ///< "mine.toml:12:1: run uname -m"
    std::string missing;  ///< "no end of the command was seen"
    std::chrono::microseconds began{};
    std::chrono::microseconds within{};  ///< of the guest's own time
    unsigned resets = 0;                 ///< of the watch, when the step started
    bool may_reset = false;              ///< the step expects a reset
    bool may_power_off = false;          ///< the step expects the guest to power off
    std::vector<std::string> evidence;   ///< observations about it; empty for the console's last lines
};

/// Decides while a step waits for its end: the verdict that ends the cell, or how long to wait for a change.
Decision judge_step(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits,
                    const Acting& acting);

/// The verdict of a cell that passed.
Verdict passed_verdict(const Watch& watch, std::chrono::microseconds now);

/// The verdict of a step that failed.
Verdict failed_step(const Watch& watch, const Sighting& seen, const Acting& acting, std::string reason);

/// The verdict of a cell that is expected to fail: passed if it failed as expected, with the evidence.
Verdict as_expected(Verdict verdict, const Scenario& scenario);

/// Whether a tentative failure of the firmware or the loader is the reason why the boot stopped. A loader
/// that stopped prints nothing more; in later stages only the deadline shows whether the boot continues.
bool suspicion_holds(const Watch& watch, const Sighting& seen, const Limits& limits);

/// Decides how to proceed with a cell, given the current observations. Pure.
Decision judge(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits);

}  // namespace lktest
