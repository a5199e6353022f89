// SPDX-License-Identifier: MIT
#include "builder/root.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/cache.hpp"
#include "builder/inspect/elf.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/layer/squashfs_tree.hpp"
#include "builder/tree/debian_system.hpp"
#include "builder/tree/ext4_tree.hpp"
#include "builder/tree/from_directory.hpp"
#include "builder/tree/oci.hpp"
#include "builder/tree/overlay.hpp"
#include "builder/tree/tar.hpp"
#include "builder/vendor/install_image.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// The directories of a running system, by linux-live's list, with /boot for its kernels.
constexpr std::array system_directories{"bin",    "boot", "etc",  "home", "lib", "lib32", "lib64",
                                        "libx32", "opt",  "root", "sbin", "srv", "usr",   "var"};
/// Mount points for other file systems: they exist, but are empty.
constexpr std::array mount_points{"dev", "media", "mnt", "proc", "run", "sys", "tmp"};

constexpr std::size_t most_listed = 20;

std::string list(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : std::span(lines).first(std::min(lines.size(), most_listed)))
        text += fmt::format("\n  {}", line);
    if (lines.size() > most_listed)
        text += fmt::format("\n  … and {} more", lines.size() - most_listed);
    return text;
}

Root read_walked(const Recipe& recipe, const BuildOptions& options) {
    const RootSource& source = recipe.root;
    const bool system = source.kind == RootKind::system;
    DirectoryOptions how;
    how.exclude = recipe.exclude;
    how.one_file_system = source.one_file_system;
    how.live = system;
    for (const fs::path& own : {options.output, fs::path(options.output.string() + ".inputs"), options.cache})
        how.except.push_back(fs::weakly_canonical(fs::absolute(own)));
    if (system)
        how.only = source.directories.empty()
                       ? std::vector<std::string>(system_directories.begin(), system_directories.end())
                       : source.directories;
    const fs::path directory = system ? fs::path("/") : fs::canonical(source.path);
    DirectoryTree found = read_directory(directory, how);
    if (!found.unreadable.empty() && !source.allow_unreadable)
        throw host_error(fmt::format("cannot read {} of the files in {}:{}", found.unreadable.size(),
                                     directory.string(), list(found.unreadable)),
                         ::geteuid() == 0
                             ? "exclude them in [root], or omit them with allow_unreadable = true"
                             : "run as root, or omit them with allow_unreadable = true in [root]");
    for (const auto& [files, what] : {std::pair{&found.unreadable, "cannot be read"},
                                      std::pair{&found.vanished, "vanished while the root was read"}})
        if (!files->empty())
            options.warn(fmt::format("{} files are omitted, they {}:{}", files->size(), what, list(*files)));
    if (system)
        for (const std::string name : mount_points)
            found.tree.put_directory("/" + name, name == "tmp" ? 01777 : 0755);
    const std::string identity = fmt::format("root {} {:016x} exclude {} only {}\n", directory.string(),
                                             found.fingerprint, fmt::join(recipe.exclude, " "),
                                             fmt::join(how.only.value_or(std::vector<std::string>()), " "));
    return {std::move(found.tree), identity, found.newest};
}

/// Replaces a tree that only contains a system's disk image with that system.
void take_nested(FileTree& tree, const Recipe& recipe, const BuildOptions& options) {
    const fs::path& file = recipe.root.path;
    const auto path = nested_image(tree, file.string());
    if (!path)
        return;
    options.why(fmt::format("root: the ext4 file system {} inside it", *path));
    tree = ext4_tree(
        {tree.find(*path)->content, fmt::format("{} of {}", *path, file.string()),
         fmt::format("{}{}\nimages {}\n", file_identity(file), *path, fmt::join(recipe.root.images, " "))},
        recipe.exclude, options.cache, options.progress);
}

