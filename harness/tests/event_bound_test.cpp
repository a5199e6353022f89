// SPDX-License-Identifier: MIT
#include "harness/matrix/event_bound.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

Event fetched(const std::string& path) {
    return {
        .kind = Event::Kind::network, .source = Source::network, .name = "fetched-from-host", .text = path};
}

TEST(EventBound, OneLineSaysThatAFloodIsNotRecorded) {
    EventBound bound;
    std::size_t events = 0, warnings = 0;
    std::string said;
    for (int i = 0; i < 12'000; ++i)
        if (const auto event = bound.pass(fetched(std::to_string(i)))) {
            const bool warning = event->kind == Event::Kind::warning;
            (warning ? warnings : events) += 1;
            if (warning)
                said = event->text;
        }
    EXPECT_EQ(events, EventBound::most_alike);
    EXPECT_EQ(warnings, 1U);
    EXPECT_EQ(said,
              "the guest caused more than 200 events 'network fetched-from-host'; the rest are not recorded");
}

TEST(EventBound, AFloodOfOneKindHidesNoOther) {
    EventBound bound;
    for (int i = 0; i < 1000; ++i)
        bound.pass(fetched("/"));
    for (const Event& event :
         {Event{.kind = Event::Kind::network, .name = "lease", .text = {}},
          Event{.kind = Event::Kind::milestone, .name = "fetched-from-host", .text = {}}})
        EXPECT_TRUE(bound.pass(event));
}

TEST(EventBound, NamesThatAreAlwaysNewAreAFloodToo) {
    EventBound bound;
    std::size_t passed = 0;
    for (int i = 0; i < 100'000; ++i)
        passed += bound.pass({.kind = Event::Kind::warning, .name = std::to_string(i), .text = {}}) ? 1 : 0;
    EXPECT_LE(passed, 500U);
}

TEST(EventBound, WhatTheHarnessDoesIsAlwaysTold) {
    EventBound bound;
    for (int i = 0; i < 1000; ++i)
        for (const Event::Kind kind : {Event::Kind::started, Event::Kind::step, Event::Kind::finished})
            EXPECT_TRUE(bound.pass({.kind = kind, .name = "x", .text = {}}));
}

TEST(EventBound, LongTextsAreCutBetweenCharacters) {
    EventBound bound;
    const Event event = *bound.pass(fetched("/" + std::string(4000, 'A')));
    EXPECT_EQ(event.text, "/" + std::string(999, 'A') + "…");
    std::string umlauts = "x";
    while (umlauts.size() < 4000)
        umlauts += "ä";
    EXPECT_EQ(bound.pass(fetched(umlauts))->text, umlauts.substr(0, 999) + "…");
    EXPECT_EQ(bound.pass(fetched("/short"))->text, "/short");
}

}  // namespace
}  // namespace lktest
