// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "builder/inspect/boot_config.hpp"

namespace lktest {

/// Mistakes in how a configuration was saved: its encoding, and characters of word processors.
std::vector<ConfigFault> judge_text(BootLoader loader, std::string_view text);

}  // namespace lktest
