// SPDX-License-Identifier: MIT
#include "builder/build.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <set>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/boot/esp.hpp"
#include "builder/boot/grub.hpp"
#include "builder/boot/isolinux.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/cache.hpp"
#include "builder/image/checksums.hpp"
#include "builder/image/iso_writer.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/initramfs/initramfs.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/live_root.hpp"
#include "builder/manifest.hpp"
#include "builder/report/report.hpp"
#include "builder/root.hpp"
#include "builder/sources.hpp"
#include "builder/tree/from_packages.hpp"
#include "builder/vendor/vendor_loader.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Increment it if the same recipe and packages give another image than before.
constexpr int format_version = 7;

std::string text_of(const InitScripts& scripts) {
    std::string text;
    for (const auto& [path, content] : scripts)
        text += path + "\n" + content;
    return text;
}

/// The inputs of an image other than packages, as text.
std::string own_inputs(const Recipe& recipe, Arch arch, const InitScripts& scripts) {
    std::string menu;
    for (const BootMenu::Entry& entry : boot_menu(recipe, arch).entries)
        menu += entry.title + entry.command_line;
    if (!recipe.splash.empty())
        menu += file_identity(recipe.splash);
    return fmt::format("lktest {} format {}\narch {}\nrecipe {:016x}\ninit {:016x}\nmenu {:016x}\n",
                       LKTEST_VERSION, format_version, name(arch), hash(recipe.text), hash(text_of(scripts)),
                       hash(menu));
}

/// Precedes the packages in the note.
constexpr std::string_view packages_mark = "packages\n";

/// One build: its inputs, and the state that its steps share.
struct Build {
    const Recipe& recipe;
    const BuildOptions& options;
    Sources sources;
    std::optional<Root> root;      ///< unset if it is made of packages
    std::optional<Kernel> kernel;  ///< unset if it is a package
    std::int64_t time;
    InitScripts scripts;

    /// Inputs of a part. `time` is not one of them, or a change in one part would rebuild every part.
    /// @param latest  time of any of its inputs
    std::int64_t part_time(std::int64_t latest) const { return std::min(time, latest); }

    /// For the kernel's parts, which also contain busybox and the modules' index.
    std::int64_t kernel_time() const {
        std::int64_t latest = std::max(newest(sources.kernel), newest(sources.loaders));
        if (kernel)
            kernel->modules.walk(
                [&](const std::string&, const Inode& inode) { latest = std::max(latest, inode.mtime); });
        return part_time(latest);
    }

    fs::path part(std::string_view kind, const std::string& inputs, std::int64_t made,
                  const std::function<void(const fs::path&)>& make) const {
        return cached(options.cache, fmt::format("{}-{}", kind, name(options.arch)),
                      fmt::format("format {}\ntime {}\n{}", format_version, made, inputs), make,
                      CacheCheck::digest, options.warn);
    }

    /// @param step  its name for progress
    /// @param made  latest time of any file in it
    void write_layer(const FileTree& tree, const fs::path& file, const std::string& step,
                     std::int64_t made) const {
        const Progress progress = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
            options.progress(step, done, total);
        };
        for (const std::string& remark :
             write_squashfs(tree, file, recipe.compression, made, options.workers, progress))
            (root ? options.warn : options.why)("squashfs: " + remark);
    }

    std::string kernel_identity() const { return kernel ? identity(*kernel) : identity(sources.kernel); }

    std::string compression() const {
        return fmt::format("{} {} {}\n", name(recipe.compression.compressor), recipe.compression.level,
                           recipe.compression.block_size);
    }
};

fs::path root_part(const Build& build) {
    const std::int64_t made = build.part_time(build.root->newest);
    return build.part("root", build.root->identity + build.compression(), made, [&](const fs::path& file) {
        build.write_layer(build.root->tree, file, "root.sb", made);
    });
}

fs::path packages_part(const Build& build) {
    std::string inputs = identity(build.sources.root) + build.compression();
    inputs += fmt::format("exclude {}\n", fmt::join(build.recipe.exclude, "\n"));
    for (const auto& [target, links] : build.recipe.links)
        inputs += fmt::format("{} = {}\n", target, fmt::join(links, " "));
    const std::int64_t made = build.part_time(newest(build.sources.root));
    return build.part("packages", inputs, made, [&](const fs::path& file) {
        build.write_layer(packages_layer(build.recipe, build.sources.root, build.options.cache,
                                         build.options.progress, build.options.why),
                          file, "packages.sb", made);
    });
}

struct KernelParts {
    fs::path image, modules, initramfs;
};

