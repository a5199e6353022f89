// SPDX-License-Identifier: MIT
#include "harness/run/schedule.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::chrono_literals;

Assignment of(Arch arch, Firmware firmware, const std::string& scenario) {
    return {
        {.scenario = scenario, .image = {"live", "/x.iso"}, .arch = arch, .firmware = firmware}, nullptr, {}};
}

std::vector<std::string> order(const std::vector<Assignment>& cells) {
    std::vector<std::string> names;
    for (const Assignment& cell : cells)
        names.push_back(name(cell.cell));
    return names;
}

TEST(Schedule, BeginsWithWhatTookLongestAndGuessesWhatNobodyHasTimed) {
    const std::vector<Assignment> cells{
        of(Arch::x86_64, Firmware::bios, "boot"), of(Arch::aarch64, Firmware::uefi, "boot"),
        of(Arch::x86_64, Firmware::uefi, "boot"), of(Arch::x86_64, Firmware::bios, "long")};
    EXPECT_EQ(order(longest_first(cells, {})),
              (std::vector<std::string>{"boot.live.x86_64-uefi-cdrom", "boot.live.aarch64-uefi-cdrom",
                                        "boot.live.x86_64-bios-cdrom", "long.live.x86_64-bios-cdrom"}));
    EXPECT_EQ(order(longest_first(
                  cells, {{"long.live.x86_64-bios-cdrom", 60s}, {"boot.live.x86_64-uefi-cdrom", 1s}})),
              (std::vector<std::string>{"long.live.x86_64-bios-cdrom", "boot.live.aarch64-uefi-cdrom",
                                        "boot.live.x86_64-bios-cdrom", "boot.live.x86_64-uefi-cdrom"}));
}

}  // namespace
}  // namespace lktest
