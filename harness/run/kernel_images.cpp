// SPDX-License-Identifier: MIT
#include "harness/run/kernel_images.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/initramfs/kernel.hpp"
#include "builder/kernel_medium.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/make_image.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

void check(const RunOptions& options) {
    if (!options.kernel.empty() && !options.kernel_tree.empty())
        throw usage_error("--kernel and --kernel-tree each name a kernel", "remove one of them");
    if (!options.isos.empty() || !options.recipe.empty())
        throw usage_error("--kernel boots a kernel, and an image is named too", "remove one of them");
    if (!options.initrd.empty() && !options.rootfs.empty())
        throw usage_error("--rootfs is mounted by lktest's own initramfs, and --initrd names another",
                          "remove one of them");
    if (options.engine == Engine::slurm)
        throw usage_error("--kernel boots on this machine only", "remove --engine slurm");
}

fs::path image_path(const RunOptions& options, const fs::path& kernel, Arch arch) {
    const std::string inputs = fmt::format("{}\n{}\n{}\n", fs::absolute(kernel).string(),
                                           fs::absolute(options.initrd).string(), options.rootfs);
    return cache_directory() / "media" / fmt::format("kernel-{}-{:016x}.iso", name(arch), hash(inputs));
}

/// The root's own modules of this kernel; empty if it has none.
fs::path modules_in(const std::string& rootfs, const std::string& release) {
    std::error_code error;
    for (const char* below : {"lib/modules", "usr/lib/modules"})
        if (fs::path directory = fs::path(rootfs) / below / release;
            !release.empty() && fs::is_directory(directory, error))
            return directory;
    return {};
}

}  // namespace

bool boots_kernel(const RunOptions& options) {
    return !options.kernel.empty() || !options.kernel_tree.empty();
}

fs::path kernel_of(const RunOptions& options) {
    check(options);
    if (options.kernel_tree.empty())
        return options.kernel;
    return kernel_in_tree(options.kernel_tree,
                          options.arches.size() == 1 ? std::optional(options.arches.front()) : std::nullopt);
}

std::vector<fs::path> inputs_of_kernel(const RunOptions& options) {
    std::vector<fs::path> paths{kernel_of(options)};
    for (const fs::path& path : {options.initrd, fs::path(options.rootfs)})
        if (!path.empty())
            paths.push_back(path);
    return paths;
}

std::vector<ImageChoice> kernel_images(const RunOptions& options) {
    const fs::path kernel = kernel_of(options);
    const Arch arch = arch_of_kernel(kernel);
    for (const fs::path& path : {options.initrd, fs::path(options.rootfs)})
        if (std::error_code error; !path.empty() && !fs::exists(path, error))
            throw usage_error(fmt::format("there is no {}", path.string()), "correct --initrd or --rootfs");
    const std::vector<Image> named{{"", kernel}};
    ImageChoice choice{
        {name_images(named).front().name, image_path(options, kernel, arch)}, {arch}, {kernel_scenario}};
    // The default first.
    choice.media.erase(std::ranges::find(choice.media, Medium::direct));
    choice.media.insert(choice.media.begin(), Medium::direct);
    return {std::move(choice)};
}

void build_kernel_image(const RunOptions& options) {
    const fs::path kernel = kernel_of(options);
    const Arch arch = arch_of_kernel(kernel);
    const fs::path image = image_path(options, kernel, arch);
    make_directories(image.parent_path());
    if (options.rootfs.empty()) {
        BuildOptions build;
        build.arch = arch;
        build.output = image;
        build.cache = cache_directory();
        build_kernel_medium({kernel, options.initrd}, build);
        return;
    }
    BuildRequest request;
    request.root = options.rootfs;
    request.kernel = kernel;
    request.modules = modules_in(options.rootfs, release_in(read_file(kernel)));
    request.arch = arch;
    request.output = image;
    request.format = Format::iso;
    request.verbose = options.verbose;
    make_image(request);
}

}  // namespace lktest
