// SPDX-License-Identifier: MIT
#include "builder/parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <future>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/boot/menu.hpp"
#include "builder/cache.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/initramfs/modules.hpp"
#include "builder/layer/erofs_writer.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/live_root.hpp"
#include "builder/split_layer.hpp"
#include "builder/start_check.hpp"
#include "builder/tree/from_packages.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Layers of a medium on FAT32, whose files are shorter than 4 GiB. Data that does not compress needs a
/// little more room than it had.
constexpr std::uint64_t most_on_fat = (std::uint64_t{4} << 30) - (std::uint64_t{128} << 20);

std::string compression(const Recipe& recipe) {
    if (recipe.layer_format == LayerFormat::erofs)
        return fmt::format("erofs {}\n", recipe.erofs_compression);
    const Compression& how = recipe.compression;
    return fmt::format("{} {} {}\n", name(how.compressor), how.level, how.block_size);
}

std::string modules_identity(const Build& build) {
    return (build.kernel ? identity_of_modules(*build.kernel) : identity(build.sources.kernel)) +
           fmt::format("exclude {}\n", fmt::join(module_exclusions(build.recipe), "\n"));
}

/// For the kernel's parts, which also have busybox and the modules' index.
std::int64_t kernel_time(const Build& build) {
    std::int64_t latest = std::max(newest(build.sources.kernel), newest(build.sources.loaders));
    if (build.kernel)
        build.kernel->modules.walk(
            [&](const std::string&, const Inode& inode) { latest = std::max(latest, inode.mtime); });
    return build.part_time(latest);
}

FileTree packages_layer(const Build& build) {
    return packages_layer(build.recipe, build.sources.root, build.options.cache, build.options.progress,
                          build.options.why);
}

std::string packages_identity(const Build& build) {
    std::string inputs = identity(build.sources.root);
    inputs += fmt::format("exclude {}\n", fmt::join(build.recipe.exclude, "\n"));
    for (const auto& [target, links] : build.recipe.links)
        inputs += fmt::format("{} = {}\n", target, fmt::join(links, " "));
    return inputs;
}

/// The kernel with the modules' index, which a root may have and a package has not.
Kernel whole_kernel(const Build& build, const std::string& inputs) {
    const Arch arch = build.options.arch;
    Kernel kernel = build.kernel ? *build.kernel
                                 : take_kernel(packages_tree(build.sources.kernel, build.options.cache,
                                                             module_exclusions(build.recipe), {}),
                                               arch, build.recipe.kernel(arch));
    if (kernel.modules.find(kernel.directory()) && kernel.index("modules.dep").empty())
        add_module_index(
            kernel, build.part("depmod", inputs, kernel_time(build),
                               [&](const fs::path& directory) { write_module_index(kernel, directory); }));
    return kernel;
}

bool is_for_fat(const Build& build) {
    return build.options.format == Format::zip || build.options.format == Format::tar;
}

/// Refuses a file of the root that no layer on FAT32 can hold.
void check_fat(const Build& build) {
    const std::string path =
        is_for_fat(build) && build.root ? larger_file(build.root->tree, most_on_fat) : "";
    if (!path.empty())
        throw usage_error(
            fmt::format("{} in the root has {} bytes, and FAT32 holds no file of 4 GiB", path,
                        build.root->tree.find(path)->content.size()),
            fmt::format("exclude it in [root]: exclude = [\"{}\"], or build an ISO: --format iso", path));
}

/// The root, or the packages, as one layer or as several.
std::vector<fs::path> base_parts(const Build& build) {
    const std::int64_t made = build.part_time(build.root ? build.root->newest : newest(build.sources.root));
    const std::string_view kind = build.root ? "root" : "packages";
    const std::string inputs =
        (build.root ? build.root->identity : packages_identity(build)) + compression(build.recipe);
    std::vector<FileTree> layers;
    if (is_for_fat(build) && build.root)
        layers = split_layer(build.root->tree, most_on_fat);
    if (layers.size() < 2)
        return {build.part(kind, inputs, made, [&](const fs::path& file) {
            build.write_layer(build.root ? build.root->tree : packages_layer(build), file,
                              fmt::format("{}.sb", kind), made);
        })};
    std::vector<fs::path> parts;
    for (std::size_t number = 1; number <= layers.size(); ++number)
        parts.push_back(build.part(kind, inputs + fmt::format("part {} of {}\n", number, layers.size()), made,
                                   [&](const fs::path& file) {
                                       build.write_layer(layers[number - 1], file,
                                                         fmt::format("{}-{}.sb", kind, number), made);
                                   }));
    return parts;
}

