// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/progress.hpp"

namespace lktest {

/// For whom nobody watches.
inline const Progress nobody = [](auto...) {};

}  // namespace lktest
