// SPDX-License-Identifier: MIT
#pragma once

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/medium_facts.hpp"
#include "builder/inspect/volumes.hpp"

namespace lktest {

/// Follows every path to start the medium, from its boot images and EFI programs (in `facts`) to the
/// menus, and adds the configurations, their entries and the graph to the facts.
/// @param isolinux_tree  the names that ISOLINUX sees
void walk_boot(MediumFacts& facts, const Volumes& volumes, const IsoTree& isolinux_tree, const ByteView& iso);

}  // namespace lktest
