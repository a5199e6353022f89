// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/unpack.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

using Strings = std::vector<std::string>;

/// The output of a command, which runs in a directory with the files.
std::string made_by(const std::map<std::string, std::string>& files, const std::string& script,
                    const std::string& result) {
    const TempDir directory;
    for (const auto& [path, content] : files) {
        make_directories((directory.path() / path).parent_path());
        write_file(directory.path() / path, content);
    }
    check_process({"sh", "-euc", script}, {.directory = directory.path(), .environment = {}});
    return read_file(directory.path() / result);
}

Strings paths_of(const std::vector<NamedFile>& files) {
    Strings paths;
    for (const NamedFile& file : files)
        paths.push_back(file.certain ? file.path : file.path + " ?");
    return paths;
}

TEST(ByteView, HasNothingOutsideItsWindow) {
    const ByteView whole = ByteView::of_memory("0123456789");
    EXPECT_EQ(whole.part(2, 3).read(0, 100), "234");
    EXPECT_EQ(whole.part(8, 100).size(), 2U);
    EXPECT_EQ(whole.part(11, 1).size(), 0U);
    EXPECT_EQ(whole.part(~std::uint64_t{0}, ~std::uint64_t{0}).read(0, 1), "");
    ByteView two = whole.part(0, 2);
    two.append(whole.part(7, 3));
    EXPECT_EQ(two.read(0, 100), "01789");
    EXPECT_EQ(two.part(1, 3).read(0, 100), "178");
    EXPECT_TRUE(same_bytes(two.part(2, 3), whole.part(7, 3)));
    EXPECT_FALSE(same_bytes(two, whole));
}

TEST(PathLookup, FollowsLinksAndEndsInALoop) {
    const auto links = [](const std::string& path) -> std::optional<std::string> {
        if (path == "/lib")
            return "usr/lib";
        if (path == "/usr/lib/ld.so")
            return "../../opt/./ld";
        if (path == "/a")
            return "/a/a";
        return std::nullopt;
    };
    EXPECT_EQ(follow_links("/lib/ld.so", links), "/opt/ld");
    EXPECT_EQ(follow_links("/../etc//passwd/", links), "/etc/passwd");
    EXPECT_EQ(follow_links("/a/b", links).substr(0, 3), "/a/");
    EXPECT_EQ(normal_path("a/./b//../c/"), "/a/c");
}

TEST(GrubConfig, IsReadWithItsVariablesAndQuotes) {
    const BootConfig config = parse_grub(R"(# comment
set kernel=/casper/vmlinuz ; set other=one
if [ $unknown ]; then set other=two; fi
search --file --set=root /.disk/info
menuentry "Try it" --class x {
    linux ($root)$kernel boot=casper \
        "quiet splash" $other --- console=ttyS0
    initrd /casper/initrd /ucode.img
}
submenu 'More' { menuentry "$other" { linuxefi /no/${other} ; initrdefi /x } }
menuentry 'Disk' { set root=(hd0,1); linux /vmlinuz root=/dev/sda1 }
)");
    ASSERT_EQ(config.entries.size(), 3U);
    EXPECT_EQ(config.entries[0].title, "Try it");
    EXPECT_EQ(config.entries[0].kernel.path, "/casper/vmlinuz");
    EXPECT_EQ(config.entries[0].kernel.line, 6U);
    EXPECT_TRUE(config.entries[0].kernel.certain);
    EXPECT_FALSE(config.entries[0].certain);
    EXPECT_EQ(config.entries[0].command_line, R"(boot=casper "quiet splash"  --- console=ttyS0)");
    EXPECT_EQ(paths_of(config.entries[0].initrds), (Strings{"/casper/initrd", "/ucode.img"}));
    EXPECT_EQ(paths_of({config.entries[1].kernel}), Strings{"/no/ ?"});
    EXPECT_EQ(config.efi_commands, (std::vector<std::size_t>{10, 10}));
    EXPECT_FALSE(config.entries[2].kernel.certain);
}

