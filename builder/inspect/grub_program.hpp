// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The parts that grub-mkimage added to GRUB's kernel.
struct GrubProgram {
    std::string prefix;  ///< "/boot/grub"
    std::string script;  ///< the configuration that runs first
    std::set<std::string>
        commands;  ///< those of "linux16", "initrd16", "linuxefi" and "initrdefi" that it has
    std::set<std::string> modules;               ///< "normal", "iso9660"
    std::map<std::string, std::string> memdisk;  ///< configurations in its memory disk: FAT or tar
};

/// Unset if this is not a GRUB for EFI (its modules are a section of the PE image, "mods").
std::optional<GrubProgram> read_grub_program(const ByteView& file);

/// The same for an El Torito or disk image for BIOS, whose modules are compressed (raw LZMA).
std::optional<GrubProgram> read_grub_core(const ByteView& image);

}  // namespace lktest
