// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/base/error.hpp"

namespace lktest {

/// A usage Error about a word of choose_modules().
class NoSuchModule : public Error {
public:
    NoSuchModule(const std::string& what, std::string hint, std::string word)
        : Error(Kind::usage, what, std::move(hint)), word_(std::move(word)) {}
    const std::string& word() const noexcept { return word_; }

private:
    std::string word_;
};

/// The text of depmod's files for one kernel (modules.dep(5) and its neighbours).
struct ModuleIndex {
    std::string_view dep;          ///< modules.dep: "kernel/a.ko: kernel/b.ko …"
    std::string_view softdep;      ///< modules.softdep: "softdep a pre: b post: c"
    std::string_view alias;        ///< modules.alias: "alias PATTERN NAME"
    std::string_view builtin;      ///< modules.builtin: a path a line
    std::string_view config = {};  ///< the kernel's .config, if known: "CONFIG_SQUASHFS=y"
    std::string release = {};      ///< for messages: "6.1.0-13-amd64"
};

/// Modules with their dependencies, and an index of just those.
struct ModuleSet {
    std::vector<std::string> paths;   ///< "kernel/…ko", dependencies first
    std::string dep, softdep, alias;  ///< the reduced index, for busybox's modprobe
};

/// The closure of `wanted` over dependencies, soft dependencies, and modules that a module
/// requests from the kernel's crypto API when it starts.
/// @param wanted  module names ("sd_mod"; - and _ are the same) or directories below
///                kernel/ ("drivers/ata"). Built-in drivers need no file.
///                One that ends in '?' is skipped if the kernel does not have it.
/// Throws a NoSuchModule that names the nearest module if one does not exist.
ModuleSet choose_modules(const ModuleIndex& index, const std::vector<std::string>& wanted);

/// The modules that every live medium needs: SquashFS, overlay, and the drivers of CD drives
/// and USB sticks, in the order in which they are needed.
std::vector<std::string> needed_modules();

/// Throws a usage Error naming the options of drivers that are neither built in nor modules.
void check_needed(const ModuleIndex& index);

}  // namespace lktest
