// SPDX-License-Identifier: MIT
#include "harness/boot/prove_kernel.hpp"

#include <utility>

#include "harness/boot/beside.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

asio::awaitable<bool> look_for_kernel(Host& host, std::shared_ptr<Attendance> attendance,
                                      std::weak_ptr<Rig> weak, std::weak_ptr<void> cell) {
    if (!attendance->watch().awaits_kernel())
        co_return true;
    // Held here and not by the worker, which must not be the one to destroy it.
    const std::shared_ptr<Rig> rig = weak.lock();
    if (!rig)
        co_return false;
    const unsigned resets = attendance->watch().resets();
    const auto ask = [&rig] {
        const std::lock_guard only(rig->looking);
        return rig->onlooker->kernel_sign(*rig->guest);
    };
    const KernelSign sign = co_await on_worker(host.workers, ask);
    if (cell.expired())
        co_return false;
    if (attendance->watch().resets() == resets)
        attendance->looked_for_kernel(sign);
    co_return true;
}

}  // namespace

std::shared_ptr<void> prove_kernel(Host& host, std::shared_ptr<Attendance> attendance,
                                   const std::shared_ptr<Rig>& rig) {
    constexpr std::chrono::milliseconds pause{200};
    return beside(
        host, pause,
        [&host, attendance = std::move(attendance), weak = std::weak_ptr<Rig>(rig)](
            const std::weak_ptr<void>& cell) { return look_for_kernel(host, attendance, weak, cell); });
}

}  // namespace lktest
