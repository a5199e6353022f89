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

/// How long a cell may take, in the guest's own time. Scenario times are meant for hardware acceleration.
struct Limits {
    double scale = 1;                               ///< applied to every scenario time; see limits_for()
    std::optional<std::chrono::microseconds> cell;  ///< from power-on, not scaled
    bool keep_countdown = false;                    ///< a loader's menu counts down to its end
    std::chrono::microseconds settle{};             ///< after a failure line, for the lines that follow it
    std::chrono::microseconds poke_patience{};      ///< for an answer to a poked console
    std::chrono::microseconds
        tentative{};  ///< without a sign of life, before a tentative failure is believed
};

/// Emulation (TCG) runs a guest about ten times slower than its CPU would.
/// @param emulated  what QEMU itself said of the accelerator in use
Limits limits_for(bool emulated, std::optional<std::chrono::seconds> cell_timeout);

/// Whether what a console answers to Enter shows anything: a terminal echoes the key although nobody reads
/// it.
inline bool is_visible(std::string_view answer) {
    return answer.find_first_not_of(" \t\r\n") != answer.npos;
}

/// What is known of a running cell beside its console text. Times count from power-on.
struct Sighting {
    enum class Machine { running, powered_off, panicked, died };
    /// It gives no sign of life: no byte, nothing new on a display, no disk and no network activity.
    struct Standing {
        std::chrono::microseconds since{};
        Hang hang = Hang::idle;
    };

    std::chrono::microseconds now{};
    std::optional<std::chrono::microseconds> last_byte;  ///< nothing: the console never spoke
    Machine machine = Machine::running;
    std::string machine_reason;                        ///< libvirt's or QEMU's words
    std::optional<std::chrono::microseconds> gone_at;  ///< when the machine stopped running
    bool console_closed = false;
    bool cancelled = false;
    unsigned loader_looks = 0;  ///< how often in a row a CPU ran no kernel, though the console shows one
    std::optional<std::chrono::microseconds> looked_at;  ///< when a kernel was last looked for
    unsigned resets_asked = 0;                           ///< those that the scenario's steps brought about
    std::optional<std::chrono::microseconds> poked_at;
    std::optional<std::chrono::microseconds> counting_since;  ///< a menu counts down
    unsigned enters = 0;                                ///< how often Enter was pressed in this boot's menu
    std::optional<std::chrono::microseconds> enter_at;  ///< the last time
    std::string poke_answer;                            ///< what the console said since it was poked
    std::optional<Standing> standing;                   ///< unset while it moves
    std::optional<Standing> repeating;  ///< it says nothing new and moves little; unset while it gets further
    std::string network_problem;        ///< what the host side of the tap missed until its deadline
    std::string host_problem;           ///< a fault of ours: a full disk, a dead DHCP server
};

/// Nothing to decide before `until`, unless there is news.
struct Wait {
    std::chrono::microseconds until;
};
/// Silence: press Enter on the console, and look again.
struct Poke {};
/// A menu waits for a key or counts down: press Enter in it.
struct Enter {};

using Decision = std::variant<Wait, Poke, Enter, Verdict>;

/// What a step waits for.
struct Acting {
    std::string what;     ///< "mine.toml:12:1: run uname -m"
    std::string missing;  ///< "no end of the command was seen"
    std::chrono::microseconds began{};
    std::chrono::microseconds within{};  ///< of the guest's own time
    unsigned resets = 0;                 ///< of the watch, when the step began
    bool may_reset = false;              ///< the step waits for just that
    bool may_power_off = false;          ///< likewise
    std::vector<std::string> evidence;   ///< what is known of it; empty: the console's last lines
};

/// The same while a step waits for its end, which is not there yet: the verdict that ends the cell, or how
/// long to wait for news.
Decision judge_step(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits,
                    const Acting& acting);

/// The verdict of a cell with which all went well.
Verdict passed_verdict(const Watch& watch, std::chrono::microseconds now);

/// The verdict of a step that failed.
Verdict failed_step(const Watch& watch, const Sighting& seen, const Acting& acting, std::string reason);

/// The verdict of a cell that is to end in another way than well: passed when it did, with what shows it.
Verdict as_expected(Verdict verdict, const Scenario& scenario);

/// Whether a tentative failure of the firmware or the loader has become the reason why the boot stopped. A
/// loader that stopped says no more; for later stages only a deadline tells whether the boot continues.
bool suspicion_holds(const Watch& watch, const Sighting& seen, const Limits& limits);

/// Decides what to do with a cell, from what is known now. Pure.
Decision judge(const Watch& watch, const Scenario& scenario, const Sighting& seen, const Limits& limits);

}  // namespace lktest
