// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace lktest {

/// A file that is dear to make, kept for the next build with the same inputs.
/// @param cache   directory; files of it that no build used for two weeks are removed
/// @param kind    names the file for people: "core-x86_64"
/// @param inputs  everything that decides the file's bytes, as text
/// @param make    writes the file under the name that it is given
std::filesystem::path cached(const std::filesystem::path& cache, std::string_view kind,
                             const std::string& inputs,
                             const std::function<void(const std::filesystem::path&)>& make);

}  // namespace lktest
