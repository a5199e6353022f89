// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace lktest {

class LiveGuest;

/// The guests that there are now: of cells that run, and of failed ones that are kept.
class LiveGuests {
public:
    using Guest = std::shared_ptr<LiveGuest>;

    /// A cell's guest is here as long as this lives; longer only when it is kept.
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

    /// Guests of failed cells are kept from now on, as long as they have no more memory than this together.
    void keep_up_to(std::uint64_t bytes) { room_ = bytes; }
    /// Takes the room that is needed; false when there is none.
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
