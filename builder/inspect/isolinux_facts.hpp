// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/medium_facts.hpp"

namespace lktest {

/// Nothing when the boot image is no ISOLINUX.
/// @param image  from its first byte on
/// @param offset  where that is in the ISO
std::optional<IsolinuxFacts> read_isolinux(const ByteView& image, std::uint64_t offset, const IsoTree& tree,
                                           const std::vector<ConfigFacts>& configs);

}  // namespace lktest
