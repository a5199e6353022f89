// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "builder/inspect/revocations.hpp"

namespace lktest {

/// The shims that this host's packages, or its system, have installed.
std::vector<SecureBootFacts> installed_shims();

/// What this host knows to be revoked: the lists in `dbx`, or without any those that packages install, and
/// the levels of installed shims. Throws a usage Error if a file is not such a list.
Revocations known_revocations(const std::vector<std::filesystem::path>& dbx);

}  // namespace lktest
