// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "builder/base/progress.hpp"

namespace lktest {

/// By what a part in the cache is known to be whole: size and time, or also its SHA-256, which finds what a
/// bad disk changed. The digest is for parts that go into an image as they are.
enum class CacheCheck { state, digest };

/// A file or directory that is expensive to make, kept for the next build with the same inputs.
/// One that was changed or truncated since is made again.
/// @param cache   directory; what no build used for two weeks is removed from it
/// @param kind    names it for people: "core-x86_64"
/// @param inputs  everything that decides its bytes, as text
/// @param make    writes it under the name that it is given
/// @param warn    is called if one is damaged, before it is made again
std::filesystem::path cached(const std::filesystem::path& cache, std::string_view kind,
                             const std::string& inputs,
                             const std::function<void(const std::filesystem::path&)>& make,
                             CacheCheck check = CacheCheck::state, const Why& warn = {});

/// Where it stands what a file was made from: beside it.
std::filesystem::path inputs_of(const std::filesystem::path& made);

/// Which bytes a file of the user's has, as text for `inputs`: its path, size, and when and
/// where it was last changed. Throws a usage Error when there is no such file.
std::string file_identity(const std::filesystem::path& file);

}  // namespace lktest
