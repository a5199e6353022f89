// SPDX-License-Identifier: MIT
#include "harness/machine/pool.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace lktest {

std::size_t least_loaded(std::span<const PoolLoad> loads) {
    const auto lighter = [](const PoolLoad& one, const PoolLoad& other) {
        if (one.alive != other.alive)
            return one.alive;
        return std::uint64_t{one.guests} * other.cores < std::uint64_t{other.guests} * one.cores;
    };
    return static_cast<std::size_t>(std::ranges::min_element(loads, lighter) - loads.begin());
}

Pool::Pool(std::vector<Connection> connections) : connections_(std::move(connections)) {
    for (const Connection& connection : connections_) {
        hosts_.push_back(connection.host());
        loads_.push_back({.cores = hosts_.back().cores});
    }
}

Pool::Seat Pool::take() {
    for (std::size_t i = 0; i < connections_.size(); ++i)
        loads_[i].alive = connections_[i].alive();
    return {*this, least_loaded(loads_)};
}

Pool::Seat::Seat(Pool& pool, std::size_t index) : pool_(&pool), index_(index) {
    ++pool_->loads_[index_].guests;
}

Pool::Seat::Seat(Seat&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}

Pool::Seat::~Seat() {
    if (pool_)
        --pool_->loads_[index_].guests;
}

}  // namespace lktest
