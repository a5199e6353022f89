// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lktest {

/// A section to add to an EFI stub: its name, at most 8 bytes, and its content.
using UkiSection = std::pair<std::string_view, std::string>;

/// A unified kernel image: systemd's EFI stub with more sections (UAPI group, "Unified Kernel Image"). They
/// follow the stub's own ones in the file and in memory.
/// @param stub  linuxx64.efi.stub or linuxaa64.efi.stub, unsigned
/// Throws a host Error if the stub is not a PE32+ image, or its header has no room for the sections.
std::string write_uki(std::string_view stub, std::span<const UkiSection> sections);

}  // namespace lktest
