// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "builder/inspect/boot_paths.hpp"

namespace lktest {

/// A format or feature, the first kernel that supports it, and its configuration option.
struct KernelFeature {
    std::string_view name, kernel, option;
};

/// The first two numbers of a kernel's release; 0.0 if it has none.
std::pair<int, int> version_of(std::string_view release);

/// The kernel's configuration: embedded, or a file next to it for the same release. Null if unknown.
const KernelConfig* config_of(const MediumFacts& facts, const KernelImage& kernel);

/// Why this kernel does not support it; empty if it does, or if that is unknown.
std::string refusal(const MediumFacts& facts, const KernelImage& kernel, const KernelFeature& feature);

/// The same for all kernels of the medium: empty if one of them supports it.
std::string refusal_by_all(const MediumFacts& facts, const KernelFeature& feature);

enum class ModuleState { available, missing, unknown };
/// Whether a kernel with this initramfs has a driver, built in or as a module.
/// @param module  its name with '_'
ModuleState module_state(const MediumFacts& facts, const BootPath& path, const std::string& module,
                         std::string_view option);

}  // namespace lktest
