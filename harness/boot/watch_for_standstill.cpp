// SPDX-License-Identifier: MIT
#include "harness/boot/watch_for_standstill.hpp"

#include <algorithm>

#include "harness/boot/beside.hpp"
#include "harness/boot/standstill.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

/// Blocks. Nothing while the guest is paused, or when it has gone.
std::optional<Activity> activity_of(Rig& rig) {
    const std::lock_guard only(rig.looking);
    try {
        if (!rig.guest->running())
            return std::nullopt;
        Activity activity;
        for (const Domain::DeviceUse::Disk& disk : rig.guest->device_use().disks)
            activity.disk_requests += disk.requests();
        if (rig.network) {
            const TapTraffic packets = rig.network->traffic();
            activity.packets = packets.from_guest + packets.to_guest;
        }
        return activity;
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// Blocks.
Hang hang_of_guest(Rig& rig) {
    const std::lock_guard only(rig.looking);
    try {
        return hang_of(rig.onlooker->activities(*rig.guest));
    } catch (const Error&) {
        return Hang::busy;
    }
}

asio::awaitable<bool> look(Host& host, std::shared_ptr<Attendance> attendance, std::weak_ptr<Rig> weak,
                           std::shared_ptr<Standstill> standstill, std::weak_ptr<void> cell) {
    // Held here, and not by the worker, who must not be the one that lets it go.
    const std::shared_ptr<Rig> rig = weak.lock();
    if (!rig)
        co_return false;
    const auto count = [&rig] { return activity_of(*rig); };
    const std::optional<Activity> activity = co_await on_worker(host.workers, count);
    if (cell.expired())
        co_return false;
    const microseconds now = attendance->since_power_on();
    if (!activity)
        standstill->begin_anew(now);
    const auto since = activity ? standstill->look(*activity, attendance->heard_at(), now) : std::nullopt;
    if (!since) {
        attendance->stands_still(std::nullopt);
        co_return true;
    }
    const auto sample = [&rig] { return hang_of_guest(*rig); };
    const Hang hang = co_await on_worker(host.workers, sample);
    if (cell.expired())
        co_return false;
    // What it said meanwhile is a sign of life.
    if (attendance->heard_at() <= *since)
        attendance->stands_still(Sighting::Standing{*since, hang});
    co_return true;
}

}  // namespace

std::shared_ptr<void> watch_for_standstill(Host& host, std::shared_ptr<Attendance> attendance,
                                           const std::shared_ptr<Rig>& rig) {
    constexpr std::chrono::milliseconds pause{1000};
    // A look at the CPUs takes a fifth of a second of QEMU's monitor: not at each pause of a boot.
    constexpr std::chrono::seconds least{3};
    return beside(host, pause,
                  [&host, attendance = std::move(attendance), weak = std::weak_ptr<Rig>(rig),
                   standstill = std::make_shared<Standstill>(least)](const std::weak_ptr<void>& cell) {
                      return look(host, attendance, weak, standstill, cell);
                  });
}

}  // namespace lktest