/// Refuses a live root whose init the kernel could not start. Packages are unpacked for it once.
void check_layers(const Build& build, const std::shared_future<Kernel>& kernel, const FileTree& files,
                  const std::string& modules) {
    std::vector<std::string> lines;
    for (const BootMenu::Entry& entry : boot_menu(build.recipe, build.options.arch).entries)
        lines.push_back(entry.command_line);
    const std::vector<std::string> programs = started_programs(lines);
    const auto check = [&](const FileTree& base, std::string_view name) {
        const FileTree drivers = modules_layer(kernel.get(), base);
        const LayerStack layers(
            {{fmt::format("01-{}.sb", name), &base}, {"02-modules.sb", &drivers}, {"03-files.sb", &files}});
        check_start(layers, programs, build.options.arch);
    };
    if (build.root) {
        check(build.root->tree, "root");
        return;
    }
    std::string upper;
    files.walk([&](const std::string& path, const Inode& inode) {
        upper += fmt::format("{} {:o} {} {}\n", path, inode.permissions, inode.target,
                             inode.content.size() < 4096 ? inode.content.whole() : "");
    });
    const std::string inputs = fmt::format("{}{}programs {}\nfiles {:016x}\n", packages_identity(build),
                                           modules, fmt::join(programs, " "), hash(upper));
    build.part("start", inputs, 0, [&](const fs::path& file) {
        check(packages_layer(build), "packages");
        write_file(file, "ok\n");
    });
}

/// The recipe's value that chose the kernel, as a key of Recipe::places.
std::string place_of_kernel(const Recipe& recipe, Arch arch) {
    if (!recipe.kernel_image.empty())
        return "kernel.image";
    return recipe.kernel_version.empty() ? fmt::format("kernel.{}", name(arch)) : "kernel.version";
}

/// The initramfs' modules, with the place in the recipe of one that does not exist, or of a kernel that
/// cannot mount a medium.
FileTree first_root(const Build& build, const Kernel& kernel, const Content& busybox,
                    const std::vector<std::string>& wanted) {
    std::string place = place_of_kernel(build.recipe, build.options.arch);
    return at_place_of(build.recipe, place, [&] {
        try {
            return initramfs_tree(kernel, build.options.arch, busybox, build.scripts, wanted);
        } catch (const NoSuchModule& error) {
            place = "modules " + error.word();
            throw;
        }
    });
}

}  // namespace

fs::path Build::part(std::string_view kind, const std::string& inputs, std::int64_t made,
                     const std::function<void(const fs::path&)>& make) const {
    return cached(options.cache, fmt::format("{}-{}", kind, name(options.arch)),
                  fmt::format("format {}\ntime {}\n{}", format_version, made, inputs), make,
                  CacheCheck::digest, options.warn);
}

void Build::write_layer(const FileTree& tree, const fs::path& file, const std::string& step,
                        std::int64_t made) const {
    const Progress progress = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
        options.progress(step, done, total);
    };
    const bool erofs = recipe.layer_format == LayerFormat::erofs;
    BlockCache blocks(options.cache / blocks_directory, options.cache_size);
    for (const std::string& remark :
         erofs ? write_erofs(tree, file, recipe.erofs_compression, made, options.cache, progress)
               : write_squashfs(tree, file, recipe.compression, made, options.workers, progress, &blocks))
        (root ? options.warn : options.why)((erofs ? "erofs: " : "squashfs: ") + remark);
}

Parts make_parts(const Build& build, const Content& busybox, const FileTree& files) {
    const Arch arch = build.options.arch;
    const std::string modules = modules_identity(build);
    const std::int64_t made = kernel_time(build);
    const std::shared_future<Kernel> kernel =
        std::async(std::launch::deferred, [&] { return whole_kernel(build, modules); }).share();
    // Before anything is compressed: these may refuse the build.
    check_fat(build);
    check_layers(build, kernel, files, modules);
    std::vector<std::string> wanted = build.recipe.modules.of(arch);
    if (build.recipe.layer_format == LayerFormat::erofs)
        wanted.emplace_back("erofs");
    const std::string first = modules + identity(build.sources.loaders) + text_of(build.scripts) +
                              fmt::format("modules {}\n", fmt::join(wanted, " "));
    std::future<fs::path> initramfs = std::async(std::launch::async, [&, kernel] {
        return build.part("initramfs", first, made, [&](const fs::path& file) {
            write_file(file, write_cpio(first_root(build, kernel.get(), busybox, wanted), made));
        });
    });
    Parts parts;
    const std::string image =
        build.kernel ? identity_of_image(*build.kernel) : identity(build.sources.kernel);
    parts.image = build.part("vmlinuz", image, made,
                             [&](const fs::path& file) { write_file(file, kernel.get().image.whole()); });
    const FileTree packages = build.root ? FileTree() : merged_usr();
    const FileTree& base = build.root ? build.root->tree : packages;
    parts.modules =
        build.part("modules", modules + modules_place(build.kernel, base) + compression(build.recipe), made,
                   [&](const fs::path& file) {
                       build.write_layer(modules_layer(kernel.get(), base), file, "modules.sb", made);
                   });
    parts.base = base_parts(build);
    parts.initramfs = initramfs.get();
    return parts;
}

}  // namespace lktest
