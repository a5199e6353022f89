// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/initramfs/kernel.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// lktest's own scripts by their path in the initramfs ("/init"): builder/initramfs/*.sh.
using InitScripts = std::map<std::string, std::string>;
InitScripts read_init_scripts();

/// Puts /dev/console, busybox and /bin/sh into a tree. @param busybox  a static one
void put_busybox(FileTree& tree, const Content& busybox);

/// The first root filesystem: busybox, /init, and the modules for reaching the medium.
/// @param busybox  a static one for the image's architecture
/// @param modules  as in choose_modules()
/// Throws a usage Error for a module that does not exist, and for a file of another machine.
FileTree initramfs_tree(const Kernel& kernel, Arch arch, const Content& busybox, const InitScripts& scripts,
                        const std::vector<std::string>& modules);

}  // namespace lktest
