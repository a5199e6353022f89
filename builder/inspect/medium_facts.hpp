// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/checksum_lists.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/erofs.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/partitions.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/root_facts.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/inspect/uki.hpp"
#include "builder/inspect/verity.hpp"

namespace lktest {

/// ISOLINUX as the BIOS starts it.
struct IsolinuxFacts {
    std::string path, version;    ///< "/isolinux/isolinux.bin", "6.04"
    bool table_patched = false;   ///< the boot info table says where the file lies
    bool checksum_right = false;  ///< the table's; wrong: the file was changed after mastering
    bool needs_ldlinux = false;   ///< version 5 and later
    bool has_ldlinux = false;
    bool has_config = false;
    std::vector<std::string> missing_modules;  ///< that its configuration starts, or those need
};

/// An EFI system partition: what a UEFI entry of El Torito, or the partition table, points at.
struct EspFacts {
    std::string from;  ///< "El Torito", "partition 2"
    std::uint64_t offset = 0, size = 0;
    bool outside = false;  ///< it begins behind the ISO's end, or ends there
    int fat_bits = 0;      ///< 0: it is no FAT
    bool damaged = false;
    std::size_t files = 0;
    std::vector<std::string> same, differing;  ///< files that the ISO's own tree has too
};

struct EfiProgram {
    std::string path;
    bool in_esp = false;
    std::optional<PeImage> image;  ///< nothing: it is no PE image
};

/// A menu entry, and what of it there is.
struct EntryFacts {
    BootEntry said;
    std::string kernel;                ///< the file that it found; empty: none
    std::vector<std::string> initrds;  ///< the same, "" for each that is not there
};

struct ConfigFacts {
    std::string path;
    bool in_esp = false;
    BootConfig said;
    std::vector<EntryFacts> entries;
};

struct KernelFacts {
    std::string path;
    std::optional<KernelImage> image;  ///< nothing: it is no kernel that we know
};

struct InitramfsFacts {
    std::vector<std::string> paths;  ///< in the order in which they are loaded
    std::uint64_t size = 0;
    InitramfsImage image;
};

struct LayerFacts {
    std::string path;
    std::uint64_t size = 0;              ///< of the file, in the image
    std::optional<SquashfsSuper> super;  ///< nothing: only its name is a SquashFS's
};

struct ErofsFacts {
    std::string path;
    std::uint64_t size = 0;  ///< of the file, in the image
    ErofsSuper super;
};

struct UkiFacts {
    std::string path;
    bool in_esp = false;
    std::string machine;  ///< of the stub
    UkiImage image;
};

/// How a medium is laid out.
enum class MediumKind {
    iso,
    disk,     ///< a whole disk with partitions, or one FAT file system
    netboot,  ///< a directory of a boot server
};

/// All that `lktest inspect` knows of a medium.
struct MediumFacts {
    MediumKind kind = MediumKind::iso;
    std::uint64_t size = 0;  ///< of the file
    IsoVolume volume;
    IsoTree::Names names = IsoTree::Names::plain;
    std::size_t files = 0;
    bool tree_damaged = false;
    std::vector<std::string> cut_files;  ///< whose content lies behind the end, or partly
    std::optional<BootCatalogue> catalogue;
    std::vector<std::string> boot_paths;  ///< the ISO's file that each catalogue image is; "" when none
    std::optional<IsolinuxFacts> isolinux;
    PartitionTables partitions;
    std::vector<EspFacts> esps;
    std::vector<EfiProgram> efi;
    std::vector<ConfigFacts> configs;
    std::vector<KernelFacts> kernels;
    std::vector<InitramfsFacts> initramfs;
    std::vector<LayerFacts> layers;
    std::vector<ErofsFacts> erofs;
    std::vector<RootFacts> roots;
    std::vector<UkiFacts> ukis;
    std::vector<VerityTree> verity;
    std::map<std::string, KernelConfig>
        kernel_configs;                    ///< that lie on the medium or in its root, by release
    std::vector<std::string> large_files;  ///< over 4 GiB
    std::vector<ChecksumList> checksums;
    std::optional<ImplantedSum> implanted;
    /// The files that a live system sees: the ISO's tree, or those of a disk's partitions.
    std::shared_ptr<const IsoTree> tree;
};

/// How much of a medium is read.
struct InspectOptions {
    std::uint64_t checksum_limit = 0;  ///< bytes of files whose checksums are verified
};

/// Reads an ISO; never more of it at a time than its parsers' limits.
/// Throws a usage Error naming the file when it is missing, unreadable, empty or not ISO 9660.
MediumFacts read_medium_facts(const std::filesystem::path& iso, const InspectOptions& options = {});
/// @param name  the file's name, for messages
MediumFacts read_medium_facts(const ByteView& iso, const std::string& name,
                              const InspectOptions& options = {});

}  // namespace lktest