/// The kernel with the modules' index, which a root may have, but a package does not.
Kernel whole_kernel(const Build& build, const std::string& inputs) {
    const Arch arch = build.options.arch;
    Kernel kernel = build.kernel ? *build.kernel
                                 : take_kernel(packages_tree(build.sources.kernel, build.options.cache,
                                                             module_exclusions(build.recipe), {}),
                                               arch, build.recipe.kernel(arch));
    if (kernel.modules.find(kernel.directory()) && kernel.index("modules.dep").empty())
        add_module_index(
            kernel, build.part("depmod", inputs, build.kernel_time(),
                               [&](const fs::path& directory) { write_module_index(kernel, directory); }));
    return kernel;
}

/// Unpacks the kernel at most once, or not at all if the cache has every part.
KernelParts kernel_parts(const Build& build, const Content& busybox) {
    const Arch arch = build.options.arch;
    const std::string files = build.kernel_identity();
    const std::int64_t made = build.kernel_time();
    const std::string modules =
        files + fmt::format("exclude {}\n", fmt::join(module_exclusions(build.recipe), "\n"));
    const std::shared_future<Kernel> kernel =
        std::async(std::launch::deferred, [&] { return whole_kernel(build, modules); }).share();
    const std::vector<std::string> wanted = build.recipe.modules.of(arch);
    const std::string first_root = modules + identity(build.sources.loaders) + text_of(build.scripts) +
                                   fmt::format("modules {}\n", fmt::join(wanted, " "));
    // One thread makes the initramfs while the others compress the modules' layer.
    std::future<fs::path> initramfs = std::async(std::launch::async, [&, kernel] {
        return build.part("initramfs", first_root, made, [&](const fs::path& file) {
            const FileTree tree = initramfs_tree(kernel.get(), arch, busybox, build.scripts, wanted);
            write_file(file, write_cpio(tree, made));
        });
    });
    KernelParts parts;
    parts.image = build.part("vmlinuz", files, made,
                             [&](const fs::path& file) { write_file(file, kernel.get().image.whole()); });
    parts.modules = build.part("modules", modules + build.compression(), made, [&](const fs::path& file) {
        build.write_layer(kernel.get().modules, file, "modules.sb", made);
    });
    parts.initramfs = initramfs.get();
    return parts;
}

std::string disk_info(const Build& build) {
    return fmt::format("{} {} (lktest {}, {:%Y-%m-%d})", build.recipe.volume_label, name(build.options.arch),
                       LKTEST_VERSION, fmt::gmtime(static_cast<std::time_t>(build.time)));
}

/// Adds the list of the files' digests, and the manifest.
void add_lists(const Build& build, std::vector<ImageFile>& files) {
    std::vector<FileDigest> known = digests(files);
    // libisofs writes a table into this one (the boot info table).
    std::erase_if(known, [](const FileDigest& file) { return file.path == isolinux_path; });
    const ImageFile list{manifest_path,
                         manifest(build.recipe, build.options.arch, build.sources, build.time, known)};
    known.push_back(digests({&list, 1}).front());
    files.push_back(list);
    files.push_back({checksums_path, checksum_list(known)});
}

void write_iso_file(const Build& build, const BootFiles& boot, std::vector<ImageFile> files,
                    const fs::path& scratch) {
    const fs::path& output = build.options.output;
    const fs::path esp = scratch / "efiboot.img";
    write_esp(esp, boot.efi, build.time);
    AtomicFile iso(output);
    const Volume volume{build.recipe.volume_label, "LKTEST " LKTEST_VERSION, build.time};
    write_iso(iso.temporary(), volume, layout(build.options.arch, build.recipe.table), files, esp, boot.mbr,
              build.options.progress);
    iso.commit();
}

/// The UEFI boot loader that the recipe chooses.
VendorLoader efi_loader(const Build& build, const FileTree& loaders, const BootMenu& menu) {
    const Recipe& recipe = build.recipe;
    switch (recipe.loader) {
        case Loader::signed_chain: return {signed_efi(loaders, build.options.arch), {}};
        case Loader::grub: return {built_efi(loaders, build.options.arch), {}};
        case Loader::vendor: break;
    }
    return vendor_loader(recipe.loader_iso.empty() ? recipe.root.path : recipe.loader_iso, build.options.arch,
                         grub_vendor_config(menu, build.options.arch, recipe.volume_label));
}

/// Throws a usage Error for a boot loader that this build does not support.
void check_loader(const Recipe& recipe, Format format) {
    if (format == Format::netboot && recipe.loader != Loader::signed_chain)
        throw usage_error("a netboot directory can only use Debian's signed network GRUB",
                          "remove [boot] from the recipe for it");
    if (recipe.loader == Loader::vendor && recipe.loader_iso.empty() && recipe.root.kind != RootKind::iso)
        throw usage_error("loader = \"vendor\" needs the vendor's ISO",
                          "name it: iso = \"FILE.iso\" in [boot], or in [root]");
}

