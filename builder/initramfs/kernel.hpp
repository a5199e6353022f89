// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// What a kernel package brings.
struct Kernel {
    std::string release;  ///< as uname -r says it: "6.1.0-13-amd64"
    Content image;        ///< /boot/vmlinuz-RELEASE
    FileTree modules;     ///< the package without /boot, and with the modules' index files

    /// "/usr/lib/modules/RELEASE"
    std::string directory() const;
    /// The text of an index file: "modules.dep".
    std::string index(const std::string& name) const;
};

/// Takes the kernel out of an unpacked kernel package, and has depmod(8) make the
/// modules' index, which packages leave to their installation.
/// @param package  the package's name, for messages
/// @param scratch  a directory that has room for all modules, used for a moment
/// Throws a usage Error when the tree has no kernel image, no modules, or is for another machine.
Kernel take_kernel(FileTree tree, Arch arch, const std::string& package,
                   const std::filesystem::path& scratch);

}  // namespace lktest
