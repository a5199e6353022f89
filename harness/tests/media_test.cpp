// SPDX-License-Identifier: MIT
// Live media of systems that lktest did not make, built and booted in the same way as users do.
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/tests/support/cells.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Creates a root like those of the Red Hat family in the directory $2, from one of our ISOs, $1: merged
/// /usr, /usr/lib64, the kernel next to its modules, and compressed modules; no init, and nothing from
/// Debian.
constexpr auto make_foreign_root = R"(
set -eu
xorriso -osirrox on -indev "$1" -extract /live "$2.live" -extract /boot/vmlinuz "$2.vmlinuz" 2>/dev/null
chmod -R u+w "$2.live"
mkdir -p "$2/usr/sbin" "$2/usr/lib64" "$2/etc" "$2/root" "$2/dev" "$2/proc" "$2/sys" "$2/run" "$2/tmp"
unsquashfs -q -n -f -d "$2" "$2.live/01-packages.sb" usr/bin/busybox bin/busybox
unsquashfs -q -n -f -d "$2" "$2.live/02-modules.sb" usr/lib/modules
[ ! -d "$2/bin" ] || [ -L "$2/bin" ] || { mv "$2/bin/busybox" "$2/usr/bin/"; rmdir "$2/bin"; }
for name in bin sbin lib lib64; do rm -f "$2/$name"; ln -s "usr/$name" "$2/$name"; done
ln -s busybox "$2/usr/bin/sh"
printf 'NAME="openEuler"\nID="openEuler"\n' >"$2/etc/os-release"
cd "$2"/usr/lib/modules/*
rm -rf kernel/drivers/gpu kernel/drivers/net/ethernet kernel/drivers/md kernel/drivers/usb/serial modules.*
find kernel/fs kernel/drivers/virtio kernel/drivers/block -name '*.ko' | xargs -n 50 xz -0 --check=crc32
depmod -b "$2" "${PWD##*/}" 2>/dev/null
mv "$2.vmlinuz" vmlinuz
)";

class MediaTest : public testing::Test {
protected:
    /// A foreign root, and an ISO of it from the recipe this-system.
    fs::path foreign_root(const std::string& arch) {
        const fs::path iso = scratch_.path() / (arch + "-ours.iso"),
                       root = scratch_.path() / (arch + "-root");
        check_process({LKTEST_PROGRAM, "build", "recovery", "--arch", arch, "-o", iso});
        check_process({"/bin/sh", "-c", make_foreign_root, "sh", iso, root});
        return root;
    }

    static ProcessResult patient(const std::vector<std::string>& command) {
        ProcessOptions options;
        options.deadline = std::chrono::minutes(5);
        return run_process(command, options);
    }

    ProcessResult boot(const fs::path& iso, const std::string& arch, std::vector<std::string> more) {
        std::vector<std::string> command{LKTEST_PROGRAM,
                                         "run",
                                         iso,
                                         "--arch",
                                         arch,
                                         "--scenario",
                                         "boot",
                                         "--history",
                                         "off",
                                         "--output",
                                         scratch_.path() / ("results-" + arch)};
        command.insert(command.end(), more.begin(), more.end());
        return patient(command);
    }

    Json only_cell(const std::string& arch) {
        const Json cells =
            Json::parse(read_file(scratch_.path() / ("results-" + arch) / "latest/matrix.json")).at("cells");
        EXPECT_EQ(cells.size(), 1U);
        return cells.at(0);
    }

    TempDir scratch_;
};

/// Also boots the variant for old BIOSes, which do not support GPT.
TEST_F(MediaTest, ADirectoryAndATarOfAForeignSystemBootThroughTheNetwork) {
    const fs::path directory = foreign_root("x86_64"), tree = foreign_root("aarch64");
    const fs::path tar = scratch_.path() / "root.tar.zst", recipe = scratch_.path() / "old-bios.toml";
    check_process({"tar", "--zstd", "-cf", tar, "-C", tree, "."});
    std::string text = read_file(source_directory() / "builder/recipes/this-system.toml");
    const std::string choice = "# partition_table = \"mbr\"";
    text.erase(text.find(choice), 2);
    write_file(recipe, text);

    const fs::path of_directory = scratch_.path() / "directory.iso", of_tar = scratch_.path() / "tar.iso";
    const ProcessResult first = patient(
        {LKTEST_PROGRAM, "build", recipe, "--root", directory, "--arch", "x86_64", "-o", of_directory});
    ASSERT_EQ(first.status, 0) << first.err;
    const ProcessResult second =
        patient({LKTEST_PROGRAM, "build", "--root", tar, "--arch", "aarch64", "-o", of_tar});
    ASSERT_EQ(second.status, 0) << second.err;
    const std::string table = check_process({"sfdisk", "--dump", of_directory});
    EXPECT_NE(table.find("label: dos"), std::string::npos) << table;

    auto bios = std::async(std::launch::async, [&] {
        return boot(of_directory, "x86_64", {"--firmware", "bios", "--medium", "disk"});
    });
    const ProcessResult uefi = boot(of_tar, "aarch64", {"--firmware", "uefi"});
    EXPECT_EQ(uefi.status, 0) << uefi.out << uefi.err;
    const ProcessResult old = bios.get();
    EXPECT_EQ(old.status, 0) << old.out << old.err;
    for (const char* arch : {"x86_64", "aarch64"})
        EXPECT_EQ(only_cell(arch).at("reached"), "network") << only_cell(arch);
}

