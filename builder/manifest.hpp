// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "builder/image/checksums.hpp"
#include "builder/recipe.hpp"
#include "builder/root_init.hpp"
#include "builder/sources.hpp"

namespace lktest {

/// The contents of a medium as JSON: the recipe's digest, each package with its version and
/// purpose, each file with its digest.
/// @param time  of the image, seconds since 1970
std::string manifest(const Recipe& recipe, Arch arch, const Sources& sources, const Reporting& reporting,
                     std::int64_t time, std::span<const FileDigest> files);

}  // namespace lktest
