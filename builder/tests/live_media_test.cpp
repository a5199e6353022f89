// SPDX-License-Identifier: MIT
// Live systems of each family: a correct medium has no findings, and a broken one has the expected one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

using Strings = std::vector<std::string>;

Strings found_in(const FakeMedium& medium, std::uint64_t checksum_limit = 0) {
    const MediumFacts facts = read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso",
                                                {.checksum_limit = checksum_limit});
    Strings found;
    for (const IsoFinding& finding : find_faults(facts)) {
        EXPECT_FALSE(finding.text.empty() || finding.fix.empty()) << finding.id;
        if (finding.id != "no-ia32-loader")  // a note on every medium that lacks one
            found.push_back(finding.id);
    }
    return found;
}

/// A squashed directory.
std::string squashed(const std::string& commands, const std::string& options = "") {
    const TempDir directory;
    const std::string all = fmt::format(
        "mkdir root; cd root; {}; cd ..; mksquashfs root image -all-root -noappend -quiet -no-progress {} "
        ">/dev/null",
        commands, options);
    write_file(directory.path() / "program", elf_bytes(elf_machine(Arch::x86_64)));
    check_process({"sh", "-ec", all}, {.directory = directory.path()});
    return read_file(directory.path() / "image");
}

const char* const make_small_root =
    "mkdir -p sbin bin etc dev proc; cp ../program bin/busybox; ln -s ../bin/busybox sbin/init";

/// A medium whose kernels get these parameters.
FakeMedium with_parameters(const std::string& parameters) {
    FakeMedium medium(Arch::x86_64);
    for (const char* file : {"/boot/grub/grub.cfg", "/isolinux/isolinux.cfg"}) {
        std::string& text = medium.files[file];
        const std::string from = "lktest.label=LIVE";
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += parameters.size())
            text.replace(at, from.size(), parameters);
    }
    return medium;
}

void add_tools(FileTree& initramfs) {
    initramfs.put_file("/scripts/functions", "");
    initramfs.put_file("/conf/initramfs.conf", "BOOT=local\n");
}

struct Family {
    std::string name;
    std::string parameters;
    std::function<void(FakeMedium&)> right;
    /// A fault, and the finding that reports it.
    std::vector<std::pair<std::function<void(FakeMedium&)>, std::string>> faults;
};

std::function<void(FakeMedium&)> without_script(const std::string& path) {
    return [path](FakeMedium& medium) { medium.initramfs.remove(path); };
}

std::vector<Family> families() {
    return {
        {"live_boot",
         "boot=live components",
         [](FakeMedium& medium) {
             add_tools(medium.initramfs);
             medium.initramfs.put_file("/scripts/live", "");
             medium.files["/live/filesystem.squashfs"] = fake_squashfs();
         },
         {{without("/live/filesystem.squashfs"), "live-image-missing"},
          {without_script("/scripts/live"), "live-scripts-missing"}}},
        {"live_boot_elsewhere",
         "boot=live live-media-path=/system/a",
         [](FakeMedium& medium) {
             add_tools(medium.initramfs);
             medium.initramfs.put_file("/scripts/live", "");
             medium.files["/system/a/root.ext4"] = "ext4";
         },
         {{without("/system/a/root.ext4"), "live-image-missing"}}},
        {"casper",
         "quiet ---",
         [](FakeMedium& medium) {
             add_tools(medium.initramfs);
             medium.initramfs.put_file("/scripts/casper", "");
             medium.initramfs.put_file("/conf/conf.d/default-boot.conf", "export BOOT=casper\n");
             medium.initramfs.put_file("/conf/conf.d/default-layer.conf", "LAYERFS_PATH=a.b.squashfs\n");
             medium.initramfs.put_file("/conf/uuid.conf", "1234-abcd\n");
             medium.files["/.disk/casper-uuid-generic"] = "1234-abcd\n";
             medium.files["/casper/a.squashfs"] = fake_squashfs();
             medium.files["/casper/a.b.squashfs"] = fake_squashfs();
         },
         {{without("/casper/a.b.squashfs"), "live-image-missing"},
          {without("/.disk/casper-uuid-generic"), "live-uuid-mismatch"},
          {without_script("/conf/conf.d/default-boot.conf"), "live-parameter-missing"}}},
        {"casper_with_the_parameter_of_live_boot",
         "boot=casper",
         [](FakeMedium& medium) {
             add_tools(medium.initramfs);
             medium.initramfs.put_file("/scripts/casper", "");
             medium.files["/casper/filesystem.squashfs"] = fake_squashfs();
         },
         {{[](FakeMedium& medium) {
               medium.initramfs.remove("/scripts/casper");
               medium.initramfs.put_file("/scripts/live", "");
           },
           "live-scripts-missing"}}},
        {"dracut",
         "root=live:CDLABEL=LIVE rd.live.image rd.live.dir=os rd.live.squashimg=root.img",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/usr/lib/dracut-lib.sh", "");
             medium.initramfs.put_file("/usr/sbin/dmsquash-live-root", "");
             medium.files["/os/root.img"] = "image";
         },
         {{without("/os/root.img"), "live-image-missing"},
          {without_script("/usr/sbin/dmsquash-live-root"), "live-scripts-missing"}}},
        {"gentoo",
         "root=live:CDLABEL=LIVE rd.live.dir=/ rd.live.squashimg=image.squashfs cdroot",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/usr/lib/dracut-lib.sh", "");
             medium.initramfs.put_file("/usr/bin/dmsquash-live-root", "");
             medium.files["/image.squashfs"] = fake_squashfs();
         },
         {{without("/image.squashfs"), "live-image-missing"}}},
        {"kiwi",
         "root=live:CDLABEL=LIVE rd.live.image",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/lib/dracut-lib.sh", "");
             medium.initramfs.put_file("/sbin/kiwi-live-root", "");
             medium.files["/LiveOS/squashfs.img"] = fake_squashfs();
         },
         {{without("/LiveOS/squashfs.img"), "live-image-missing"}}},
        {"archiso",
         "archisobasedir=arch archisolabel=LIVE",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/init_functions", "");
             medium.initramfs.put_file("/hooks/archiso", "");
             medium.files["/arch/x86_64/airootfs.erofs"] = "image";
         },
         {{without("/arch/x86_64/airootfs.erofs"), "live-image-missing"},
          {without_script("/hooks/archiso"), "live-scripts-missing"}}},
        {"linux_live",
         "quiet",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/lib/config", "LIVEKITNAME=\"slax\"\nBEXT=sb\n");
             medium.initramfs.put_file("/lib/livekitlib", "");
             medium.files["/slax/01-core.sb"] = fake_squashfs();
         },
         {{without("/slax/01-core.sb"), "live-image-missing"}}},
        {"porteus",
         "quiet",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/init", "#!/bin/busybox sh\n# porteus\n", 0755);
             medium.files["/porteus/base/001-core.xzm"] = fake_squashfs();
         },
         {{without("/porteus/base/001-core.xzm"), "live-image-missing"}}},
        {"alpine",
         "modules=loop,squashfs modloop=/boot/modloop-lts",
         [](FakeMedium& medium) {
             medium.initramfs.put_file("/init", "#!/bin/busybox sh\nnlplug-findfs\n", 0755);
             medium.files["/boot/modloop-lts"] = fake_squashfs();
             medium.files["/apks/.boot_repository"] = "";
         },
         {{without("/boot/modloop-lts"), "live-image-missing"},
          {without("/apks/.boot_repository"), "live-medium-mark-missing"}}},
    };
}

