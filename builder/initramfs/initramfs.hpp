// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/initramfs/kernel.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// lktest's own scripts in the initramfs: builder/initramfs/init.sh and say.sh.
struct InitScripts {
    std::string init, say;
};
InitScripts read_init_scripts();

/// The first root filesystem: busybox, /init, and the modules that lead to the medium.
/// @param busybox  a static one of the image's architecture
/// @param modules  as in choose_modules()
/// Throws a usage Error for a module that does not exist, and for a file of another machine.
FileTree initramfs_tree(const Kernel& kernel, Arch arch, const Content& busybox, const InitScripts& scripts,
                        const std::vector<std::string>& modules);

}  // namespace lktest
