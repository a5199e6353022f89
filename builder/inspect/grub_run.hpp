// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/volumes.hpp"

namespace lktest {

/// GRUB at its first command: the program that firmware started, and its place.
struct GrubStart {
    std::string platform, cpu;                     ///< "efi" or "pc"; "x86_64", "arm64", "i386"
    std::optional<std::size_t> root;               ///< the volume it was started from; unset if unknown
    std::string prefix = "/boot/grub";             ///< from its build: "/EFI/debian", "(memdisk)/boot/grub"
    std::string directory;                         ///< `$cmdpath`, without a device
    std::optional<std::set<std::string>> modules;  ///< embedded; unset if unknown
    std::optional<std::set<std::string>> commands = {};  ///< as in GrubProgram; unset if unknown
    std::string script;                                  ///< the embedded configuration
    std::map<std::string, std::string> memdisk;          ///< the text files of its memory disk
    bool known = true;  ///< it ran first, so a variable that was never set is empty
};

/// A file that a command names, where it was looked for, and the result.
struct GrubFile {
    NamedFile named;                    ///< `certain`: the device and the path are known
    std::string command;                ///< "linux", "configfile"
    std::size_t config = 0;             ///< index of the configuration that has the command
    std::optional<std::size_t> volume;  ///< where it was looked for
    std::string found;                  ///< the file's path; empty if it is missing
    std::string disk = {};              ///< "hd0,1", if it was looked for on a disk by its number
};

/// A kernel with its initramfs, as one path through a menu entry loads them.
struct GrubLoad {
    BootEntry said;
    GrubFile kernel;
    std::vector<GrubFile> initrds;
};

struct GrubEntry {
    std::string title;
    std::size_t config = 0, line = 0;
    std::vector<GrubLoad> loads;
    std::vector<GrubFile> files;  ///< of chainloader, multiboot, configfile and the like
    bool starts = false;          ///< it loads a kernel or a program, or leaves GRUB
    bool elsewhere = false;       ///< it starts a system on a disk of the machine
};

/// A configuration file that GRUB read.
struct GrubConfigRead {
    std::size_t volume = 0;
    bool builtin = false;  ///< it is embedded in GRUB's image
    std::string path;
    std::size_t syntax_error = 0;  ///< its line, or 0
    std::vector<std::size_t> efi_commands;
    std::vector<LabelUse> searches;  ///< by label or UUID, that should find this medium but do not
    std::vector<ConfigFault> faults;
    std::vector<NamedFile> file_searches;  ///< `search --file` for a file that is not on the medium
};

/// What GRUB does from its first command to its menu, and then in each entry.
struct GrubOutcome {
    std::vector<GrubConfigRead> configs;
    std::vector<GrubEntry> entries;
    std::vector<GrubFile> missing;  ///< missing configurations, outside of entries
    bool opaque = false;            ///< it met a command whose effect is unknown here
    bool has_menu = false;          ///< it has entries, or starts a kernel without a menu
    bool no_normal = false;         ///< it ends at "grub rescue>", because it lacks normal.mod
    std::string prefix;             ///< where it looked for normal.mod and grub.cfg
};

/// Runs GRUB's scripts as far as possible without the machine. A condition that depends on something unknown
/// takes both branches, any other condition one.
GrubOutcome run_grub(const Volumes& volumes, const GrubStart& start);
/// The same for one configuration file, whose reader is unknown.
GrubOutcome run_grub_config(const Volumes& volumes, const GrubStart& start, std::size_t volume,
                            const std::string& path);
/// The same for a text outside of any volume.
GrubOutcome run_grub_text(const Volumes& volumes, const GrubStart& start, std::string_view text);

}  // namespace lktest
