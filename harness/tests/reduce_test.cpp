// SPDX-License-Identifier: MIT
#include "harness/matrix/reduce.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lktest {
namespace {

std::vector<PlannedCell> large_product() {
    Axes axes{.images = {{{"live", "/live.iso"}, {Arch::x86_64}}}, .scenarios = {{.name = "boot"}}};
    axes.firmwares = {all_firmwares.begin(), all_firmwares.end()};
    axes.media = {Medium::cdrom, Medium::usb, Medium::nvme, Medium::disk, Medium::direct};
    axes.hardware = {.chipsets = {Chipset::pc, Chipset::q35},
                     .cpus = {1, 2},
                     .tpms = {Tpm::none, Tpm::tpm2},
                     .cards = {Card::virtio, Card::e1000e}};
    return expand(axes);
}

using Pair = std::pair<std::string, std::string>;

/// The pairs of some axes, calculated independently of the code under test.
std::set<Pair> pairs(const std::vector<PlannedCell>& cells) {
    std::set<Pair> found;
    for (const PlannedCell& planned : cells) {
        if (planned.not_applicable)
            continue;
        const BootCell& cell = planned.cell;
        const std::vector<std::string> values{
            "firmware " + std::string(name(cell.firmware)), "medium " + std::string(name(cell.medium)),
            "chipset " + std::string(name(chipset(cell))),  "cpus " + std::to_string(*cell.hardware.cpus),
            cell.hardware.tpm ? "a TPM" : "no TPM",         cell.hardware.card ? "e1000e" : "virtio"};
        for (const std::string& one : values)
            for (const std::string& other : values)
                if (one < other)
                    found.emplace(one, other);
    }
    return found;
}

TEST(ReducePairwise, KeepsEveryPairThatCanMeetInAFewCells) {
    const auto all = large_product(), few = reduce_pairwise(all);
    EXPECT_EQ(pairs(few), pairs(all));
    EXPECT_EQ(all.size(), 400U);
    EXPECT_LT(few.size(), 30U);
}

TEST(ReducePairwise, ChoosesTheSameCellsEachTimeInTheirOrderAndNoneThatCannotRun) {
    const auto all = large_product(), few = reduce_pairwise(all);
    const auto names = [](const std::vector<PlannedCell>& cells) {
        std::vector<std::string> list;
        for (const PlannedCell& planned : cells)
            list.push_back(name(planned.cell));
        return list;
    };
    EXPECT_EQ(names(few), names(reduce_pairwise(large_product())));
    std::size_t place = 0;
    for (const PlannedCell& planned : few) {
        EXPECT_FALSE(planned.not_applicable);
        while (place < all.size() && all[place].cell != planned.cell)
            ++place;
        EXPECT_LT(place, all.size());
    }
    EXPECT_TRUE(reduce_pairwise({}).empty());
}

TEST(ReducePairwise, KnowsTheKeysAndRevocationsOfSecureBoot) {
    Axes axes{.images = {{{"live", "/live.iso"}, {Arch::x86_64}}}, .scenarios = {{.name = "boot"}}};
    axes.firmwares = {Firmware::uefi_secure};
    axes.hardware = {.trusts = {all_trusts.begin(), all_trusts.end()}, .sbats = {"none", "latest"}};
    EXPECT_EQ(reduce_pairwise(expand(axes)).size(), all_trusts.size() * 2);
}

}  // namespace
}  // namespace lktest
