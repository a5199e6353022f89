// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "firmware/choose.hpp"
#include "harness/boot/live_guests.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/machine/accel.hpp"
#include "harness/machine/pool.hpp"
#include "harness/machine/qemu_box.hpp"
#include "harness/machine/qemu_user.hpp"
#include "harness/net/deaths.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// How guests are networked.
enum class Network {
    tap,   ///< a tap device per cell, in a separate network namespace, with DHCP
    user,  ///< QEMU's user-mode network: needs no privileges, but proves less
    none,
};

/// The user's request to stop, delivered to every cell.
class Stop {
public:
    bool requested() const noexcept { return requested_; }
    void request() {
        requested_ = true;
        for (const auto& tell : listeners_)
            tell();
    }

    /// Calls `tell` when stopping is requested, as long as this lives.
    class Listener {
    public:
        Listener(Stop& stop, std::function<void()> tell)
            : stop_(stop), place_(stop.listeners_.insert(stop.listeners_.end(), std::move(tell))) {}
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;
        ~Listener() { stop_.listeners_.erase(place_); }

    private:
        Stop& stop_;
        std::list<std::function<void()>>::iterator place_;
    };

private:
    bool requested_ = false;
    std::list<std::function<void()>> listeners_;
};

/// Resources shared by all cells of a run.
struct Host {
    boost::asio::io_context& io;
    boost::asio::thread_pool& workers;  ///< for libvirt's blocking calls
    Pool& libvirt;
    Stop& stop;
    std::filesystem::path private_directory;  ///< deleted at the end of the run
    std::map<Arch, Accel> accel;
    Network network = Network::tap;
    std::optional<std::chrono::seconds> cell_timeout;
    bool keep_countdown = false;  ///< Enter is not pressed while a boot menu counts down
    FirmwareCatalogue firmware;
    std::vector<Failure> failures;                        ///< the catalogue
    std::map<Arch, std::filesystem::path> stick_loaders;  ///< see stick_loader()
    std::vector<Cause> causes;                            ///< why boots fail
    std::optional<QemuUsers> qemu_users;  ///< unset: QEMU runs as our user, or libvirt chooses
    QemuBoxes* boxes = nullptr;           ///< null: libvirt chooses how to confine QEMU
    std::map<std::filesystem::path, std::filesystem::path> shown;  ///< where QEMU finds images
    std::shared_ptr<Deaths> deaths{};  ///< how QEMU processes ended; null if this host cannot know
    LiveGuests guests{};
    KnownShims shims{};
};

}  // namespace lktest
