// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "harness/matrix/event.hpp"

namespace lktest {

/// Keeps what one boot of a cell adds to the disk, the terminal and the memory of lktest within bounds,
/// however often its guest fetches a page or asks for an address.
class EventBound {
public:
    static constexpr std::size_t most_alike = 200;  ///< events of one kind and name
    static constexpr std::size_t most_text = 1000;  ///< bytes of an event's name, and of its text

    /// The event as it may be passed on, with its texts cut. Unset for one too many; the first of those
    /// becomes a warning that says so.
    std::optional<Event> pass(Event event);

private:
    std::map<std::pair<Event::Kind, std::string>, std::size_t> seen_;
};

}  // namespace lktest
