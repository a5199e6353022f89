// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/matrix/cell.hpp"

namespace lktest {

/// Describes a foreign libvirt guest as a cell: its architecture, firmware and first medium. Pure. Throws a
/// usage Error for an architecture that lktest does not know.
BootCell cell_of_domain(const std::string& xml);

}  // namespace lktest
