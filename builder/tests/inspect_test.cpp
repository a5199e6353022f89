// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

MediumFacts facts_of(std::string bytes) {
    return read_medium_facts(ByteView::of_memory(std::move(bytes)), "live.iso");
}

std::vector<std::string> ids(const MediumFacts& facts) {
    std::vector<std::string> found;
    for (const IsoFinding& finding : find_faults(facts)) {
        EXPECT_FALSE(finding.text.empty() || finding.fix.empty()) << finding.id;
        if (finding.grade != IsoFinding::Grade::notice)
            found.push_back(finding.id);
    }
    return found;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    for (; at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The position of the boot catalogue's entry for the image at this byte.
std::size_t catalogue_entry(const std::string& iso, std::uint64_t image) {
    const std::size_t catalogue = std::size_t{le32(iso, 17 * 2048 + 71)} * 2048;
    for (std::size_t at = catalogue + 32; at < catalogue + 2048; at += 32)
        if (std::uint64_t{le32(iso, at + 8)} * 2048 == image && u8(iso, at) == 0x88)
            return at;
    throw std::logic_error("no such entry in the catalogue");
}

/// One fault of a medium, and the only finding that must report it.
struct Fault {
    std::string id;
    Arch arch;
    std::function<void(FakeMedium&)> change = [](FakeMedium&) {};  ///< before it is written
    std::function<void(std::string&, const MediumFacts&)> spoil =  ///< afterwards; the facts before
        [](std::string&, const MediumFacts&) {};
    IsoFinding::Grade grade = IsoFinding::Grade::error;
    std::string variant = {};
};

void set_both(FakeMedium& medium, const std::string& path, const std::string& content) {
    medium.files[path] = medium.esp[path] = content;
}

const char* const boot_aa64 = "/EFI/BOOT/BOOTAA64.EFI";
constexpr Arch pc = Arch::x86_64, arm = Arch::aarch64;
constexpr auto warning = IsoFinding::Grade::warning;
constexpr auto error = IsoFinding::Grade::error;
const auto as_it_is = [](std::string&, const MediumFacts&) {};
const auto unchanged = [](FakeMedium&) {};

std::function<void(FakeMedium&)> in_grub(const std::string& from, const std::string& to) {
    return [=](FakeMedium& medium) { replace_all(medium.files[grub_cfg], from, to); };
}

std::string packed_with_xz(const FileTree& tree) {
    const TempDir directory;
    write_file(directory.path() / "cpio.zst", write_cpio(tree, 0));
    check_process({"zstd", "-qd", "cpio.zst"}, {.directory = directory.path()});
    check_process({"xz", "--check=crc64", "cpio"}, {.directory = directory.path()});
    return read_file(directory.path() / "cpio.xz");
}

std::vector<Fault> image_faults() {
    return {
        {"iso-truncated", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso.resize(iso.size() - 1'000'000); }},
        {"iso-tree-damaged", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { put(iso, iso.find("README.TXT;1") - 1, 255, 1); }},
        {"file-outside", arm, unchanged,
         [](std::string& iso, const MediumFacts&) {
             put(iso, iso.find("README.TXT;1") - 33 + 2, 0xffffff, 4);
         }},
        {"no-boot-record", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso.replace(17 * 2048 + 7, 8, 8, ' '); }},
        {"catalogue-invalid", arm, unchanged,
         [](std::string& iso, const MediumFacts&) {
             iso[std::size_t{le32(iso, 17 * 2048 + 71)} * 2048 + 6] = 'x';
         }},
        {"no-uefi-entry", pc, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             iso[catalogue_entry(iso, clean.esps[0].offset)] = '\0';
         }},
        {"no-bios-entry", pc, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             iso[catalogue_entry(iso, clean.catalogue->images[0].offset)] = '\0';
         }},
        {"boot-image-outside", pc, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             put(iso, catalogue_entry(iso, clean.catalogue->images[0].offset) + 8, 0xffffff, 4);
         }},
        {"no-partition-table", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso.replace(0, 32768, 32768, '\0'); }, warning},
        {"partition-outside", arm, unchanged,
         [](std::string& iso, const MediumFacts&) {
             put(iso, 446 + 16 + 4, 0x83, 1);
             put(iso, 446 + 16 + 12, 0x7fffffff, 4);
         }},
        {"gpt-crc", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso[le64(iso, 512 + 72) * 512 + 56] ^= 1; }, error,
         "entries"},
        {"gpt-crc", arm, unchanged, [](std::string& iso, const MediumFacts&) { iso[512 + 56] ^= 1; }, error,
         "header"},
        {"gpt-backup-missing", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso[le64(iso, 512 + 32) * 512] = 'x'; }, warning},
        {"gpt-backup-missing", arm, unchanged,
         [](std::string& iso, const MediumFacts&) { iso[le64(iso, 512 + 32) * 512 + 56] ^= 1; }, warning,
         "backup"},
        {"no-esp-partition", arm, [](FakeMedium& medium) { medium.layout.esp_type = basic_data_guid; },
         as_it_is, warning},
    };
}