TEST(SyslinuxConfig, IsReadWithItsEntries) {
    const BootConfig config = parse_syslinux(
        "UI vesamenu.c32\nAPPEND quiet\nLABEL live\r\n  MENU LABEL ^Live\n  KERNEL vmlinuz\n"
        "  APPEND initrd=a.img,/b.img root=live:LABEL=X console=ttyS0\n"
        "label mem\n kernel memtest.bin\nlabel hdt\n com32 hdt.c32\nlabel plain\n linux /k\n");
    ASSERT_EQ(config.entries.size(), 2U);
    EXPECT_EQ(config.entries[0].title, "Live");
    EXPECT_EQ(config.entries[0].kernel.path, "vmlinuz");
    EXPECT_EQ(paths_of(config.entries[0].initrds), (Strings{"a.img", "/b.img"}));
    EXPECT_EQ(config.entries[0].command_line, "root=live:LABEL=X console=ttyS0");
    EXPECT_EQ(config.entries[1].command_line, "quiet");
    EXPECT_EQ(paths_of(config.modules), (Strings{"vesamenu.c32", "hdt.c32"}));
    ASSERT_EQ(config.labels.size(), 1U);
    EXPECT_EQ(config.labels[0].label, "X");
}

TEST(LoaderEntry, IsReadWithItsOptions) {
    const BootConfig config = parse_loader_entry(
        "title   Arch Linux live\nlinux /arch/vmlinuz\ninitrd /arch/ucode.img\ninitrd /arch/initramfs.img\n"
        "options archisolabel=ARCH_202609\noptions console=ttyS0\n");
    ASSERT_EQ(config.entries.size(), 1U);
    EXPECT_EQ(config.entries[0].title, "Arch Linux live");
    EXPECT_EQ(paths_of(config.entries[0].initrds), (Strings{"/arch/ucode.img", "/arch/initramfs.img"}));
    EXPECT_EQ(config.entries[0].command_line, "archisolabel=ARCH_202609 console=ttyS0");
    EXPECT_EQ(config.labels.at(0).label, "ARCH_202609");
}

TEST(Labels, AreThoseOfTheMedium) {
    const auto labels = [](std::string_view line) {
        Strings found;
        for (const LabelUse& use : labels_of(line, 1))
            found.push_back(use.label);
        return found;
    };
    EXPECT_EQ(labels(R"(inst.stage2=hd:LABEL=Fedora\x2041:/images quiet)"), Strings{"Fedora 41"});
    EXPECT_EQ(labels("root=live:/dev/disk/by-label/OPENEULER rd.live.image"), Strings{"OPENEULER"});
    EXPECT_EQ(labels("root=LABEL=$label resume=LABEL=SWAP"), Strings{});
}

TEST(IsoTree, ReadsRockRidgeJolietAndPlainNames) {
    const std::string tree =
        "mkdir -p 'd/Some Directory' && echo hello > 'd/Some Directory/A long name.text' && "
        "ln -s 'Some Directory' d/link && ";
    const auto find = [](const std::string& bytes, const std::string& path) {
        const IsoTree iso = read_iso_tree(ByteView::of_memory(bytes));
        EXPECT_FALSE(iso.damaged);
        const IsoNode* node = iso.find(path);
        return node ? node->content.read(0, 100) : "";
    };
    const std::string ridge = made_by({}, tree + "xorriso -as mkisofs -quiet -R -o x.iso d", "x.iso");
    EXPECT_EQ(find(ridge, "/link/A long name.text"), "hello\n");
    EXPECT_EQ(find(ridge, "/link/a long name.text"), "");
    const std::string joliet =
        made_by({}, tree + "xorriso -as mkisofs -quiet --norock -J -o x.iso d", "x.iso");
    EXPECT_EQ(find(joliet, "/some directory/A LONG NAME.text"), "hello\n");
    const std::string plain = made_by(
        {}, "mkdir d && echo hi > d/FILE.TXT && xorriso -as mkisofs -quiet --norock -o x.iso d", "x.iso");
    EXPECT_EQ(find(plain, "/file.txt"), "hi\n");
}

