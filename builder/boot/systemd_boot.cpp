// SPDX-License-Identifier: MIT
#include "builder/boot/systemd_boot.hpp"

#include <fmt/format.h>

#include <array>

#include "builder/base/error.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/boot/uki_writer.hpp"

namespace lktest {
namespace {

const std::string unified_directory = "/EFI/Linux/";

/// @param name  "systemd-boot" + suffix + ".efi"
std::string program(const FileTree& packages, const std::string& name) {
    const std::string path = "/usr/lib/systemd/boot/efi/" + name;
    const auto file = packages.find(path);
    if (!file || file->type != NodeType::regular)
        throw host_error(fmt::format("the package systemd-boot-efi has no {}", path),
                         "check which release the apt sources have: lktest knows Debian 12 to 14");
    return file->content.whole();
}

ImageFile systemd_boot(const FileTree& packages, Arch arch) {
    return {fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch)),
            program(packages, fmt::format("systemd-boot{}.efi", package_suffix(arch)))};
}

std::string entry_name(std::size_t number) {
    return fmt::format("lktest-{:02}.conf", number);
}

ImageFile loader_conf(const BootMenu& menu, std::string_view first) {
    return {"/loader/loader.conf", fmt::format("timeout {}\ndefault {}\neditor yes\n", menu.timeout, first)};
}

/// One of /loader/entries (Boot Loader Specification, type 1). The sort key keeps the menu's order.
/// @param starts  its lines "linux" and "initrd", or "efi"
ImageFile entry_file(const BootMenu& menu, std::size_t number, std::string_view starts) {
    const BootMenu::Entry& entry = menu.entries[number];
    return {fmt::format("/loader/entries/{}", entry_name(number)),
            fmt::format("title {}\nsort-key lktest-{:02}\n{}options {}\n", entry.title, number, starts,
                        entry.command_line)};
}

std::string unified_name(std::size_t number) {
    return fmt::format("lktest-{:02}.efi", number);
}

/// systemd-boot shows PRETTY_NAME and sorts by IMAGE_ID.
std::string unified_image(const std::string& stub, const BootMenu& menu, std::size_t number,
                          const KernelFiles& files) {
    const BootMenu::Entry& entry = menu.entries[number];
    const std::string release = files.release.empty() ? "unknown" : files.release;
    const std::array sections{
        UkiSection{".osrel", fmt::format("ID=lktest\nNAME=\"lktest\"\nPRETTY_NAME=\"{}\"\nVERSION_ID=\"{}\"\n"
                                         "IMAGE_ID=lktest-{:02}\n",
                                         entry.title, files.release.empty() ? "1" : files.release, number)},
        UkiSection{".cmdline", entry.command_line},
        UkiSection{".uname", release},
        UkiSection{".initrd", files.initramfs},
        UkiSection{".linux", files.kernel},
    };
    return write_uki(stub, sections);
}

}  // namespace

std::vector<ImageFile> systemd_boot_efi(const FileTree& packages, Arch arch, const BootMenu& menu) {
    std::vector<ImageFile> files{systemd_boot(packages, arch), loader_conf(menu, entry_name(0))};
    const std::string starts = fmt::format("linux {}\ninitrd {}\n", kernel_path, initramfs_path);
    for (std::size_t number = 0; number < menu.entries.size(); ++number)
        files.push_back(entry_file(menu, number, starts));
    return files;
}

std::vector<ImageFile> unified_kernel_efi(const FileTree& packages, Arch arch, const BootMenu& menu,
                                          const KernelFiles& files, bool own_images) {
    const std::string stub = program(packages, fmt::format("linux{}.efi.stub", package_suffix(arch)));
    if (menu.entries.size() == 1)
        return {{fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch)), unified_image(stub, menu, 0, files)}};
    std::vector<ImageFile> made{systemd_boot(packages, arch)};
    if (own_images) {
        made.push_back(loader_conf(menu, unified_name(0)));
        for (std::size_t number = 0; number < menu.entries.size(); ++number)
            made.push_back(
                {unified_directory + unified_name(number), unified_image(stub, menu, number, files)});
        return made;
    }
    const std::string path = unified_directory + unified_name(0);
    made.push_back(loader_conf(menu, unified_name(0)));
    made.push_back({path, unified_image(stub, menu, 0, files)});
    for (std::size_t number = 1; number < menu.entries.size(); ++number)
        made.push_back(entry_file(menu, number, fmt::format("efi {}\n", path)));
    return made;
}

}  // namespace lktest
