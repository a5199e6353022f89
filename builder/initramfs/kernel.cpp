// SPDX-License-Identifier: MIT
#include "builder/initramfs/kernel.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/base/problem.hpp"
#include "builder/base/process.hpp"
#include "builder/initramfs/kernel_image.hpp"
#include "builder/tree/exclusion.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view packaged_modules = "/usr/lib/modules", image_prefix = "/boot/vmlinuz-";

std::string kernel_release(const FileTree& tree, const std::string& package) {
    const auto directory = tree.find(packaged_modules);
    if (!directory || directory->entries.empty())
        throw usage_error(fmt::format("the package {} has no kernel modules", package),
                          "name a kernel such as linux-image-amd64 in [kernel]");
    if (directory->entries.size() > 1)
        throw usage_error(fmt::format("the package {} has modules of several kernels", package));
    return directory->entries.begin()->first;
}

bool has_module(const Inode& directory) {
    return std::ranges::any_of(directory.entries, [](const auto& entry) {
        const auto& [name, inode] = entry;
        return inode->type == NodeType::directory ? has_module(*inode)
                                                  : name.find(".ko") != std::string::npos;
    });
}

/// Removes what packages keep next to the modules for boot loaders: the image, which the medium has
/// elsewhere, its configuration, and device trees, which the firmware has.
void keep_modules(Inode& directory) {
    std::erase_if(directory.entries, [](const auto& entry) {
        const auto& [name, inode] = entry;
        return inode->type == NodeType::directory ? !has_module(*inode) : !name.starts_with("modules.");
    });
}

void write_modules(const Inode& directory, const fs::path& target) {
    fs::create_directory(target);
    std::string bytes;
    for (const auto& [name, inode] : directory.entries) {
        if (inode->type == NodeType::directory) {
            write_modules(*inode, target / name);
        } else if (inode->type == NodeType::regular) {
            bytes = inode->content.whole();
            if (!(std::ofstream(target / name, std::ios::binary) << bytes).flush())
                throw host_error(fmt::format("cannot write {}", (target / name).string()),
                                 "make room on that disk");
        }
    }
}

/// A file by a path that may be a symlink; null if it does not exist.
std::shared_ptr<Inode> file_at(const FileTree& tree, const std::string& path) {
    const auto real = tree.real_path(path);
    const auto inode = real ? tree.find(*real) : nullptr;
    return inode && inode->type == NodeType::regular ? inode : nullptr;
}

/// A kernel in a root.
struct Candidate {
    std::string release;
    std::string image;              ///< path
    std::string modules_directory;  ///< without symlinks; empty: none
};

/// Debian and the Red Hat family have /boot/vmlinuz-RELEASE, SUSE on ARM /boot/Image-RELEASE;
/// Fedora and Arch keep the image next to the modules.
std::string image_of(const FileTree& root, const std::string& release) {
    for (const std::string& path :
         {"/boot/vmlinuz-" + release, "/lib/modules/" + release + "/vmlinuz",
          "/usr/lib/modules/" + release + "/vmlinuz", "/boot/Image-" + release, "/boot/kernel-" + release})
        if (file_at(root, path))
            return path;
    return "";
}

/// Those with modules first, then by version, newest first.
std::vector<Candidate> candidates_of(const FileTree& root) {
    std::vector<Candidate> found;
    const auto known = [&](const std::string& release) {
        return std::ranges::find(found, release, &Candidate::release) != found.end();
    };
    for (const char* directory : {"/usr/lib/modules", "/lib/modules"}) {
        const auto real = root.real_path(directory);
        if (!real || root.find(*real)->type != NodeType::directory)
            continue;
        for (const auto& [release, inode] : root.find(*real)->entries)
            if (inode->type == NodeType::directory && !known(release))
                if (const std::string image = image_of(root, release); !image.empty())
                    found.push_back({release, image, *real});
    }
    if (const auto boot = root.find("/boot"); boot && boot->type == NodeType::directory)
        for (const auto& [name, inode] : boot->entries)
            if (const std::size_t dash = name.find('-'); name.starts_with("vmlinuz-") &&
                                                         !known(name.substr(dash + 1)) &&
                                                         file_at(root, "/boot/" + name))
                found.push_back({name.substr(dash + 1), "/boot/" + name, ""});
    std::ranges::stable_sort(found, [](const Candidate& one, const Candidate& other) {
        if (one.modules_directory.empty() != other.modules_directory.empty())
            return other.modules_directory.empty();
        return ::strverscmp(one.release.c_str(), other.release.c_str()) > 0;
    });
    return found;
}

