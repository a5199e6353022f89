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

/// Takes the kernel out of an unpacked kernel package, still without the modules' index.
/// @param package  the package's name, for messages
/// Throws a usage Error when the tree has no kernel image, no modules, or is for another machine.
Kernel take_kernel(FileTree tree, Arch arch, const std::string& package);

/// Has depmod(8) make the modules' index (modules.dep …), which packages leave to their
/// installation. depmod reads modules from a directory only, so they are all written
/// beside `directory` for a moment; the index files are left in it.
void write_module_index(const Kernel& kernel, const std::filesystem::path& directory);

/// Adds the index files of `directory` to the kernel's modules.
void add_module_index(Kernel& kernel, const std::filesystem::path& directory);

/// Takes a kernel out of a root filesystem: its modules are not in `root` after that.
/// Distributions have the image in /boot or beside the modules, and those in /lib or /usr/lib.
/// @param version  its release; empty: the newest that the root has
/// @return unset if no version is requested and the root has no kernel
/// Throws a usage Error when it lacks the version, or the kernel is for another machine.
std::optional<Kernel> take_root_kernel(FileTree& root, Arch arch, const std::string& version);

/// A kernel of the user's own.
/// @param modules  its /lib/modules/RELEASE; empty: all that it needs is built in
Kernel read_kernel(const std::filesystem::path& image, const std::filesystem::path& modules, Arch arch);

/// Leaves out the modules whose paths match: as in Exclusion, below /lib/modules.
void leave_out(Kernel& kernel, const std::vector<std::string>& patterns);

/// Which files the kernel has, as text for cached().
std::string identity(const Kernel& kernel);

}  // namespace lktest
