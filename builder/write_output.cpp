// SPDX-License-Identifier: MIT
#include "builder/write_output.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/boot/esp.hpp"
#include "builder/boot/grub.hpp"
#include "builder/boot/isolinux.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/boot/secure_boot_files.hpp"
#include "builder/boot/systemd_boot.hpp"
#include "builder/cache.hpp"
#include "builder/image/checksums.hpp"
#include "builder/image/iso_writer.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/manifest.hpp"
#include "builder/vendor/vendor_loader.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

std::string disk_info(const Build& build) {
    return fmt::format("{} {} (lktest {}, {:%Y-%m-%d})", build.recipe.volume_label, name(build.options.arch),
                       LKTEST_VERSION, fmt::gmtime(static_cast<std::time_t>(build.time)));
}

/// Adds the list of the files' digests, and the manifest.
void add_lists(const Build& build, std::vector<ImageFile>& files) {
    std::vector<FileDigest> known;
    std::vector<ImageFile> unknown;
    for (const ImageFile& file : files) {
        const auto* path = std::get_if<fs::path>(&file.content);
        const std::string sha256 = path ? digest_of_part(build.options.cache, *path) : "";
        if (sha256.empty())
            unknown.push_back(file);
        known.push_back({file.path, sha256.empty() ? 0 : fs::file_size(*path), sha256});
    }
    auto made = digests(unknown);
    auto next = made.begin();
    for (FileDigest& digest : known)
        if (digest.sha256.empty())
            digest = *next++;
    // libisofs writes a table into this one (the boot info table).
    std::erase_if(known, [](const FileDigest& file) { return file.path == isolinux_path; });
    const ImageFile list{manifest_path, manifest(build.recipe, build.options.arch, build.sources,
                                                 build.reporting, build.time, known)};
    known.push_back(digests({&list, 1}).front());
    files.push_back(list);
    files.push_back({checksums_path, checksum_list(known)});
}

/// Whether UEFI reads kernel and initramfs from the ESP, as files of their own.
bool kernel_in_esp(const Recipe& recipe) {
    return recipe.loader == Loader::systemd_boot;
}

std::vector<ImageFile> kernel_files(const std::vector<ImageFile>& parts) {
    std::vector<ImageFile> files;
    std::ranges::copy_if(parts, std::back_inserter(files), [](const ImageFile& part) {
        return part.path == kernel_path || part.path == initramfs_path;
    });
    return files;
}

void write_iso_file(const Build& build, const BootFiles& boot, std::vector<ImageFile> files,
                    const std::vector<ImageFile>& parts, const fs::path& scratch) {
    const fs::path& output = build.options.output;
    const fs::path esp = scratch / "efiboot.img";
    std::vector<ImageFile> in_esp = boot.efi;
    if (kernel_in_esp(build.recipe))
        for (ImageFile& file : kernel_files(parts))
            in_esp.push_back(std::move(file));
    write_esp(esp, in_esp, build.time);
    AtomicFile iso(output);
    const Volume volume{build.recipe.volume_label, "LKTEST " LKTEST_VERSION, build.time};
    write_iso(iso.temporary(), volume, layout(build.options.arch, build.recipe.table), files, esp, boot.mbr,
              build.options.progress);
    iso.commit();
}

std::string bytes_of(const std::vector<ImageFile>& files, std::string_view path) {
    const auto file = std::ranges::find(files, path, &ImageFile::path);
    if (file == files.end())
        return {};
    return bytes_of(*file);
}

VendorLoader unified_kernel(const Build& build, const FileTree& loaders, const BootMenu& menu,
                            const std::vector<ImageFile>& parts) {
    KernelFiles files{bytes_of(parts, kernel_path), bytes_of(parts, initramfs_path), {}};
    if (const auto kernel = read_kernel(ByteView::of_memory(files.kernel)))
        files.release = kernel->version;
    return {unified_kernel_efi(loaders, build.options.arch, menu, files, build.recipe.signing.has_value()),
            {}};
}

