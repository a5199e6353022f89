// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// Text as roff prints it literally (groff_char(7)).
std::string roff_escaped(std::string_view text);

}  // namespace lktest
