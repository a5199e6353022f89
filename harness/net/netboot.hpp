// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/handle.hpp"

namespace lktest {

/// The files that a cell's network serves for network boot.
struct NetBoot {
    /// The root of the TFTP and of the HTTP server.
    std::filesystem::path directory;
    bool http = false;  ///< offered as UEFI HTTP boot (UEFI 2.10, 24.7) instead of PXE
};

/// A kind of machine that boots from the network.
struct NetClient {
    std::string_view efi_suffix;  ///< of its EFI programs: "X64"; empty for a BIOS
    bool http = false;            ///< UEFI HTTP boot instead of PXE
    auto operator<=>(const NetClient&) const = default;
};

/// The file that such a machine must load, relative to the tree. It is the first of the well-known
/// loader names (PXELINUX, shim, GRUB, iPXE; httpboot.img for HTTP), at the smallest depth. Links out of the
/// tree do not count. Unset if the tree has none.
std::optional<std::filesystem::path> boot_file(const std::filesystem::path& directory,
                                               const NetClient& client);

/// dnsmasq's arguments for it. Omits a loader whose path dnsmasq would parse as options.
std::vector<std::string> dnsmasq_options(const NetBoot& boot);

/// The file for a request for `target`; unset if there is none, or if it is outside the directory because of
/// ".." or a link.
/// @param directory  see open_directory()
/// @param target     of an HTTP request: "/live/01-packages.sb?x"
UniqueFd served_file(int directory, std::string_view target);

}  // namespace lktest
