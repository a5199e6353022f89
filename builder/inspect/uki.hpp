// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/pe.hpp"

namespace lktest {

/// One way in which a unified kernel image starts: its base, or one of its profiles.
struct UkiProfile {
    std::string title;  ///< of .profile; empty for the base of an image without profiles
    std::optional<std::string> command_line;
    std::string uname, os_name;  ///< .uname, and PRETTY_NAME of .osrel
    ByteView kernel;
    bool has_kernel = false;
    std::vector<ByteView> initrds;  ///< microcode first
    bool device_tree = false;
};

/// A unified kernel image: systemd's EFI stub, a kernel and its initrd as sections of one PE file
/// (UAPI group, "Unified Kernel Image").
struct UkiImage {
    std::vector<UkiProfile> profiles;      ///< at least one
    bool has_os_release = false;           ///< there is an .osrel, by which systemd-boot recognises it
    std::string stub;                      ///< "systemd-stub 257.1"; may be empty
    std::vector<std::string> twice;        ///< sections that a profile has more than once
    std::vector<std::string> overlapping;  ///< ".linux and .initrd"
    std::vector<std::string> outside;      ///< sections that reach past the file's end
    std::vector<std::string> unloaded;     ///< sections that reach past SizeOfImage
};

/// A file next to a unified kernel image that adds to its command line and its initramfs.
struct UkiAddon {
    std::string path;
    std::string machine;  ///< of its stub
    std::string command_line;
    std::vector<ByteView> initrds;
};

/// Unset if the program does not extend unified kernel images.
std::optional<UkiAddon> read_uki_addon(const ByteView& file, std::string path);

/// Appends what an add-on adds to each profile.
void apply_addon(UkiImage& uki, const UkiAddon& addon);

/// Unset if the program has no .linux section.
std::optional<UkiImage> read_uki(const ByteView& file, const PeImage& image);

}  // namespace lktest
