// SPDX-License-Identifier: MIT
#include "builder/tests/support/fake_medium.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "builder/boot/esp.hpp"
#include "builder/boot/grub.hpp"
#include "builder/boot/isolinux.hpp"
#include "builder/image/iso_writer.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/tests/support/elf_bytes.hpp"

namespace lktest {
namespace {

constexpr std::int64_t time_of_image = 1'600'000'000;

std::uint16_t pe_machine(Arch arch) {
    return arch == Arch::x86_64 ? 0x8664 : 0xaa64;
}

/// An ISOLINUX with the signature that libisofs requires (at byte 64) and a version.
std::string fake_isolinux() {
    std::string loader(24'576, 'l');
    return loader.replace(64, 4, "\xfb\xc0\x78\x70").replace(4096, 14, "ISOLINUX 6.04 ");
}

FileTree fake_initramfs(Arch arch) {
    FileTree tree;
    tree.put_file("/init", "#!/bin/busybox sh\n", 0755);
    tree.put_file("/bin/busybox", elf_bytes(elf_machine(arch)), 0755);
    const std::string modules = fmt::format("/usr/lib/modules/{}", fake_release(arch));
    for (const std::string_view module : {"squashfs", "overlay", "isofs"})
        tree.put_file(fmt::format("{}/kernel/fs/{}.ko", modules, module), elf_bytes(elf_machine(arch)));
    tree.put_file(modules + "/modules.builtin", "kernel/drivers/block/loop.ko\n");
    return tree;
}

std::vector<ImageFile> image_files(const std::map<std::string, std::string>& files) {
    std::vector<ImageFile> list;
    for (const auto& [path, content] : files)
        list.push_back({path, content});
    return list;
}

}  // namespace

std::string fake_release(Arch arch) {
    return arch == Arch::x86_64 ? "6.1.0-amd" : "6.1.0-arm";
}

std::string fat_of(const std::map<std::string, std::string>& files) {
    const TempDir directory;
    write_esp(directory.path() / "fat", image_files(files), time_of_image);
    return read_file(directory.path() / "fat");
}

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        bytes.at(at + i) = static_cast<char>(value >> 8 * i & 0xff);
}

std::function<void(FakeMedium&)> without(const std::string& path) {
    return [path](FakeMedium& medium) {
        medium.files.erase(path);
        medium.esp.erase(path);
    };
}

std::string fake_pe(std::uint16_t machine, bool is_signed, const std::string& sbat) {
    std::string pe(2048, '\0');
    constexpr std::size_t start = 64, optional = start + 24, optional_size = 240;
    pe.replace(0, 2, "MZ");
    put(pe, 60, start, 4);
    pe.replace(start, 2, "PE");
    put(pe, start + 4, machine, 2);
    put(pe, start + 6, 2, 2);  // sections
    put(pe, start + 20, optional_size, 2);
    put(pe, optional, 0x20b, 2);     // PE32+
    put(pe, optional + 60, 512, 4);  // bytes of all headers
    put(pe, optional + 68, 10, 2);
    put(pe, optional + 108, 16, 4);  // data directories
    const std::size_t text = optional + optional_size, second = text + 40;
    pe.replace(text, 5, ".text");
    put(pe, text + 16, 512, 4);
    put(pe, text + 20, 512, 4);
    if (!sbat.empty()) {
        pe.replace(second, 5, ".sbat");
        put(pe, second + 16, 1024, 4);
        put(pe, second + 20, 1024, 4);
        pe.replace(1024, sbat.size(), sbat);
    }
    if (is_signed) {
        put(pe, optional + 112 + 4 * 8, pe.size(), 4);
        put(pe, optional + 112 + 4 * 8 + 4, 24, 4);
        std::string certificate(24, '\0');
        put(certificate, 0, 24, 4);
        put(certificate, 4, 0x200, 2);
        put(certificate, 6, 2, 2);
        pe += certificate;
    }
    return pe;
}

std::string fake_pe_with(std::uint16_t machine, const std::string& section, const std::string& content) {
    std::string pe = fake_pe(machine, false, "x");  // its second section is the last thing in it
    constexpr std::size_t second = 64 + 24 + 240 + 40;
    pe.resize(1024);
    pe.replace(second, 8, section + std::string(8 - section.size(), '\0'));
    put(pe, second + 8, content.size(), 4);
    put(pe, second + 16, content.size(), 4);
    put(pe, second + 20, 1024, 4);
    return pe + content;
}

std::string fake_grub(std::uint16_t machine, const std::string& script, const std::string& prefix,
                      const std::vector<std::string>& modules) {
    std::string list;
    const auto add = [&list](std::uint32_t type, std::string content) {
        content.resize((content.size() + 8) / 8 * 8, '\0');
        std::string header(8, '\0');
        put(header, 0, type, 4);
        put(header, 4, content.size() + 8, 4);
        list += header + content;
    };
    for (const std::string& name : modules) {
        // ELF with two sections: .modname, and the names of both.
        constexpr std::size_t names_at = 64, name_at = 96, table = 128;
        std::string elf(table + 3 * 64, '\0');
        elf.replace(0, 5,
                    "\x7f"
                    "ELF\2");
        put(elf, 40, table, 8);
        put(elf, 58, 64, 2);
        put(elf, 60, 3, 2);
        put(elf, 62, 2, 2);
        elf.replace(names_at + 1, 8, ".modname");
        elf.replace(name_at, name.size(), name);
        put(elf, table + 64, 1, 4);
        put(elf, table + 64 + 24, name_at, 8);
        put(elf, table + 64 + 32, 32, 8);
        put(elf, table + 128 + 24, names_at, 8);
        put(elf, table + 128 + 32, 32, 8);
        add(0, elf);
    }
    if (!script.empty())
        add(2, script);
    add(3, prefix);
    std::string mods(24, '\0');
    mods.replace(0, 4, "mimg");
    put(mods, 8, 24, 8);
    put(mods, 16, 24 + list.size(), 8);
    return fake_pe_with(machine, "mods", mods + list);
}

std::string fake_kernel(Arch arch) {
    std::string kernel(8192, 'k');
    if (arch == Arch::aarch64) {
        put(kernel, 16, kernel.size(), 8);
        kernel.replace(0x38, 4, "ARM\x64");
        return kernel.replace(4096, 24, "Linux version 6.1.0-arm ");
    }
    put(kernel, 0x1f1, 1, 1);
    put(kernel, 0x1f4, (kernel.size() - 1024) / 16, 4);
    kernel.replace(0x202, 4, "HdrS");
    put(kernel, 0x206, 0x20f, 2);
    put(kernel, 0x20e, 0x200, 2);
    put(kernel, 0x236, 1, 2);
    return kernel.replace(0x400, 11, "6.1.0-amd (");
}

std::string fake_squashfs() {
    std::string image(4096, '\0');
    image.replace(0, 4, "hsqs");
    put(image, 4, 7, 4);
    put(image, 12, 131072, 4);
    put(image, 20, 6, 2);
    put(image, 22, 17, 2);
    put(image, 28, 4, 2);
    put(image, 40, image.size(), 8);
    for (const std::size_t table : {48, 64, 72, 80})
        put(image, table, 1024, 8);
    put(image, 56, ~std::uint64_t{0}, 8);
    put(image, 88, ~std::uint64_t{0}, 8);
    return image;
}

FakeMedium::FakeMedium(Arch machine)
    : arch(machine), layout(lktest::layout(machine)), initramfs(fake_initramfs(machine)) {
    const std::string_view suffix = efi_suffix(arch);
    esp[fmt::format("/EFI/BOOT/BOOT{}.EFI", suffix)] =
        fake_pe(pe_machine(arch), true, "sbat,1,x\nshim,4,y\n");
    esp[fmt::format("/EFI/BOOT/GRUB{}.EFI", suffix)] = fake_pe(pe_machine(arch), true);
    files = esp;
    esp["/NOTES.TXT"] = std::string(5000, 'n');
    const std::string line =
        fmt::format("lktest.label={} console=tty0 console={},115200", label, serial_console(arch));
    const BootMenu menu{"Live", 3, {{"Live system", line}, {"In memory", "toram " + line}}};
    files["/boot/grub/grub.cfg"] = grub_config(menu, arch);
    files["/boot/vmlinuz"] = fake_kernel(arch);
    files["/live/01.sb"] = fake_squashfs();
    files["/README.TXT"] = "read me";
    if (arch == Arch::x86_64) {
        files["/isolinux/isolinux.bin"] = fake_isolinux();
        files["/isolinux/isolinux.cfg"] = isolinux_config(menu);
        for (const std::string_view module : isolinux_modules)
            files[fmt::format("/isolinux/{}", module)] = "module";
    }
}

std::string FakeMedium::bytes() const {
    const TempDir directory;
    std::map<std::string, std::string> all = files;
    all.try_emplace("/boot/initrd.img", write_cpio(initramfs, time_of_image));
    write_esp(directory.path() / "esp", image_files(esp), time_of_image);
    write_iso(directory.path() / "iso", {label, "LKTEST 0", time_of_image}, layout, image_files(all),
              directory.path() / "esp", arch == Arch::x86_64 ? std::string(432, '\x90') : "", [](auto...) {});
    return read_file(directory.path() / "iso");
}

std::string empty_verity_tree() {
    std::string tree(8192, '\0');
    tree.replace(0, 6, "verity");
    put(tree, 8, 1, 4);
    put(tree, 12, 1, 4);
    tree.replace(32, 6, "sha256");
    put(tree, 64, 4096, 4);
    put(tree, 68, 4096, 4);
    put(tree, 72, 2, 8);
    return tree;
}

}  // namespace lktest
