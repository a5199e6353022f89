// SPDX-License-Identifier: MIT
#include "harness/diagnose/kernel_entry.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace lktest {
namespace {

GuestMemory memory_of(std::uint64_t address, const std::string& bytes) {
    return GuestMemory({{address, std::as_bytes(std::span(bytes))}});
}

TEST(KernelEntry, IsWithinAnArmImageAsLongAsItsHeaderSays) {
    constexpr std::uint64_t image = 0x4800'0000;
    std::string bytes(1 << 20, '\0');
    std::memcpy(bytes.data() + 56, "ARM\x64", 4);
    bytes[16 + 2] = 0x08;  // image_size: 512 KiB
    const GuestMemory memory = memory_of(image, bytes);
    EXPECT_TRUE(in_kernel_entry(memory, Arch::aarch64, image));
    EXPECT_TRUE(in_kernel_entry(memory, Arch::aarch64, image + 0x7fffc));
    EXPECT_FALSE(in_kernel_entry(memory, Arch::aarch64, image + 0x80000));
    EXPECT_FALSE(in_kernel_entry(memory, Arch::aarch64, image - 4));
    EXPECT_FALSE(in_kernel_entry(memory, Arch::aarch64, 0));
}

TEST(KernelEntry, IsBeforeAPackedX86Kernel) {
    std::string bytes(64 << 10, '\0');
    EXPECT_FALSE(in_kernel_entry(memory_of(x86_kernel_entry, bytes), Arch::x86_64, x86_kernel_entry));
    std::memcpy(bytes.data() + 0x40d,
                "\xfd"
                "7zXZ",
                6);
    const GuestMemory memory = memory_of(x86_kernel_entry, bytes);
    EXPECT_TRUE(in_kernel_entry(memory, Arch::x86_64, x86_kernel_entry));
    EXPECT_TRUE(in_kernel_entry(memory, Arch::x86_64, x86_kernel_entry + 0x200));
    EXPECT_FALSE(in_kernel_entry(memory, Arch::x86_64, x86_kernel_entry + 0x8000));
    EXPECT_FALSE(in_kernel_entry(memory, Arch::x86_64, 0x7c00));
}

TEST(KernelEntry, IsBesideTheWordsOfWhatUnpacksAKernel) {
    std::string bytes(64 << 10, '\0');
    std::strcpy(bytes.data() + 0x8000, "KASLR disabled: 'nokaslr' on cmdline.");
    EXPECT_TRUE(in_kernel_entry(memory_of(0x200'0000, bytes), Arch::x86_64, 0x200'3000));
}

}  // namespace
}  // namespace lktest
