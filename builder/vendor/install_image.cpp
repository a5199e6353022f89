// SPDX-License-Identifier: MIT
#include "builder/vendor/install_image.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "builder/base/error.hpp"
#include "builder/base/problem.hpp"
#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/tree/ext4_tree.hpp"

namespace lktest {
namespace {

constexpr std::size_t config_limit = 1 << 20;

bool is_squashfs(const IsoNode& node) {
    return !node.directory && read_squashfs_super(node.content).has_value();
}

std::vector<std::string> all_images(const IsoTree& iso) {
    std::vector<std::string> found;
    for (const auto& [path, node] : iso.nodes)
        if (node.target.empty() && is_squashfs(node))
            found.push_back(path);
    return found;
}

bool ends_numbered(std::string_view path) {
    return path.ends_with(".sb");
}

/// Modules of one directory in linux-live's order: by name, followed by those of its subdirectory modules/.
std::vector<std::string> modules(const std::vector<std::string>& images) {
    std::vector<std::string> found;
    std::ranges::copy_if(images, std::back_inserter(found), ends_numbered);
    const auto in_subdirectory = [](const std::string& path) {
        return directory_of(path).ends_with("/modules");
    };
    std::ranges::stable_sort(found, [&](const std::string& one, const std::string& other) {
        if (in_subdirectory(one) != in_subdirectory(other))
            return in_subdirectory(other);
        return ::strverscmp(one.c_str(), other.c_str()) < 0;
    });
    return found;
}

/// Ubuntu names layers after those below them: minimal.standard.live.squashfs is stacked on
/// minimal.standard.squashfs, and that on minimal.squashfs. The kernel parameter layerfs-path names the
/// topmost one.
std::vector<std::string> casper_layers(const IsoTree& iso) {
    std::string top = "filesystem.squashfs";
    for (const char* path : {"/boot/grub/grub.cfg", "/boot/grub/loopback.cfg"})
        if (const IsoNode* config = iso.find(path))
            for (const BootEntry& entry : parse_grub(config->content.read(0, config_limit)).entries)
                if (const std::string wanted = parameter(entry.command_line, "layerfs-path"); !wanted.empty())
                    top = wanted;
    std::vector<std::string> layers;
    for (std::size_t dot = top.find('.'); dot != std::string::npos; dot = top.find('.', dot + 1))
        if (const std::string path = fmt::format("/casper/{}.squashfs", top.substr(0, dot)); iso.find(path))
            layers.push_back(path);
    return layers;
}

std::string not_clear(const std::vector<std::string>& images) {
    return images.empty() ? "name a SquashFS, a tar archive or a directory as root instead"
                          : fmt::format("choose with images = [\"…\"] in [root], the lowest first, of: {}",
                                        fmt::join(images, ", "));
}

}  // namespace

std::vector<std::string> install_images(const IsoTree& iso, Arch arch, const std::vector<std::string>& named,
                                        const std::string& name) {
    std::vector<std::string> images = all_images(iso);
    for (const std::string& path : named)
        if (const IsoNode* node = iso.find(path); !node || !is_squashfs(*node))
            throw usage_error(fmt::format("{} has no SquashFS image {}", name, path), not_clear(images));
    if (!named.empty())
        return named;
    for (const std::string& path :
         {std::string("/live/filesystem.squashfs"), std::string("/LiveOS/squashfs.img"),
          fmt::format("/arch/{}/airootfs.sfs", lktest::name(arch)), std::string("/images/install.img"),
          std::string("/install.img")})
        if (const IsoNode* node = iso.find(path); node && is_squashfs(*node))
            return {path};
    if (std::vector<std::string> layers = casper_layers(iso); !layers.empty())
        return layers;
    if (std::vector<std::string> layers = modules(images); !layers.empty())
        return layers;
    if (images.size() == 1)
        return images;
    throw usage_error(images.empty() ? fmt::format("{} has no SquashFS image with a system", name)
                                     : fmt::format("it is not clear which image of {} is its system", name),
                      not_clear(images));
}

std::optional<std::string> nested_image(const FileTree& root, const std::string& name) {
    for (std::string path : {"/LiveOS/rootfs.img", "/LiveOS/ext3fs.img"}) {
        const auto image = root.find(path);
        if (!image || image->type != NodeType::regular || image->content.size() < 2048)
            continue;
        if (is_ext4(image->content))
            return path;
        std::array<unsigned char, 4> magic{};
        image->content.read(1024, std::as_writable_bytes(std::span(magic)));
        const bool erofs = magic == std::array<unsigned char, 4>{0xe2, 0xe1, 0xf5, 0xe0};
        throw usage_error(
            fmt::format("the system of {} is a disk image inside its SquashFS ({}{}), but not ext4", name,
                        path, erofs ? ", EROFS" : ""),
            erofs ? "extract it with `lktest module unpack`, unpack it with `fsck.erofs --extract=DIR` "
                    "(erofs-utils), and use that directory as root"
                  : "extract it with `lktest module unpack`, copy its files, and use their directory as "
                    "root");
    }
    return std::nullopt;
}

void add_kernels(FileTree& root, const IsoTree& iso) {
    for (const auto& [path, node] : iso.nodes) {
        const std::string file(file_name_of(path));
        const bool named =
            std::ranges::any_of(std::array<std::string_view, 4>{"vmlinuz", "linux", "Image", "bzImage"},
                                [&](std::string_view word) { return file.find(word) != std::string::npos; });
        if (!named || node.directory || !node.target.empty())
            continue;
        const auto kernel = read_kernel(node.content);
        if (!kernel || kernel->version.empty() || kernel->version.find('/') != std::string::npos)
            continue;
        const std::string place = "/boot/vmlinuz-" + kernel->version;
        const bool wanted = root.real_path("/lib/modules/" + kernel->version) &&
                            !root.real_path("/lib/modules/" + kernel->version + "/vmlinuz") &&
                            !root.real_path(place);
        if (wanted)
            root.put_file(place, node.content.read(0, static_cast<std::size_t>(node.content.size())));
    }
}

}  // namespace lktest
