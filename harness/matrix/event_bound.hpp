// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "harness/matrix/event.hpp"

namespace lktest {

/// Limits how much one boot of a cell can add to the disk, the terminal and the memory of lktest, however
/// often its guest fetches a page or asks for an address.
class EventBound {
public:
    static constexpr std::size_t most_alike = 200;  ///< events of one kind and name
    static constexpr std::size_t most_text = 1000;  ///< bytes of an event's name, and of its text

    /// The event with its texts cut to size. Unset if it exceeds the limit of its kind; the first such event
    /// becomes a warning.
    std::optional<Event> pass(Event event);

private:
    std::map<std::pair<Event::Kind, std::string>, std::size_t> seen_;
};

}  // namespace lktest
