// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/medium_facts.hpp"

namespace lktest {

/// Unset if the boot image is not ISOLINUX.
/// @param image  from its first byte on
/// @param offset  of the first byte in the ISO
std::optional<IsolinuxFacts> read_isolinux(const ByteView& image, std::uint64_t offset, const IsoTree& tree,
                                           const std::vector<ConfigFacts>& configs);

/// Unset if the directory does not have PXELINUX.
std::optional<PxelinuxFacts> read_pxelinux(const IsoTree& tree, const std::vector<ConfigFacts>& configs);

}  // namespace lktest
