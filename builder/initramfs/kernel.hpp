// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A kernel with its modules.
struct Kernel {
    std::string release;                                 ///< as uname -r says it: "6.1.0-13-amd64"
    Content image;                                       ///< as bootable_kernel() gives it
    FileTree modules;                                    ///< with their directories; maybe none
    std::string modules_directory = "/usr/lib/modules";  ///< where the tree has them
    std::string config;                                  ///< its .config; empty when unknown

    /// "/usr/lib/modules/RELEASE"
    std::string directory() const;
    /// The text of an index file: "modules.dep".
    std::string index(const std::string& name) const;
};

/// Extracts the kernel from an unpacked kernel package, still without the modules' index.
/// @param package  the package's name, for messages
/// Throws a usage Error if the tree has no kernel image, has no modules, or is for another machine.
Kernel take_kernel(FileTree tree, Arch arch, const std::string& package);

/// Runs depmod(8) to make the modules' index (modules.dep …), which packages create only when
/// they are installed. depmod reads modules from a directory only, so they are written
/// next to `directory` temporarily; the index files stay in it.
void write_module_index(const Kernel& kernel, const std::filesystem::path& directory);

/// Adds the index files of `directory` to the kernel's modules.
void add_module_index(Kernel& kernel, const std::filesystem::path& directory);

/// Moves a kernel out of a root filesystem, including its modules.
/// Distributions have the image in /boot or next to the modules, and those in /lib or /usr/lib.
/// @param version  its release; the root's newest one if empty
/// @return unset if no version is requested and the root has no kernel
/// Throws a usage Error if it lacks the version, or if the kernel is for another machine.
std::optional<Kernel> take_root_kernel(FileTree& root, Arch arch, const std::string& version);

/// A kernel that the user supplies.
/// @param modules  its /lib/modules/RELEASE; empty if everything is built in
Kernel read_kernel(const std::filesystem::path& image, const std::filesystem::path& modules, Arch arch);

/// Removes the modules whose paths match, as in Exclusion, below /lib/modules.
void leave_out(Kernel& kernel, const std::vector<std::string>& patterns);

/// Identifies the kernel's files, as text for cached().
std::string identity(const Kernel& kernel);

}  // namespace lktest
