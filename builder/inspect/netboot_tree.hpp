// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// The names in a boot server's directory, as paths from its top: "/pxelinux.cfg/default". Has at most 600
/// files, those nearest to the top. Symbolic links out of the directory are not followed.
struct NetbootListing {
    std::vector<std::string> directories, files;
    std::vector<std::string> links, targets;  ///< targets[i] is where links[i] leads
    bool cut = false;                         ///< there are more files
};
NetbootListing list_netboot(const std::filesystem::path& directory);

/// The listed files, as if they were on a medium.
/// @param contents  of the files, in their order
IsoTree netboot_tree(const NetbootListing& listing, std::vector<ByteView> contents);

}  // namespace lktest
