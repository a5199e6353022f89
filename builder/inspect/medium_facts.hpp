// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/boot_graph.hpp"
#include "builder/inspect/checksum_lists.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/erofs.hpp"
#include "builder/inspect/file_systems.hpp"
#include "builder/inspect/grub_program.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/partitions.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/root_facts.hpp"
#include "builder/inspect/secure_boot.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/inspect/uki.hpp"
#include "builder/inspect/verity.hpp"

namespace lktest {

/// ISOLINUX, as started by the BIOS.
struct IsolinuxFacts {
    std::string path, version;   ///< "/isolinux/isolinux.bin", "6.04"
    bool table_patched = false;  ///< the boot info table has the file's position
    bool checksum_right =
        false;  ///< the table's checksum is right; false: the file was changed after mastering
    bool needs_ldlinux = false;  ///< version 5 and later
    bool has_ldlinux = false;
    bool has_config = false;
    std::vector<std::string>
        missing_modules;  ///< modules that its configuration starts, and their dependencies
    std::vector<std::string> foreign_modules = {};  ///< their format is that of another major version
};

/// PXELINUX in the directory of a boot server.
struct PxelinuxFacts {
    std::string path, version;  ///< "/pxelinux.0", "6.04"
    std::vector<std::string> missing_modules = {};
    bool has_config = false;  ///< there is a file in a directory pxelinux.cfg
};

/// An EFI system partition: what a UEFI entry of El Torito, or the partition table, points at.
struct EspFacts {
    std::string from;  ///< "El Torito", "partition 2"
    std::uint64_t offset = 0, size = 0;
    bool outside = false;      ///< it begins or ends past the ISO's end
    int fat_bits = 0;          ///< 0: it is no FAT
    bool small_fat32 = false;  ///< formatted as FAT32 with too few clusters: firmware refuses it
    std::uint64_t clusters = 0;
    std::uint64_t fat_size = 0;  ///< the file system's size in bytes, by its boot sector
    bool program = false;        ///< it is an EFI program instead of a file system
    bool extended_boot = false;  ///< XBOOTLDR: only systemd-boot reads it
    std::string label, uuid;
    std::vector<std::pair<std::string, std::uint64_t>> said;  ///< every declared size: "El Torito", bytes
    bool damaged = false;
    bool typed = false;          ///< El Torito or a partition's type says that it is an ESP
    bool syslinux = false;       ///< its boot sector is SYSLINUX's
    std::uint64_t sector = 512;  ///< bytes, by its boot sector
    std::size_t files = 0;
    std::vector<std::string> same, differing;  ///< files that the ISO's tree has with other contents
};

struct EfiProgram {
    enum class Loader { unknown, shim, grub, systemd_boot, unified_kernel, kernel };
    std::string path;
    bool in_esp = false;
    std::optional<PeImage> image;  ///< unset if it is not a PE image
    std::size_t volume = 0;        ///< number in Volumes
    Loader loader = Loader::unknown;
    std::optional<GrubProgram> grub;
    std::optional<SecureBootFacts> secure;
    std::string module;  ///< SYSLINUX's core module that it loads first: "ldlinux.e64"; else empty
};

/// A menu entry, and which of its files exist.
struct EntryFacts {
    BootEntry said;
    std::string kernel;                ///< the file that it found; empty if it is missing
    std::vector<std::string> initrds;  ///< the same, "" for each missing file
    std::size_t volume = 0;            ///< number in Volumes, where the kernel is
    bool elsewhere = false;            ///< it starts a system on a disk of the machine
};

/// A missing file that a configuration names, other than a kernel or an initramfs.
struct BrokenReference {
    NamedFile named;
    std::string command;    ///< "chainloader", "configfile"
    std::string entry;      ///< the entry's title; empty outside of entries
    std::string elsewhere;  ///< another volume that has a file of that path: "the ISO"; may be empty
};

struct ConfigFacts {
    std::string path;
    bool in_esp = false;
    BootConfig said;
    std::vector<EntryFacts> entries;
    std::size_t volume = 0;               ///< number in Volumes
    bool judged = true;                   ///< false: every loader on the medium is known, and none reads it
    std::vector<BrokenReference> broken;  ///< in entries
    std::size_t syntax_error = 0;         ///< line, or 0
    std::vector<LabelUse> searches;       ///< GRUB's searches that should find this medium but do not
    std::vector<NamedFile> on_disk;  ///< kernels that GRUB takes from a disk by number, and the medium has
    std::vector<ConfigFault> faults;
    std::vector<NamedFile> lost;  ///< what DEFAULT and ONTIMEOUT of SYSLINUX name: no label and no file
};

/// systemd-boot's loader.conf.
struct LoaderConfFacts {
    std::string path, pattern;  ///< the value of `default`; may be empty
    std::size_t line = 0;
    bool matches = true;               ///< `default` matches an entry
    std::vector<std::string> entries;  ///< the file names of all entries
};

/// A file of /loader/entries that systemd-boot does not offer.
struct IgnoredEntry {
    std::string path;
    std::size_t volume = 0;  ///< number in Volumes
    std::string why;         ///< "it names nothing to start"
};

struct KernelFacts {
    std::string path;
    std::optional<KernelImage> image;  ///< unset if it is not a known kind of kernel
    std::size_t volume = 0;            ///< number in Volumes
    std::optional<SecureBootFacts> secure;
    std::uint64_t size = 1;  ///< of the file
};

struct InitramfsFacts {
    std::vector<std::string> paths;  ///< in load order
    std::uint64_t size = 0;
    InitramfsImage image;
};

struct LayerFacts {
    std::string path;
    std::uint64_t size = 0;              ///< of the file, in the image
    std::optional<SquashfsSuper> super;  ///< unset if only its name is that of a SquashFS
    ByteView content = {};
    bool partition = false;  ///< it fills a partition; its path is the partition's name
};

struct ErofsFacts {
    std::string path;
    std::uint64_t size = 0;  ///< of the file, in the image
    ErofsSuper super;
    ByteView content = {};
    bool partition = false;
};

struct UkiFacts {
    std::string path;
    bool in_esp = false;
    std::string machine;  ///< of the stub
    UkiImage image;       ///< with what its add-ons add
    std::vector<UkiAddon> addons;
};

/// A partition of a disk, and what it contains.
struct DiskPartition {
    Partition partition;
    PartitionContent content;
};

/// The kind of a medium.
enum class MediumKind {
    iso,
    disk,     ///< a whole disk with partitions, or one FAT file system
    netboot,  ///< a directory of a boot server
};

/// All that `lktest inspect` knows about a medium.
struct MediumFacts {
    MediumKind kind = MediumKind::iso;
    std::uint64_t size = 0;  ///< of the file
    IsoVolume volume;
    IsoTree::Names names = IsoTree::Names::plain;
    std::size_t files = 0;
    bool tree_damaged = false;
    std::vector<std::string> cut_files;  ///< files whose content is partly or entirely past the end
    std::optional<BootCatalogue> catalogue;
    std::vector<std::string> boot_paths;  ///< the ISO's file for each image of the catalogue, or ""
    std::vector<std::string>
        boot_contents;  ///< the content of each image: "FAT", "EFI program", "ISOLINUX", "GRUB"
    std::optional<IsolinuxFacts> isolinux;
    PartitionTables partitions;
    std::string packed;               ///< "compressed with xz": the file is not an image itself
    std::vector<DiskPartition> disk;  ///< of a disk, in the order of its table
    std::vector<bool> boot_info;      ///< for each image of the catalogue: its boot info table is right
    std::vector<EspFacts> esps;
    std::vector<EfiProgram> efi;
    std::vector<ConfigFacts> configs;
    std::vector<LoaderConfFacts> loader_confs;
    std::vector<IgnoredEntry> ignored_entries;
    BootGraph graph;
    bool gap = false;  ///< a loader was met whose configuration is unknown
    std::vector<KernelFacts> kernels;
    std::vector<InitramfsFacts> initramfs;
    std::vector<LayerFacts> layers;
    std::vector<ErofsFacts> erofs;
    std::vector<RootFacts> roots;
    std::vector<UkiFacts> ukis;
    std::optional<PxelinuxFacts> pxelinux;  ///< of a boot server
    std::vector<VerityTree> verity;
    std::map<std::string, KernelConfig> kernel_configs;  ///< on the medium or in its root, by release
    std::vector<std::string> large_files;                ///< over 4 GiB
    std::vector<ChecksumList> checksums;
    std::optional<ImplantedSum> implanted;
    /// The files that a live system sees: the ISO's tree, or those of a disk's partitions.
    std::shared_ptr<const IsoTree> tree;
    std::set<std::string> named_in_tree;  ///< files of the ISO that a loader looks for in another volume
    std::set<std::string> named_links;    ///< symbolic links that a loader does not follow

    bool tree_has(const std::string& path) const { return named_in_tree.contains(path); }
};

/// Limits on reading a medium.
struct InspectOptions {
    std::uint64_t checksum_limit = 0;  ///< bytes of files whose checksums are verified
};

/// Reads an ISO, at any time at most as much of it as its parsers' limits allow.
/// Throws a usage Error naming the file if it is missing, unreadable, empty or not ISO 9660.
MediumFacts read_medium_facts(const std::filesystem::path& iso, const InspectOptions& options = {});
/// @param name  the file's name, for messages
MediumFacts read_medium_facts(const ByteView& iso, const std::string& name,
                              const InspectOptions& options = {});
/// Inspects the directory of a boot server; see netboot_tree().
MediumFacts read_netboot_facts(IsoTree tree, const std::string& name, const InspectOptions& options = {});

}  // namespace lktest