/// A disk that a UEFI fetches by HTTP and boots from memory. It contains kernel and initramfs, because
/// Debian's signed network GRUB does not support HTTP.
fs::path http_image(const Build& build, const FileTree& loaders, const std::vector<ImageFile>& parts,
                    const fs::path& scratch) {
    const BootMenu menu = boot_menu(build.recipe, build.options.arch);
    std::vector<ImageFile> files = signed_efi(loaders, build.options.arch);
    files.push_back({"/.disk/info", disk_info(build) + "\n"});
    files.push_back({"/boot/grub/grub.cfg", grub_http_config(menu, build.options.arch)});
    std::ranges::copy_if(parts, std::back_inserter(files), [](const ImageFile& part) {
        return part.path == kernel_path || part.path == initramfs_path;
    });
    fs::path image = scratch / "httpboot.img";
    write_esp(image, files, build.time);
    return image;
}

/// The recipe's background picture, if any. Throws a usage Error if it is not a PNG.
std::string splash_of(const Recipe& recipe) {
    if (recipe.splash.empty())
        return {};
    std::string picture = read_file(recipe.splash);
    if (!picture.starts_with("\x89PNG\r\n\x1a\n"))
        throw usage_error(fmt::format("{} is no PNG", recipe.splash.string()),
                          "both menus read PNG, of 640 × 480 points");
    return picture;
}

/// @param parts  kernel, initramfs and layers, which every format has
void write_output(const Build& build, const FileTree& loaders, const std::vector<ImageFile>& parts,
                  const fs::path& scratch) {
    const BuildOptions& options = build.options;
    const BootMenu menu = boot_menu(build.recipe, options.arch);
    std::vector<ImageFile> files;
    if (options.format == Format::netboot) {
        files = network_boot_files(loaders, options.arch, menu);
        files.push_back({"/httpboot.img", http_image(build, loaders, parts, scratch)});
        files.insert(files.end(), parts.begin(), parts.end());
        add_lists(build, files);
        write_directory(options.output, files, options.progress);
        return;
    }
    const VendorLoader efi = efi_loader(build, loaders, menu);
    const BootFiles boot = boot_files(loaders, options.arch, menu, efi.efi, disk_info(build));
    files = efi.grub;
    const std::vector<ImageFile> bios =
        options.format == Format::iso ? boot.bios : stick_files(loaders, options.arch, menu);
    for (const auto& more : {bios, boot.grub, boot.efi, parts})  // in boot order
        files.insert(files.end(), more.begin(), more.end());
    if (menu.splash)
        files.push_back({splash_path, splash_of(build.recipe)});
    add_lists(build, files);
    if (options.format == Format::iso) {
        write_iso_file(build, boot, std::move(files), scratch);
        return;
    }
    AtomicFile archive(options.output);
    write_archive(options.format, archive.temporary(), files, build.time, options.progress);
    archive.commit();
}

std::uint64_t size_below(const fs::path& path) {
    if (!fs::is_directory(path))
        return fs::file_size(path);
    std::uint64_t total = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
        total += entry.is_regular_file() ? entry.file_size() : 0;
    return total;
}

/// Identifies the bytes of the output, so that a file that has changed since is not mistaken for the result.
std::string output_identity(const fs::path& output) {
    if (!fs::is_directory(output))
        return "output " + file_identity(output);
    std::set<std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(output))
        if (entry.is_regular_file())
            files.insert(file_identity(entry.path()));
    return fmt::format("output {:016x}\n", hash(fmt::format("{}", fmt::join(files, ""))));
}

/// The part of the note that is_current() can check without reading inputs: the recipe, and the output
/// itself.
std::string note_start(const Recipe& recipe, Arch arch, const InitScripts& scripts, const fs::path& output) {
    return own_inputs(recipe, arch, scripts) + output_identity(output);
}

/// The rest of the note: the files that were read for the build.
std::string note_rest(const Build& build) {
    std::string text = fmt::format("format {}\ntime {}\n", name(build.options.format), build.time);
    if (build.root)
        text += build.root->identity;
    if (build.kernel)
        text += identity(*build.kernel);
    return text + std::string(packages_mark) + identity(build.sources.all());
}

/// Whether the output is what this build would make.
bool is_made(const Build& build) {
    const fs::path& output = build.options.output;
    return fs::exists(output) && fs::exists(inputs_of(output)) &&
           read_file(inputs_of(output)) ==
               note_start(build.recipe, build.options.arch, build.scripts, output) + note_rest(build);
}

