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

/// Blocks. Unset while the guest is paused, or if it has gone.
std::optional<Activity> activity_of(Rig& rig) {
    const std::lock_guard only(rig.looking);
    try {
        if (!rig.guest->running())
            return std::nullopt;
        Activity activity;
        for (const Domain::DeviceUse::Disk& disk : rig.guest->device_use().disks) {
            activity.disk_requests += disk.requests();
            activity.disk_bytes += disk.bytes_read + disk.bytes_written;
        }
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
std::string early_log(Rig& rig) {
    const std::lock_guard only(rig.looking);
    try {
        return rig.onlooker->early_log(*rig.guest);
    } catch (const Error&) {
        return "";
    }
}

struct CpusSeen {
    Hang hang = Hang::busy;
    bool kernel = false;  ///< one ran a kernel or a program
};

/// Blocks.
CpusSeen look_at_cpus(Rig& rig) {
    const std::lock_guard only(rig.looking);
    try {
        const std::vector<CpuActivity> cpus = rig.onlooker->activities(*rig.guest);
        const auto of_kernel = [](const CpuActivity& cpu) { return cpu.in_kernel + cpu.in_programs > 0; };
        return {.hang = hang_of(cpus), .kernel = std::ranges::any_of(cpus, of_kernel)};
    } catch (const Error&) {
        return {};
    }
}

asio::awaitable<bool> look(Host& host, std::shared_ptr<Attendance> attendance, std::weak_ptr<Rig> weak,
                           std::shared_ptr<Standstill> standstill,
                           std::shared_ptr<std::optional<microseconds>> searched, std::weak_ptr<void> cell) {
    // Held here and not by the worker, which must not be the one to destroy it.
    const std::shared_ptr<Rig> rig = weak.lock();
    if (!rig)
        co_return false;
    const auto count = [&rig] { return activity_of(*rig); };
    const std::optional<Activity> activity = co_await on_worker(host.workers, count);
    if (cell.expired())
        co_return false;
    const microseconds now = attendance->since_power_on();
    if (!activity)
        standstill->restart(now);
    const auto since = activity ? standstill->look(*activity, attendance->heard_at(), now) : std::nullopt;
    const microseconds repeats =
        activity ? standstill->repeats_since(*activity, attendance->watch().novelty().new_at(), now) : now;
    constexpr microseconds worth_a_look = std::chrono::seconds(20);
    if (!since && now - repeats < worth_a_look) {
        attendance->stands_still(std::nullopt);
        attendance->repeats_itself(std::nullopt);
        co_return true;
    }
    const unsigned resets = attendance->watch().resets();
    const auto sample = [&rig] { return look_at_cpus(*rig); };
    const CpusSeen cpus = co_await on_worker(host.workers, sample);
    if (cell.expired())
        co_return false;
    // A silent kernel gets the patience of a system, not of a loader.
    if (cpus.kernel && resets == attendance->watch().resets())
        attendance->looked_for_kernel(KernelSign::kernel);
    const Hang hang = cpus.hang;
    // Output in the meantime is activity.
    if (since && attendance->heard_at() <= *since)
        attendance->stands_still(Sighting::Standing{*since, hang});
    if (attendance->watch().novelty().new_at() <= repeats)
        attendance->repeats_itself(Sighting::Standing{repeats, hang});
    // A kernel that died before it described itself still has a log.
    if (since && *searched != since && !attendance->watch().shows_kernel_log()) {
        *searched = since;
        const auto read = [&rig] { return early_log(*rig); };
        const std::string log = co_await on_worker(host.workers, read);
        if (!cell.expired() && !log.empty() && attendance->watch().resets() == 0)
            attendance->log_said(log);
    }
    co_return true;
}

}  // namespace

std::shared_ptr<void> watch_for_standstill(Host& host, std::shared_ptr<Attendance> attendance,
                                           const std::shared_ptr<Rig>& rig) {
    constexpr std::chrono::milliseconds pause{1000};
    // A look at the CPUs occupies QEMU's monitor for 0.2 s, too long to do at every pause of a boot.
    constexpr std::chrono::seconds least{3};
    return beside(
        host, pause,
        [&host, attendance = std::move(attendance), weak = std::weak_ptr<Rig>(rig),
         standstill = std::make_shared<Standstill>(least),
         searched = std::make_shared<std::optional<microseconds>>()](const std::weak_ptr<void>& cell) {
            return look(host, attendance, weak, standstill, searched, cell);
        });
}

}  // namespace lktest