std::vector<Fault> loader_faults() {
    return {
        {"ldlinux-missing", pc, without("/isolinux/ldlinux.c32")},
        {"isolinux-module-missing", pc, without("/isolinux/libutil.c32")},
        {"isolinux-config-missing", pc, without("/isolinux/isolinux.cfg")},
        {"boot-info-table-missing", pc, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             put(iso, clean.catalogue->images[0].offset + 12, 0, 4);
         }},
        {"boot-info-checksum", pc, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             iso[clean.catalogue->images[0].offset + 10'000] = 'x';
         }},
        {"esp-outside", arm, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             put(iso, catalogue_entry(iso, clean.esps[0].offset) + 8, 0xffffff, 4);
         }},
        {"esp-unreadable", arm, unchanged,
         [](std::string& iso, const MediumFacts& clean) { iso[clean.esps[0].offset] = '\0'; }},
        {"esp-damaged", arm, unchanged,
         [](std::string& iso, const MediumFacts& clean) {
             // FAT16: two bytes for each cluster, after the reserved sectors.
             const std::size_t esp = clean.esps[0].offset;
             const std::size_t cluster = le16(iso, iso.find("NOTES   TXT", esp) + 26);
             put(iso, esp + le16(iso, esp + 14) * 512U + cluster * 2, 0xfff0, 2);
         }},
        {"efi-loader-missing", arm, [](FakeMedium& medium) { medium.esp.erase(boot_aa64); }},
        {"efi-machine", arm, [](FakeMedium& medium) { set_both(medium, boot_aa64, fake_pe(0x8664, true)); }},
        {"efi-not-a-program", arm, [](FakeMedium& medium) { set_both(medium, boot_aa64, "text"); }},
        {"efi-cut", arm,
         [](FakeMedium& medium) { set_both(medium, grub_aa64, fake_pe(0xaa64, false).substr(0, 700)); }},
        {"efi-unsigned", arm, [](FakeMedium& medium) { set_both(medium, boot_aa64, fake_pe(0xaa64, false)); },
         as_it_is, warning},
        {"shim-without-grub", arm, without(grub_aa64)},
    };
}

std::vector<Fault> config_faults() {
    return {
        {"no-boot-config", arm, without(grub_cfg), as_it_is, warning},
        {"linuxefi-on-aarch64", arm, in_grub("    linux ", "    linuxefi ")},
        {"label-mismatch", arm, in_grub("set default=0", "search --no-floppy --set=root -l 'OTHER'"),
         as_it_is, error, "search"},
        {"label-mismatch", arm, in_grub("lktest.label=LIVE", "root=live:CDLABEL=MY\\\\x20LIVE"), as_it_is,
         error, "parameter"},
        {"kernel-missing", arm, without("/boot/vmlinuz")},
        {"kernel-missing", pc,
         [](FakeMedium& medium) {
             replace_all(medium.files["/isolinux/isolinux.cfg"], "/boot/vmlinuz", "/LIVE");
         },
         as_it_is, error, "a_directory"},
        {"initrd-missing", arm, in_grub("initrd.img", "initrd.gz")},
        {"initrd-missing", pc,
         [](FakeMedium& medium) {
             replace_all(medium.files["/isolinux/isolinux.cfg"], "initrd.img", "initrd.gz");
         },
         as_it_is, error, "syslinux"},
        {"no-initrd", arm, in_grub("initrd /boot/initrd.img", "")},
        {"serial-console-other-machine", arm, in_grub("ttyAMA0", "ttyS0"), as_it_is, warning},
        {"serial-console-not-last", arm,
         in_grub("console=tty0 console=ttyAMA0,115200", "console=ttyAMA0,115200 console=tty0"), as_it_is,
         warning},
    };
}