/// What UEFI starts, as the recipe chooses.
VendorLoader efi_loader(const Build& build, const FileTree& loaders, const BootMenu& menu,
                        const std::vector<ImageFile>& parts) {
    const Recipe& recipe = build.recipe;
    switch (recipe.loader) {
        case Loader::signed_chain: return {signed_efi(loaders, build.options.arch), {}};
        case Loader::grub: return {built_efi(loaders, build.options.arch), {}};
        case Loader::systemd_boot: return {systemd_boot_efi(loaders, build.options.arch, menu), {}};
        case Loader::uki: return unified_kernel(build, loaders, menu, parts);
        case Loader::vendor: break;
    }
    return vendor_loader(recipe.loader_iso.empty() ? recipe.root.path : recipe.loader_iso, build.options.arch,
                         grub_vendor_config(menu, build.options.arch, recipe.volume_label));
}

/// A disk that a UEFI fetches by HTTP and boots from memory: Debian's signed network GRUB
/// cannot speak HTTP, so kernel and initramfs are on it.
fs::path http_image(const Build& build, const FileTree& loaders, const std::vector<ImageFile>& parts,
                    const fs::path& scratch) {
    const BootMenu menu = boot_menu(build.recipe, build.options.arch);
    std::vector<ImageFile> files = signed_efi(loaders, build.options.arch);
    files.push_back({"/.disk/info", disk_info(build) + "\n"});
    files.push_back({"/boot/grub/grub.cfg", grub_http_config(menu, build.options.arch)});
    for (ImageFile& file : kernel_files(parts))
        files.push_back(std::move(file));
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

}  // namespace

void check_loader(const Recipe& recipe, Format format) {
    if (format == Format::netboot && recipe.loader != Loader::signed_chain)
        throw usage_error("a netboot directory can only use Debian's signed network GRUB",
                          "leave [boot] out of the recipe for it");
    if (recipe.loader == Loader::vendor && recipe.loader_iso.empty() && recipe.root.kind != RootKind::iso)
        throw usage_error("loader = \"vendor\" needs the vendor's ISO",
                          "name it: iso = \"FILE.iso\" in [boot], or in [root]");
}

void write_output(const Build& build, const FileTree& loaders, std::vector<ImageFile> parts,
                  const fs::path& scratch) {
    const BuildOptions& options = build.options;
    const auto& signing = build.recipe.signing;
    std::optional<SigningKey> key;
    if (signing)
        key = read_signing_key(signing->key, signing->certificate);
    if (key && kernel_in_esp(build.recipe))
        parts = with_signed_kernel(std::move(parts), *key, build.time);
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
    VendorLoader efi = efi_loader(build, loaders, menu, parts);
    if (key)
        efi.efi =
            secure_boot_files(std::move(efi.efi), loaders, options.arch, *key, signing->shim, build.time);
    const bool by_grub = build.recipe.loader != Loader::systemd_boot && build.recipe.loader != Loader::uki;
    const BootFiles boot = boot_files(loaders, options.arch, menu, efi.efi, disk_info(build), by_grub);
    files = efi.grub;
    const std::vector<ImageFile> bios =
        options.format == Format::iso ? boot.bios : stick_files(loaders, options.arch, menu);
    for (const auto& more : {bios, boot.grub, boot.efi, parts})  // what boots first comes first
        files.insert(files.end(), more.begin(), more.end());
    if (menu.splash)
        files.push_back({splash_path, splash_of(build.recipe)});
    add_lists(build, files);
    if (options.format == Format::iso) {
        write_iso_file(build, boot, std::move(files), parts, scratch);
        return;
    }
    AtomicFile archive(options.output);
    write_archive(options.format, archive.temporary(), files, build.time, options.progress);
    archive.commit();
}

}  // namespace lktest
