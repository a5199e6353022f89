// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace lktest {

class LiveGuest;

/// The current guests: those of running cells, and those of failed cells that are kept.
class LiveGuests {
public:
    using Guest = std::shared_ptr<LiveGuest>;

    /// Lists a cell's guest as long as this lives; a kept guest stays listed.
    class Entry {
    public:
        Entry(LiveGuests& guests, Guest guest) : guests_(guests), guest_(std::move(guest)) {
            guests_.running_.push_back(guest_);
        }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() { std::erase(guests_.running_, guest_); }

    private:
        LiveGuests& guests_;
        Guest guest_;
    };

    /// From now on, keeps guests of failed cells while their total memory is at most this.
    void keep_up_to(std::uint64_t bytes) { room_ = bytes; }
    /// Reserves room for a guest; returns false if there is not enough.
    bool may_keep(std::uint64_t bytes) {
        const bool has_room = bytes <= room_;
        room_ -= has_room ? bytes : 0;
        return has_room;
    }
    void add_kept(Guest guest) { kept_.push_back(std::move(guest)); }
    void forget(const Guest& guest) { std::erase(kept_, guest); }

    const std::vector<Guest>& running() const noexcept { return running_; }
    const std::vector<Guest>& kept() const noexcept { return kept_; }

private:
    std::vector<Guest> running_, kept_;
    std::uint64_t room_ = 0;
};

}  // namespace lktest
