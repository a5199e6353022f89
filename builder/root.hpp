// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "builder/build.hpp"
#include "builder/recipe.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A root filesystem that does not come from unpacked packages.
struct Root {
    FileTree tree;
    std::string identity;     ///< identifies its bytes, as text for cached()
    std::int64_t newest = 0;  ///< the latest modification time, seconds since 1970, never in the future
};

/// Reads the root that a recipe names. From the running system it reads only the given directories of /,
/// and never proc, sys, dev, run, tmp, the image itself, or the cache.
/// Throws a usage Error if it is not what the recipe says, or is for another machine, and a
/// host Error that lists the files that cannot be read.
Root read_root(const Recipe& recipe, const BuildOptions& options);

/// Throws a usage Error naming a program of the root that is for another machine.
void check_root_machine(const FileTree& root, Arch arch);

}  // namespace lktest
