// SPDX-License-Identifier: MIT
#include "builder/boot/loaders.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/grub.hpp"
#include "builder/boot/grub_image.hpp"
#include "builder/boot/isolinux.hpp"

namespace lktest {
namespace {

std::string bytes_of(const FileTree& packages, const std::string& path) {
    const auto file = packages.find(path);
    if (!file || file->type != NodeType::regular)
        throw host_error(
            fmt::format("the boot loader packages have no {}", path),
            "lktest supports the loaders of Debian 12: check whether the apt sources have another release");
    return file->content.whole();
}

std::vector<std::string_view> menu_modules(const BootMenu& menu) {
    std::vector<std::string_view> modules(isolinux_modules.begin(), isolinux_modules.end());
    if (menu.splash)
        modules.back() = picture_module;
    return modules;
}

constexpr std::string_view ia32_platform = "i386-efi";
constexpr const char* ia32_file = "/EFI/BOOT/BOOTIA32.EFI";

/// PCs with 32-bit UEFI start a GRUB of their own, and the 64-bit kernel switches modes (EFI_MIXED).
void add_ia32(std::vector<ImageFile>& files, const FileTree& packages, Arch arch, const std::string& path,
              GrubHome home) {
    const std::string platform(ia32_platform);
    if (is_pc(arch) && packages.find("/usr/lib/grub/" + platform))
        files.push_back({path, grub_image(packages, platform, home)});
}

}  // namespace

std::string package_suffix(Arch arch) {
    std::string suffix(efi_suffix(arch));
    std::ranges::transform(suffix, suffix.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return suffix;
}

std::vector<std::string> loader_packages(Arch arch, const Recipe& recipe) {
    const Loader loader = recipe.loader;
    const std::string_view debian = debian_name(arch);
    std::vector<std::string> names{"busybox-static"};
    if (loader == Loader::signed_chain || (recipe.signing && recipe.signing->shim))
        names.insert(names.end(), {"shim-signed", fmt::format("shim-helpers-{}-signed", debian)});
    if (loader == Loader::signed_chain)
        names.push_back(fmt::format("grub-efi-{}-signed", debian));
    else if (loader == Loader::grub)
        names.push_back(fmt::format("grub-efi-{}-bin", debian));
    else if (loader != Loader::vendor)
        names.emplace_back("systemd-boot-efi");
    if (arch == Arch::x86_64)
        names.insert(names.end(), {"isolinux", "pxelinux", "syslinux-common"});
    if (is_pc(arch) && (loader == Loader::signed_chain || loader == Loader::grub))
        names.emplace_back("grub-efi-ia32-bin");
    return names;
}

std::vector<ImageFile> shim_files(const FileTree& packages, Arch arch) {
    // UEFI's name for removable media, and the name that shim looks for next to itself. fbx64.efi is
    // omitted, because it would write boot entries into the firmware's variables.
    const std::string_view suffix = efi_suffix(arch);
    const std::string small = package_suffix(arch);
    return {{fmt::format("/EFI/BOOT/BOOT{}.EFI", suffix),
             bytes_of(packages, fmt::format("/usr/lib/shim/shim{}.efi.signed", small))},
            {fmt::format("/EFI/BOOT/MM{}.EFI", suffix),
             bytes_of(packages, fmt::format("/usr/lib/shim/mm{}.efi.signed", small))}};
}

std::vector<ImageFile> signed_efi(const FileTree& packages, Arch arch) {
    std::vector<ImageFile> files = shim_files(packages, arch);
    files.push_back({fmt::format("/EFI/BOOT/GRUB{}.EFI", efi_suffix(arch)),
                     bytes_of(packages, fmt::format("/usr/lib/grub/{}-signed/gcd{}.efi.signed",
                                                    grub_efi_platform(arch), package_suffix(arch)))});
    add_ia32(files, packages, arch, ia32_file, GrubHome::medium);
    return files;
}

std::vector<ImageFile> built_efi(const FileTree& packages, Arch arch) {
    std::vector<ImageFile> files{{fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch)),
                                  grub_image(packages, std::string(grub_efi_platform(arch)))}};
    add_ia32(files, packages, arch, ia32_file, GrubHome::medium);
    return files;
}

