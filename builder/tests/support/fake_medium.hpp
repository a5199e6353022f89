// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/image/layout.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

inline constexpr const char* grub_aa64 = "/EFI/BOOT/GRUBAA64.EFI";
inline constexpr const char* grub_cfg = "/boot/grub/grub.cfg";

/// A correct live medium whose programs are headers only. Change it, then
/// get its bytes.
struct FakeMedium {
    explicit FakeMedium(Arch arch);

    Arch arch;
    std::string label = "LIVE";
    Layout layout;
    std::map<std::string, std::string> files;  ///< on the ISO
    std::map<std::string, std::string> esp;    ///< in its EFI system partition
    FileTree initramfs;                        ///< becomes /boot/initrd.img unless `files` has that

    std::string bytes() const;
};

/// Takes a file from the medium, on the ISO as well as in its EFI system partition.
std::function<void(FakeMedium&)> without(const std::string& path);

/// The headers of an EFI program.
/// @param machine  IMAGE_FILE_MACHINE_*
/// @param sbat  text of its .sbat section; none when empty
std::string fake_pe(std::uint16_t machine, bool is_signed, const std::string& sbat = "");
/// The release of fake_kernel().
std::string fake_release(Arch arch);
/// An EFI program with a section of this name and content.
std::string fake_pe_with(std::uint16_t machine, const std::string& section, const std::string& content);
/// GRUB for EFI with these modules, its first configuration and its prefix.
std::string fake_grub(std::uint16_t machine, const std::string& script, const std::string& prefix,
                      const std::vector<std::string>& modules);
/// The headers of a kernel: a bzImage, or arm64's Image.
std::string fake_kernel(Arch arch);
/// A superblock, and 4096 bytes in all.
std::string fake_squashfs();

/// A FAT with these files.
std::string fat_of(const std::map<std::string, std::string>& files);

/// Writes an unsigned little-endian number of `size` bytes.
void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size);

/// dm-verity's superblock for two blocks of 4 KiB without a salt, and one block of hashes, all zero.
std::string empty_verity_tree();

}  // namespace lktest
