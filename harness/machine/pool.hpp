// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/machine/connection.hpp"

namespace lktest {

/// The load of a connection, for placing a guest.
struct PoolLoad {
    bool alive = true;
    unsigned guests = 0;
    unsigned cores = 1;  ///< of its host
};

/// The connection with the fewest guests per core, the first of several. Broken ones count only if all are
/// broken.
std::size_t least_loaded(std::span<const PoolLoad> loads);

/// Distributes a run's cells over libvirt connections. For use by one thread.
class Pool {
public:
    /// @param connections  at least one
    explicit Pool(std::vector<Connection> connections);
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// A guest's place on a connection; released by the destructor.
    class Seat {
    public:
        Seat(Seat&& other) noexcept;
        Seat& operator=(Seat&&) = delete;
        ~Seat();

        Connection& connection() const { return pool_->connections_[index_]; }

    private:
        friend class Pool;
        Seat(Pool& pool, std::size_t index);
        Pool* pool_;
        std::size_t index_;
    };
    Seat take();

    const std::vector<Connection>& connections() const noexcept { return connections_; }
    /// The machine of each connection, as it was when the pool was created.
    const std::vector<LibvirtHost>& hosts() const noexcept { return hosts_; }

private:
    std::vector<Connection> connections_;
    std::vector<LibvirtHost> hosts_;
    std::vector<PoolLoad> loads_;
};

}  // namespace lktest
