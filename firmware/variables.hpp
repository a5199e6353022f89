// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "firmware/choose.hpp"
#include "firmware/secure_keys.hpp"

namespace lktest {

/// Makes a cell's own variable store: a copy of the template, exactly as large,
/// in which blocks of zeros take no room on the disk (of AAVMF's 64 MiB less
/// than one is data). Throws a host Error when code and template do not belong
/// together, and when a file cannot be read or written.
/// @param keys  put into it in place of those that the template has enrolled
void make_variable_store(Arch arch, const FirmwareImages& images, const std::filesystem::path& store,
                         const SecureLists& keys = {});

}  // namespace lktest
