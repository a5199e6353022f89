// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/error.hpp"

namespace lktest {

/// A place in a user's file. Lines and columns count from 1; 0 means the file as a whole.
struct Place {
    std::string file;
    std::size_t line = 0, column = 0;
};

/// A mistake in a user's file, with its remedy.
struct Problem {
    Place place;
    std::string message;
    std::string hint;  ///< may be empty
};

/// "boot.toml:6:1: unknown key 'deadlin' in [[milestone]]", the line of `source`
/// with a caret under the column, and the hint.
/// @param source  the whole text of the file that the problem is in
std::string render(const Problem& problem, std::string_view source);

/// The candidate nearest to `word` by edit distance; empty if none is close
/// enough (at most a third of the word's length, or 2).
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

/// "did you mean 'deadline'?", or "one of: a, b, c" if no name is close.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

/// Throws a usage Error with every problem rendered; returns if the list is empty.
void throw_problems(const std::vector<Problem>& problems, std::string_view source);

}  // namespace lktest
