// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/boot/look_into.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// Access to a live guest from outside, also while its cell is judged. Call it on the io_context; a worker
/// does the blocking work.
class LiveGuest {
public:
    LiveGuest(Host& host, BootCell cell, std::shared_ptr<const Scenario> scenario,
              std::filesystem::path artefacts, std::shared_ptr<Attendance> attendance,
              const std::shared_ptr<Rig>& rig);

    std::string cell_name() const { return name(cell_); }
    const BootCell& cell() const noexcept { return cell_; }
    const std::filesystem::path& artefacts() const noexcept { return artefacts_; }

    /// The observations of it other than its memory and CPUs.
    Examination known() const;
    /// Its console output since the last reset, up to a limit.
    std::vector<std::string> console() const;
    /// Stores the samples of its CPUs from the final pause. Called by a worker before others can use the
    /// guest.
    void remember(std::vector<std::vector<CpuState>> samples) { samples_ = std::move(samples); }

    /// Keeps the guest although its cell is over, until let_go() ends it.
    void keep(std::shared_ptr<Rig> rig) { kept_ = std::move(rig); }
    void let_go() { kept_.reset(); }

    // All of these throw a usage Error if the guest has gone.
    boost::asio::awaitable<bool> running();
    boost::asio::awaitable<void> pause();
    /// Someone else has paused it.
    void was_paused();
    boost::asio::awaitable<void> resume();
    boost::asio::awaitable<void> reset();
    /// Pauses the guest meanwhile, and resumes it if it ran.
    /// @param directory  for diagnosis.json, cpus.txt, kernel.log and the screen; empty to write no files
    boost::asio::awaitable<Findings> diagnose(std::filesystem::path directory);
    /// The answer of QEMU's human monitor.
    boost::asio::awaitable<std::string> monitor(std::string command);
    /// Writes all of its memory, see dump_core(). Returns the command that opens it.
    boost::asio::awaitable<std::string> dump_core(std::filesystem::path file);
    /// Replaces its snapshot, and resumes the guest if it ran. Not for a guest that is being judged.
    boost::asio::awaitable<void> snapshot();
    /// Returns it to its snapshot, paused, even if it has ended.
    boost::asio::awaitable<void> restore();
    /// Makes QEMU listen for gdb, and writes the files that gdb needs. Returns the command that starts it.
    boost::asio::awaitable<std::string> serve_gdb();
    /// Ends it if it is kept or debugged. A cell that is being judged would see that as a crash.
    boost::asio::awaitable<void> destroy();

    /// Types on its serial console.
    void type(std::string bytes);
    /// Calls `call` with the output of its serial console, as long as the returned object lives.
    std::shared_ptr<void> overhear(std::function<void(std::string_view bytes)> call);

private:
    void follow_anew();
    /// True while the boot makes progress or has succeeded, so that nothing needs a cause.
    bool is_healthy() const;
    template <typename Work>
    boost::asio::awaitable<std::invoke_result_t<Work&, Rig&>> alone(Work work);

    Host& host_;
    BootCell cell_;
    std::shared_ptr<const Scenario> scenario_;
    std::filesystem::path artefacts_;
    std::shared_ptr<Attendance> attendance_;
    std::weak_ptr<Rig> rig_;     ///< owned by the cell, which ends it
    std::shared_ptr<Rig> kept_;  ///< the same, after the cell has ended
    std::vector<std::vector<CpuState>> samples_;
    std::optional<std::chrono::microseconds> paused_at_;  ///< since power-on
};

}  // namespace lktest
