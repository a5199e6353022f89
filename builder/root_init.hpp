// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "builder/recipe.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The init systems that lktest tells apart.
enum class InitKind { none, systemd, openrc, runit, s6, sysvinit, busybox, own, other };
std::string_view name(InitKind kind);

/// The program that a root starts first.
struct RootInit {
    InitKind kind = InitKind::none;
    std::string path;  ///< "/sbin/init", or where the root has it instead; empty if it has none
};
RootInit init_of(const FileTree& root);

/// What reports userspace and network of a live system.
struct Reporting {
    Report by = Report::none;
    InitKind init = InitKind::none;
    /// Why nothing can report; empty if something does, or if the root does it by itself.
    std::string problem = {};
};

/// As the recipe says, or as the root's init is. Throws a usage Error if what the recipe says would replace
/// files of the root.
Reporting choose_reporting(const RootSource& source, const FileTree& root);

/// For the manifest: "systemd", "busybox", "watch", "root" or "none".
std::string_view reporter_name(const Reporting& reporting);

}  // namespace lktest
