// SPDX-License-Identifier: MIT
#include "harness/console/milestone_progress.hpp"

#include <algorithm>
#include <utility>

namespace lktest {

namespace {

/// Scenarios choose the names of milestones; these are the usual ones.
bool is_of_kernel(const Milestone& milestone) {
    return milestone.name == "kernel" || milestone.name == "initramfs" || milestone.name == "userspace" ||
           milestone.network.has_value();
}

bool is_of_userspace(const Milestone& milestone) {
    return milestone.name == "userspace" || milestone.name == "login" || milestone.network.has_value();
}

bool is_of_root(const Milestone& milestone) {
    return milestone.name == "root" || is_of_userspace(milestone);
}

std::size_t first(const std::vector<Milestone>& milestones, bool (*is_it)(const Milestone&)) {
    return static_cast<std::size_t>(std::ranges::find_if(milestones, is_it) - milestones.begin());
}

}  // namespace

MilestoneProgress::MilestoneProgress(std::vector<Milestone> milestones)
    : milestones_(std::move(milestones)),
      states_(milestones_.size()),
      of_kernel_(first(milestones_, is_of_kernel)),
      of_root_(first(milestones_, is_of_root)),
      of_userspace_(first(milestones_, is_of_userspace)) {}

void MilestoneProgress::prove_kernel(std::vector<Event>& events) {
    kernel_proven_ = true;
    printed_by_loader_.clear();
    advance(events);
}

void MilestoneProgress::believe_console(std::vector<Event>& events) {
    kernel_asked_ = false;
    advance(events);
}

bool MilestoneProgress::awaits_kernel() const {
    for (std::size_t i = std::max(next_, of_kernel_); i < milestones_.size(); ++i)
        if (lacks_kernel(i) && countable(i))
            return true;
    return false;
}

void MilestoneProgress::disprove_kernel() {
    const Sighting* kernel = of_kernel_ < states_.size() ? countable(of_kernel_) : nullptr;
    if (!kernel || !lacks_kernel(of_kernel_))
        return;
    // The kernel's EFI stub may print the kernel's own milestone before the kernel runs.
    for (std::size_t i = of_kernel_ + 1; i < milestones_.size(); ++i) {
        if (const Sighting* seen = countable(i); seen && seen->order > kernel->order) {
            for (const std::string& name : {milestones_[of_kernel_].name, milestones_[i].name})
                if (std::ranges::find(printed_by_loader_, name) == printed_by_loader_.end())
                    printed_by_loader_.push_back(name);
            states_[i].seen = {};
        }
    }
}

void MilestoneProgress::sight(std::size_t index, Source source, std::chrono::microseconds at,
                              std::string text, std::vector<Event>& events) {
    State& state = states_[index];
    std::optional<Sighting>& seen = state.seen[channel_of(source)];
    if (seen || (index < next_ && !state.reached))
        return;
    seen = {source, at, std::move(text), ++sightings_};
    if (state.reached)
        events.push_back({at, Event::Kind::milestone, source, milestones_[index].name, seen->text});
    else
        advance(events);
}

MilestoneProgress::Channel MilestoneProgress::channel_of(Source source) {
    switch (source) {
        case Source::virtio: return virtio;
        case Source::kernel_log: return kernel_log;
        case Source::display:
        case Source::tty1: return display;
        case Source::harness:
        case Source::serial:
        case Source::screen:
        case Source::libvirt:
        case Source::network: break;
    }
    return console;
}

void MilestoneProgress::network_checked(std::chrono::microseconds at, std::string text,
                                        std::vector<Event>& events) {
    if (network_)
        return;
    network_ = {Source::network, at, std::move(text), ++sightings_};
    advance(events);
}

void MilestoneProgress::restart(std::chrono::microseconds at) {
    states_.assign(milestones_.size(), {});
    kernel_proven_ = false;
    printed_by_loader_.clear();
    network_.reset();
    next_ = 0;
    since_ = at;
    last_.reset();
}

/// The earliest sighting of a milestone that is not reached yet; null if there is none.
const MilestoneProgress::Sighting* MilestoneProgress::countable(std::size_t index) const {
    const Sighting* first = nullptr;
    for (const std::optional<Sighting>& seen : states_[index].seen)
        if (seen && (!first || seen->order < first->order))
            first = &*seen;
    return first;
}

void MilestoneProgress::advance(std::vector<Event>& events) {
    for (std::size_t i = next_; i < milestones_.size(); ++i) {
        if (reach(i, events)) {
            next_ = i + 1;
        } else if (!milestones_[i].optional) {
            return;
        }
    }
}

/// Marks a milestone as reached if all of its conditions hold.
bool MilestoneProgress::reach(std::size_t index, std::vector<Event>& events) {
    const Milestone& milestone = milestones_[index];
    const Sighting* sighting = countable(index);
    if (lacks_kernel(index))
        return false;
    if (!milestone.patterns.empty() && !sighting)
        return false;
    if (milestone.network) {
        if (!network_)
            return false;
        if (!sighting || sighting->order < network_->order)
            sighting = &*network_;
    }
    State& state = states_[index];
    state.reached = true;
    since_ = std::max(since_, sighting->at);
    last_ = index;
    events.push_back(
        {sighting->at, Event::Kind::milestone, sighting->source, milestone.name, sighting->text});
    for (std::size_t channel = 0; channel < channel_count; ++channel) {
        if (!state.seen[channel])
            continue;
        const Sighting& seen = *state.seen[channel];
        if (&seen != sighting && sighting->source != Source::network)
            events.push_back({seen.at, Event::Kind::milestone, seen.source, milestone.name, seen.text});
        // Milestones seen before this one in the same channel were seen too early.
        for (std::size_t later = index + 1; later < states_.size(); ++later)
            if (std::optional<Sighting>& early = states_[later].seen[channel];
                early && early->order < seen.order) {
                states_[later].early = true;
                early.reset();
            }
    }
    return true;
}

bool MilestoneProgress::passed() const {
    return waiting_for() == nullptr;
}

const Milestone* MilestoneProgress::waiting_for() const {
    const auto waited =
        std::find_if(milestones_.begin() + static_cast<std::ptrdiff_t>(next_), milestones_.end(),
                     [](const Milestone& milestone) { return !milestone.optional; });
    return waited == milestones_.end() ? nullptr : &*waited;
}

std::chrono::milliseconds MilestoneProgress::allowed() const {
    std::chrono::milliseconds sum{};
    for (std::size_t i = next_; i < milestones_.size(); ++i) {
        sum += milestones_[i].within;
        if (!milestones_[i].optional)
            break;
    }
    return sum;
}

std::vector<std::string> MilestoneProgress::seen_early() const {
    std::vector<std::string> names;
    for (std::size_t i = next_; i < milestones_.size(); ++i)
        if (states_[i].early || states_[i].seen[console] || states_[i].seen[virtio])
            names.push_back(milestones_[i].name);
    return names;
}

}  // namespace lktest
