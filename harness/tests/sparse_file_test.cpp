// SPDX-License-Identifier: MIT
#include "harness/boot/sparse_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lktest {
namespace {

TEST(SparseFile, StoresNoBlockOfZerosAndEveryOtherByte) {
    const TempDir dir;
    const std::filesystem::path path = dir.path() / "core.elf";
    constexpr std::size_t size = 4 << 20, head = 100;  // as the head of an ELF file, memory is not aligned
    std::string memory(size, '\0');
    memory[0] = 'a';
    memory[5000] = 'b';
    memory[size / 2] = 'c';
    memory[size - 1] = 'd';
    const std::string before(head, 'h');
    SparseFile core(path);
    core.write(0, std::as_bytes(std::span(before)));
    core.write(head, std::as_bytes(std::span(memory)));
    EXPECT_FALSE(std::filesystem::exists(path));
    core.commit(head + size);

    EXPECT_TRUE(read_file(path) == before + memory);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_LE(status.st_blocks * 512, 5 * 4096 + 4096);
}

TEST(SparseFile, OfZerosAloneHasItsSize) {
    const TempDir dir;
    SparseFile core(dir.path() / "core.elf");
    const std::string zeros(1 << 20, '\0');
    core.write(0, std::as_bytes(std::span(zeros)));
    core.commit(zeros.size());
    EXPECT_EQ(std::filesystem::file_size(dir.path() / "core.elf"), zeros.size());
}

}  // namespace
}  // namespace lktest