/// The union of the system's images on a live or installation ISO, with its kernels.
FileTree iso_root(const Recipe& recipe, const BuildOptions& options) {
    const fs::path& file = recipe.root.path;
    const ByteView bytes = ByteView::of_file(file);
    if (!read_iso_volume(bytes))
        throw usage_error(fmt::format("{} is not an ISO 9660 image", file.string()));
    const IsoTree iso = read_iso_tree(bytes);
    std::optional<FileTree> united;
    for (const std::string& path : install_images(iso, options.arch, recipe.root.images, file.string())) {
        options.why(fmt::format("root: {} of {}", path, file.string()));
        FileTree layer = squashfs_tree({iso.find(path)->content, fmt::format("{} of {}", path, file.string()),
                                        file_identity(file) + path + "\n"},
                                       recipe.exclude, options.cache, options.progress);
        if (united)
            lay_over(*united, layer);
        else
            united = std::move(layer);
    }
    take_nested(*united, recipe, options);
    add_kernels(*united, iso);
    return std::move(*united);
}

FileTree squashfs_root(const Recipe& recipe, const BuildOptions& options) {
    const fs::path& file = recipe.root.path;
    FileTree tree = squashfs_tree({ByteView::of_file(file), file.string(), file_identity(file)},
                                  recipe.exclude, options.cache, options.progress);
    take_nested(tree, recipe, options);
    return tree;
}

Root debian_root(const Recipe& recipe, const BuildOptions& options) {
    const DebianRequest request{recipe.root.suite, options.arch, recipe.packages.of(options.arch),
                                options.source_date_epoch};
    const fs::path tar =
        at_place_of(recipe, "suite", [&] { return debian_system(request, options.cache, options.why); });
    Root root;
    root.tree = tar_tree(tar, recipe.exclude, options.cache);
    return root;
}

Root container_root(const Recipe& recipe, const BuildOptions& options) {
    OciRoot found = oci_root({recipe.root.path, options.arch, recipe.root.images, recipe.exclude},
                             options.cache, options.why);
    return {std::move(found.tree), std::move(found.identity)};
}

Root read_file_root(const Recipe& recipe, const BuildOptions& options) {
    const RootSource& source = recipe.root;
    const fs::path& file = source.path;
    Root root;
    root.identity = fmt::format("root {}images {}\nexclude {}\n", file_identity(file),
                                fmt::join(source.images, " "), fmt::join(recipe.exclude, " "));
    if (source.kind == RootKind::iso)
        root.tree = iso_root(recipe, options);
    else if (source.kind == RootKind::squashfs)
        root.tree = squashfs_root(recipe, options);
    else
        root.tree = tar_tree(file, recipe.exclude, options.cache);
    return root;
}

}  // namespace

Root read_root(const Recipe& recipe, const BuildOptions& options) {
    const bool walked = recipe.root.kind == RootKind::directory || recipe.root.kind == RootKind::system;
    Root root = walked                                 ? read_walked(recipe, options)
                : recipe.root.kind == RootKind::debian ? debian_root(recipe, options)
                : recipe.root.kind == RootKind::oci    ? container_root(recipe, options)
                                                       : read_file_root(recipe, options);
    if (!walked)
        root.tree.walk([&](const std::string&, const Inode& inode) {
            root.newest = std::max(root.newest, inode.mtime);
        });
    // The archive's time changes whenever it is made again; the times of its files do not.
    if (recipe.root.kind == RootKind::debian)
        root.identity = fmt::format("debian {} packages {} files {} newest {} exclude {}\n",
                                    recipe.root.suite, fmt::join(recipe.packages.of(options.arch), " "),
                                    root.tree.count(), root.newest, fmt::join(recipe.exclude, " "));
    root.newest = std::min<std::int64_t>(root.newest, std::time(nullptr));
    check_root_machine(root.tree, options.arch);
    return root;
}

void check_root_machine(const FileTree& root, Arch arch) {
    for (const char* program : {"/sbin/init", "/bin/sh", "/bin/busybox", "/usr/bin/env", "/bin/ls"}) {
        const auto path = root.real_path(program);
        const auto file = path ? root.find(*path) : nullptr;
        if (!file || file->type != NodeType::regular || file->content.size() < 20)
            continue;
        std::array<char, 20> header{};
        file->content.read(0, std::as_writable_bytes(std::span(header)));
        const auto machine = elf_machine_of({header.data(), header.size()});
        if (machine && (machine->machine != elf_machine(arch) || !machine->is_64_bit))
            throw usage_error(fmt::format("the root is not for {}: its {} is a {} program", name(arch), *path,
                                          describe(*machine)),
                              "use the root's architecture for --arch, or another root");
        if (machine)
            return;
    }
}

}  // namespace lktest
