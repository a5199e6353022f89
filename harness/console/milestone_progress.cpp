// SPDX-License-Identifier: MIT
#include "harness/console/milestone_progress.hpp"

#include <algorithm>
#include <utility>

namespace lktest {

MilestoneProgress::MilestoneProgress(std::vector<Milestone> milestones)
    : milestones_(std::move(milestones)), states_(milestones_.size()) {}

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
        default: return console;
    }
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
    network_.reset();
    next_ = 0;
    since_ = at;
    last_.reset();
}

/// The earliest sighting of a milestone that is not reached yet; null when there is none.
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

/// Marks a milestone as reached when all that it asks for is there.
bool MilestoneProgress::reach(std::size_t index, std::vector<Event>& events) {
    const Milestone& milestone = milestones_[index];
    const Sighting* sighting = countable(index);
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
        // In the channel that showed it, what came before it came too early.
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
