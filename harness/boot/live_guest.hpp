// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/boot/look_into.hpp"
#include "harness/boot/rig.hpp"

namespace lktest {

/// A guest that there is now, as a person sees it who looks at it from outside, also while its cell is
/// judged. Called on the io_context; what blocks is done by a worker.
class LiveGuest {
public:
    LiveGuest(Host& host, BootCell cell, std::shared_ptr<const Scenario> scenario,
              std::filesystem::path artefacts, std::shared_ptr<Attendance> attendance,
              const std::shared_ptr<Rig>& rig);

    std::string cell_name() const { return name(cell_); }
    const BootCell& cell() const noexcept { return cell_; }
    const std::filesystem::path& artefacts() const noexcept { return artefacts_; }

    /// What is known of it beside what its memory and CPUs tell.
    Examination known() const;
    /// What it said since its last reset, at most as much as is remembered.
    std::vector<std::string> console() const;
    /// How its CPUs were when it was paused for good; from a worker, before anybody else has it.
    void remember(std::vector<std::vector<CpuState>> samples) { samples_ = std::move(samples); }

    /// Makes the guest stay although its cell is over, until let_go(), which ends it.
    void keep(std::shared_ptr<Rig> rig) { kept_ = std::move(rig); }
    void let_go() { kept_.reset(); }

    // All of these throw a usage Error when the guest has gone.
    boost::asio::awaitable<bool> running();
    boost::asio::awaitable<void> pause();
    boost::asio::awaitable<void> resume();
    boost::asio::awaitable<void> reset();
    /// It is paused meanwhile, and runs on when it ran.
    /// @param directory  is given diagnosis.json, cpus.txt, kernel.log and the screen; empty: nothing is
    boost::asio::awaitable<Findings> diagnose(std::filesystem::path directory);
    /// An answer of QEMU's monitor for people.
    boost::asio::awaitable<std::string> monitor(std::string command);
    /// Writes all of its memory, see dump_core(). Returns the command that opens it.
    boost::asio::awaitable<std::string> dump_core(std::filesystem::path file);
    /// Takes a snapshot of it, in place of the one before; it runs on when it ran. Not of one that is judged.
    boost::asio::awaitable<void> snapshot();
    /// Takes it back to its snapshot, paused, also when it has ended.
    boost::asio::awaitable<void> restore();
    /// Lets QEMU listen for gdb, and writes what gdb needs. Returns the command that starts it.
    boost::asio::awaitable<std::string> serve_gdb();
    /// Ends it, if it is kept or debugged; a cell that is judged would take that for a crash.
    boost::asio::awaitable<void> destroy();

    /// Types on its serial console.
    void type(std::string bytes);
    /// Called with what its serial console says, as long as what this returns lives.
    std::shared_ptr<void> overhear(std::function<void(std::string_view bytes)> call);

private:
    void follow_anew();
    template <typename Work>
    boost::asio::awaitable<std::invoke_result_t<Work&, Rig&>> alone(Work work);

    Host& host_;
    BootCell cell_;
    std::shared_ptr<const Scenario> scenario_;
    std::filesystem::path artefacts_;
    std::shared_ptr<Attendance> attendance_;
    std::weak_ptr<Rig> rig_;     ///< the cell's, which ends it
    std::shared_ptr<Rig> kept_;  ///< the same, once the cell is over
    std::vector<std::vector<CpuState>> samples_;
};

}  // namespace lktest