BootFiles boot_files(const FileTree& packages, Arch arch, const BootMenu& menu, std::vector<ImageFile> efi,
                     const std::string& identity, bool by_grub) {
    BootFiles files;
    files.efi = std::move(efi);
    files.grub = {{"/.disk/info", identity + "\n"}, {"/boot/grub/loopback.cfg", grub_loopback_config(menu)}};
    if (by_grub)
        files.grub.insert(files.grub.begin(), {"/boot/grub/grub.cfg", grub_config(menu, arch)});
    if (arch == Arch::x86_64) {
        files.mbr = bytes_of(packages, "/usr/lib/ISOLINUX/isohdpfx.bin");
        files.bios.push_back({isolinux_path, bytes_of(packages, "/usr/lib/ISOLINUX/isolinux.bin")});
        for (const std::string_view module : menu_modules(menu))
            files.bios.push_back(
                {fmt::format("/isolinux/{}", module),
                 bytes_of(packages, fmt::format("/usr/lib/syslinux/modules/bios/{}", module))});
        files.bios.push_back({"/isolinux/isolinux.cfg", isolinux_config(menu)});
    }
    return files;
}

std::vector<std::string> stick_packages(Arch arch) {
    return arch == Arch::x86_64 ? std::vector<std::string>{"extlinux"} : std::vector<std::string>{};
}

std::vector<ImageFile> stick_files(const FileTree& packages, Arch arch, const BootMenu& menu) {
    if (arch != Arch::x86_64)
        return {};
    const std::string directory = "/boot/syslinux/";
    std::vector<ImageFile> files{
        {"/bootinst.sh", read_file(data_file("builder/boot/bootinst.sh"))},
        {directory + "extlinux", bytes_of(packages, "/usr/bin/extlinux")},
        {directory + "mbr.bin", bytes_of(packages, "/usr/lib/syslinux/mbr/mbr.bin")},
        {directory + "gptmbr.bin", bytes_of(packages, "/usr/lib/syslinux/mbr/gptmbr.bin")},
        {directory + "syslinux.cfg", isolinux_config(menu)},
    };
    for (const std::string_view module : menu_modules(menu))
        if (module != "ldlinux.c32")  // extlinux has its own
            files.push_back({fmt::format("{}{}", directory, module),
                             bytes_of(packages, fmt::format("/usr/lib/syslinux/modules/bios/{}", module))});
    return files;
}

std::vector<ImageFile> network_boot_files(const FileTree& packages, Arch arch, const BootMenu& menu) {
    // shim looks for grub*.efi and mm*.efi next to itself.
    const std::string suffix = package_suffix(arch);
    std::vector<ImageFile> files{
        {fmt::format("/boot{}.efi", suffix),
         bytes_of(packages, fmt::format("/usr/lib/shim/shim{}.efi.signed", suffix))},
        {fmt::format("/grub{}.efi", suffix),
         bytes_of(packages, fmt::format("/usr/lib/grub/{}-signed/grubnet{}.efi.signed",
                                        grub_efi_platform(arch), suffix))},
        {fmt::format("/mm{}.efi", suffix),
         bytes_of(packages, fmt::format("/usr/lib/shim/mm{}.efi.signed", suffix))},
        {"/grub/grub.cfg", grub_network_config(menu, arch)},
    };
    add_ia32(files, packages, arch, "/bootia32.efi", GrubHome::server);
    if (arch == Arch::x86_64) {
        files.push_back({"/lpxelinux.0", bytes_of(packages, "/usr/lib/PXELINUX/lpxelinux.0")});
        for (const std::string_view module : isolinux_modules)
            files.push_back({fmt::format("/{}", module),
                             bytes_of(packages, fmt::format("/usr/lib/syslinux/modules/bios/{}", module))});
        files.push_back({"/pxelinux.cfg/default", pxelinux_config(menu)});
    }
    return files;
}

}  // namespace lktest
