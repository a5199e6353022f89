// SPDX-License-Identifier: MIT
#include "builder/boot/grub_image.hpp"

#include <fmt/format.h>

#include <array>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Modules that the menu needs on a CD, a disk and in an ISO file. Their dependencies are added.
constexpr std::array modules{
    "all_video",      "boot",         "configfile", "echo",     "ext2",       "fat",      "iso9660", "linux",
    "loopback",       "ls",           "normal",     "part_gpt", "part_msdos", "reboot",   "halt",    "search",
    "search_fs_file", "search_label", "serial",     "squash4",  "test",       "terminal",
};

constexpr std::string_view first_config = R"(search --no-floppy --set=root --file /.disk/info
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
)";

}  // namespace

std::string grub_image(const FileTree& package, Arch arch) {
    const std::string platform(grub_efi_platform(arch));
    const auto directory = package.find("/usr/lib/grub/" + platform);
    if (!directory || directory->type != NodeType::directory)
        throw host_error(
            fmt::format("the boot loader packages have no /usr/lib/grub/{}", platform),
            "lktest supports the loaders of Debian 12: check whether the apt sources have another release");
    const TempDir scratch;
    const fs::path at = scratch.path() / platform;
    make_directories(at);
    for (const auto& [name, inode] : directory->entries)
        if (inode->type == NodeType::regular)
            write_file(at / name, inode->content.whole());
    write_file(scratch.path() / "first.cfg", first_config);
    std::vector<std::string> command{"grub-mkimage",
                                     "-O",
                                     platform,
                                     "-d",
                                     at,
                                     "-p",
                                     "/boot/grub",
                                     "-c",
                                     scratch.path() / "first.cfg",
                                     "-o",
                                     scratch.path() / "grub.efi"};
    command.insert(command.end(), modules.begin(), modules.end());
    check_process(command);
    return read_file(scratch.path() / "grub.efi");
}

}  // namespace lktest
