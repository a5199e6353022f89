// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "firmware/choose.hpp"
#include "firmware/secure_keys.hpp"

namespace lktest {

/// Creates a cell's variable store: a copy of the template of the same size, in which blocks of zeros occupy
/// no disk space (AAVMF's 64 MiB contain less than 1 MiB of data). Throws a host Error if code and template
/// do not belong together, or if a file cannot be read or written.
/// @param keys  replace those that the template has enrolled
void make_variable_store(Arch arch, const FirmwareImages& images, const std::filesystem::path& store,
                         const SecureLists& keys = {});

}  // namespace lktest
