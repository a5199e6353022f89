// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Quotes the word for a POSIX shell, only where needed.
std::string shell_word(std::string_view word);

/// A command line without these options and their values, whether as two words or with '='.
std::vector<std::string> without_options(const std::vector<std::string>& words,
                                         std::span<const std::string_view> options);

}  // namespace lktest