/// The kernel's .config, from where distributions put it, or from the image itself.
std::string config_of(const FileTree& tree, const Kernel& kernel, const std::string& image) {
    for (const std::string& path :
         {"/boot/config-" + kernel.release, "/lib/modules/" + kernel.release + "/config",
          "/usr/lib/modules/" + kernel.release + "/config"})
        if (const auto config = file_at(tree, path))
            return config->content.whole();
    return embedded_config(image);
}

/// Whether a directory is what depmod and modprobe call /lib/modules/RELEASE.
bool has_modules(const fs::path& directory) {
    std::error_code ignored;
    for (const char* name : {"kernel", "modules.dep", "modules.order", "modules.builtin", "updates", "extra"})
        if (fs::exists(directory / name, ignored))
            return true;
    return false;
}

/// Complains about a directory that is not /lib/modules/RELEASE, and names the one that was meant.
void check_modules_directory(const fs::path& modules, std::string_view release) {
    std::error_code error;
    if (!fs::is_directory(modules, error))
        throw usage_error(fmt::format("there is no directory {}", modules.string()),
                          "set 'modules' to the kernel's lib/modules/RELEASE, or omit it if all drivers are "
                          "built in");
    const std::string name = fs::canonical(modules).filename();
    if (has_modules(modules)) {
        if (!release.empty() && name != release)
            throw usage_error(fmt::format("{} has the modules of another kernel: the image is {}",
                                          modules.string(), release),
                              fmt::format("set 'modules' to lib/modules/{}", release));
        return;
    }
    std::vector<std::string> meant;
    for (const fs::path& below : {modules, modules / "lib/modules", modules / "usr/lib/modules"})
        for (const fs::directory_entry& entry : fs::directory_iterator(below, error))
            if (entry.is_directory(error) && has_modules(entry.path()))
                meant.push_back(entry.path().string());
    throw usage_error(
        fmt::format("{} is not the directory of one kernel's modules", modules.string()),
        meant.empty()
            ? std::string("set 'modules' to lib/modules/RELEASE, which `make modules_install` fills")
            : fmt::format("set 'modules' to {}", fmt::join(meant, " or ")));
}

Error no_such_version(const std::string& version, const std::vector<Candidate>& candidates) {
    std::vector<std::string_view> names;
    for (const Candidate& candidate : candidates)
        names.push_back(candidate.release);
    return usage_error(fmt::format("the root has no kernel {}", version),
                       names.empty() ? "it does not have any kernel: name a package, or an image, in [kernel]"
                                     : suggestion(version, names));
}

}  // namespace

std::string Kernel::directory() const {
    return fmt::format("{}/{}", modules_directory, release);
}

std::string Kernel::index(const std::string& name) const {
    const auto file = modules.find(directory() + "/" + name);
    return file ? file->content.whole() : "";
}

Kernel take_kernel(FileTree tree, Arch arch, const std::string& package) {
    Kernel kernel;
    kernel.release = kernel_release(tree, package);
    const std::string beside = kernel.directory() + "/vmlinuz";
    const std::string packaged = fmt::format("{}{}", image_prefix, kernel.release);
    auto image = file_at(tree, packaged);
    if (!image)
        image = file_at(tree, beside);
    if (!image)
        throw usage_error(fmt::format("the package {} has neither {} nor {}", package, packaged, beside),
                          "name a kernel such as linux-image-amd64 in [kernel]");
    const std::string bytes = image->content.whole();
    kernel.image = Content::text(bootable_kernel(bytes, arch, fmt::format("the kernel of {}", package)));
    kernel.config = config_of(tree, kernel, bytes);
    const auto modules = tree.find(kernel.directory());
    keep_modules(*modules);
    kernel.modules.put(kernel.directory(), modules);
    return kernel;
}

void write_module_index(const Kernel& kernel, const fs::path& directory) {
    const TempDir root(directory.parent_path());
    make_directories(root.path() / "lib/modules");
    const fs::path modules = root.path() / "lib/modules" / kernel.release;
    write_modules(*kernel.modules.find(kernel.directory()), modules);
    check_process({"/sbin/depmod", "-b", root.path().string(), "--", kernel.release});
    make_directories(directory);
    for (const fs::directory_entry& entry : fs::directory_iterator(modules))
        if (entry.is_regular_file())
            fs::rename(entry.path(), directory / entry.path().filename());
}