/// Several menu entries: systemd-boot, which shim starts, and a signed image for each.
TEST_F(MediaTest, AnEnrolledKeySignsUnifiedKernelsThatShimStarts) {
    const fs::path iso = scratch_.path() / "signed.iso", recipe = scratch_.path() / "signed.toml",
                   certificate = scratch_.path() / "mok.pem";
    check_process({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                   "/CN=Mine", "-keyout", scratch_.path() / "mok.key", "-out", certificate});
    write_file(recipe, read_file(source_directory() / "builder/recipes/this-system.toml") +
                           "\n[boot]\nloader = \"uki\"\nkey = \"mok.key\"\n"
                           "certificate = \"mok.pem\"\nshim = true\n");
    const ProcessResult built = patient(
        {LKTEST_PROGRAM, "build", recipe, "--root", foreign_root("x86_64"), "--arch", "x86_64", "-o", iso});
    ASSERT_EQ(built.status, 0) << built.err;
    const ProcessResult refused = boot(iso, "x86_64", {"--firmware", "uefi-secure"});
    EXPECT_EQ(refused.status, 1) << refused.out << refused.err;
    EXPECT_EQ(only_cell("x86_64").at("outcome"), "boot-refused") << only_cell("x86_64");
    const ProcessResult booted = boot(iso, "x86_64", {"--firmware", "uefi-secure", "--mok", certificate});
    EXPECT_EQ(booted.status, 0) << booted.out << booted.err;
    EXPECT_EQ(only_cell("x86_64").at("reached"), "network") << only_cell("x86_64");
}

/// Checks the builder's report of rebuilt parts.
TEST_F(MediaTest, AChangedFileRedoesOnlyTheLayerThatItIsIn) {
    const fs::path root = foreign_root("aarch64"), iso = scratch_.path() / "live.iso",
                   recipe = scratch_.path() / "mine.toml";
    const std::string text = read_file(source_directory() / "builder/recipes/this-system.toml");
    write_file(recipe, text);
    const auto build = [&] {
        const ProcessResult ended =
            patient({LKTEST_PROGRAM, "build", recipe, "--root", root, "--arch", "aarch64", "-o", iso});
        EXPECT_EQ(ended.status, 0) << ended.err;
        std::string made;
        for (const std::string layer : {"root.sb", "modules.sb", "files.sb", "iso"})
            if (ended.err.find(layer + " ") != std::string::npos)
                made += layer + " ";
        return made;
    };
    EXPECT_EQ(build(), "root.sb modules.sb files.sb iso ");
    EXPECT_EQ(build(), "");
    write_file(root / "etc/motd", "changed");
    EXPECT_EQ(build(), "root.sb files.sb iso ");
    write_file(recipe, text + "\n[[file]]\npath = \"/etc/issue\"\ncontent = \"changed\"\n");
    EXPECT_EQ(build(), "files.sb iso ");
}

/// Installs the archive on disks with each kind of partition table, as a user would.
TEST_F(MediaTest, TheInstallerMakesSticksOfEveryKindBootByBios) {
    for (const char* scenario : {"scenarios/boot.toml", "harness/tests/sticks.toml"})
        fs::copy_file(source_directory() / scenario, scratch_.path() / fs::path(scenario).filename());
    check_process(
        {LKTEST_PROGRAM, "build", "recovery", "--arch", "x86_64", "-o", scratch_.path() / "live.tar"});
    const ProcessResult ended = patient({LKTEST_PROGRAM, "run", "--scenario", scratch_.path() / "sticks.toml",
                                         "--history", "off", "--output", scratch_.path() / "results-x86_64"});
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(own_steps(only_cell("x86_64")), 12) << only_cell("x86_64");
}

}  // namespace
}  // namespace lktest
