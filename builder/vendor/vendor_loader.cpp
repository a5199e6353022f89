// SPDX-License-Identifier: MIT
#include "builder/vendor/vendor_loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// By path, ignoring case like FAT.
using Files = std::map<std::string, ByteView, LessAnyCase>;

/// Boot loaders are smaller. A larger file would not fit into an EFI system partition.
constexpr std::uint64_t most = 64 << 20;

bool is_below(std::string_view path, std::string_view directory) {
    return lower_case(path.substr(0, directory.size())) == lower_case(directory);
}

/// /EFI of the ISO's tree, overlaid with that of its EFI system partition, which firmware uses.
Files efi_files(const ByteView& bytes, const IsoTree& tree) {
    Files files;
    for (const auto& [path, node] : tree.nodes)
        if (!node.directory && node.target.empty() && is_below(path, "/EFI/"))
            files.emplace(path, node.content);
    const auto catalogue = read_boot_catalogue(bytes);
    for (const BootImage& image : catalogue ? catalogue->images : std::vector<BootImage>()) {
        if (image.platform != efi_platform)
            continue;
        // From there to the end, because the size in the catalogue is often wrong.
        const auto esp = read_fat(bytes.from(image.offset));
        if (!esp)
            continue;
        for (const auto& [path, content] : esp->files)
            if (is_below(path, "/EFI/"))
                files.insert_or_assign(path, content);
    }
    return files;
}

std::string whole(const ByteView& bytes) {
    return bytes.read(0, static_cast<std::size_t>(std::min(bytes.size(), most)));
}

}  // namespace

VendorLoader vendor_loader(const fs::path& iso, Arch arch, const std::string& config) {
    const ByteView bytes = ByteView::of_file(iso);
    if (!read_iso_volume(bytes))
        throw usage_error(fmt::format("{} is not an ISO 9660 image", iso.string()));
    const IsoTree tree = read_iso_tree(bytes);
    const Files files = efi_files(bytes, tree);
    const std::string first = fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch));
    // shim's fallback program would write boot entries into the firmware's variables.
    const std::string fallback = lower_case(fmt::format("fb{}.efi", efi_suffix(arch)));
    const std::string hint = "use another ISO, or loader = \"signed\" or \"grub\" in [boot]";
    if (!files.contains(first))
        throw usage_error(
            fmt::format("{} has no UEFI boot loader for {}: {} is missing", iso.string(), name(arch), first),
            hint);
    const bool has_grub = std::ranges::any_of(files, [](const auto& file) {
        return lower_case(file.first).ends_with(".efi") && find_text(file.second, "grub_", most) != not_found;
    });
    if (!has_grub)
        throw usage_error(fmt::format("the boot loader of {} is not GRUB", iso.string()), hint);
    VendorLoader loader;
    std::map<std::string, std::string, LessAnyCase> directories;  // one spelling of each
    for (const auto& [path, content] : files) {
        const std::string name = lower_case(file_name_of(path));
        if (name == fallback)
            continue;
        const std::string directory(directory_of(path));
        const std::string& spelled = directories.emplace(directory, directory).first->second;
        if (name == "grub.cfg")  // FAT may have it in capitals, which GRUB does not look for on an ISO
            loader.efi.push_back({fmt::format("{}/{}", spelled, name), config});
        else
            loader.efi.push_back({fmt::format("{}/{}", spelled, file_name_of(path)), whole(content)});
    }
    const std::string modules = fmt::format("/boot/grub/{}/", grub_efi_platform(arch));
    for (const auto& [path, node] : tree.nodes)
        if (path.starts_with(modules) && (path.ends_with(".mod") || path.ends_with(".lst")))
            loader.grub.push_back({path, whole(node.content)});
    return loader;
}

}  // namespace lktest
