// SPDX-License-Identifier: MIT
#include "harness/results/run_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest::results {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class RunFiles : public testing::Test {
protected:
    RunFiles() {
        make_directories(run_ / "cell");
        write_file(run_ / "matrix.json", "{}");
        write_file(scratch_.path() / "secret", "s3cret");
    }

    std::string complaint(const fs::path& path, const FileLimits& limits = {}) {
        try {
            read_matrix(path, limits);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::usage);
            return error.what();
        }
        return "no error";
    }

    TempDir scratch_;
    fs::path run_ = scratch_.path() / "run", to_ = scratch_.path() / "to";
};

TEST_F(RunFiles, TheLatestRunIsOneOfTheSameDirectory) {
    fs::create_directory_symlink("run", scratch_.path() / "latest");
    EXPECT_EQ(read_matrix(scratch_.path()).path, scratch_.path() / "latest/matrix.json");
    make_directories(scratch_.path() / "other");
    fs::create_directory_symlink("../run", scratch_.path() / "other/latest");
    EXPECT_THAT(complaint(scratch_.path() / "other"), HasSubstr("it has no matrix.json"));
}

TEST_F(RunFiles, MatrixIsARegularFileOfBoundedSize) {
    fs::remove(run_ / "matrix.json");
    fs::create_symlink("../secret", run_ / "matrix.json");
    EXPECT_THAT(complaint(run_), HasSubstr("it is a link"));
    fs::remove(run_ / "matrix.json");
    ASSERT_EQ(::mkfifo((run_ / "matrix.json").c_str(), 0600), 0);
    EXPECT_THAT(complaint(run_), HasSubstr("it is not a regular file"));
    EXPECT_THAT(complaint("/dev/zero"), HasSubstr("it is not a regular file"));
    fs::remove(run_ / "matrix.json");
    constexpr std::size_t size = std::size_t{3} << 20;
    write_file(run_ / "matrix.json", std::string(size, ' '));
    EXPECT_THAT(complaint(run_, {.matrix = size - (1 << 20)}), HasSubstr("it has 3 MiB, but"));
    EXPECT_EQ(complaint(run_, {.matrix = size}), "no error");
}

TEST_F(RunFiles, ACellsFilesAreCopiedAndNothingElse) {
    write_file(run_ / "cell/console.log", "said");
    fs::create_symlink("../../secret", run_ / "cell/link.log");
    ASSERT_EQ(::mkfifo((run_ / "cell/pipe.log").c_str(), 0600), 0);
    make_directories(run_ / "cell/boot-2");
    EXPECT_THAT(copy_cell(run_, "cell", to_),
                ElementsAre((run_ / "cell/link.log").string() + ": it is a link",
                            (run_ / "cell/pipe.log").string() + ": it is not a regular file"));
    EXPECT_EQ(read_file(to_ / "console.log"), "said");
    EXPECT_EQ(std::distance(fs::directory_iterator(to_), fs::directory_iterator()), 1);
}

TEST_F(RunFiles, ACellsDirectoryIsNoLink) {
    make_directories(scratch_.path() / "private");
    write_file(scratch_.path() / "private/id_rsa", "s3cret");
    fs::create_directory_symlink("../private", run_ / "innocent");
    EXPECT_EQ(copy_cell(run_, "innocent", to_).size(), 1U);
    EXPECT_FALSE(fs::exists(to_));
    EXPECT_TRUE(copy_cell(run_, "absent", to_).empty());
    EXPECT_TRUE(copy_cell(run_, "..", to_).empty());
    EXPECT_FALSE(fs::exists(to_));
}

TEST_F(RunFiles, SizesAndNumbersAreBounded) {
    for (const char* name : {"1.log", "2.log", "3.log"})
        write_file(run_ / "cell" / name, "0123456789");
    fs::resize_file(run_ / "cell/1.log", std::uintmax_t{1} << 40);  // as sparse as it is large
    EXPECT_EQ(copy_cell(run_, "cell", to_).size(), 1U);
    EXPECT_EQ(copy_cell(run_, "cell", scratch_.path() / "small", {.cell = 15}).size(), 2U);
    EXPECT_EQ(copy_cell(run_, "cell", scratch_.path() / "few", {.files = 1}).size(), 2U);
}

TEST(CellDirectory, IsAPlainNameThatTheRunDoesNotUseItself) {
    EXPECT_TRUE(is_cell_directory("boot.recovery.x86_64-uefi-cdrom"));
    for (const char* name : {"", ".", "..", "a/b", "matrix.json", "junit.xml", "index.html"})
        EXPECT_FALSE(is_cell_directory(name)) << name;
    EXPECT_FALSE(is_cell_directory(std::string(256, 'x')));
}

}  // namespace
}  // namespace lktest::results
