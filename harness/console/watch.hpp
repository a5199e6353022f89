// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/guest_clock.hpp"
#include "harness/console/milestone_progress.hpp"
#include "harness/console/novelty.hpp"
#include "harness/console/painting.hpp"
#include "harness/console/rules.hpp"
#include "harness/console/screen.hpp"
#include "harness/console/transcript.hpp"
#include "harness/matrix/event.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// A failure line, and the console output after it.
struct FailureSeen {
    std::string name;
    Outcome outcome = Outcome::userspace_failure;
    std::string reason;                 ///< in plain words
    std::string hint;                   ///< empty if there is no advice
    Source source = Source::serial;     ///< where the line appeared
    std::chrono::microseconds at{};     ///< when the line's first byte came, since power-on
    std::vector<std::string> evidence;  ///< that line and those after it, as the guest wrote them
};

/// How long something must remain unchanged before it counts.
struct Patience {
    /// An unfinished line, to count as a prompt; the screen, before its last row is read.
    std::chrono::microseconds prompt = std::chrono::milliseconds{500};
};

/// Finds milestones and failures in a guest's output. The caller passes the time: `at` counts from power-on
/// and never decreases. The result does not depend on how bytes with the same time are divided into calls.
/// Patience is measured by the guest's clock.
class Watch {
public:
    /// @param catalogue  failures of any boot; those of the scenario are tried before them
    Watch(const BootCell& cell, const Scenario& scenario, const std::vector<Failure>& catalogue,
          Patience patience = {});

    /// @param source  Source::serial; Source::virtio for the port that reports milestones; Source::kernel_log
    /// for
    ///                complete lines of the kernel's log, as dmesg prints them
    void feed(Source source, std::string_view bytes, std::chrono::microseconds at);
    /// The rows of a display at `at`. Called repeatedly while other sources are silent. New rows count as
    /// lines and as rows of a screen, and the last row counts as a prompt once all are stable. Rows that the
    /// console has already printed are not new.
    /// @param source  Source::display or Source::tty1
    /// Returns whether the rows have changed.
    bool show(Source source, const std::vector<std::string>& rows, std::chrono::microseconds at);
    /// Compares a display's pixels with the firmware's last picture.
    void painted(const Painting& painting, std::chrono::microseconds at);
    /// Whether the firmware has reported since the last reset that it starts a medium.
    bool medium_started() const noexcept { return medium_started_; }
    /// Whether anything that the medium paints, readable or not, would reach a milestone.
    bool awaits_painting() const { return first_screen() < rules_.milestones().size(); }
    /// Nothing arrived until `now`: decides about text that has been unchanged for long enough.
    void quiet(std::chrono::microseconds now);
    /// When quiet() may decide something without further input, as far as is known at `now`.
    std::optional<std::chrono::microseconds> decides_at(std::chrono::microseconds now) const;
    /// The host has kept the guest waiting for `stolen` in total; see GuestClock::note().
    void host_gave(std::chrono::microseconds now, std::chrono::microseconds stolen) {
        clock_.note(now, stolen);
    }
    const GuestClock& clock() const noexcept { return clock_; }
    /// The host's side of the network milestone is satisfied.
    void network_checked(std::chrono::microseconds at, std::string text);
    /// The guest was reset at `at`, perhaps before bytes that were already fed. Those bytes count for the new
    /// boot, whose milestones start over.
    void reset(std::chrono::microseconds at, std::string reason);

    /// What happened since the last call.
    std::vector<Event> take_events();

    /// From now on milestones of a kernel need more evidence than text; see MilestoneProgress.
    void ask_for_kernel() noexcept { progress_.ask_for_kernel(); }
    void kernel_runs();
    void loader_runs() { progress_.disprove_kernel(); }
    void believe_console();
    bool awaits_kernel() const { return progress_.awaits_kernel(); }
    /// Milestones that a boot loader printed.
    const std::vector<std::string>& printed_by_loader() const noexcept {
        return progress_.printed_by_loader();
    }
    /// Whether a kernel has run since the last reset, as far as is known.
    bool kernel_ran() const noexcept { return kernel_spoke_ || progress_.kernel_proven(); }
    /// Only the console showed that a kernel runs; nothing could confirm it.
    bool by_console_only() const noexcept { return by_console_only_; }

