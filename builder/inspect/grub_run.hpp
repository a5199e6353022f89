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

/// GRUB at its first command: what firmware started, from where.
struct GrubStart {
    std::string platform, cpu;          ///< "efi" or "pc"; "x86_64", "arm64", "i386"
    std::optional<std::size_t> root;    ///< the volume it was started from; unset if that is not known
    std::string prefix = "/boot/grub";  ///< as it was built: "/EFI/debian", "(memdisk)/boot/grub"
    std::string directory;              ///< `$cmdpath`, without a device
    std::optional<std::set<std::string>> modules;  ///< that are a part of it; unset if that is not known
    std::string script;                            ///< the configuration that is a part of it
    std::map<std::string, std::string> memdisk;    ///< the text files of its memory disk
    bool known = true;  ///< nothing else ran before, so that a variable that was never set is empty
};

/// A file that a command names, where that was looked for, and what was found.
struct GrubFile {
    NamedFile named;                    ///< `certain`: the device and the path are known
    std::string command;                ///< "linux", "configfile"
    std::size_t config = 0;             ///< index of the configuration that has the command
    std::optional<std::size_t> volume;  ///< where it was looked for
    std::string found;                  ///< the file's path; empty if it is not there
};

/// A kernel with its initramfs, as one way through a menu entry loads it.
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
    bool starts = false;          ///< it does something: loads a kernel, a program, or leaves GRUB
    bool elsewhere = false;       ///< it starts a system on a disk of the machine
};

/// A configuration file that GRUB read.
struct GrubConfigRead {
    std::size_t volume = 0;
    bool builtin = false;  ///< it is a part of GRUB's image
    std::string path;
    std::size_t syntax_error = 0;  ///< the line; 0 if there is none
    std::vector<std::size_t> efi_commands;
    std::vector<LabelUse> searches;        ///< by label or UUID, that ought to find this medium and do not
    std::vector<NamedFile> file_searches;  ///< `search --file` for what is nowhere on the medium
};

/// What GRUB does from its first command to its menu, and then in each entry.
struct GrubOutcome {
    std::vector<GrubConfigRead> configs;
    std::vector<GrubEntry> entries;
    std::vector<GrubFile> missing;  ///< configurations that are not there, outside of entries
    bool opaque = false;            ///< it came to a command whose effect is not known here
    bool has_menu = false;          ///< there are entries, or a kernel is started without a menu
    bool no_normal = false;         ///< it ends at "grub rescue>", as it has no normal.mod
    std::string prefix;             ///< where it looked for normal.mod and grub.cfg
};

/// Runs GRUB's scripts as far as that can be done without the machine: a condition that depends on what is
/// not known counts both ways, and a condition that is known counts one way.
GrubOutcome run_grub(const Volumes& volumes, const GrubStart& start);
/// The same for one configuration file, whose reader is not known.
GrubOutcome run_grub_config(const Volumes& volumes, const GrubStart& start, std::size_t volume,
                            const std::string& path);
/// The same for a text that is in no volume.
GrubOutcome run_grub_text(const Volumes& volumes, const GrubStart& start, std::string_view text);

}  // namespace lktest
