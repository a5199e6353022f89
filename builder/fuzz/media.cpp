// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/fuzz/reader.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/grub_program.hpp"
#include "builder/inspect/image_files.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/partitions.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/revocations.hpp"
#include "builder/inspect/secure_boot.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/layer/squashfs_tree.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tests/support/fake_medium.hpp"
#include "builder/tests/support/signed_pe.hpp"
#include "builder/tree/ext4_tree.hpp"

namespace lktest {
namespace {

void medium(const std::string& bytes) {
    find_faults(read_medium_facts(ByteView::of_memory(bytes), "fuzz"));
}

void iso_tree(const std::string& bytes) {
    const IsoTree tree = read_iso_tree(ByteView::of_memory(bytes));
    for (const auto& [path, node] : tree.nodes)
        tree.find(path);
}

void fat(const std::string& bytes) {
    if (const auto volume = read_fat(ByteView::of_memory(bytes)))
        for (const auto& [path, content] : volume->files)
            content.read(0, 4096);
}

/// The tables at fixed places.
void tables(const std::string& bytes) {
    const ByteView view = ByteView::of_memory(bytes);
    read_partitions(view);
    read_boot_catalogue(view);
    read_squashfs_super(view);
}

void pe(const std::string& bytes) {
    const ByteView file = ByteView::of_memory(bytes);
    read_pe(file);
    read_secure_boot(file);
    read_grub_program(file);
    read_grub_core(file);
}

/// Single files inside a root image, and embedded parts of kernels and unified kernel images.
void root_images(const std::string& bytes) {
    const ByteView view = ByteView::of_memory(bytes);
    for (const auto& open : {open_squashfs, open_erofs}) {
        RootUnion files;
        if (auto image = open(view))
            files.add(std::move(image));
        for (const char* path : {"/", "/lib/modules"})
            files.names(path);
        files.head("/sbin/init", 1 << 20);
    }
    read_verity(view, "fuzz");
    if (const auto pe = read_pe(view))
        read_uki(view, *pe);
    embedded_config(plain_stream(view), bytes.size());
}

/// As the only signature of a program.
void signers(const std::string& bytes) {
    signers_of(bytes);
    std::string program = fake_pe(0x8664, false), table;
    add_le(table, 8 + bytes.size(), 4);
    add_le(table, 0x200, 2);
    add_le(table, 2, 2);
    put(program, 64 + 24 + 112 + 32, program.size(), 4);
    put(program, 64 + 24 + 112 + 36, table.size() + bytes.size(), 4);
    read_secure_boot(ByteView::of_memory(program + table + bytes));
}

/// What revokes programs: levels of SBAT, and lists of hashes and certificates.
void revocations(const std::string& bytes) {
    const SbatLevel level = parse_sbat_level(bytes);
    revoked_components(level.required, level.required);
    sbat_day(level.date);
    Revocations known;
    add_dbx(known, bytes);
    common_names(known.dbx_certificates);
    common_names(read_signature_lists(bytes).certificates);
}

void configs(const std::string& bytes) {
    parse_grub(bytes);
    parse_syslinux(bytes);
    parse_loader_entry(bytes);
}

void initramfs(const std::string& bytes) {
    const ByteView file = ByteView::of_memory(bytes);
    read_initramfs(std::span(&file, 1));
}

void kernel(const std::string& bytes) {
    read_kernel(ByteView::of_memory(bytes));
}

/// libext2fs only opens files, so this writes one. Set TMPDIR to a directory below /dev/shm.
void ext4(const std::string& bytes) {
    const Content content = Content::text(bytes);
    if (!is_ext4(content))
        return;
    const TempDir cache;
    ext4_tree({content, "fuzz", "fuzz"}, {}, cache.path(), [](auto...) {});
}

/// A vendor's image, as libsquashfs reads it. libsquashfs allocates as much as a length field says before it
/// reads: libFuzzer needs -malloc_limit_mb=65536.
void squashfs(const std::string& bytes) {
    const TempDir cache;
    squashfs_tree({ByteView::of_memory(bytes), "fuzz", "fuzz"}, {}, cache.path(), [](auto...) {});
}

std::string cut(const std::string& bytes, std::uint64_t from, std::size_t size) {
    return bytes.substr(std::min<std::size_t>(from, bytes.size()), size);
}

std::vector<std::string> media() {
    return {FakeMedium(Arch::x86_64).bytes(), FakeMedium(Arch::aarch64).bytes()};
}

std::vector<std::string> trees() {
    return {cut(FakeMedium(Arch::x86_64).bytes(), 0, 512 << 10)};
}

/// The EFI system partition of an ISO, without its free space.
std::vector<std::string> partitions() {
    const std::string iso = FakeMedium(Arch::x86_64).bytes();
    std::vector<std::string> found;
    if (const auto catalogue = read_boot_catalogue(ByteView::of_memory(iso)))
        for (const BootImage& image : catalogue->images)
            found.push_back(cut(iso, image.offset, 256 << 10));
    return found;
}

/// The program with another place and size of its certificate table (PE/COFF 3.4.3).
std::string with_certificates(std::string program, std::uint64_t offset, std::uint64_t size) {
    put(program, 64 + 24 + 112 + 32, offset, 4);
    put(program, 64 + 24 + 112 + 36, size, 4);
    return program;
}

/// The program whose certificate at this offset has another length.
std::string with_length(std::string program, std::size_t at, std::uint64_t length) {
    put(program, at, length, 4);
    return program;
}

std::vector<std::string> programs() {
    const TestSigner vendor = make_signer("Vendor CA");
    const std::string shim =
        pe_of({.sections = {
                   {".sbat", "sbat,1,SBAT Version\nshim,4,UEFI shim\n"},
                   {".vendor_cert",
                    vendor_section(vendor.der(), hash_list({std::string(64, 'a'), std::string(64, 'b')}))},
                   {".sbatlevel", sbatlevel_section("sbat,1,2021030218\n", "sbat,1,2025021800\nshim,4\n")}}});
    const std::string whole = signed_pe(shim, {&vendor, &vendor}, &vendor);
    return {
        whole,
        with_certificates(whole, 0x80, 0x1000),             // over the headers and sections
        with_certificates(whole, shim.size(), 0xfffffff0),  // past the end of 32 bits
        with_certificates(whole, whole.size() - 8, 8),      // only a header
        with_length(whole, shim.size(), 0),                 // would not advance
        with_length(whole, shim.size(), 0xffffffff),
        pe_of({.sections = {{".sbat", "sbat,1\nshim\n,,,\nshim,99999999999999999999,\n\"a,b\",\xff\n"},
                            {".vendor_cert", std::string(16, '\xff')},
                            {".sbatlevel", std::string("\0\0\0\0\xff\xff\xff\x7f\xf0\xff\xff\xff", 12)}}}),
        fake_pe(0x8664, true, "sbat,1,SBAT Version,sbat,1,https://example.invalid\n"),
        fake_grub(0x8664, "set timeout=1\nconfigfile /boot/grub/grub.cfg\n", "/boot/grub",
                  {"normal", "iso9660"})};
}

std::vector<std::string> superblocks() {
    return {fake_squashfs()};
}

/// A whole PKCS #7 signature, and the outer shell of one: SEQUENCE, the identifier of signed data, and no
/// content.
std::vector<std::string> signatures() {
    const TestSigner authority = make_signer("CA"), leaf = make_signer("Leaf", &authority);
    const std::string program = pe_of({});
    const std::string whole = signed_pe(program, {&leaf}, &authority).substr(program.size() + 8);
    std::string endless = whole, huge = whole;
    endless[1] = '\x80';                         // of indefinite length, which DER does not have
    huge.replace(1, 5, "\x84\x7f\xff\xff\xff");  // longer than the file
    return {whole, whole.substr(0, whole.size() / 2), endless, huge,
            std::string("\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x02\x30\x00", 17)};
}

std::vector<std::string> levels_and_lists() {
    std::string lists = hash_list({std::string(64, 'a')}), no_entry = lists;
    put(lists, 16, 0x7fffffff, 4);  // the list is longer than the file
    put(no_entry, 24, 0, 4);        // its entries have no size
    return {"sbat,1,2025021800\nshim,4\ngrub,5\n",
            "sbat\n1,2\nshim\n,4\ngrub,-5\ngrub,99999999999999999999\n\"x,1\n",
            std::string("sbat,1,2025\0shim,4", 18),
            lists,
            no_entry,
            hash_list({std::string(64, 'a')}) + certificate_list(make_signer("Stolen key").der())};
}

std::vector<std::string> menus() {
    return {
        "set timeout=3\nset default=0\nif [ x$grub_platform = xefi ]; then insmod efi_gop; fi\n"
        "menuentry \"Live\" --id live { linux /boot/vmlinuz quiet $extra\n initrd /boot/initrd.img\n}\n"
        "submenu 'More' { configfile /boot/grub/more.cfg\n}\nfor i in a b; do echo $i; done\n",
        "default live\ntimeout 30\nlabel live\n kernel /boot/vmlinuz\n append initrd=/boot/initrd.img quiet\n"
        "include more.cfg\n",
        "title Live\nlinux /vmlinuz\ninitrd /initrd.img\noptions quiet\n"};
}

std::vector<std::string> archives() {
    FileTree tree;
    tree.put_file("/init", "#!/bin/sh\n", 0755);
    tree.put_file("/usr/lib/modules/6.1.0/kernel/fs/squashfs.ko", std::string(300, 'm'));
    tree.put_file("/usr/lib/modules/6.1.0/modules.builtin", "kernel/drivers/block/loop.ko\n");
    return {write_cpio(tree, 0)};
}

std::vector<std::string> kernels() {
    return {fake_kernel(Arch::x86_64), fake_kernel(Arch::aarch64)};
}

std::vector<std::string> squashfs_images() {
    const TempDir directory;
    FileTree tree;
    tree.put_file("/etc/hostname", "live\n");
    tree.put_file("/sbin/init", std::string(5000, 'i'), 0755);
    write_squashfs(tree, directory.path() / "root.sb", Compression{}, 0, 1, [](auto...) {});
    return {read_file(directory.path() / "root.sb"), fake_squashfs()};
}

/// An ext4 superblock of 16 blocks without anything that it points to.
std::vector<std::string> ext4_images() {
    std::string image(16 << 10, '\0');
    put(image, 1024, 16, 4);         // inodes
    put(image, 1024 + 4, 16, 4);     // blocks
    put(image, 1024 + 20, 1, 4);     // first block
    put(image, 1024 + 32, 8192, 4);  // blocks of a group
    put(image, 1024 + 40, 16, 4);    // inodes of a group
    put(image, 1024 + 56, 0xef53, 2);
    put(image, 1024 + 76, 1, 4);    // revision
    put(image, 1024 + 88, 128, 2);  // size of an inode
    return {image};
}

}  // namespace

std::vector<FuzzReader> media_readers() {
    return {{"medium", medium, media, 60},
            {"iso_tree", iso_tree, trees},
            {"fat", fat, partitions},
            {"tables", tables, trees},
            {"pe", pe, programs},
            {"root_images", root_images, squashfs_images},
            {"superblock", tables, superblocks},
            {"signers", signers, signatures},
            {"revocations", revocations, levels_and_lists},
            {"configs", configs, menus},
            {"initramfs", initramfs, archives},
            {"kernel", kernel, kernels},
            {"ext4", ext4, ext4_images, 100},
            {"squashfs", squashfs, squashfs_images, 100}};
}

}  // namespace lktest
