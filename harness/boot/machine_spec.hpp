// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/boot/host.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The requirements on the firmware of a cell's machine.
FirmwareWish firmware_wish(const BootCell& cell);

/// The machine of a cell for `libvirt`, still without its medium and disks. Creates its variable store in
/// `directory`, with `keys` if it has Secure Boot. Throws a host Error if there is no firmware for it.
MachineSpec machine_spec(const Host& host, const Connection& libvirt, const BootCell& cell,
                         const Scenario& scenario, const SecureLists& keys,
                         const std::filesystem::path& directory);

/// Where QEMU finds an image.
std::filesystem::path path_for_qemu(const Host& host, const std::filesystem::path& image);

/// Copies the medium if its firmware must not find a boot record where it should use a partition, or must not
/// find a signature. @param copy  path of the copy
void copy_medium(MachineSpec& spec, const Scenario& scenario, const std::filesystem::path& copy);

/// Replaces the image by the one that the cell boots: a stick that holds it as a file, its kernel alone, or a
/// copy. A copy is needed if the firmware must not find a boot record or a signature. Files are created in
/// `directory`, which may take seconds.
void prepare_medium(MachineSpec& spec, const Host& host, const Scenario& scenario,
                    const std::filesystem::path& directory);

}  // namespace lktest
