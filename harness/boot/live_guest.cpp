// SPDX-License-Identifier: MIT
#include "harness/boot/live_guest.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "harness/boot/dump_core.hpp"
#include "harness/boot/follow.hpp"
#include "harness/boot/gdb.hpp"
#include "harness/boot/snapshot.hpp"
#include "harness/machine/runs_again.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {

namespace asio = boost::asio;
namespace fs = std::filesystem;

LiveGuest::LiveGuest(Host& host, BootCell cell, std::shared_ptr<const Scenario> scenario, fs::path artefacts,
                     std::shared_ptr<Attendance> attendance, const std::shared_ptr<Rig>& rig)
    : host_(host),
      cell_(std::move(cell)),
      scenario_(std::move(scenario)),
      artefacts_(std::move(artefacts)),
      attendance_(std::move(attendance)),
      rig_(rig) {}

/// Runs work that needs exclusive access to the guest. It holds the guest here, because the cell may end
/// meanwhile and the worker must not be the one to destroy it.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work&, Rig&>> LiveGuest::alone(Work work) {
    const std::shared_ptr<Rig> rig = rig_.lock();
    if (!rig)
        throw usage_error(fmt::format("the guest of {} has ended", cell_name()));
    const auto job = [&rig, &work] {
        const std::lock_guard only(rig->looking);
        return work(*rig);
    };
    co_return co_await on_worker(host_.workers, job);
}

Examination LiveGuest::known() const {
    Examination known;
    known.kernel_on_console = attendance_->watch().kernel_spoke();
    known.reached = attendance_->watch().last_reached();
    known.resets = attendance_->watch().resets();
    known.loader = loader_in(console());
    if (const std::shared_ptr<Rig> rig = rig_.lock(); rig && rig->network)
        known.network = rig->network->in_words();
    return known;
}

std::vector<std::string> LiveGuest::console() const {
    constexpr std::size_t all = 1000;  // more than a watch remembers
    return attendance_->watch().last_lines(all);
}

asio::awaitable<bool> LiveGuest::running() {
    auto work = [](Rig& rig) { return rig.guest->running(); };
    co_return co_await alone(work);
}

bool LiveGuest::is_healthy() const {
    constexpr auto silence = std::chrono::seconds(15);
    const Watch& watch = attendance_->watch();
    if (kept_ || attendance_->gone() || watch.failure() || watch.suspect())
        return false;
    const auto now = paused_at_.value_or(attendance_->since_power_on());
    return !watch.waiting_for() || now - attendance_->heard_at() < silence;
}

void LiveGuest::was_paused() {
    if (!paused_at_)
        paused_at_ = attendance_->since_power_on();
}

asio::awaitable<void> LiveGuest::pause() {
    was_paused();
    auto work = [](Rig& rig) { rig.guest->suspend(); };
    co_await alone(work);
}

asio::awaitable<void> LiveGuest::resume() {
    samples_.clear();
    paused_at_.reset();
    auto work = [](Rig& rig) {
        if (!rig.guest->running())  // gdb resumes it on exit
            rig.guest->resume();
    };
    co_await alone(work);
}

asio::awaitable<void> LiveGuest::reset() {
    samples_.clear();
    auto work = [](Rig& rig) { rig.guest->reset(); };
    co_await alone(work);
}

asio::awaitable<void> LiveGuest::destroy() {
    auto work = [](Rig& rig) { rig.guest->destroy(); };
    co_await alone(work);
}

asio::awaitable<Findings> LiveGuest::diagnose(fs::path directory) {
    Examination known = this->known();
    const bool healthy = is_healthy();
    known.samples = samples_;
    auto work = [known = std::move(known), console = console(), cell = cell_, scenario = scenario_,
                 &host = host_, directory = std::move(directory), healthy](Rig& rig) {
        const RunsAgain afterwards(*rig.guest);
        const Knowledge knowledge{cell, *scenario, host.failures, host.causes};
        Findings found = look_into(*rig.onlooker, *rig.guest, known, console, knowledge, healthy);
        if (!directory.empty()) {
            make_directories(directory);
            write_findings(found, directory);
            write_screen(*rig.guest, directory);
        }
        return found;
    };
    co_return co_await alone(std::move(work));
}

asio::awaitable<std::string> LiveGuest::monitor(std::string command) {
    auto work = [command = std::move(command)](Rig& rig) { return rig.guest->ask(command); };
    co_return co_await alone(std::move(work));
}

asio::awaitable<std::string> LiveGuest::dump_core(fs::path file) {
    auto work = [file = std::move(file)](Rig& rig) {
        return lktest::dump_core(*rig.guest, *rig.onlooker, file);
    };
    co_return co_await alone(std::move(work));
}

/// Afterwards another QEMU process runs the machine, so readers of its memory must start over.
asio::awaitable<void> LiveGuest::snapshot() {
    samples_.clear();
    auto work = [](Rig& rig) {
        const bool ran = rig.guest->running();
        try {
            take_snapshot(rig);
        } catch (const Error&) {
            if (ran)
                rig.guest->resume();
            throw;
        }
        return ran;
    };
    const bool ran = co_await alone(work);
    follow_anew();
    if (ran)
        co_await resume();
}

asio::awaitable<void> LiveGuest::restore() {
    samples_.clear();
    auto work = [](Rig& rig) { restore_snapshot(rig); };
    co_await alone(work);
    attendance_->is_back();
    follow_anew();
}

void LiveGuest::follow_anew() {
    if (const std::shared_ptr<Rig> rig = rig_.lock())
        rig->following = follow(host_, attendance_, *rig);
}

asio::awaitable<std::string> LiveGuest::serve_gdb() {
    const bool apart = host_.boxes && host_.boxes->namespaces();
    auto work = [directory = fs::absolute(artefacts_), arch = cell_.arch, apart](Rig& rig) {
        const fs::path own = rig.directory.path();
        return lktest::serve_gdb(*rig.guest, *rig.onlooker, arch, directory, rig.user ? &*rig.user : nullptr,
                                 apart ? &own : nullptr);
    };
    co_return co_await alone(std::move(work));
}

void LiveGuest::type(std::string bytes) {
    if (const std::shared_ptr<Rig> rig = rig_.lock())
        rig->serial->send(std::move(bytes));
}

std::shared_ptr<void> LiveGuest::overhear(std::function<void(std::string_view bytes)> call) {
    return attendance_->overhear(std::move(call));
}

}  // namespace lktest
