// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/handle.hpp"

namespace lktest {

struct Pipe {
    UniqueFd read, write;
};

/// Both ends are closed on exec. Throws a host Error.
Pipe make_pipe();

}  // namespace lktest
