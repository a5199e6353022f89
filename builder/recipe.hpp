// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/base/problem.hpp"
#include "builder/image/layout.hpp"

namespace lktest {

/// SquashFS compressors (SquashFS 4.0, superblock compression_id).
enum class Compressor { zstd, xz, lz4, gzip };
std::string_view name(Compressor compressor);

struct Compression {
    Compressor compressor = Compressor::zstd;
    unsigned level = 0;  ///< 0: the compressor's default
    std::uint32_t block_size = 128 << 10;
};

/// The file system of the layers.
enum class LayerFormat { squashfs, erofs };
inline constexpr std::array<std::string_view, 2> layer_format_names{"squashfs", "erofs"};

/// A file that is not in a package: configuration, a symlink, a directory.
struct ExtraFile {
    std::string path;  ///< absolute, in the live root
    unsigned mode = 0644;
    std::string content;  ///< of a file
    std::string symlink;  ///< target; not empty for a symlink
    bool directory = false;
};

/// One entry of every boot loader's menu.
struct MenuEntry {
    std::string title;   ///< "Recovery system"
    std::string append;  ///< added to the recipe's kernel command line
};

/// Names that every architecture has, and names that only one has.
struct NamesPerArch {
    std::vector<std::string> common;
    std::array<std::vector<std::string>, all_arches.size()> own{};  ///< by architecture

    std::vector<std::string> of(Arch arch) const;
};

/// The sources of the root filesystem.
enum class RootKind { packages, directory, tar, system, squashfs, iso, debian, oci };

/// The programs that start the live system's network and report its milestones.
enum class Report {
    systemd,  ///< two systemd units
    busybox,  ///< lktest's own init, for a root without one
    none,     ///< the root reports them itself, or not at all
    watch,    ///< lktest's initramfs leaves a program that watches another init: OpenRC, runit, s6, …
};
inline constexpr std::array<std::string_view, 4> report_names{"systemd", "busybox", "none", "watch"};
constexpr std::string_view name(Report report) {
    return report_names[static_cast<std::size_t>(report)];
}

/// Where the root filesystem comes from.
struct RootSource {
    RootKind kind = RootKind::packages;
    std::filesystem::path path;            ///< of a directory or a file
    std::string suite;                     ///< of Debian: its packages are the recipe's
    std::vector<std::string> images;       ///< of an ISO: see install_images(); of OCI: an image's name
    std::vector<std::string> directories;  ///< of the running system: entries of /
    bool one_file_system = false;          ///< of a directory or system: see DirectoryOptions
    bool allow_unreadable = false;         ///< unreadable files are omitted
    std::optional<Report> report;          ///< if unset, the root's init decides
};

/// The root that a user means on the command line: "system" or /, or a directory, an ISO, a SquashFS image, a
/// tar archive, or a container image (an OCI directory or archive, or what `docker save` writes). The rest
/// stays as in `recipe`. Throws a usage Error if it is none of them.
RootSource root_at(const std::string& word, const RootSource& recipe);

/// The UEFI boot loader.
enum class Loader {
    signed_chain,  ///< Debian's signed shim and GRUB
    grub,          ///< an unsigned GRUB, made by grub-mkimage
    vendor,        ///< the loader of a vendor's ISO
    systemd_boot,  ///< with the kernel in the EFI system partition; see Signing
    uki,           ///< a unified kernel image; see Signing
};
inline constexpr std::array<std::string_view, 5> loader_names{"signed", "grub", "vendor", "systemd-boot",
                                                              "uki"};

/// Secure Boot with a key of one's own, for loaders that lktest makes.
struct Signing {
    std::filesystem::path key, certificate;
    bool shim = false;  ///< Debian's shim starts the loader, so the key may be an enrolled MOK
};

/// The description of a live image, read from a TOML file.
struct Recipe {
    std::filesystem::path file;
    std::string text;  ///< the whole file: part of the image's identity
    std::string name;  ///< the file's name without .toml: "recovery"
    std::string about;
    std::string volume_label;                    ///< ISO 9660 volume identifier: at most 32 of A–Z 0–9 _
    PartitionTable table = PartitionTable::gpt;  ///< of the ISO as a disk
    std::filesystem::path splash;                ///< background picture of the menu (PNG); may be empty

    RootSource root;
    // Of packages: those of the machine's own apt sources.
    std::string suite;  ///< all packages are of this suite; empty: as apt prefers them
    NamesPerArch packages;
    std::vector<std::string> without;  ///< shell patterns of packages omitted although others need them
    std::vector<std::string> exclude;  ///< shell patterns of paths omitted from the root
    std::vector<ExtraFile> files;
    /// Target → names of symlinks to it, unless a package has a file of that name.
    std::vector<std::pair<std::string, std::vector<std::string>>> links;

    /// Package names by architecture. If empty, that architecture is not supported.
    std::array<std::string, all_arches.size()> kernels{};
    std::string kernel_version;               ///< among the root's kernels; the newest if empty
    std::filesystem::path kernel_image;       ///< a kernel that the user supplies; may be empty
    std::filesystem::path kernel_modules;     ///< its /lib/modules/RELEASE; may be empty
    std::vector<std::string> kernel_exclude;  ///< shell patterns of module paths ("sound/*") omitted
    NamesPerArch modules;                     ///< initramfs: as in choose_modules()
    Loader loader = Loader::signed_chain;
    std::filesystem::path loader_iso;  ///< the ISO that has the loader; the root's if empty
    std::optional<Signing> signing;
    std::string command_line;     ///< kernel parameters of every entry, without console=
    unsigned menu_timeout = 3;    ///< seconds
    std::vector<MenuEntry> menu;  ///< at least one; the first is the default
    LayerFormat layer_format = LayerFormat::squashfs;
    Compression compression;                  ///< of SquashFS
    std::string erofs_compression = "lz4hc";  ///< as mkfs.erofs has it; "none" for none

    /// Where values stand that later steps may complain about: "packages busybox", "kernel.modules".
    std::map<std::string, Place, std::less<>> places;

    const std::string& kernel(Arch arch) const { return kernels[static_cast<std::size_t>(arch)]; }
};

/// Reads a recipe. Throws a usage Error with every problem, each with its place.
Recipe read_recipe(const std::filesystem::path& file);

/// Runs a step. If it throws a usage Error, the message begins with the place of a value of the recipe.
/// @param value  a key of Recipe::places; an unknown one changes nothing
template <typename Step>
auto at_place_of(const Recipe& recipe, std::string_view value, Step&& step) {
    try {
        return step();
    } catch (const Error& error) {
        const auto place = recipe.places.find(value);
        if (error.kind() != Error::Kind::usage || place == recipe.places.end())
            throw;
        const Problem problem{place->second, error.what(), error.hint()};
        throw_problems({problem}, recipe.text);
        throw;
    }
}

}  // namespace lktest
