// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/boot/host.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// What the firmware of a cell's machine must be good for.
FirmwareWish firmware_wish(const BootCell& cell);

/// The machine of a cell, to be made by `libvirt`, but for its medium and its disks. Makes its variable store
/// in `directory`. Throws a host Error when there is no firmware for it.
MachineSpec machine_spec(const Host& host, const Connection& libvirt, const BootCell& cell,
                         const Scenario& scenario, const std::filesystem::path& directory);

/// Where QEMU finds an image.
std::filesystem::path path_for_qemu(const Host& host, const std::filesystem::path& image);

/// Makes a copy of the medium when its firmware must find no boot record where it is to take a partition, or
/// no signature. @param copy  where to
void copy_medium(MachineSpec& spec, const Scenario& scenario, const std::filesystem::path& copy);

/// What stands for the image: a stick that holds it as a file; a copy whose firmware finds no boot record
/// where it must take a partition, or no signature; or the kernel on it. Made in `directory`; may take
/// seconds.
void prepare_medium(MachineSpec& spec, const Host& host, const Scenario& scenario,
                    const std::filesystem::path& directory);

}  // namespace lktest
