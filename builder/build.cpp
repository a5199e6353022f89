// SPDX-License-Identifier: MIT
#include "builder/build.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/menu.hpp"
#include "builder/cache.hpp"
#include "builder/live_root.hpp"
#include "builder/manifest.hpp"
#include "builder/note.hpp"
#include "builder/parts.hpp"
#include "builder/report/report.hpp"
#include "builder/sources.hpp"
#include "builder/tree/from_packages.hpp"
#include "builder/write_output.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// The rest of the note: the files that were read for the build.
std::string note_rest(const Build& build) {
    std::string text = fmt::format("format {}\ntime {}\n", name(build.options.format), build.time);
    if (build.root)
        text += build.root->identity;
    if (build.kernel)
        text += identity_of_modules(*build.kernel) + identity_of_image(*build.kernel);
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
    for (const char* part : {"", blocks_directory, "chosen", "debs", made_directory, "tars"})
        remove_dead(options.cache / part);
}

/// A kernel that is not from a package: the user's own or the root's. Unset if there is neither.
std::optional<Kernel> own_kernel(const Recipe& recipe, const BuildOptions& options,
                                 std::optional<Root>& root) {
    std::optional<Kernel> kernel;
    if (!recipe.kernel_image.empty())
        kernel = at_place_of(recipe, recipe.kernel_modules.empty() ? "kernel.image" : "kernel.modules", [&] {
            return read_kernel(recipe.kernel_image, recipe.kernel_modules, options.arch);
        });
    else if (root)
        kernel = at_place_of(recipe, "kernel.version", [&] {
            return take_root_kernel(root->tree, options.arch, recipe.kernel_version);
        });
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

/// Kernel, initramfs and layers; the layers are stacked in the order of their numbers.
std::vector<ImageFile> medium_parts(const Parts& made, const fs::path& files, std::string_view base) {
    std::vector<ImageFile> parts{{kernel_path, made.image}, {initramfs_path, made.initramfs}};
    for (std::size_t number = 1; number <= made.base.size(); ++number)
        parts.push_back({made.base.size() == 1
                             ? fmt::format("{}/01-{}.sb", layers_directory, base)
                             : fmt::format("{}/01-{}-{:02}.sb", layers_directory, base, number),
                         made.base[number - 1]});
    parts.push_back({fmt::format("{}/02-modules.sb", layers_directory), made.modules});
    parts.push_back({fmt::format("{}/03-files.sb", layers_directory), files});
    return parts;
}

/// A stick with FAT32 holds no file of 4 GiB.
void check_sizes(Format format, const std::vector<ImageFile>& parts) {
    if (format != Format::zip && format != Format::tar)
        return;
    for (const ImageFile& part : parts)
        if (const auto* file = std::get_if<fs::path>(&part.content); file && fs::file_size(*file) >> 32 > 0)
            throw usage_error(fmt::format("{} has {} bytes, and FAT32 holds no file of 4 GiB", part.path,
                                          fs::file_size(*file)),
                              "exclude the largest file of the root, or build an ISO: --format iso");
}

}  // namespace

BuildResult build_image(const Recipe& recipe, const BuildOptions& options) {
    check_loader(recipe, options.format);
    const CacheUse use(options.cache);
    std::optional<Root> root;
    if (recipe.root.kind != RootKind::packages)
        root = read_root(recipe, options);
    std::optional<Kernel> kernel = own_kernel(recipe, options, root);
    Sources sources = fetch_sources(recipe, options, !kernel);
    const Reporting reporting = root ? choose_reporting(recipe.root, root->tree) : Reporting();
    if (!reporting.problem.empty())
        options.warn(
            fmt::format("the live system will not report its userspace and network: {}. lktest run then "
                        "waits for a login prompt",
                        reporting.problem));
    if (root && reporting.init == InitKind::none && reporting.by == Report::busybox)
        options.warn("the root has no init, so the live system starts lktest's BusyBox, which gives a shell");
    const std::int64_t time =
        options.source_date_epoch.value_or(std::max(newest(sources.all()), root ? root->newest : 0));
    const Build build{recipe,    options, std::move(sources), std::move(root), std::move(kernel),
                      reporting, time,    read_init_scripts()};

    if (is_made(build)) {
        options.why(fmt::format("{} is there already, made of the same", options.output.string()));
        return {options.output, size_below(options.output), time};
    }
    sweep(options);
    const FileTree loaders = packages_tree(build.sources.loaders, options.cache, {}, {});
    const auto busybox = loaders.find("/bin/busybox");
    if (!busybox)
        throw host_error("the package busybox-static has no /bin/busybox");
    const FileTree files =
        build.root ? files_over(recipe, build.root->tree, report_files(reporting.by), busybox->content, time)
                   : files_layer(recipe, time);
    const Parts made = make_parts(build, busybox->content, files);
    const TempDir scratch(options.cache);
    const fs::path upper = scratch.path() / "files.sb";
    build.write_layer(files, upper, "files.sb", time);
    const std::vector<ImageFile> parts = medium_parts(made, upper, build.root ? "root" : "packages");
    check_sizes(options.format, parts);
    std::error_code absent;
    fs::remove(inputs_of(options.output), absent);  // never the old note next to a new image
    write_output(build, loaders, parts, scratch.path());
    const std::uint64_t size = size_below(options.output);
    write_file(inputs_of(options.output),
               note_start(recipe, options.arch, build.scripts, options.output) + note_rest(build));
    use.limit(options.cache_size);
    return {options.output, size, time};
}

}  // namespace lktest