TEST(Fat, ReadsLongNamesAndFragmentsOfEachKind) {
    for (const auto& [bits, kib] : {std::pair{12, 1440}, {16, 8192}, {32, 40960}}) {
        // Removing "hole" leaves a gap, so the large file becomes fragmented.
        const std::string image = made_by(
            {{"hole", std::string(20'000, 'h')}, {"large", std::string(50'000, 'x') + "end"}, {"small", "s"}},
            fmt::format("mkfs.vfat -C -F {} -s 1 -n TESTING fat {} >/dev/null; mmd -i fat ::/EFI; "
                        "mcopy -i fat hole ::/hole; mcopy -i fat small '::/EFI/A rather long name.conf'; "
                        "mdel -i fat ::/hole; mcopy -i fat large ::/EFI/BOOTX64.EFI",
                        bits, kib),
            "fat");
        const auto fat = read_fat(ByteView::of_memory(image));
        ASSERT_TRUE(fat) << bits;
        EXPECT_EQ(fat->bits, bits);
        EXPECT_EQ(fat->label, "TESTING");
        EXPECT_EQ(fat->size, std::uint64_t{1024} * kib);
        EXPECT_FALSE(fat->damaged);
        ASSERT_EQ(fat->files.size(), 2U);
        EXPECT_EQ(fat->files.at("/efi/a rather long name.conf").read(0, 10), "s");
        EXPECT_EQ(fat->files.at("/EFI/BOOTX64.EFI").read(0, 60'000), std::string(50'000, 'x') + "end");
    }
    EXPECT_FALSE(read_fat(ByteView::of_memory(std::string(1024, 'x'))));
}

TEST(Pe, NamesMachineSignersAndSbat) {
    const std::string signature = made_by(
        {{"data", "x"}},
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 9 -subj '/O=Test/CN=A Signer' "
        "2>/dev/null; openssl smime -sign -in data -signer cert -inkey key -outform DER -nodetach -out p7",
        "p7");
    EXPECT_EQ(signers_of(signature), Strings{"A Signer"});
    EXPECT_EQ(signers_of(signature.substr(0, 300)), Strings{});
    EXPECT_EQ(signers_of(""), Strings{});

    const auto image =
        read_pe(ByteView::of_memory(fake_pe(0xaa64, true, "sbat,1,S\nshim,4,U\ngrub.debian,5,D")));
    ASSERT_TRUE(image);
    EXPECT_EQ(pe_machine_name(image->machine), "aarch64");
    EXPECT_TRUE(image->signature);
    EXPECT_EQ(image->sbat, (Strings{"shim,4", "grub.debian,5"}));
    EXPECT_EQ(efi_name_machine("bootaa64.EFI"), "aarch64");
    EXPECT_EQ(efi_name_machine("grubx64.efi"), "x86_64");
    EXPECT_EQ(efi_name_machine("shell.efi"), "");
}

/// A small initramfs, unpacked: "070701…".
std::string plain_cpio(const FileTree& tree) {
    const std::string packed = write_cpio(tree, 0);
    Unpacked unpacked(ByteView::of_memory(packed), 1 << 20);
    return read_some([&](std::span<char> buffer) { return unpacked.read(buffer); }, 1 << 20);
}

FileTree small_root() {
    FileTree tree;
    tree.put_symlink("/init", "usr/lib/systemd");
    tree.put_symlink("/lib64", "usr/lib64");
    std::string program = elf_bytes(62);
    program.resize(512, '\0');
    put(program, 32, 64, 8);  // program headers: one PT_INTERP
    put(program, 54, 56, 2);
    put(program, 56, 1, 2);
    put(program, 64, 3, 4);
    put(program, 64 + 8, 256, 8);
    put(program, 64 + 32, 16, 8);
    program.replace(256, 15, "/lib64/ld.so.2\0");
    tree.put_file("/usr/lib/systemd", program, 0755);
    tree.put_file("/usr/lib64/ld.so.2", elf_bytes(62), 0755);
    tree.put_file("/usr/lib/firmware/blob.elf", elf_bytes(94));
    tree.put_file("/usr/lib/modules/6.1/kernel/net/virtio-net.ko.xz", "x");
    return tree;
}

TEST(Initramfs, IsReadInEachCompressionThatLinuxKnows) {
    const std::string cpio = plain_cpio(small_root());
    for (const auto& [compression, command] : {std::pair{"gzip", "gzip -c cpio"},
                                               {"bzip2", "bzip2 -c cpio"},
                                               {"xz", "xz --check=crc32 -c cpio"},
                                               {"lzma", "xz --format=lzma -c cpio"},
                                               {"zstd", "zstd -c cpio"},
                                               {"lz4", "lz4 -l -c cpio 2>/dev/null"}}) {
        const std::string packed = made_by({{"cpio", cpio}}, fmt::format("{} > out", command), "out");
        EXPECT_EQ(compression_of(packed), compression);
        const std::vector<ByteView> files{ByteView::of_memory(packed)};
        const InitramfsImage image = read_initramfs(files);
        EXPECT_EQ(image.fault, "") << compression;
        EXPECT_EQ(image.segments, Strings{compression});
        EXPECT_FALSE(image.xz_crc64);
        ASSERT_TRUE(image.init) << compression;
        EXPECT_TRUE(image.init->executable);
        EXPECT_EQ(image.init->interpreter, "/lib64/ld.so.2");
        EXPECT_TRUE(image.init->interpreter_there);
        ASSERT_EQ(image.machines.size(), 1U);  // firmware does not have to be for this CPU
        EXPECT_EQ(image.machines[0].count, 2U);
        EXPECT_TRUE(image.modules.contains("virtio_net"));
        EXPECT_EQ(image.releases, Strings{"6.1"});
    }
}