class LiveFamilyMedium : public testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(Inspect, LiveFamilyMedium, testing::ValuesIn(families()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(LiveFamilyMedium, IsQuietWhenRightAndNamesWhatIsBroken) {
    FakeMedium right = with_parameters(GetParam().parameters);
    GetParam().right(right);
    EXPECT_EQ(found_in(right), Strings{});
    for (const auto& [breaks, id] : GetParam().faults) {
        FakeMedium broken = with_parameters(GetParam().parameters);
        GetParam().right(broken);
        breaks(broken);
        EXPECT_EQ(found_in(broken), Strings{id}) << id;
    }
}

TEST(Content, ComparesTheKernelWithTheModulesOfTheInitramfs) {
    FakeMedium medium(Arch::aarch64);
    medium.files["/boot/vmlinuz"].replace(4096, 24, "Linux version 6.1.9-arm ");
    EXPECT_EQ(found_in(medium), Strings{"initramfs-release"});
}

TEST(Content, KnowsThatLinuxUnpacksNoLz4Frame) {
    FakeMedium medium(Arch::aarch64);
    const TempDir directory;
    write_file(directory.path() / "cpio.zst", write_cpio(medium.initramfs, 0));
    check_process({"zstd", "-qd", "cpio.zst"}, {.directory = directory.path()});
    check_process({"lz4", "-q", "cpio", "frame"}, {.directory = directory.path()});
    check_process({"lz4", "-q", "-l", "cpio", "legacy"}, {.directory = directory.path()});
    medium.files["/boot/initrd.img"] = read_file(directory.path() / "legacy");
    EXPECT_EQ(found_in(medium), Strings{});
    medium.files["/boot/initrd.img"] = read_file(directory.path() / "frame");
    EXPECT_EQ(found_in(medium), Strings{"initramfs-lz4-frame"});
}

TEST(Content, NamesKernelsThatNotEveryCpuStarts) {
    FakeMedium medium(Arch::aarch64);
    std::string kernel = medium.files["/boot/vmlinuz"];
    for (const int pages : {0, 1, 2, 3}) {  // unknown, 4, 16, 64 KiB (Documentation/arch/arm64/booting.rst)
        kernel[24] = static_cast<char>(pages << 1);
        medium.files["/boot/vmlinuz"] = kernel;
        EXPECT_EQ(found_in(medium), pages > 1 ? Strings{"kernel-page-size"} : Strings{}) << pages;
    }
}

TEST(Content, HoldsCompressionsAgainstTheKernelsConfiguration) {
    FakeMedium medium(Arch::aarch64);
    const std::string options = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_ZSTD=y\nCONFIG_SQUASHFS_ZSTD=y\n";
    medium.files["/boot/config-6.1.0-arm"] = options;
    EXPECT_EQ(found_in(medium), Strings{});
    medium.files["/boot/config-6.1.0-arm"] = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\n";
    EXPECT_EQ(found_in(medium), (Strings{"initramfs-codec", "squashfs-codec"}));
    medium.files["/boot/config-6.9"] = medium.files.extract("/boot/config-6.1.0-arm").mapped();
    EXPECT_EQ(found_in(medium), Strings{});  // from another kernel
}

TEST(Content, ReadsTheRootInsideSquashfs) {
    // Images as libsquashfs unpacks them, with and without fragments.
    for (const char* options :
         {"-comp zstd", "-comp xz -no-fragments", "-comp gzip -b 4096", "-comp lz4 -noI"}) {
        FakeMedium medium(Arch::x86_64);
        medium.files["/live/01.sb"] = squashed(make_small_root, options);
        EXPECT_EQ(found_in(medium), Strings{}) << options;
        medium.files["/live/01.sb"] = squashed(std::string(make_small_root) + "; rm sbin/init", options);
        EXPECT_EQ(found_in(medium), Strings{"root-init-missing"}) << options;
        medium.files["/live/02.sb"] =
            squashed("mkdir -p sbin bin; cp ../program bin/x; ln -s /bin/x sbin/init");
        EXPECT_EQ(found_in(medium), Strings{}) << options;
    }
    FakeMedium lzma(Arch::x86_64);
    put(lzma.files["/live/01.sb"], 20, 2, 2);
    EXPECT_EQ(found_in(lzma), Strings{"squashfs-codec"});
    FakeMedium foreign(Arch::aarch64);
    foreign.files["/live/01.sb"] =
        squashed("mkdir -p sbin bin etc dev; cp ../program bin/x; ln -s ../bin/x sbin/init");
    const Strings found = found_in(foreign);
    EXPECT_TRUE(std::ranges::find(found, "root-machine") != found.end());
}

TEST(Content, VerifiesTheMediumsOwnChecksums) {
    constexpr std::uint64_t all = 1 << 30;
    FakeMedium medium(Arch::aarch64);
    medium.files["/md5sum.txt"] =
        "9e107d9d372bb6826bd81d3542a419d6  ./fox\n"
        "# a remark\n";
    medium.files["/fox"] = "The quick brown fox jumps over the lazy dog";
    EXPECT_EQ(found_in(medium, all), Strings{});
    medium.files["/fox"] += ".";
    EXPECT_EQ(found_in(medium, all), Strings{"checksum-mismatch"});
    EXPECT_EQ(found_in(medium, 10), Strings{});  // too large to be read
    medium.files.erase("/fox");
    EXPECT_EQ(found_in(medium, all), Strings{});  // made for another place
}

TEST(Content, KnowsWhichRootsNeedAnInitramfs) {
    for (const auto& [root, needs] : {std::pair{"root=LABEL=X", true},
                                      {"root=UUID=1234", true},
                                      {"root=PARTUUID=1234-02", false},
                                      {"root=/dev/sda2", false}}) {
        FakeMedium medium = with_parameters(root);
        for (const char* file : {"/boot/grub/grub.cfg", "/isolinux/isolinux.cfg"}) {
            std::string& text = medium.files[file];
            for (const std::string line : {"initrd /boot/initrd.img", "INITRD /boot/initrd.img"})
                for (std::size_t at = 0; (at = text.find(line)) != std::string::npos;)
                    text.erase(at, line.size());
        }
        const Strings found = found_in(medium);
        EXPECT_EQ(std::ranges::find(found, "root-needs-initramfs") != found.end(), needs) << root;
    }
}

TEST(Content, LeavesTheConsoleOfAarch64ToTheFirmware) {
    FakeMedium medium(Arch::aarch64);
    std::string& text = medium.files["/boot/grub/grub.cfg"];
    const std::string line = " console=tty0 console=ttyAMA0,115200";
    for (std::size_t at = 0; (at = text.find(line)) != std::string::npos;)
        text.erase(at, line.size());
    EXPECT_EQ(found_in(medium), Strings{});
}

TEST(Content, HoldsUuidsAgainstTheVolume) {
    const FakeMedium named = with_parameters("archisosearchuuid=2020-01-01-00-00-00-00");
    const Strings found = found_in(named);
    EXPECT_EQ(std::ranges::count(found, "uuid-mismatch"), static_cast<std::ptrdiff_t>(found.size()));
    EXPECT_FALSE(found.empty());
    const MediumFacts facts =
        read_medium_facts(ByteView::of_memory(FakeMedium(Arch::x86_64).bytes()), "live.iso");
    EXPECT_EQ(found_in(with_parameters("archisosearchuuid=" + facts.volume.uuid)), Strings{});
    EXPECT_EQ(found_in(with_parameters("root=UUID=0e1b2c3d-1111-2222-3333-444455556666")), Strings{});
}

}  // namespace
}  // namespace lktest
