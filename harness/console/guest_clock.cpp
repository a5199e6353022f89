// SPDX-License-Identifier: MIT
#include "harness/console/guest_clock.hpp"

#include <algorithm>

namespace lktest {
namespace {

using Time = GuestClock::Time;

/// A step between two notes counts at most this much. If it is longer, lktest itself was kept from running
/// and has not yet read the guest's output.
constexpr Time longest_step = std::chrono::seconds(2);
/// The guest's time never stops for good, so every wait ends.
constexpr int slowest = 50;
/// After this long without a note, measurements have stopped and the host's time counts.
constexpr Time unmeasured = std::chrono::minutes(1);
/// If asked too early, the clock names a moment this much later.
constexpr Time resolution = std::chrono::milliseconds(20);
/// The longest time between two points, so that a product of two times does not overflow.
constexpr Time longest_stretch = std::chrono::minutes(10);

}  // namespace

void GuestClock::note(Time now, Time stolen) {
    if (points_.empty())
        points_ = {{}};
    const Point last = points_.back();
    const Time host = now - last.host;
    if (host <= Time::zero())
        return;
    const Time gained = host - std::max(stolen - stolen_, Time::zero());
    stolen_ = std::max(stolen_, stolen);
    const Time guest = std::clamp(gained, std::min(host / slowest, longest_step), longest_step);
    const auto is_full = [](Time of_guest, Time of_host) { return of_guest >= of_host - of_host / 100; };
    const Point next{now, last.guest + std::min(guest, host)};
    // No new point is needed while the host is idle.
    if (points_.size() > 1) {
        const Point& before = points_[points_.size() - 2];
        if (now - before.host <= longest_stretch &&
            is_full(last.guest - before.guest, last.host - before.host) &&
            is_full(next.guest - last.guest, host)) {
            points_.back() = next;
            return;
        }
    }
    points_.push_back(next);
}

Time GuestClock::guest_at(Time host) const {
    const Point& last = points_.back();
    if (host >= last.host)
        return last.guest + std::max(host - last.host - unmeasured, Time::zero());
    const auto after = std::ranges::upper_bound(points_, host, {}, &Point::host);
    if (after == points_.begin())
        return host;
    const Point& before = *(after - 1);
    return before.guest +
           (after->guest - before.guest) * (host - before.host).count() / (after->host - before.host).count();
}

Time GuestClock::elapsed(Time from, Time to) const {
    return points_.empty() || to <= from ? to - from : guest_at(to) - guest_at(from);
}

Time GuestClock::earliest(Time from, Time lasted, Time now) const {
    if (points_.empty())
        return from + lasted;
    const Time left = lasted - elapsed(from, now);
    return left <= Time::zero() ? now : now + std::max(left, resolution);
}

}  // namespace lktest
