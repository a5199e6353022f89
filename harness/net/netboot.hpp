// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lktest {

/// What a cell's network serves for booting from.
struct NetBoot {
    /// The tree of `lktest build --format netboot`, at the root of the TFTP and of the HTTP server:
    /// lpxelinux.0 for BIOS, bootx64.efi and bootaa64.efi for UEFI, httpboot.img for its HTTP boot.
    std::filesystem::path directory;
    bool http = false;  ///< offered as UEFI HTTP boot (UEFI 2.10, 24.7) instead of PXE
};

/// dnsmasq's arguments for it.
std::vector<std::string> dnsmasq_options(const NetBoot& boot);

/// The file that a request for `target` is answered with; empty when there is none, and for
/// whatever leads out of the directory.
/// @param target  of an HTTP request: "/live/01-packages.sb?x"
std::filesystem::path served_file(const std::filesystem::path& directory, std::string_view target);

}  // namespace lktest
