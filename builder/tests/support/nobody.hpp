// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/progress.hpp"

namespace lktest {

/// A progress callback that ignores everything.
inline const Progress nobody = [](auto...) {};

}  // namespace lktest
