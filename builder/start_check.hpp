// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/tree/layer_stack.hpp"

namespace lktest {

/// Whether the kernel can start a program of the live root, in words if not: the program, the interpreter of
/// a script and the loader of an ELF program are looked for in all layers, as the kernel does.
/// Throws a usage Error with the path, and the layer that breaks it.
void check_start(const LayerStack& layers, const std::vector<std::string>& programs, Arch arch);

/// The programs that the menu's entries start, each once: "init=/bin/sh" of a command line, or /sbin/init.
std::vector<std::string> started_programs(const std::vector<std::string>& command_lines);

}  // namespace lktest
