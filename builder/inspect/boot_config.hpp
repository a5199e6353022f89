// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

enum class BootLoader { grub, syslinux, systemd_boot, unified_kernel, ipxe, refind, limine, raspberry_pi };
/// "GRUB", "SYSLINUX", "systemd-boot", "unified kernel image", "iPXE", "rEFInd", "Limine", …
std::string_view name(BootLoader loader);

/// A file that a configuration names, with the known part of its path.
struct NamedFile {
    std::string path;      ///< as written, without GRUB's "(device)"
    std::size_t line = 0;  ///< counted from 1
    bool certain = true;   ///< false: the path depends on an unknown variable
};

/// A file or directory that an entry names in addition: a device tree.
struct NamedExtra {
    NamedFile file;
    std::string command;  ///< "fdt"
    bool directory = false;
};

/// A mistake in one line of a configuration.
struct ConfigFault {
    std::string id;
    std::size_t line = 0;
    std::string text, fix;  ///< the text follows the place
    bool warning = false;   ///< it may still boot
    friend bool operator==(const ConfigFault&, const ConfigFault&) = default;
};

/// A menu entry that loads a kernel.
struct BootEntry {
    std::string title;
    NamedFile kernel;
    std::vector<NamedFile> initrds;
    std::string command_line;  ///< without SYSLINUX's `initrd=`
    bool certain = true;       ///< false: the command line depends on an unknown variable
    std::vector<NamedExtra> extras = {};
    bool other_kernel = false;  ///< the configuration may choose another kernel or other parameters
};

/// A file system that a configuration names by its label or UUID.
struct LabelUse {
    enum class By { label, uuid };
    std::string label, written;  ///< the label, and the words that name it: "search -l DEBIAN"
    std::size_t line = 0;
    By by = By::label;
};

/// The content of a boot loader's configuration, as far as it is known without running it.
struct BootConfig {
    BootLoader loader = BootLoader::grub;
    std::vector<BootEntry> entries;
    std::vector<LabelUse> labels;           ///< of `search`, and of kernel parameters
    std::vector<std::size_t> efi_commands;  ///< lines with linuxefi or initrdefi
    std::vector<NamedFile> modules;         ///< SYSLINUX's COM32 modules that it starts
    // Only for SYSLINUX:
    std::vector<NamedFile> includes;  ///< read in place: INCLUDE, MENU INCLUDE
    std::vector<NamedFile>
        successors;  ///< read instead: CONFIG, a configuration that is an argument of menu.c32
    std::vector<std::string> choices;  ///< the names of all LABELs
    NamedFile chosen;                  ///< the name in DEFAULT; empty if it is missing or names a menu module
    NamedFile on_timeout;              ///< what ONTIMEOUT names
    bool shows_menu = false;           ///< UI, or DEFAULT with a menu module
    std::vector<ConfigFault> faults = {};
};

/// Each reads at most 1 MiB of text, 4000 lines with commands, and 256 entries.
BootConfig parse_grub(std::string_view text);
BootConfig parse_syslinux(std::string_view text);
/// A script that begins with "#!ipxe". Files on other servers are not certain.
BootConfig parse_ipxe(std::string_view text);
/// The manual stanzas of a refind.conf. A stanza for another volume, or for a program that is not a kernel,
/// is not an entry.
BootConfig parse_refind(std::string_view text);
/// A limine.conf, or a limine.cfg of versions before 8. Only files on the boot volume are certain.
BootConfig parse_limine(std::string_view text);
/// A config.txt of Raspberry Pi's firmware; one entry, if it names a kernel or an initramfs.
BootConfig parse_raspberry_pi(std::string_view text);
/// One of /loader/entries (Boot Loader Specification, type 1).
BootConfig parse_loader_entry(std::string_view text);

/// The values of `console=` in order: "tty0", "ttyS0,115200".
std::vector<std::string> consoles(std::string_view command_line);

/// The value of the last parameter of this name; empty if it is missing.
std::string parameter(std::string_view command_line, std::string_view name);

/// Volume labels that kernel parameters name: root=live:CDLABEL=X, archisolabel=X, lktest.label=X, …
std::vector<LabelUse> labels_of(std::string_view command_line, std::size_t line);

/// A label as udev, dracut and archiso write it in a parameter: "GNOME Next" is "GNOME\x20Next".
std::string escaped_label(std::string_view label);

/// The words of a line, split at blanks.
std::vector<std::string_view> words_of(std::string_view line);

}  // namespace lktest
