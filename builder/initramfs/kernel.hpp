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
    std::string config;                                  ///< its .config; empty if unknown
    bool of_root = false;                                ///< taken out of the root below

    /// "/usr/lib/modules/RELEASE"
    std::string directory() const;
    /// The text of an index file: "modules.dep".
    std::string index(const std::string& name) const;
};

/// Takes the kernel out of the unpacked kernel packages, still without the modules' index. Until
/// Debian 13 one package has all of it, with the image in /boot. Later the image, the modules and the
/// configuration are in packages of their own, and the image is beside the modules.
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

/// A kernel of the user's own.
/// @param modules  its /lib/modules/RELEASE; empty: all that it needs is built in
/// Throws a usage Error if `modules` is not the directory of this kernel's modules.
Kernel read_kernel(const std::filesystem::path& image, const std::filesystem::path& modules, Arch arch);

/// Removes the modules whose paths match, as in Exclusion, below /lib/modules.
void leave_out(Kernel& kernel, const std::vector<std::string>& patterns);

/// The release in a kernel image ("6.1.0-13-amd64"); empty if it is packed or damaged.
std::string release_in(std::string_view image);

/// Which modules and configuration the kernel has, as text for cached(): its image does not matter.
std::string identity_of_modules(const Kernel& kernel);
/// The same for its image.
std::string identity_of_image(const Kernel& kernel);

}  // namespace lktest