TEST(Initramfs, HasItsMicrocodeInFront) {
    FileTree early;
    early.put_file("/kernel/x86/microcode/GenuineIntel.bin", "microcode");
    const std::string front = plain_cpio(early) + std::string(512, '\0');
    const std::string main = write_cpio(small_root(), 0);
    const std::vector<ByteView> one{ByteView::of_memory(front + main)};
    EXPECT_EQ(read_initramfs(one).segments, (Strings{"cpio", "zstd"}));
    EXPECT_TRUE(read_initramfs(one).init);
    const std::vector<ByteView> two{ByteView::of_memory(front), ByteView::of_memory(main)};
    EXPECT_EQ(read_initramfs(two).segments, (Strings{"cpio", "zstd"}));
    EXPECT_TRUE(read_initramfs(two).init);
    EXPECT_FALSE(read_initramfs(two, "/linuxrc").init);
    const std::vector<ByteView> noise{ByteView::of_memory("noise")};
    EXPECT_EQ(read_initramfs(noise).fault, "it is neither a cpio archive nor compressed");
}

TEST(Kernel, IsReadCompressedToo) {
    const std::string arm = fake_kernel(Arch::aarch64);
    const std::string gzip = made_by({{"k", arm}}, "gzip k", "k.gz");
    const auto packed = read_kernel(ByteView::of_memory(gzip));
    ASSERT_TRUE(packed);
    EXPECT_EQ(packed->format, "gzip Image");
    EXPECT_EQ(packed->machine, "aarch64");
    EXPECT_EQ(packed->version, "6.1.0-arm");
    EXPECT_FALSE(packed->cut);

    std::string zboot = fake_pe(0xaa64, false).replace(4, 4, "zimg");
    put(zboot, 8, zboot.size(), 4);
    put(zboot, 12, gzip.size(), 4);
    zboot.replace(24, 5, "gzip\0", 5);
    zboot += gzip;
    const auto wrapped = read_kernel(ByteView::of_memory(zboot));
    ASSERT_TRUE(wrapped);
    EXPECT_EQ(wrapped->format, "EFI zboot (gzip)");
    EXPECT_EQ(wrapped->machine, "aarch64");
    EXPECT_EQ(wrapped->version, "6.1.0-arm");
    EXPECT_FALSE(read_kernel(ByteView::of_memory("no kernel")));
}

TEST(Kernel, OfX86IsDamagedWhenWhatItHasPackedDoesNotUnpack) {
    std::string payload = made_by({{"k", std::string(100'000, 'k') + "end"}}, "xz --check=crc32 k", "k.xz");
    const std::size_t packed = payload.size();
    payload += std::string(4, '\7');
    std::string kernel(1024, '\0');
    kernel[0x1f1] = 1;
    put(kernel, 0x1f4, (payload.size() + 15) / 16, 4);
    kernel.replace(0x202, 4, "HdrS");
    put(kernel, 0x206, 0x20f, 2);
    put(kernel, 0x248, 0, 4);
    put(kernel, 0x24c, payload.size(), 4);
    kernel += payload + std::string(16, '\0');
    const auto whole = read_kernel(ByteView::of_memory(kernel));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->format, "bzImage");
    EXPECT_EQ(whole->damage, "");
    kernel[1024 + packed / 2] ^= 0x55;
    EXPECT_NE(read_kernel(ByteView::of_memory(kernel))->damage, "");
    put(kernel, 0x248, 0xffff'ffff, 4);
    EXPECT_EQ(read_kernel(ByteView::of_memory(kernel))->damage, "") << "there is nothing to examine";
}

}  // namespace
}  // namespace lktest