void add_module_index(Kernel& kernel, const fs::path& directory) {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        kernel.modules.put_file(kernel.directory() + "/" + entry.path().filename().string(),
                                read_file(entry.path()));
}

std::optional<Kernel> take_root_kernel(FileTree& root, Arch arch, const std::string& version) {
    const std::vector<Candidate> candidates = candidates_of(root);
    const auto chosen =
        version.empty() ? candidates.begin() : std::ranges::find(candidates, version, &Candidate::release);
    if (chosen == candidates.end() && version.empty())
        return std::nullopt;
    if (chosen == candidates.end())
        throw no_such_version(version, candidates);
    Kernel kernel;
    kernel.release = chosen->release;
    const std::string image = file_at(root, chosen->image)->content.whole();
    kernel.image = Content::text(bootable_kernel(image, arch, chosen->image + " in the root"));
    kernel.config = config_of(root, kernel, image);
    kernel.of_root = true;
    if (chosen->modules_directory.empty())
        return kernel;
    kernel.modules_directory = chosen->modules_directory;
    kernel.modules.put_over(root, kernel.directory(), root.find(kernel.directory()));
    root.remove(kernel.directory());
    return kernel;
}

Kernel read_kernel(const fs::path& image, const fs::path& modules, Arch arch) {
    Kernel kernel;
    const std::string bytes = read_file(image), bootable = bootable_kernel(bytes, arch, image.string());
    kernel.image = Content::text(bootable);
    kernel.config = embedded_config(bytes);
    kernel.release = release_in(bootable);
    if (modules.empty()) {
        if (kernel.release.empty())
            kernel.release = image.filename().string();
        return kernel;
    }
    check_modules_directory(modules, kernel.release);
    kernel.release = fs::canonical(modules).filename();
    FileTree tree = directory_tree(modules);
    kernel.modules.put(kernel.directory(), std::make_shared<Inode>(tree.root()));
    return kernel;
}

void leave_out(Kernel& kernel, const std::vector<std::string>& patterns) {
    Exclusion exclusion(patterns);
    std::vector<std::string> covered;
    kernel.modules.walk([&](const std::string& path, const Inode&) {
        if (exclusion.covers(path) && path.starts_with(kernel.directory() + "/"))
            covered.push_back(path);
    });
    for (const std::string& path : covered)
        kernel.modules.remove(path);
    // modules.dep must not list missing modules.
    std::istringstream lines(kernel.index("modules.dep"));
    std::string kept;
    for (std::string line; std::getline(lines, line);)
        if (kernel.modules.find(fmt::format("{}/{}", kernel.directory(), line.substr(0, line.find(':')))))
            kept.append(line).push_back('\n');
    if (kept != kernel.index("modules.dep"))
        kernel.modules.put_file(kernel.directory() + "/modules.dep", kept);
}

std::string release_in(std::string_view image) {
    // x86: kernel_version at 0x20e points to the release, counted from 0x200
    // (Documentation/arch/x86/boot.rst).
    std::string_view found;
    if (image.size() > 0x210 && image.substr(0x202, 4) == "HdrS") {
        const std::size_t at = std::size_t{0x200} + le16(image, 0x20e);
        found = image.substr(std::min(at, image.size()), 64);
    } else if (const std::size_t at = image.find("Linux version "); at != std::string_view::npos) {
        found = image.substr(at + 14, 64);
    }
    found = found.substr(0, found.find_first_of(std::string_view("\0 \n", 3)));
    const bool printable =
        std::ranges::all_of(found, [](char c) { return c > ' ' && c < '\x7f' && c != '/'; });
    return printable && !found.empty() && found.front() >= '0' && found.front() <= '9' ? std::string(found)
                                                                                       : "";
}

std::string identity_of_modules(const Kernel& kernel) {
    std::string files;
    kernel.modules.walk([&](const std::string& path, const Inode& inode) {
        files += fmt::format("{} {:o} {} {}\n", path, inode.permissions, inode.content.size(), inode.mtime);
    });
    return fmt::format("kernel {} config {:016x} modules {:016x}\n", kernel.release, hash(kernel.config),
                       hash(files));
}

std::string identity_of_image(const Kernel& kernel) {
    return fmt::format("image {:016x}\n", hash(kernel.image.whole()));
}

}  // namespace lktest
