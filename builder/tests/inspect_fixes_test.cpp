// SPDX-License-Identifier: MIT
// Each fix is applied as its text says: the finding must be gone, and no other may come.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <filesystem>
#include <functional>

#include "builder/base/file.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/fake_medium.hpp"
#include "builder/tests/support/nobody.hpp"

namespace lktest {
namespace {

const char* const grub_file = "/boot/grub/grub.cfg";
const char* const isolinux_file = "/isolinux/isolinux.cfg";

std::vector<IsoFinding> faults_of(const MediumFacts& facts) {
    std::vector<IsoFinding> found = find_faults(facts);
    std::erase_if(found,
                  [](const IsoFinding& finding) { return finding.grade == IsoFinding::Grade::notice; });
    return found;
}
std::vector<IsoFinding> faults_of(const FakeMedium& medium) {
    return faults_of(read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso"));
}

std::string ids_in(const std::vector<IsoFinding>& findings) {
    std::vector<std::string> ids;
    for (const IsoFinding& finding : findings)
        ids.push_back(finding.id);
    return fmt::format("{}", fmt::join(ids, " "));
}

void substitute(std::string& text, const std::string& from, const std::string& to) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

/// The part of a finding's text or fix that the expression captures.
std::string word_of(const std::string& text, const char* expression) {
    std::string word;
    EXPECT_TRUE(re2::RE2::PartialMatch(text, expression, &word)) << text;
    return word;
}

struct Remedy {
    std::string id;
    Arch arch;
    std::function<void(FakeMedium&)> spoil;
    std::function<void(FakeMedium&, const IsoFinding&)> apply;
    std::string variant = {};
};

std::function<void(FakeMedium&)> in_file(const char* file, const std::string& from, const std::string& to) {
    return [=](FakeMedium& medium) { substitute(medium.files[file], from, to); };
}

std::vector<Remedy> remedies_of_menus() {
    constexpr Arch pc = Arch::x86_64, arm = Arch::aarch64;
    return {
        {"label-mismatch", arm, in_file(grub_file, "lktest.label=LIVE", "lktest.label=OTHER"),
         [](FakeMedium& medium, const IsoFinding& finding) {
             substitute(medium.files[grub_file], "OTHER", word_of(finding.fix, "Write '(.*?)' there"));
         },
         "in_the_menu"},
        {"label-mismatch", arm, in_file(grub_file, "lktest.label=LIVE", "lktest.label=OTHER"),
         [](FakeMedium& medium, const IsoFinding& finding) {
             medium.label = word_of(finding.fix, "the label '(.*?)' \\(xorriso");
         },
         "of_the_volume"},
        {"kernel-missing", arm, in_file(grub_file, "/boot/vmlinuz", "/boot/vmlinux"),
         [](FakeMedium& medium, const IsoFinding& finding) {
             medium.files[word_of(finding.text, "the kernel (\\S+),")] = fake_kernel(medium.arch);
         }},
        {"initrd-missing", arm, in_file(grub_file, "initrd.img", "initrd.gz"),
         [](FakeMedium& medium, const IsoFinding& finding) {
             substitute(medium.files[grub_file], word_of(finding.text, "the initramfs (\\S+),"),
                        "/boot/initrd.img");
         }},
        {"linuxefi-on-aarch64", arm, in_file(grub_file, "    linux ", "    linuxefi "),
         [](FakeMedium& medium, const IsoFinding&) {
             substitute(medium.files[grub_file], "linuxefi", "linux");
         }},
        {"serial-console-other-machine", arm, in_file(grub_file, "ttyAMA0", "ttyS0"),
         [](FakeMedium& medium, const IsoFinding& finding) {
             substitute(medium.files[grub_file], "console=tty0 console=ttyS0,115200",
                        word_of(finding.fix, "Write (.*?) there"));
         }},
        {"syslinux-default-missing", pc,
         [](FakeMedium& medium) {
             std::string& menu = medium.files[isolinux_file];
             re2::RE2::GlobalReplace(&menu, "(?im)^(ui|default) .*\n", "");
             menu = "DEFAULT nosuch\n" + menu;
         },
         [](FakeMedium& medium, const IsoFinding& finding) {
             substitute(medium.files[isolinux_file], "nosuch", word_of(finding.fix, "there: '?([^',. ]+)"));
         }},
        {"grub-root-is-a-disk", arm, in_file(grub_file, "    linux ", "    set root=hd0,1\n    linux "),
         [](FakeMedium& medium, const IsoFinding& finding) {
             substitute(medium.files[grub_file], "set root=hd0,1", word_of(finding.fix, "(search .*?)\\.$"));
         }},
    };
}

std::vector<Remedy> remedies_of_systems() {
    constexpr Arch arm = Arch::aarch64;
    return {
        {"init-not-executable", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/busybox sh\n", 0644); },
         [](FakeMedium& medium, const IsoFinding& finding) {
             medium.initramfs.find(word_of(finding.fix, "chmod 755 (\\S+)"))->permissions = 0755;
         }},
        {"init-interpreter-missing", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/ash\n", 0755); },
         [](FakeMedium& medium, const IsoFinding& finding) {
             medium.initramfs.put_file(word_of(finding.fix, "Put (\\S+) into"), elf_bytes(183, 2), 0755);
         }},
        {"init-carriage-return", arm,
         [](FakeMedium& medium) { medium.initramfs.put_file("/init", "#!/bin/busybox sh\r\n", 0755); },
         [](FakeMedium& medium, const IsoFinding&) {
             medium.initramfs.put_file("/init", "#!/bin/busybox sh\n", 0755);
         }},
        {"initramfs-unreadable", arm, [](FakeMedium& medium) { medium.files["/boot/initrd.img"] = ""; },
         [](FakeMedium& medium, const IsoFinding&) { medium.files.erase("/boot/initrd.img"); }},
    };
}

class AppliedFix : public testing::TestWithParam<Remedy> {};
const auto name_of_remedy = [](const auto& tested) {
    std::string name = tested.param.id + "_" + tested.param.variant;
    std::ranges::replace(name, '-', '_');
    return name;
};
INSTANTIATE_TEST_SUITE_P(OfMenus, AppliedFix, testing::ValuesIn(remedies_of_menus()), name_of_remedy);
INSTANTIATE_TEST_SUITE_P(OfSystems, AppliedFix, testing::ValuesIn(remedies_of_systems()), name_of_remedy);

TEST_P(AppliedFix, MakesTheMediumRight) {
    const Remedy& remedy = GetParam();
    FakeMedium medium(remedy.arch);
    remedy.spoil(medium);
    const std::vector<IsoFinding> before = faults_of(medium);
    ASSERT_EQ(ids_in(before), remedy.id);
    remedy.apply(medium, before.front());
    EXPECT_EQ(ids_in(faults_of(medium)), "") << before.front().fix;
}

std::string squashfs_of(const FileTree& tree) {
    const TempDir directory;
    write_squashfs(tree, directory.path() / "image", {}, 0, 1, nobody);
    return read_file(directory.path() / "image");
}

TEST(AppliedFix, ARootInADirectoryOfItsImageIsPackedFromThere) {
    const auto tree = [](const std::string& top) {
        FileTree made;
        for (const char* directory : {"/bin", "/etc", "/sbin", "/proc"})
            made.put_directory(top + directory);
        made.put_file(top + "/sbin/init", elf_bytes(183, 2), 0755);
        return made;
    };
    FakeMedium medium(Arch::aarch64);
    medium.files["/live/01.sb"] = squashfs_of(tree("/squashfs-root"));
    const std::vector<IsoFinding> before = faults_of(medium);
    ASSERT_EQ(ids_in(before), "root-nested");
    EXPECT_NE(before.front().text.find("/squashfs-root"), std::string::npos) << before.front().text;
    medium.files["/live/01.sb"] = squashfs_of(tree(""));
    EXPECT_EQ(ids_in(faults_of(medium)), "");
}

TEST(AppliedFix, AScriptOfIpxeIsHeldAgainstTheFilesBesideIt) {
    const TempDir server;
    const auto script = [&server](std::string_view kernel) {
        write_file(
            server.path() / "boot.ipxe",
            fmt::format("#!ipxe\ndhcp\nkernel --timeout 9 {} initrd=initrd.img console=ttyS0 || goto no\n"
                        "initrd initrd.img\nboot\n:no\nkernel http://elsewhere/${{file}}\n",
                        kernel));
        return faults_of(read_medium_facts(server.path()));
    };
    write_file(server.path() / "vmlinuz", fake_kernel(Arch::x86_64));
    write_file(server.path() / "initrd.img", "");
    EXPECT_EQ(ids_in(script("vmlinuz")), "initramfs-unreadable");
    write_file(server.path() / "initrd.img", std::string(4, '\0'));
    const std::vector<IsoFinding> before = script("vmlinux");
    ASSERT_EQ(ids_in(before), "kernel-missing");
    EXPECT_NE(before.front().text.find("/boot.ipxe:3"), std::string::npos) << before.front().text;
}

}  // namespace
}  // namespace lktest
