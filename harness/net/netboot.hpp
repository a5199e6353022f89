// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// What a cell's network serves for booting from.
struct NetBoot {
    /// The root of the TFTP and of the HTTP server.
    std::filesystem::path directory;
    bool http = false;  ///< offered as UEFI HTTP boot (UEFI 2.10, 24.7) instead of PXE
};

/// A kind of machine that boots from the network.
struct NetClient {
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::bios;  ///< bios or uefi
    bool http = false;                   ///< UEFI HTTP boot instead of PXE
    auto operator<=>(const NetClient&) const = default;
};

/// What such a machine is told to load, below the tree's directory: the first of the names that boot
/// loaders are known by (PXELINUX, shim, GRUB, iPXE; httpboot.img for HTTP), where it lies least deep.
/// Nothing when the tree has none for it.
std::optional<std::filesystem::path> boot_file(const std::filesystem::path& directory,
                                               const NetClient& client);

/// dnsmasq's arguments for it.
std::vector<std::string> dnsmasq_options(const NetBoot& boot);

/// The file that a request for `target` is answered with; empty when there is none, and for
/// whatever leads out of the directory.
/// @param target  of an HTTP request: "/live/01-packages.sb?x"
std::filesystem::path served_file(const std::filesystem::path& directory, std::string_view target);

}  // namespace lktest
