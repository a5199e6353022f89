// SPDX-License-Identifier: MIT
#include "harness/matrix/event_bound.hpp"

#include <fmt/format.h>

#include "builder/base/utf8.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_names = 200;

void cut(std::string& text) {
    if (text.size() <= EventBound::most_text)
        return;
    std::size_t end = EventBound::most_text;
    while (end > EventBound::most_text - 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;  // not in the middle of a character
    text = text.substr(0, end) + "…";
}

/// Whether the guest has no influence on the event, such as the start and end of a cell.
bool is_own(Event::Kind kind) {
    return kind == Event::Kind::started || kind == Event::Kind::step || kind == Event::Kind::attempt ||
           kind == Event::Kind::finished;
}

}  // namespace

std::optional<Event> EventBound::pass(Event event) {
    cut(event.name);
    cut(event.text);
    if (is_own(event.kind))
        return event;
    // A guest may also invent ever new names; beyond a limit, all others count as one.
    auto place = seen_.find({event.kind, event.name});
    if (place == seen_.end())
        place = seen_.try_emplace({event.kind, seen_.size() < most_names ? event.name : ""}).first;
    if (++place->second <= most_alike)
        return event;
    if (place->second > most_alike + 1)
        return std::nullopt;
    return Event{
        .at = event.at,
        .kind = Event::Kind::warning,
        .source = Source::harness,
        .name = "too-many-events",
        .text = fmt::format("the guest caused more than {} events '{} {}'; the rest are not recorded",
                            most_alike, name(event.kind), event.name)};
}

}  // namespace lktest
