// SPDX-License-Identifier: MIT
#include "harness/matrix/cell.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

BootCell cell(Arch arch, Firmware firmware) {
    return {.scenario = "boot", .image = {"recovery", "/x.iso"}, .arch = arch, .firmware = firmware};
}

TEST(Cell, IsNamedByEverythingThatTellsItFromAnother) {
    EXPECT_EQ(name(cell(Arch::aarch64, Firmware::uefi)), "boot.recovery.aarch64-uefi-cdrom");
}

TEST(Cell, SaysWhyAMachineCannotExist) {
    EXPECT_EQ(inapplicable(cell(Arch::aarch64, Firmware::bios)), "aarch64 machines have no BIOS");
    EXPECT_EQ(inapplicable(cell(Arch::x86_64, Firmware::bios)), std::nullopt);
}

}  // namespace
}  // namespace lktest
