// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "builder/initramfs/initramfs.hpp"
#include "builder/recipe.hpp"

namespace lktest {

// The note beside an image says what it was made of, so that is_current() can compare.

/// Raise it when the same recipe and packages give another image than before.
inline constexpr int format_version = 10;

std::string text_of(const InitScripts& scripts);

/// The inputs of an image other than packages, as text.
std::string own_inputs(const Recipe& recipe, Arch arch, const InitScripts& scripts);

/// What is_current() knows of a build without reading anything: the recipe, and the output itself.
std::string note_start(const Recipe& recipe, Arch arch, const InitScripts& scripts,
                       const std::filesystem::path& output);

/// Before the packages in the note.
inline constexpr std::string_view packages_mark = "packages\n";

}  // namespace lktest
