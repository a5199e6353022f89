// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/matrix/event.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Tracks a boot's progress along its milestones.
///
/// The serial console (its text and its screen) and the virtio port are two channels. Each has its own order,
/// and the order between them is unknown. A milestone's line therefore counts if the milestones before it
/// have been reached, or are reached later through the other channel. A line that comes too early in its own
/// channel does not count; it is only kept for the verdict (seen_early).
///
/// A boot loader can print anything. ask_for_kernel() therefore makes the milestones from "kernel" on wait
/// for other evidence that a kernel runs.
class MilestoneProgress {
public:
    explicit MilestoneProgress(std::vector<Milestone> milestones);

    /// From now on, and again after each restart, the kernel's milestones are reached only after
    /// prove_kernel().
    void ask_for_kernel() noexcept { kernel_asked_ = true; }
    void prove_kernel(std::vector<Event>& events);
    /// Trusts the console, because nothing else can show whether a kernel runs.
    void believe_console(std::vector<Event>& events);
    /// A loader still runs, so it printed the lines of later milestones itself.
    void disprove_kernel();
    bool kernel_proven() const noexcept { return kernel_proven_; }
    /// Whether a console showed a milestone that lacks only the proof that a kernel runs.
    bool awaits_kernel() const;
    /// Milestones of a kernel that a loader printed, in their order.
    const std::vector<std::string>& printed_by_loader() const noexcept { return printed_by_loader_; }

    /// A pattern of milestone `index` matched. Appends the resulting events: one for each channel that shows
    /// a milestone, never two for the same.
    void sight(std::size_t index, Source source, std::chrono::microseconds at, std::string text,
               std::vector<Event>& events);
    /// The host's side of the network check is satisfied.
    void network_checked(std::chrono::microseconds at, std::string text, std::vector<Event>& events);
    /// The guest was reset.
    void restart(std::chrono::microseconds at);

    bool passed() const;
    /// The milestone whose absence will fail the boot; null if all are reached.
    const Milestone* waiting_for() const;
    /// Since when: the last milestone reached, or the preceding power-on or reset.
    std::chrono::microseconds waiting_since() const noexcept { return since_; }
    /// How long it may take with hardware acceleration: its own time and that of the optional milestones
    /// before it.
    std::chrono::milliseconds allowed() const;
    /// The name of the last milestone reached; empty if there is none.
    std::string last_reached() const { return last_ ? milestones_[*last_].name : ""; }
    /// The last milestone reached; null if there is none.
    const Milestone* reached() const { return last_ ? &milestones_[*last_] : nullptr; }
    /// Whether the root file system was mounted, and whether its programs ran, as far as milestones show.
    bool root_reached() const noexcept { return last_ && *last_ >= of_root_; }
    bool userspace_reached() const noexcept { return last_ && *last_ >= of_userspace_; }
    /// Whether a milestone is neither reached nor skipped.
    bool awaits(std::size_t index) const noexcept { return index >= next_; }
    /// Milestones that are not reached although their line was seen.
    std::vector<std::string> seen_early() const;

private:
    /// The kernel's log and the display are read later than the console.
    enum Channel { console, virtio, kernel_log, display, channel_count };
    static Channel channel_of(Source source);
    struct Sighting {
        Source source = Source::serial;
        std::chrono::microseconds at{};
        std::string text;
        std::size_t order = 0;  ///< breaks ties between sightings at the same time
    };
    struct State {
        std::array<std::optional<Sighting>, channel_count> seen;
        bool early = false;  ///< seen when it did not count
        bool reached = false;
    };

    const Sighting* countable(std::size_t index) const;
    bool lacks_kernel(std::size_t index) const {
        return index >= of_kernel_ && kernel_asked_ && !kernel_proven_;
    }
    void advance(std::vector<Event>& events);
    bool reach(std::size_t index, std::vector<Event>& events);

    std::vector<Milestone> milestones_;
    std::vector<State> states_;
    std::size_t of_kernel_ = 0;                   ///< index of the first milestone that only a kernel reaches
    std::size_t of_root_ = 0, of_userspace_ = 0;  ///< the same of a mounted root, and of its programs
    bool kernel_asked_ = false, kernel_proven_ = false;
    std::vector<std::string> printed_by_loader_;
    std::optional<Sighting> network_;
    std::size_t sightings_ = 0;
    std::size_t next_ = 0;  ///< all before it are reached or skipped
    std::chrono::microseconds since_{};
    std::optional<std::size_t> last_;  ///< index of the last milestone reached
};

}  // namespace lktest
