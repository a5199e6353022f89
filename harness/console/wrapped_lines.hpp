// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// The text of a log whose lines a terminal cut at its width, with those lines whole again. Each join leaves
/// an empty line after it, so that all other lines keep their numbers. Unset if the lines were not cut.
std::optional<std::string> without_wraps(std::string_view bytes);

}  // namespace lktest
