// SPDX-License-Identifier: MIT
// Readers of unified kernel images, EROFS, dm-verity, SquashFS files and kernel configurations.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/erofs.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/image_files.hpp"
#include "builder/inspect/kernel_config.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/inspect/uki.hpp"
#include "builder/inspect/verity.hpp"
#include "builder/tests/support/fake_medium.hpp"
#include "builder/tests/support/gzipped.hpp"

namespace lktest {
namespace {

using Strings = std::vector<std::string>;

/// A PE image with these sections, one after the other in the file and in memory.
std::string pe_with(const std::vector<std::pair<std::string, std::string>>& sections) {
    std::string pe(4096, '\0');
    pe.replace(0, 2, "MZ");
    put(pe, 60, 64, 4);
    pe.replace(64, 2, "PE");
    put(pe, 64 + 4, 0x8664, 2);
    put(pe, 64 + 6, sections.size(), 2);
    put(pe, 64 + 20, 240, 2);
    put(pe, 88, 0x20b, 2);
    std::size_t at = 88 + 240, address = 4096;
    for (const auto& [name, content] : sections) {
        const std::size_t size = (content.size() + 511) / 512 * 512;
        pe.replace(at, name.size(), name);
        put(pe, at + 8, content.size(), 4);
        put(pe, at + 12, address, 4);
        put(pe, at + 16, size, 4);
        put(pe, at + 20, pe.size(), 4);
        pe += content + std::string(size - content.size(), '\0');
        address += (content.size() + 4095) / 4096 * 4096;
        at += 40;
    }
    return pe;
}

std::optional<UkiImage> uki_of(const std::string& bytes) {
    const ByteView file = ByteView::of_memory(bytes);
    const auto pe = read_pe(file);
    return pe ? read_uki(file, *pe) : std::nullopt;
}

std::string fault_of_squashfs(std::size_t at, std::uint64_t value, std::size_t size) {
    std::string image = fake_squashfs();
    put(image, at, value, size);
    const auto super = read_squashfs_super(ByteView::of_memory(image));
    return super ? super->fault : "not a SquashFS image";
}

TEST(EfiName, NamesTheMachine) {
    EXPECT_EQ(efi_name_machine("BOOTX64.EFI"), "x86_64");
    EXPECT_EQ(efi_name_machine("bootia32.efi"), "i386");
    EXPECT_EQ(efi_name_machine("grubaa64.efi"), "aarch64");
    EXPECT_EQ(efi_name_machine("BOOTRISCV64.EFI"), "riscv64");
    EXPECT_EQ(efi_name_machine("memtest.efi"), "");
}

TEST(BootCatalogue, HasEverySectionUpToTheLast) {
    constexpr std::size_t sector = 2048, entry = 32;
    std::string iso(20 * sector, '\0');
    iso.replace(17 * sector + 1, 5, "CD001");
    iso.replace(17 * sector + 7, 23, "EL TORITO SPECIFICATION");
    put(iso, 17 * sector + 71, 19, 4);
    const auto boots = [&iso](std::size_t number, std::uint64_t start) {
        put(iso, 19 * sector + number * entry, 0x88, 1);
        put(iso, 19 * sector + number * entry + 8, start, 4);
    };
    const auto section = [&iso](std::size_t number, std::uint64_t indicator, std::uint64_t platform) {
        put(iso, 19 * sector + number * entry, indicator, 1);
        put(iso, 19 * sector + number * entry + 1, platform, 1);
        put(iso, 19 * sector + number * entry + 2, 1, 2);
    };
    boots(1, 30);
    section(2, 0x90, bios_platform);  // more sections follow
    boots(3, 40);
    section(4, 0x91, efi_platform);  // the last one
    boots(5, 50);
    section(6, 0x91, efi_platform);
    boots(7, 60);
    const auto catalogue = read_boot_catalogue(ByteView::of_memory(iso));
    ASSERT_TRUE(catalogue);
    ASSERT_EQ(catalogue->images.size(), 3U);
    EXPECT_EQ(catalogue->images[1].offset, 40 * sector);
    EXPECT_EQ(catalogue->images[2].offset, 50 * sector);
    EXPECT_EQ(catalogue->images[2].platform, efi_platform);
}

TEST(SquashfsSuper, NamesTheFieldThatIsWrong) {
    constexpr std::size_t magic = 0, block_size = 12, logarithm = 22, version = 28, export_table = 88;
    EXPECT_EQ(fault_of_squashfs(export_table, ~std::uint64_t{0}, 8), "") << "an absent table";
    EXPECT_EQ(fault_of_squashfs(export_table, 4096, 8), "it has a table at 4096 of 4096 bytes");
    EXPECT_EQ(fault_of_squashfs(logarithm, 16, 2), "its block size and block_log disagree");
    EXPECT_EQ(fault_of_squashfs(block_size, 131073, 4), "its block size is 131073");
    EXPECT_EQ(fault_of_squashfs(version, 3, 2), "its version is 3.0, not 4.0");
    EXPECT_EQ(fault_of_squashfs(magic, 0, 4), "not a SquashFS image");
}

TEST(Uki, HasItsSections) {
    const auto uki = uki_of(pe_with({{".sdmagic", "#### LoaderInfo: systemd-stub 257 ####"},
                                     {".osrel", "ID=x\nPRETTY_NAME=\"An OS\"\n"},
                                     {".cmdline", "root=x quiet\n"},
                                     {".uname", "6.1"},
                                     {".ucode", "microcode"},
                                     {".initrd", "initrd"},
                                     {".linux", "kernel"}}));
    ASSERT_TRUE(uki);
    EXPECT_EQ(uki->stub, "systemd-stub 257");
    ASSERT_EQ(uki->profiles.size(), 1U);
    const UkiProfile& only = uki->profiles[0];
    EXPECT_EQ(only.command_line, "root=x quiet");
    EXPECT_EQ(only.uname, "6.1");
    EXPECT_EQ(only.os_name, "An OS");
    EXPECT_EQ(only.kernel.read(0, 100), "kernel");
    ASSERT_EQ(only.initrds.size(), 2U);
    EXPECT_EQ(only.initrds[0].read(0, 100), "microcode");
    EXPECT_EQ(only.initrds[1].read(0, 100), "initrd");
    EXPECT_TRUE(uki->overlapping.empty() && uki->outside.empty() && uki->twice.empty());
    EXPECT_FALSE(uki_of(pe_with({{".text", "code"}})));
}

TEST(Uki, HasAnEntryForEachProfile) {
    const auto uki = uki_of(pe_with({{".cmdline", "quiet"},
                                     {".initrd", "initrd"},
                                     {".linux", "kernel"},
                                     {".profile", "ID=main\n"},
                                     {".profile", "ID=rescue\nTITLE=Rescue\n"},
                                     {".cmdline", "single"}}));
    ASSERT_TRUE(uki);
    ASSERT_EQ(uki->profiles.size(), 2U);
    EXPECT_EQ(uki->profiles[0].title, "main");
    EXPECT_EQ(uki->profiles[0].command_line, "quiet");
    EXPECT_EQ(uki->profiles[1].title, "Rescue");
    EXPECT_EQ(uki->profiles[1].command_line, "single");
    EXPECT_EQ(uki->profiles[1].initrds.size(), 1U);
    EXPECT_TRUE(uki->twice.empty());
}

TEST(Uki, SaysWhatIsWrongWithItsSections) {
    const std::string right = pe_with({{".cmdline", "x"}, {".initrd", "initrd"}, {".linux", "kernel"}});
    std::string moved = right;
    put(moved, 88 + 240 + 40 + 12, 4096, 4);  // .initrd where .cmdline is
    EXPECT_EQ(uki_of(moved)->overlapping, Strings{".cmdline and .initrd"});
    EXPECT_EQ(uki_of(right.substr(0, right.size() - 512))->outside, Strings{".linux"});
    EXPECT_EQ(uki_of(pe_with({{".linux", "a"}, {".cmdline", "a"}, {".cmdline", "b"}}))->twice,
              Strings{".cmdline"});
}

TEST(Uki, IsAWayToBootTheMedium) {
    FakeMedium medium(Arch::x86_64);
    medium.files.erase("/EFI/BOOT/GRUBX64.EFI");
    medium.esp.clear();
    const std::string loader = "/EFI/BOOT/BOOTX64.EFI";
    const auto ids = [&medium, &loader](const std::string& uki) {
        medium.files[loader] = medium.esp[loader] = uki;
        const MediumFacts facts = read_medium_facts(ByteView::of_memory(medium.bytes()), "live.iso");
        Strings found;
        for (const IsoFinding& finding : find_faults(facts))
            if (finding.id.starts_with("uki") || finding.id.starts_with("label"))
                found.push_back(finding.id);
        return found;
    };
    const std::string kernel = fake_kernel(Arch::x86_64);
    EXPECT_EQ(ids(pe_with({{".cmdline", "root=live:CDLABEL=LIVE"}, {".initrd", "x"}, {".linux", kernel}})),
              Strings{});
    EXPECT_EQ(ids(pe_with({{".cmdline", "root=live:CDLABEL=X"}, {".initrd", "x"}, {".linux", kernel}})),
              Strings{"label-mismatch"});
    EXPECT_EQ(ids(pe_with({{".linux", kernel}})), (Strings{"uki-no-cmdline", "uki-no-initrd"}));
    EXPECT_EQ(ids(pe_with({{".cmdline", "\n"}, {".initrd", "x"}, {".linux", kernel}})),
              Strings{"uki-no-cmdline"});
    EXPECT_EQ(ids(pe_with({{".cmdline", "x"}, {".uname", "5.0"}, {".initrd", "x"}, {".linux", kernel}})),
              Strings{"uki-uname"});
}

/// A superblock with a right checksum, and no files.
std::string erofs_super(std::uint32_t incompatible, std::uint16_t algorithms) {
    std::string image(8192, '\0');
    put(image, 1024, 0xe0f5e1e2, 4);
    put(image, 1024 + 12, 12, 1);
    put(image, 1024 + 36, 2, 4);
    put(image, 1024 + 80, incompatible, 4);
    put(image, 1024 + 84, algorithms, 2);
    return image;
}

TEST(Erofs, NamesWhatAKernelMustKnow) {
    EXPECT_FALSE(read_erofs_super(ByteView::of_memory(std::string(4096, 'x'))));
    const auto plain = read_erofs_super(ByteView::of_memory(erofs_super(0, 0)));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->fault, "");
    EXPECT_EQ(plain->used, 8192U);
    EXPECT_TRUE(plain->compressors.empty());
    const auto packed = read_erofs_super(ByteView::of_memory(erofs_super(0x23, 0b1001)));
    EXPECT_EQ(packed->compressors, (Strings{"lz4", "zstd"}));
    EXPECT_EQ(packed->needs.back().kernel, "6.10");
    EXPECT_EQ(packed->needs.back().option, "CONFIG_EROFS_FS_ZIP_ZSTD");
    EXPECT_EQ(read_erofs_super(ByteView::of_memory(erofs_super(0x8000, 0)))->fault,
              "it uses unknown features (0x8000)");
    std::string summed = erofs_super(0, 0);
    put(summed, 1024 + 8, 1, 4);
    EXPECT_EQ(read_erofs_super(ByteView::of_memory(summed))->fault,
              "the checksum of its superblock is wrong");
}

TEST(Verity, ComputesTheRootHashFromTheTreesTop) {
    // veritysetup format --salt=00 of 2 blocks: a superblock, and one block of hashes.
    std::string tree = empty_verity_tree();
    const auto read = read_verity(ByteView::of_memory(tree), "partition 2");
    ASSERT_TRUE(read);
    // sha256sum of 4096 zero bytes
    EXPECT_EQ(read->root_hash, "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7");
    EXPECT_FALSE(read->cut);
    put(tree, 72, 1000, 8);
    EXPECT_TRUE(read_verity(ByteView::of_memory(tree), "x")->cut);
    EXPECT_FALSE(read_verity(ByteView::of_memory("verity"), "x"));
}

TEST(KernelConfiguration, IsReadFromTheKernelToo) {
    const std::string text = "CONFIG_BLK_DEV_INITRD=y\n# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C=5\n";
    const KernelConfig config = KernelConfig::parse(text);
    EXPECT_TRUE(config.known());
    EXPECT_TRUE(config.built_in("CONFIG_BLK_DEV_INITRD"));
    EXPECT_FALSE(config.has("CONFIG_A") || config.has("CONFIG_C") || config.built_in("CONFIG_B"));
    EXPECT_TRUE(config.has("CONFIG_B"));
    EXPECT_FALSE(KernelConfig::parse("CONFIG_B=y\n").known());
    const std::string kernel = std::string(1 << 20, 'k').replace((1 << 20) - 4, 4, "IKCF") + "G_ST" +
                               gzipped(text) + "IKCFG_ED" + "rest";
    EXPECT_EQ(embedded_config(plain_stream(ByteView::of_memory(kernel)), kernel.size()), text);
    EXPECT_EQ(embedded_config(plain_stream(ByteView::of_memory("IKCFG_ST but no end")), 100), "");
}

/// An image made by a program from the same small tree.
std::string image_by(const std::string& command) {
    const TempDir directory;
    const std::string all =
        "mkdir -p root/usr/lib/d root/etc; ln -s usr/lib root/lib; ln -s ../etc/f root/usr/f; "
        "head -c 300000 /dev/zero | tr '\\0' z > root/etc/f; echo small > root/usr/lib/d/g; "
        "for i in $(seq 400); do : > root/usr/lib/d/long-name-of-a-file-$i; done; " +
        command;
    check_process({"sh", "-ec", all}, {.directory = directory.path()});
    return read_file(directory.path() / "image");
}

void look_at(const std::string& bytes, bool squashed) {
    const ByteView view = ByteView::of_memory(bytes);
    RootUnion files;
    auto image = squashed ? open_squashfs(view) : open_erofs(view);
    ASSERT_TRUE(image);
    files.add(std::move(image));
    EXPECT_EQ(files.names("/"), (Strings{"etc", "lib", "usr"}));
    EXPECT_EQ(files.names("/lib/d").size(), 401U);
    EXPECT_EQ(files.find("/lib/d/long-name-of-a-file-399")->path, "/usr/lib/d/long-name-of-a-file-399");
    EXPECT_FALSE(files.find("/lib/d/long-name-of-a-file-401"));
    EXPECT_EQ(files.find("/usr/f")->node.size, 300000U);
    EXPECT_EQ(files.head("/usr/lib/d/g", 100), "small\n");
    EXPECT_EQ(files.head("/usr/f", 200000), std::string(200000, 'z'));
    EXPECT_TRUE(files.readable());
}

TEST(ImageFiles, AreFoundInSquashfs) {
    for (const char* options :
         {"-comp zstd", "-comp gzip -b 4096", "-comp xz -no-fragments", "-comp lz4 -noI -noD"})
        look_at(image_by(fmt::format("mksquashfs root image -noappend -quiet -no-progress {} >/dev/null",
                                     options)),
                true);
}

TEST(ImageFiles, AreFoundInErofs) {
    if (!std::filesystem::exists("/usr/bin/mkfs.erofs"))
        GTEST_SKIP() << "mkfs.erofs is not installed";
    look_at(image_by("mkfs.erofs image root >/dev/null"), false);
}

TEST(ImageFiles, SurviveFlippedBytes) {
    std::vector<std::pair<std::string, bool>> images{
        {image_by("mksquashfs root image -noappend -quiet -no-progress -noI -comp gzip >/dev/null"), true}};
    if (std::filesystem::exists("/usr/bin/mkfs.erofs"))
        images.emplace_back(image_by("mkfs.erofs image root >/dev/null"), false);
    std::mt19937 random(1);
    for (const auto& [whole, squashed] : images)
        for (int round = 0; round < 200; ++round) {
            std::string bytes = whole;
            for (int change = 0; change < 20; ++change) {
                std::size_t at = random() % bytes.size();
                at = std::min(bytes.find_first_not_of('\0', at), bytes.size() - 1);
                bytes[at] = static_cast<char>(random());
            }
            const ByteView view = ByteView::of_memory(bytes);
            RootUnion files;
            if (auto image = squashed ? open_squashfs(view) : open_erofs(view))
                files.add(std::move(image));
            files.names("/lib/d");
            files.head("/usr/f", 300000);
            files.head("/usr/lib/d/g", 100);
        }
}

}  // namespace
}  // namespace lktest
