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

/// Without a configuration of its own, such a GRUB starts where its loader came from.
constexpr std::array network_modules{"efinet", "tftp", "http"};

constexpr std::string_view first_config = R"(search --no-floppy --set=root --file /.disk/info
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
)";

}  // namespace

std::string grub_image(const FileTree& package, const std::string& platform, GrubHome home) {
    const bool on_medium = home == GrubHome::medium;
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
    std::vector<std::string> command{"grub-mkimage",
                                     "-O",
                                     platform,
                                     "-d",
                                     at,
                                     "-p",
                                     on_medium ? "/boot/grub" : "/grub",
                                     "-o",
                                     scratch.path() / "grub.efi"};
    if (on_medium) {
        write_file(scratch.path() / "first.cfg", first_config);
        command.insert(command.end(), {"-c", scratch.path() / "first.cfg"});
    } else {
        command.insert(command.end(), network_modules.begin(), network_modules.end());
    }
    command.insert(command.end(), modules.begin(), modules.end());
    check_process(command);
    return read_file(scratch.path() / "grub.efi");
}

}  // namespace lktest
