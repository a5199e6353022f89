// SPDX-License-Identifier: MIT
#include "builder/build.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/boot/esp.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/cache.hpp"
#include "builder/image/iso_writer.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/initramfs/initramfs.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/live_root.hpp"
#include "builder/sources.hpp"
#include "builder/tree/from_packages.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Raise it when the same recipe and packages give another image than before.
constexpr int format_version = 3;

/// What an image is made of besides packages, as text.
std::string own_inputs(const Recipe& recipe, Arch arch, const InitScripts& scripts) {
    std::string menu;
    for (const BootMenu::Entry& entry : boot_menu(recipe, arch).entries)
        menu += entry.title + entry.command_line;
    return fmt::format("lktest {} format {}\narch {}\nrecipe {:016x}\ninit {:016x}\nmenu {:016x}\n",
                       LKTEST_VERSION, format_version, name(arch), hash(recipe.text),
                       hash(scripts.init + scripts.say), hash(menu));
}

fs::path note_of(const fs::path& iso) {
    return iso.string() + ".inputs";
}

/// One build: what goes in, and what all its steps need.
struct Build {
    const Recipe& recipe;
    const BuildOptions& options;
    Sources sources;
    std::int64_t time;
    InitScripts scripts;

    fs::path part(std::string_view kind, const std::string& inputs,
                  const std::function<void(const fs::path&)>& make) const {
        return cached(options.cache, fmt::format("{}-{}", kind, name(options.arch)),
                      fmt::format("format {}\ntime {}\n{}", format_version, time, inputs), make);
    }

    void write_layer(const FileTree& tree, const fs::path& file) const {
        for (const std::string& omitted :
             write_squashfs(tree, file, recipe.compression, time, options.workers, options.progress))
            options.why("squashfs: " + omitted);
    }

    std::string compression() const {
        return fmt::format("{} {} {}\n", name(recipe.compression.compressor), recipe.compression.level,
                           recipe.compression.block_size);
    }
};

fs::path packages_part(const Build& build) {
    std::string inputs = identity(build.sources.root) + build.compression();
    inputs += fmt::format("exclude {}\n", fmt::join(build.recipe.exclude, "\n"));
    for (const auto& [target, links] : build.recipe.links)
        inputs += fmt::format("{} = {}\n", target, fmt::join(links, " "));
    return build.part("packages", inputs, [&](const fs::path& file) {
        build.write_layer(packages_layer(build.recipe, build.sources.root, build.options.cache,
                                         build.options.progress, build.options.why),
                          file);
    });
}

struct KernelParts {
    fs::path image, modules, initramfs;
};

/// Unpacks the kernel at most once, and not at all when the cache has every part.
KernelParts kernel_parts(const Build& build, const FileTree& loaders) {
    const Arch arch = build.options.arch;
    std::optional<Kernel> unpacked;
    const auto kernel = [&]() -> const Kernel& {
        if (!unpacked)
            unpacked = take_kernel(packages_tree(build.sources.kernel, build.options.cache,
                                                 module_exclusions(build.recipe), build.options.progress),
                                   arch, build.recipe.kernel(arch), build.options.cache);
        return *unpacked;
    };
    const auto busybox = loaders.find("/bin/busybox");
    if (!busybox)
        throw host_error("the package busybox-static has no /bin/busybox");

    const std::string packages = identity(build.sources.kernel);
    const std::string modules =
        packages + fmt::format("exclude {}\n", fmt::join(module_exclusions(build.recipe), "\n"));
    const std::vector<std::string> wanted = build.recipe.modules.of(arch);
    const std::string first_root = modules + identity(build.sources.loaders) + build.scripts.init +
                                   build.scripts.say + fmt::format("modules {}\n", fmt::join(wanted, " "));
    return {
        build.part("vmlinuz", packages,
                   [&](const fs::path& file) { write_file(file, kernel().image.whole()); }),
        build.part("modules", modules + build.compression(),
                   [&](const fs::path& file) { build.write_layer(kernel().modules, file); }),
        build.part("initramfs", first_root,
                   [&](const fs::path& file) {
                       const FileTree tree =
                           initramfs_tree(kernel(), arch, busybox->content, build.scripts, wanted);
                       write_file(file, write_cpio(tree, build.time));
                   }),
    };
}

std::string disk_info(const Build& build) {
    return fmt::format("{} {} (lktest {}, {:%Y-%m-%d})", build.recipe.volume_label, name(build.options.arch),
                       LKTEST_VERSION, fmt::gmtime(static_cast<std::time_t>(build.time)));
}

}  // namespace

BuildResult build_image(const Recipe& recipe, const BuildOptions& given) {
    BuildOptions options = given;
    if (!options.progress)
        options.progress = [](std::string_view, std::uint64_t, std::uint64_t) {};
    if (!options.why)
        options.why = [](std::string_view) {};
    Sources sources = fetch_sources(recipe, options);
    const std::int64_t time = options.source_date_epoch.value_or(newest(sources.all()));
    const Build build{recipe, options, std::move(sources), time, read_init_scripts()};

    const FileTree loaders = packages_tree(build.sources.loaders, options.cache, {}, options.progress);
    const BootFiles boot =
        boot_files(loaders, options.arch, boot_menu(recipe, options.arch), disk_info(build));
    const KernelParts kernel = kernel_parts(build, loaders);
    const fs::path packages = packages_part(build);

    const TempDir scratch(options.cache);
    const fs::path files = scratch.path() / "files.sb", esp = scratch.path() / "efiboot.img";
    build.write_layer(files_layer(recipe, time), files);
    write_esp(esp, boot.efi, time);

    std::vector<ImageFile> image = boot.bios;  // what boots first comes first
    image.insert(image.end(), boot.grub.begin(), boot.grub.end());
    image.push_back({kernel_path, kernel.image});
    image.push_back({initramfs_path, kernel.initramfs});
    image.insert(image.end(), boot.efi.begin(), boot.efi.end());
    image.push_back({fmt::format("{}/01-packages.sb", layers_directory), packages});
    image.push_back({fmt::format("{}/02-modules.sb", layers_directory), kernel.modules});
    image.push_back({fmt::format("{}/03-files.sb", layers_directory), files});

    AtomicFile iso(options.output);
    const Volume volume{recipe.volume_label, "LKTEST " LKTEST_VERSION, time};
    write_iso(iso.temporary(), volume, layout(options.arch), image, esp, boot.mbr, options.progress);
    const std::uint64_t size = fs::file_size(iso.temporary());
    std::error_code absent;
    fs::remove(note_of(options.output), absent);  // never the old note beside a new image
    iso.commit();
    write_file(note_of(options.output), own_inputs(recipe, options.arch, build.scripts) +
                                            fmt::format("size {}\n", size) + identity(build.sources.all()));
    return {options.output, size, time};
}

bool is_current(const Recipe& recipe, Arch arch, const fs::path& iso, const fs::path& cache) {
    if (!fs::exists(iso) || !fs::exists(note_of(iso)))
        return false;
    const std::string note = read_file(note_of(iso));
    const std::string expected =
        own_inputs(recipe, arch, read_init_scripts()) + fmt::format("size {}\n", fs::file_size(iso));
    if (!note.starts_with(expected))
        return false;
    // A cache without one of the packages was cleared to get newer ones.
    std::istringstream debs(note.substr(expected.size()));
    for (std::string deb; std::getline(debs, deb);)
        if (!fs::exists(cache / "debs" / deb))
            return false;
    return true;
}

}  // namespace lktest
