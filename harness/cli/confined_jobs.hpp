// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "builder/base/confined.hpp"
#include "harness/boot/examine_memory.hpp"
#include "harness/boot/inspect_medium.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/cli/inspect.hpp"

namespace lktest {

/// All jobs that this program runs in confined processes; see serve_confined().
inline constexpr std::array confined_jobs{
    ConfinedJob{"memory", examine_memory_job},
    ConfinedJob{"facts", facts_job},
    ConfinedJob{"path", path_job},
    ConfinedJob{"menu", menu_job},
    ConfinedJob{"shims", shims_job},
    ConfinedJob{"inspect", inspect_job},
};

}  // namespace lktest
