// SPDX-License-Identifier: MIT
#include "firmware/variables.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

std::string store_of(std::size_t size) {
    std::string store(size, '\0');
    store.replace(40, 4, "_FVH");
    store.back() = '\xff';
    return store;
}

class VariableStore : public ::testing::Test {
protected:
    FirmwareImages images(std::size_t code, const std::string& content) {
        write_file(temp.path() / "code", std::string(code, 'c'));
        write_file(temp.path() / "template", content);
        return {.code = temp.path() / "code", .variables = temp.path() / "template"};
    }

    TempDir temp;
    std::filesystem::path store = temp.path() / "store";
};

TEST_F(VariableStore, EqualsItsTemplateAndTakesNoRoomForZeros) {
    const std::string content = store_of(8 << 20);
    make_variable_store(Arch::aarch64, images(1000, content), store);
    EXPECT_TRUE(read_file(store) == content);
    struct stat facts {};
    ASSERT_EQ(::stat(store.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_size, 8 << 20);
    EXPECT_LE(facts.st_blocks * 512, 256 << 10) << "two blocks of 64 KiB hold data";
    EXPECT_EQ(facts.st_mode & 0777u, 0600u);
}

TEST_F(VariableStore, ReplacesWhatAnEarlierBootLeft) {
    const FirmwareImages both = images(3653632, store_of(540672));
    write_file(store, std::string(1 << 20, 'x'));
    make_variable_store(Arch::x86_64, both, store);
    EXPECT_TRUE(read_file(store) == store_of(540672));
}

TEST_F(VariableStore, IsRefusedForACodeImageOfAnotherBuild) {
    const FirmwareImages both = images(3653632, store_of(131072));
    try {
        make_variable_store(Arch::x86_64, both, store);
        FAIL() << "accepted a 4M code image with a 2M store";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        EXPECT_EQ(std::string(error.what()),
                  "the firmware " + both.code.string() + " cannot be used with " + both.variables.string() +
                      ": 3653632 bytes of code and 131072 bytes of variables come from different builds");
    }
    EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(VariableStore, NamesTheFileThatItCannotRead) {
    EXPECT_THROW(
        make_variable_store(Arch::x86_64, {.code = "/no/such/code", .variables = "/no/such/store"}, store),
        Error);
}

}  // namespace
}  // namespace lktest
