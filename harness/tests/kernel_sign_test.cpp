// SPDX-License-Identifier: MIT
#include "harness/diagnose/kernel_sign.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using Mode = CpuState::Mode;

KernelSign sign_of(Mode mode, std::uint64_t pc) {
    return kernel_sign({CpuState{.pc = pc, .mode = mode}});
}

TEST(KernelSign, IsWhereTheCpuIs) {
    EXPECT_EQ(sign_of(Mode::real, 0xf000), KernelSign::loader);
    EXPECT_EQ(sign_of(Mode::flat, 0x9000), KernelSign::loader) << "GRUB";
    EXPECT_EQ(sign_of(Mode::flat, 0xfffe'1234), KernelSign::loader) << "SeaBIOS in its ROM";
    EXPECT_EQ(sign_of(Mode::flat, 0xc100'0000), KernelSign::kernel) << "of 32 bits";
    EXPECT_EQ(sign_of(Mode::system, 0x3e00'0000), KernelSign::loader) << "UEFI";
    EXPECT_EQ(sign_of(Mode::system, 0xffff'ffff'8100'0000), KernelSign::kernel);
    EXPECT_EQ(sign_of(Mode::system, 0xffff'8000'0800'0000), KernelSign::kernel) << "aarch64";
    EXPECT_EQ(sign_of(Mode::user, 0x40'0000), KernelSign::kernel) << "a program";
}

TEST(KernelSign, OneCpuIsEnough) {
    const CpuState parked{.pc = 0xfff0, .mode = Mode::real};
    const CpuState runs{.pc = 0xffff'ffff'8100'0000, .mode = Mode::system};
    EXPECT_EQ(kernel_sign({parked, runs}), KernelSign::kernel);
    EXPECT_EQ(kernel_sign({parked, parked}), KernelSign::loader);
    EXPECT_EQ(kernel_sign({}), KernelSign::unknown);
}

}  // namespace
}  // namespace lktest
