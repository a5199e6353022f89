// SPDX-License-Identifier: MIT
#include "builder/initramfs/modules.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

/// Part of a real kernel's index: the modules that a SCSI disk depends on.
const ModuleIndex index_of_a_kernel{
    R"(kernel/drivers/scsi/scsi_mod.ko: kernel/drivers/scsi/scsi_common.ko
kernel/drivers/scsi/scsi_common.ko:
kernel/drivers/scsi/sd_mod.ko: kernel/block/t10-pi.ko kernel/lib/crc64-rocksoft.ko kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko kernel/lib/crc64.ko
kernel/block/t10-pi.ko: kernel/lib/crc64-rocksoft.ko kernel/lib/crc64.ko
kernel/lib/crc64-rocksoft.ko: kernel/lib/crc64.ko
kernel/lib/crc64.ko:
kernel/crypto/crc64_rocksoft_generic.ko: kernel/lib/crc64.ko
kernel/lib/libcrc32c.ko:
kernel/crypto/crc32c_generic.ko:
kernel/arch/x86/crypto/crc32c-intel.ko:
kernel/drivers/ata/libata.ko: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libata.ko kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
)",
    "# Soft dependencies extracted from modules themselves.\n"
    "softdep crc64_rocksoft pre: crc64\nsoftdep libcrc32c pre: crc32c\n",
    R"(# Aliases extracted from modules themselves.
alias crypto-crc64-rocksoft crc64_rocksoft_generic
alias crc32c crc32c_generic
alias crc32c crc32c_intel
alias scsi:t-0x00* sd_mod
alias pci:v*d*sv*sd*bc01sc06i01* ahci
)",
    "kernel/fs/ext4/ext4.ko\nkernel/drivers/mmc/core/mmc_block.ko\n"};

std::vector<std::string> paths(const std::vector<std::string>& wanted) {
    return choose_modules(index_of_a_kernel, wanted).paths;
}

std::string complaint(const std::vector<std::string>& wanted) {
    try {
        choose_modules(index_of_a_kernel, wanted);
    } catch (const Error& error) {
        return std::string(error.what()) + "; " + error.hint();
    }
    return "nothing";
}

TEST(Modules, ComeAfterEverythingTheyNeed) {
    EXPECT_EQ(paths({"ahci"}), (std::vector<std::string>{
                                   "kernel/drivers/scsi/scsi_common.ko", "kernel/drivers/scsi/scsi_mod.ko",
                                   "kernel/drivers/ata/libata.ko", "kernel/drivers/ata/ahci.ko"}));
}

TEST(Modules, BringTheChecksumThatADiskAsksForWhenItStarts) {
    const std::vector<std::string> disk = paths({"sd-mod"});
    EXPECT_EQ(disk,
              (std::vector<std::string>{"kernel/lib/crc64.ko", "kernel/crypto/crc64_rocksoft_generic.ko",
                                        "kernel/lib/crc64-rocksoft.ko", "kernel/block/t10-pi.ko",
                                        "kernel/drivers/scsi/scsi_common.ko",
                                        "kernel/drivers/scsi/scsi_mod.ko", "kernel/drivers/scsi/sd_mod.ko"}));
}

TEST(Modules, BringEverySupplierOfASoftDependency) {
    EXPECT_EQ(paths({"libcrc32c"}), (std::vector<std::string>{"kernel/crypto/crc32c_generic.ko",
                                                              "kernel/arch/x86/crypto/crc32c-intel.ko",
                                                              "kernel/lib/libcrc32c.ko"}));
}

TEST(Modules, ADirectoryIsAllThatLiesInIt) {
    EXPECT_EQ(paths({"drivers/ata"}), paths({"ahci"}));
}

TEST(Modules, WhatIsBuiltInNeedsNoFile) {
    EXPECT_TRUE(paths({"ext4", "mmc_block", "drivers/mmc/core"}).empty());
}

TEST(Modules, TheIndexIsCutDownToTheChosen) {
    const ModuleSet set = choose_modules(index_of_a_kernel, {"ahci"});
    EXPECT_EQ(set.dep, R"(kernel/drivers/scsi/scsi_mod.ko: kernel/drivers/scsi/scsi_common.ko
kernel/drivers/scsi/scsi_common.ko:
kernel/drivers/ata/libata.ko: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libata.ko kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
)");
    EXPECT_EQ(set.alias, "alias pci:v*d*sv*sd*bc01sc06i01* ahci\n");
    EXPECT_EQ(set.softdep, "");
}

TEST(Modules, AWrongNameIsCorrected) {
    EXPECT_EQ(complaint({"sd_mode"}), "the kernel has no module 'sd_mode'; did you mean 'sd_mod'?");
    EXPECT_EQ(complaint({"drivers/atta"}),
              "the kernel has no modules in 'drivers/atta'; did you mean 'drivers/ata'?");
    EXPECT_EQ(complaint({"nothing_like_it"}),
              "the kernel has no module 'nothing_like_it'; correct it, or write \"nothing_like_it?\" to omit "
              "it where it "
              "is missing");
}

TEST(Modules, AnEmptyIndexHasNothing) {
    EXPECT_TRUE(choose_modules({}, {}).paths.empty());
    EXPECT_THROW(choose_modules({}, {"loop"}), Error);
}

TEST(Modules, ALoopInTheIndexEnds) {
    const ModuleIndex looped{"kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\n", "", "", ""};
    EXPECT_EQ(choose_modules(looped, {"a"}).paths.size(), 2U);
}

}  // namespace
}  // namespace lktest
