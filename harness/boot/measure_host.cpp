// SPDX-License-Identifier: MIT
#include "harness/boot/measure_host.hpp"

#include <utility>

#include "harness/boot/beside.hpp"
#include "harness/machine/stolen_time.hpp"

namespace lktest {
namespace {

/// Files in /proc answer at once, so this needs no worker, and all earlier guest output has been read by
/// then.
boost::asio::awaitable<bool> look(std::shared_ptr<Attendance> attendance, std::shared_ptr<StolenTime> time) {
    const auto stolen = time->until(Attendance::Clock::now());
    if (stolen)
        attendance->host_gave(*stolen);
    co_return stolen.has_value();
}

}  // namespace

std::shared_ptr<void> measure_host(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig) {
    constexpr std::chrono::milliseconds pause{200};
    const auto process = rig.guest->qemu();
    if (!process)
        return nullptr;
    return beside(host, pause,
                  [attendance = std::move(attendance), time = std::make_shared<StolenTime>(*process)](
                      const std::weak_ptr<void>&) { return look(attendance, time); });
}

}  // namespace lktest
