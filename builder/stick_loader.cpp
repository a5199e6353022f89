// SPDX-License-Identifier: MIT
#include "builder/stick_loader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/cache.hpp"
#include "builder/sources.hpp"
#include "builder/tree/from_packages.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Modules that find the ISO, and modules that other menus use.
std::vector<std::string> stick_modules(bool bios) {
    std::vector<std::string> names{
        "part_msdos",     "part_gpt",       "fat",          "iso9660",  "loopback",   "search",
        "search_fs_file", "search_fs_uuid", "search_label", "normal",   "configfile", "linux",
        "test",           "echo",           "serial",       "terminal", "gzio",       "regexp",
        "probe",          "sleep",          "minicmd",      "halt",     "reboot"};
    names.emplace_back(bios ? "biosdisk" : "tpm");  // loopback.cfg removes tpm
    return names;
}

/// Runs before GRUB's full language is available, so it has no conditions.
std::string early_config(Arch arch) {
    std::string text;
    if (is_pc(arch))
        text = R"(serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
)";
    text += fmt::format(R"(search --file --set=stick {0}
set iso_path={0}
export iso_path
set timeout=3
export timeout
loopback loop ($stick)$iso_path
set root=loop
configfile (loop)/boot/grub/loopback.cfg
)",
                        stick_iso);
    return text;
}

void write_files(const FileTree& packages, const std::string& below, const fs::path& directory) {
    make_directories(directory);
    const auto found = packages.find(below);
    if (!found || found->type != NodeType::directory)
        throw host_error(fmt::format("GRUB's packages have no {}", below));
    for (const auto& [name, inode] : found->entries)
        if (inode->type == NodeType::regular)
            write_file(directory / name, inode->content.whole());
}

void make_image(const FileTree& packages, const std::string& platform, const fs::path& scratch,
                const fs::path& image, bool bios) {
    const fs::path directory = scratch / platform;
    write_files(packages, "/usr/lib/grub/" + platform, directory);
    std::vector<std::string> command{"grub-mkimage",        "-O", platform,     "-d", directory, "-c",
                                     scratch / "early.cfg", "-p", "/boot/grub", "-o", image};
    for (std::string& module : stick_modules(bios))
        command.push_back(std::move(module));
    check_process(command);
}

}  // namespace

fs::path stick_loader(Arch arch, const fs::path& cache, const Progress& progress, const Why& why) {
    const bool bios = is_pc(arch);
    PackageRequest request{{fmt::format("grub-efi-{}-bin", debian_name(arch))}, arch};
    if (bios)
        request.names.emplace_back("grub-pc-bin");
    const std::vector<Package> packages = fetch_packages(request, cache, progress, why);
    const std::string config = early_config(arch);
    return cached(cache, fmt::format("stick-{}", name(arch)),
                  fmt::format("{}{}{}", identity(packages), config, fmt::join(stick_modules(bios), " ")),
                  [&](const fs::path& made) {
                      const TempDir scratch(cache);
                      const FileTree tree = packages_tree(packages, cache, {}, {});
                      write_file(scratch.path() / "early.cfg", config);
                      make_directories(made);
                      make_image(tree, std::string(grub_efi_platform(arch)), scratch.path(), made / "efi",
                                 false);
                      if (!bios)
                          return;
                      make_image(tree, "i386-pc", scratch.path(), made / "core", true);
                      fs::copy_file(scratch.path() / "i386-pc/boot.img", made / "mbr");
                  });
}

}  // namespace lktest
