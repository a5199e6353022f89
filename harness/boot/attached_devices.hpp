// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/diagnose/device_view.hpp"

namespace lktest {

/// The disks and network cards of a libvirt domain, including those of its qemu:arg elements. Pure. Empty if
/// the text is not a domain.
std::vector<AttachedDevice> attached_devices(const std::string& xml);

}  // namespace lktest
