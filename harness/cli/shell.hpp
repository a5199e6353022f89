// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// The word as a POSIX shell reads it back: quoted only where that is needed.
std::string shell_word(std::string_view word);

}  // namespace lktest
