// SPDX-License-Identifier: MIT
#include "builder/kernel_medium.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/isolinux.hpp"
#include "builder/image/layout.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/initramfs/initramfs.hpp"
#include "builder/initramfs/kernel_image.hpp"
#include "builder/sources.hpp"
#include "builder/tree/from_packages.hpp"
#include "builder/write_output.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Where kernel builds leave their image (Linux, arch/*/boot).
struct BuiltAt {
    Arch arch;
    const char* path;
};
constexpr std::array places{
    BuiltAt{Arch::x86_64, "arch/x86/boot/bzImage"}, BuiltAt{Arch::aarch64, "arch/arm64/boot/vmlinuz.efi"},
    BuiltAt{Arch::aarch64, "arch/arm64/boot/Image.gz"}, BuiltAt{Arch::aarch64, "arch/arm64/boot/Image"}};

FileTree small_initramfs(const Content& busybox) {
    FileTree tree;
    for (const char* directory : {"/dev", "/proc", "/root", "/run", "/sys", "/tmp"})
        tree.put_directory(directory);
    put_busybox(tree, busybox);
    tree.put_file("/init", read_file(data_file("builder/kernel/init.sh")), 0755);
    tree.put_file("/bin/say", read_file(data_file("builder/initramfs/say.sh")), 0755);
    return tree;
}

/// What the rest of the builder calls such a medium.
Recipe recipe_of(const KernelFiles& files) {
    Recipe recipe;
    recipe.name = files.kernel.stem();
    recipe.text = files.kernel.string();
    recipe.about = "Kernel";
    recipe.volume_label = "LKTEST_KERNEL";
    recipe.menu = {{"Kernel", ""}};
    return recipe;
}

}  // namespace

Arch arch_of_kernel(const fs::path& kernel) {
    const std::string bytes = read_file(kernel);
    std::optional<Error> why;
    for (const Arch arch : all_arches)
        try {
            bootable_kernel(bytes, arch, kernel.string());
            return arch;
        } catch (const Error& error) {
            if (!why)
                why = error;
        }
    if (bytes.starts_with("\177ELF"))
        throw usage_error(fmt::format("{} is an ELF file, which no boot loader starts", kernel.string()),
                          "name the compressed image: arch/x86/boot/bzImage or arch/arm64/boot/Image");
    throw *why;
}

bool looks_like_kernel(const fs::path& file) {
    std::array<char, 0x240> bytes{};
    std::ifstream(file, std::ios::binary).read(bytes.data(), bytes.size());
    const std::string_view head(bytes.data(), bytes.size());
    // Documentation/arch/x86/boot.rst, Documentation/arch/arm64/booting.rst, zboot-header.S.
    return head.substr(0x202, 4) == "HdrS" || head.substr(56, 4) == "ARM\x64" || head.substr(4, 4) == "zimg";
}

fs::path kernel_in_tree(const fs::path& tree, std::optional<Arch> arch) {
    fs::path newest;
    std::vector<std::string_view> looked;
    std::error_code error;
    for (const BuiltAt& place : places) {
        if (arch && *arch != place.arch)
            continue;
        looked.emplace_back(place.path);
        const fs::path file = tree / place.path;
        if (fs::is_regular_file(file, error) &&
            (newest.empty() || fs::last_write_time(file) > fs::last_write_time(newest)))
            newest = file;
    }
    if (newest.empty())
        throw usage_error(
            fmt::format("{} has no kernel: there is no {}", tree.string(), fmt::join(looked, ", no ")),
            "build it first: make");
    return newest;
}

BuildResult build_kernel_medium(const KernelFiles& files, const BuildOptions& options) {
    const Recipe recipe = recipe_of(files);
    const std::string kernel = bootable_kernel(read_file(files.kernel), options.arch, files.kernel.string());
    Sources sources = fetch_loaders(recipe, options);
    const std::int64_t time = options.source_date_epoch.value_or(newest(sources.loaders));
    const Build build{recipe, options, std::move(sources), {}, {}, {}, time, {}};
    const FileTree loaders = packages_tree(build.sources.loaders, options.cache, {}, {});
    const TempDir scratch(options.cache);
    std::vector<ImageFile> parts{{kernel_path, kernel}};
    if (files.initrd.empty()) {
        const auto busybox = loaders.find("/bin/busybox");
        if (!busybox)
            throw host_error("the package busybox-static has no /bin/busybox");
        parts.push_back({initramfs_path, write_cpio(small_initramfs(busybox->content), time, Packing::none)});
    } else {
        parts.push_back({initramfs_path, files.initrd});
    }
    write_output(build, loaders, parts, scratch.path());
    return {options.output, fs::file_size(options.output), time};
}

}  // namespace lktest
