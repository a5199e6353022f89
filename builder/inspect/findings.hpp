// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/finding.hpp"

// The parts of find_faults(), one for each part of a medium.
namespace lktest {

using IsoFindings = std::vector<IsoFinding>;

void add_error(IsoFindings& findings, std::string id, std::string text, std::string fix);
void add_warning(IsoFindings& findings, std::string id, std::string text, std::string fix);
void add_notice(IsoFindings& findings, std::string id, std::string text, std::string fix);

/// "a, b and 3 more".
std::string some_of(const std::vector<std::string>& names);

/// The machines whose kernels this medium's loaders can start: those of its removable-media EFI loaders, and
/// "x86_64" and "i386" by BIOS.
std::set<std::string> startable_machines(const MediumFacts& facts);

/// The machine of the kernel at this path. Empty if it is not a kernel, or not one that this medium can
/// start; rules that depend on the machine are then skipped.
std::string kernel_machine(const MediumFacts& facts, std::string_view path);

/// Memory tests and hardware detectors are loaded like kernels.
bool is_tool(const BootEntry& entry);

/// Whether the partition table describes a larger disk.
bool judge_disk_size(const MediumFacts& facts, IsoFindings& findings);
void judge_image(const MediumFacts& facts, IsoFindings& findings);  ///< volume, El Torito, partitions
void judge_disk(const MediumFacts& facts, IsoFindings& findings);   ///< a disk's partitions, and a BIOS
/// Whether the disk has a loader for a BIOS, as far as is known.
bool is_for_bios(const MediumFacts& facts);
void judge_boards(const MediumFacts& facts, IsoFindings& findings);  ///< Raspberry Pi and U-Boot
/// What root= names, on a disk.
void judge_root_devices(const MediumFacts& facts, IsoFindings& findings);
void judge_isolinux(const MediumFacts& facts, IsoFindings& findings);
void judge_efi(const MediumFacts& facts, IsoFindings& findings);      ///< ESP, EFI programs
void judge_configs(const MediumFacts& facts, IsoFindings& findings);  ///< boot loader configurations
void judge_ways(const MediumFacts& facts, IsoFindings& findings);     ///< from firmware to a menu
void judge_secure_boot(const MediumFacts& facts, const Revocations& revocations, IsoFindings& findings);
void judge_kernels(const MediumFacts& facts, IsoFindings& findings);
void judge_initramfs(const MediumFacts& facts, IsoFindings& findings);
void judge_layers(const MediumFacts& facts, IsoFindings& findings);
void judge_loopback(const MediumFacts& facts, IsoFindings& findings);
void judge_live(const MediumFacts& facts, IsoFindings& findings);  ///< files that the live system looks for
void judge_parameters(const MediumFacts& facts, IsoFindings& findings);  ///< installers, and the length
void judge_content(const MediumFacts& facts, IsoFindings& findings);  ///< kernel, initramfs and root together
void judge_erofs(const MediumFacts& facts, IsoFindings& findings);
void judge_verity(const MediumFacts& facts, IsoFindings& findings);  ///< hash trees and their root hashes
/// An entry of systemd-boot whose boot counter is at 0.
void judge_tries(const std::string& place, IsoFindings& findings);
/// The live medium's UUID, where a command line names it.
void judge_uuids(const MediumFacts& facts, IsoFindings& findings);
void judge_netboot(const MediumFacts& facts, IsoFindings& findings);      ///< a boot server's directory
void judge_named_paths(const MediumFacts& facts, IsoFindings& findings);  ///< in parameters
void judge_ukis(const MediumFacts& facts, IsoFindings& findings);         ///< unified kernel images

}  // namespace lktest
