// SPDX-License-Identifier: MIT
#include "firmware/variable_store.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

constexpr std::string_view vendor("0123456789abcdef", 16);
constexpr std::size_t volume = 72, room = 1000, after = 64;

/// A flash image with an empty store, and some bytes after it.
std::string empty_store() {
    std::string image(volume, '\0');
    image.replace(40, 4, "_FVH");
    image[48] = static_cast<char>(volume);
    image += std::string("\x78\x2c\xf3\xaa\x7b\x94\x9a\x43\xa1\x80\x2e\x14\x4e\xc3\x77\x92", 16);
    const std::size_t size = room + 28;
    image += {static_cast<char>(size & 0xff), static_cast<char>(size >> 8), 0, 0};
    image += std::string("\x5a\xfe\0\0\0\0\0\0", 8);
    return image + std::string(room, '\xff') + std::string(after, 'x');
}

TEST(VariableStoreText, HoldsWhatWasPutIntoIt) {
    const std::string empty = empty_store();
    EXPECT_EQ(variables_end(empty), empty.size() - after);
    EXPECT_EQ(variable_in(empty, "db"), std::nullopt);
    const NewVariable both[] = {{"db", vendor, "one"}, {"PK", vendor, "owner"}};
    const std::string store = with_variables(empty, both);
    EXPECT_EQ(store.size(), empty.size());
    EXPECT_TRUE(store.ends_with(std::string(after, 'x'))) << "bytes after the store are not touched";
    EXPECT_EQ(variable_in(store, "db"), "one");
    EXPECT_EQ(variable_in(store, "PK"), "owner");
    EXPECT_EQ(variable_in(store, "KEK"), std::nullopt);
}

TEST(VariableStoreText, AVariableTakesThePlaceOfTheOneBefore) {
    const NewVariable before[] = {{"db", vendor, "theirs"}, {"Lang", vendor, "en"}};
    const NewVariable own[] = {{"db", vendor, "mine, and longer"}};
    const std::string store = with_variables(with_variables(empty_store(), before), own);
    EXPECT_EQ(variable_in(store, "db"), "mine, and longer");
    EXPECT_EQ(variable_in(store, "Lang"), "en") << "the others stay";
    EXPECT_EQ(store.find("theirs"), store.npos);
}

TEST(VariableStoreText, ListsVariablesWithTheirVendorsAndAttributes) {
    const NewVariable both[] = {{"db", vendor, "one"},
                                {"SbatLevel", vendor, "sbat,1", boot_service_variable}};
    const std::vector<StoredVariable> wanted{
        {"db", "33323130-3534-3736-3839-616263646566", authenticated_variable, "one"},
        {"SbatLevel", "33323130-3534-3736-3839-616263646566", boot_service_variable, "sbat,1"}};
    EXPECT_EQ(variables_in(with_variables(empty_store(), both)), wanted);
    EXPECT_TRUE(variables_in("no store").empty());
}

TEST(VariableStoreText, DeletedVariablesAreNotThere) {
    const NewVariable one[] = {{"db", vendor, "one"}};
    std::string store = with_variables(empty_store(), one);
    store[volume + 28 + 2] = '\x3d';  // its state: deleted
    EXPECT_EQ(variable_in(store, "db"), std::nullopt);
}

TEST(VariableStoreText, HasNoRoomForMoreThanItHolds) {
    const NewVariable large[] = {{"db", vendor, std::string(room, 'x')}};
    EXPECT_THROW(with_variables(empty_store(), large), Error);
    const NewVariable fits[] = {{"db", vendor, std::string(room - 66, 'x')}};
    EXPECT_EQ(variable_in(with_variables(empty_store(), fits), "db"), std::string(room - 66, 'x'));
}

TEST(VariableStoreText, IsRefusedWhereItIsNone) {
    EXPECT_EQ(variables_end("hello"), 0u);
    EXPECT_THROW(with_variables(std::string(1000, '\0'), {}), Error);
    EXPECT_THROW(with_variables(empty_store().substr(0, 500), {}), Error) << "cut short";
}

}  // namespace
}  // namespace lktest
