// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace lktest {

/// The logical sector of ISO 9660, in bytes (ECMA-119, 6.1.2).
inline constexpr std::size_t iso_sector = 2048;

}  // namespace lktest