    bool passed() const { return progress_.passed(); }
    /// The milestone whose absence will fail the boot; null if all are reached.
    const Milestone* waiting_for() const { return progress_.waiting_for(); }
    /// Since when: the last milestone reached, or the preceding power-on or reset.
    std::chrono::microseconds waiting_since() const noexcept { return progress_.waiting_since(); }
    /// How long it may take with hardware acceleration.
    std::chrono::milliseconds allowed() const { return progress_.allowed(); }
    /// The name of the last milestone reached; empty if there is none.
    std::string last_reached() const { return progress_.last_reached(); }
    /// The last milestone reached; null if there is none.
    const Milestone* reached() const { return progress_.reached(); }
    /// Milestones that are not reached, although their line was seen, because earlier ones are missing.
    std::vector<std::string> seen_early() const { return progress_.seen_early(); }
    unsigned resets() const noexcept { return resets_; }

    /// The failure that ends the boot. Wait a moment, because later output may add lines to it.
    const std::optional<FailureSeen>& failure() const noexcept { return failure_; }
    /// A tentative failure: the reason if the boot makes no further progress.
    const std::optional<FailureSeen>& suspect() const noexcept { return suspect_; }
    /// Makes the suspect the failure that ends the boot.
    void believe_suspect();

    /// At most `count` last lines of the serial console and the kernel's log, including the unfinished one.
    std::vector<std::string> last_lines(std::size_t count) const;
    std::vector<std::string> screen_rows();
    /// Whether a loader's menu, on the serial console or a display, counts down to its entry.
    bool menu_counts_down();
    /// The programs' unfinished last line; empty at the start of a line.
    std::string unfinished_line() const { return serial_.unfinished(); }
    /// Whether that line asks for input, which is not a hang.
    bool at_prompt() const { return looks_like_prompt(serial_.unfinished()); }

    /// Whether the guest still prints anything new on any console.
    const Novelty& novelty() const noexcept { return novelty_; }
    /// The last row of a display if it asks for input; otherwise empty.
    std::string display_prompt() const;

    /// Whether the serial console has shown a line that only a kernel writes since the last reset.
    bool kernel_spoke() const noexcept { return kernel_spoke_; }
    /// Whether it showed the kernel's first line ("Linux version"), and therefore has the whole log. With
    /// "quiet" a kernel prints only warnings.
    bool shows_kernel_log() const noexcept { return shows_kernel_log_; }

    /// How many bytes were matched against regular expressions, as a measure of work.
    std::size_t bytes_matched() const noexcept { return rules_.bytes_matched(); }

private:
    struct Chunk {
        Source source = Source::serial;
        std::chrono::microseconds at{};
        std::string bytes;
    };

    /// The latest rows of a display.
    struct Shown {
        std::vector<std::string> rows;
        std::chrono::microseconds since{};  ///< when the rows last changed
        bool prompt_read = true;
    };

    void take(Source source, std::string_view bytes, std::chrono::microseconds at);
    void remember(Source source, std::string_view bytes, std::chrono::microseconds at);
    void read_serial(std::string_view bytes, std::chrono::microseconds at);
    void on_line(Source source, const ConsoleLine& line);
    void keep_loader_lines();
    void on_new_row(Source source, const std::string& row, std::chrono::microseconds at);
    void apply(const std::vector<Hit>& hits, Source source, std::chrono::microseconds at,
               std::string_view matched, const std::string& line);
    void meet(const Failure& failure, Source source, std::chrono::microseconds at, std::string_view matched,
              const std::string& line);
    void fail(FailureSeen seen);
    std::size_t first_screen() const;
    bool prompt_is_undecided() const;
    bool screen_matters() const;

    Patience patience_;
    GuestClock clock_;
    Novelty novelty_;
    std::chrono::microseconds unfinished_read_{};  ///< when the unfinished line was last matched
    Rules rules_;
    MilestoneProgress progress_;
    Transcript serial_, virtio_, kernel_log_;
    Screen screen_;
    Shown display_, tty1_;
    std::deque<Chunk> recent_bytes_;  ///< for a reset that is reported late
    std::size_t recent_size_ = 0;
    std::deque<ConsoleLine> recent_lines_;
    std::size_t loader_lines_ = 0;  ///< the first of them, which are kept: those before the kernel started
    std::vector<Event> events_;
    std::vector<std::string> warned_;
    std::optional<FailureSeen> failure_, suspect_;
    std::chrono::microseconds last_byte_{};
    std::optional<std::chrono::microseconds>
        decided_prompt_;       ///< still_since() of the prompt that was last decided
    bool screen_read_ = true;  ///< nothing was painted since the rows were read
    bool replaying_ = false;
    bool kernel_spoke_ = false, shows_kernel_log_ = false;
    bool by_console_only_ = false;
    bool medium_started_ = false;
    std::size_t printed_ = 0, own_rows_ = 0;  ///< characters on the serial console; rows only on a display
    unsigned resets_ = 0;
};

}  // namespace lktest