std::vector<Fault> system_faults() {
    return {
        {"kernel-unrecognised", arm, [](FakeMedium& medium) { medium.files["/boot/vmlinuz"] = "kernel"; }},
        {"kernel-cut", pc, [](FakeMedium& medium) { medium.files["/boot/vmlinuz"].resize(5000); }},
        {"kernel-machine", arm,
         [](FakeMedium& medium) {
             medium.files["/boot/vmlinuz"] = fake_kernel(pc).replace(0x400, 9, "6.1.0-arm");
         }},
        {"initramfs-unreadable", arm,
         [](FakeMedium& medium) {
             medium.files["/boot/initrd.img"] = write_cpio(medium.initramfs, 0);
             medium.files["/boot/initrd.img"].resize(200);
         }},
        {"initramfs-elf-machine", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/bin/busybox", elf_bytes(3, 1), 0755); }},
        {"initramfs-elf-machine", pc,
         [](FakeMedium& medium) { medium.initramfs.put_file("/bin/busybox", elf_bytes(3, 1), 0755); },
         as_it_is, warning, "i386"},
        {"initramfs-xz-check", arm,
         [](FakeMedium& medium) { medium.files["/boot/initrd.img"] = packed_with_xz(medium.initramfs); }},
        {"init-missing", arm, [](FakeMedium& medium) { medium.initramfs.remove("/init"); }},
        {"init-not-executable", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/busybox sh\n", 0644); }},
        {"init-interpreter-not-executable", arm,
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/init", "#!/bin/busybox sh\n", 0755);
             medium.initramfs.find("/bin/busybox")->permissions = 0644;
         }},
        {"init-interpreter-missing", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/bash\n", 0755); }},
        {"init-carriage-return", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/busybox\r\n", 0755); }},
        {"init-carriage-return", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/busybox sh\r\n", 0755); },
         as_it_is, error, "argument"},
        {"initramfs-module-missing", arm,
         [](FakeMedium& medium) {
             medium.initramfs.remove("/usr/lib/modules/6.1.0-arm/kernel/fs/overlay.ko");
         }},
        {"squashfs-corrupt", arm, [](FakeMedium& medium) { medium.files["/live/01.sb"][22] = 12; }},
        {"squashfs-corrupt", arm, [](FakeMedium& medium) { medium.files["/live/01.sb"] = "short"; }, as_it_is,
         error, "magic"},
        {"squashfs-truncated", arm, [](FakeMedium& medium) { medium.files["/live/01.sb"].resize(3000); }},
    };
}

std::vector<Fault> all_faults() {
    std::vector<Fault> all;
    for (const auto& group : {image_faults(), loader_faults(), config_faults(), system_faults()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

class PlantedFault : public testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Inspect, PlantedFault, testing::ValuesIn(all_faults()), [](const auto& tested) {
    std::string name = tested.param.id + (tested.param.variant.empty() ? "" : "_") + tested.param.variant;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST_P(PlantedFault, IsFoundAndNothingElseIs) {
    const Fault& fault = GetParam();
    FakeMedium medium(fault.arch);
    fault.change(medium);
    std::string bytes = medium.bytes();
    fault.spoil(bytes, facts_of(bytes));
    const auto findings = find_faults(facts_of(bytes));
    ASSERT_EQ(ids(facts_of(bytes)), std::vector{fault.id});
    EXPECT_EQ(findings.front().grade, fault.grade);
}

class CleanMedium : public testing::TestWithParam<Arch> {};
INSTANTIATE_TEST_SUITE_P(OfEachArch, CleanMedium, testing::ValuesIn(all_arches),
                         [](const auto& tested) { return std::string(name(tested.param)); });

TEST_P(CleanMedium, HasNoFindings) {
    const MediumFacts facts = facts_of(FakeMedium(GetParam()).bytes());
    EXPECT_EQ(ids(facts), std::vector<std::string>{});
    // This proves that everything was examined.
    EXPECT_EQ(facts.volume.label, "LIVE");
    ASSERT_EQ(facts.esps.size(), 1U);
    EXPECT_EQ(facts.esps[0].same.size(), 2U);
    EXPECT_EQ(facts.efi.size(), 4U);
    ASSERT_EQ(facts.kernels.size(), 1U);
    EXPECT_EQ(facts.kernels[0].image->machine, name(GetParam()));
    EXPECT_EQ(facts.kernels[0].image->version, fake_release(GetParam()));
    ASSERT_EQ(facts.initramfs.size(), 1U);
    EXPECT_EQ(facts.initramfs[0].image.segments, std::vector<std::string>{"zstd"});
    ASSERT_EQ(facts.initramfs[0].image.machines.size(), 1U);
    EXPECT_EQ(facts.initramfs[0].image.machines[0].count, 4U);
    ASSERT_EQ(facts.layers.size(), 1U);
    EXPECT_EQ(facts.layers[0].super->compressor, "zstd");
    EXPECT_EQ(facts.isolinux.has_value(), GetParam() == Arch::x86_64);
}

TEST_P(CleanMedium, SurvivesTruncationAnywhere) {
    const std::string whole = FakeMedium(GetParam()).bytes();
    for (std::size_t size = 34 * 1024; size < whole.size(); size += size / 37)
        EXPECT_EQ(ids(facts_of(whole.substr(0, size))), std::vector<std::string>{"iso-truncated"}) << size;
    for (const std::size_t size : {0UL, 1UL, 512UL})
        EXPECT_THROW(facts_of(whole.substr(0, size)), Error) << size;
    for (const std::size_t size : {32768UL, 34000UL})  // only the partition table is left
        EXPECT_EQ(ids(facts_of(whole.substr(0, size))), std::vector<std::string>{"image-truncated"}) << size;
}

TEST_P(CleanMedium, SurvivesFlippedBytes) {
    const std::string whole = FakeMedium(GetParam()).bytes();
    std::mt19937 random(1);
    for (int round = 0; round < 150; ++round) {
        std::string bytes = whole;
        for (int change = 0; change < 30; ++change) {
            // Zero bytes are skipped, because they do not affect parsing.
            std::size_t at = random() % bytes.size();
            at = std::min(bytes.find_first_not_of('\0', at), bytes.size() - 1);
            bytes[at] = static_cast<char>(random());
        }
        try {
            find_faults(facts_of(std::move(bytes)));
        } catch (const Error& told) {
            EXPECT_STREQ(told.what(), "live.iso is neither an ISO 9660 image nor a disk image");
        }
    }
}

TEST(Inspect, NamesAFileThatIsNoIso) {
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "x";
    const auto complaint = [](const std::filesystem::path& path) {
        try {
            read_medium_facts(path);
        } catch (const Error& told) {
            return std::string(told.what());
        }
        return std::string();
    };
    EXPECT_EQ(complaint(file), fmt::format("cannot read {}: No such file or directory", file.string()));
    EXPECT_EQ(complaint(directory.path()),
              fmt::format("{} is an empty directory", directory.path().string()));
    write_file(file, "");
    EXPECT_EQ(complaint(file), fmt::format("{} is empty", file.string()));
    write_file(file, "#!/bin/sh");
    EXPECT_EQ(complaint(file),
              fmt::format("{} is neither an ISO 9660 image nor a disk image", file.string()));
}

}  // namespace
}  // namespace lktest
