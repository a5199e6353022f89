// SPDX-License-Identifier: MIT
#include "harness/matrix/shard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace lktest {
namespace {

TEST(Shard, IsANumberOfANumber) {
    ASSERT_TRUE(parse_shard("2/4"));
    EXPECT_EQ(parse_shard("2/4")->number, 2U);
    EXPECT_EQ(parse_shard("2/4")->of, 4U);
    for (const char* wrong : {"", "1", "/", "1/", "/2", "0/2", "3/2", "1/2/3", "-1/2", "1 /2", "1/99999999"})
        EXPECT_FALSE(parse_shard(wrong)) << wrong;
}

TEST(Deal, GivesEveryPartAboutAsMuchToDo) {
    const std::vector<WeighedCell> cells{{"a", 30}, {"b", 10}, {"c", 10}, {"d", 10}, {"e", 29}, {"f", 1}};
    const std::vector<std::size_t> parts = deal(cells, 3);
    std::map<std::size_t, double> load;
    for (std::size_t i = 0; i < cells.size(); ++i)
        load[parts[i]] += cells[i].seconds;
    EXPECT_EQ(load, (std::map<std::size_t, double>{{1, 30}, {2, 30}, {3, 30}}));
}

TEST(Deal, IsTheSameInWhateverOrderTheCellsCome) {
    std::vector<WeighedCell> cells{{"a", 5}, {"b", 5}, {"c", 5}, {"d", 7}, {"e", 5}};
    std::map<std::string_view, std::size_t> first, second;
    std::vector<std::size_t> parts = deal(cells, 2);
    for (std::size_t i = 0; i < cells.size(); ++i)
        first[cells[i].name] = parts[i];
    std::ranges::reverse(cells);
    parts = deal(cells, 2);
    for (std::size_t i = 0; i < cells.size(); ++i)
        second[cells[i].name] = parts[i];
    EXPECT_EQ(first, second);
}

TEST(Deal, LeavesPartsEmptyWhenThereAreTooMany) {
    EXPECT_EQ(deal({{"a", 1}}, 5), std::vector<std::size_t>{1});
}

}  // namespace
}  // namespace lktest