/// Removes the leftovers of killed builds next to the output and in the cache.
void sweep(const BuildOptions& options) {
    remove_dead(fs::absolute(options.output).parent_path(), options.output.filename());
    for (const char* part : {"", "chosen", "debs", "made", "tars"})
        remove_dead(options.cache / part);
}

/// A kernel that is not from a package: the user's own or the root's. Unset if there is neither.
std::optional<Kernel> own_kernel(const Recipe& recipe, const BuildOptions& options,
                                 std::optional<Root>& root) {
    std::optional<Kernel> kernel;
    if (!recipe.kernel_image.empty())
        kernel = read_kernel(recipe.kernel_image, recipe.kernel_modules, options.arch);
    else if (root)
        kernel = take_root_kernel(root->tree, options.arch, recipe.kernel_version);
    if (kernel) {
        leave_out(*kernel, module_exclusions(recipe));
        options.why(fmt::format("kernel: {}, {}", kernel->release,
                                recipe.kernel_image.empty() ? "of the root" : "of the recipe"));
    } else if (root) {
        options.why(
            fmt::format("kernel: the root has none, so it is the package {}", recipe.kernel(options.arch)));
    }
    return kernel;
}

}  // namespace

BuildResult build_image(const Recipe& recipe, const BuildOptions& given) {
    BuildOptions options = given;
    if (!options.progress)
        options.progress = [](std::string_view, std::uint64_t, std::uint64_t) {};
    if (!options.why)
        options.why = [](std::string_view) {};
    if (!options.warn)
        options.warn = [](std::string_view) {};
    check_loader(recipe, options.format);
    std::optional<Root> root;
    if (recipe.root.kind != RootKind::packages)
        root = read_root(recipe, options);
    std::optional<Kernel> kernel = own_kernel(recipe, options, root);
    Sources sources = fetch_sources(recipe, options, !kernel);
    const std::int64_t time =
        options.source_date_epoch.value_or(std::max(newest(sources.all()), root ? root->newest : 0));
    const Build build{
        recipe, options, std::move(sources), std::move(root), std::move(kernel), time, read_init_scripts()};

    if (is_made(build)) {
        options.why(fmt::format("{} is there already, made of the same", options.output.string()));
        return {options.output, size_below(options.output), time};
    }
    sweep(options);
    const FileTree loaders = packages_tree(build.sources.loaders, options.cache, {}, {});
    const auto busybox = loaders.find("/bin/busybox");
    if (!busybox)
        throw host_error("the package busybox-static has no /bin/busybox");
    // In parallel, because only compression keeps every core busy.
    std::future<KernelParts> kernel_made =
        std::async(std::launch::async, [&] { return kernel_parts(build, busybox->content); });
    const TempDir scratch(options.cache);
    const fs::path files = scratch.path() / "files.sb";
    build.write_layer(build.root ? files_over(recipe, build.root->tree,
                                              report_files(choose_report(recipe.root, build.root->tree)),
                                              busybox->content, time)
                                 : files_layer(recipe, time),
                      files, "files.sb", time);
    const fs::path base = build.root ? root_part(build) : packages_part(build);
    const KernelParts made = kernel_made.get();
    const std::vector<ImageFile> parts{
        {kernel_path, made.image},
        {initramfs_path, made.initramfs},
        {fmt::format("{}/01-{}.sb", layers_directory, build.root ? "root" : "packages"), base},
        {fmt::format("{}/02-modules.sb", layers_directory), made.modules},
        {fmt::format("{}/03-files.sb", layers_directory), files},
    };
    std::error_code absent;
    fs::remove(inputs_of(options.output), absent);  // never the old note next to a new image
    write_output(build, loaders, parts, scratch.path());
    const std::uint64_t size = size_below(options.output);
    write_file(inputs_of(options.output),
               note_start(recipe, options.arch, build.scripts, options.output) + note_rest(build));
    return {options.output, size, time};
}

bool is_current(const Recipe& recipe, Arch arch, const fs::path& iso, const fs::path& cache) {
    // Whether another root or a vendor's ISO has changed is unknown until it is read.
    if (recipe.root.kind != RootKind::packages || !recipe.kernel_image.empty() ||
        recipe.loader == Loader::vendor)
        return false;
    if (!fs::exists(iso) || !fs::exists(inputs_of(iso)))
        return false;
    const std::string note = read_file(inputs_of(iso));
    if (!note.starts_with(note_start(recipe, arch, read_init_scripts(), iso)))
        return false;
    // A cache without one of the packages was cleared to get newer ones.
    std::istringstream debs(note.substr(note.find(packages_mark) + packages_mark.size()));
    for (std::string deb; std::getline(debs, deb);)
        if (!fs::exists(cache / "debs" / deb))
            return false;
    return true;
}

}  // namespace lktest
