// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "builder/base/progress.hpp"

namespace lktest {

/// How to check that a part in the cache is intact: by size and time, or also by its SHA-256, which detects
/// changes by a bad disk. The digest is for parts that are copied into an image.
enum class CacheCheck { state, digest };

/// A file or directory that is expensive to make, kept for the next build with the same inputs.
/// One that was changed or truncated since is made again.
/// @param cache   directory; files that were not used for two weeks are removed from it
/// @param kind    names it for people: "core-x86_64"
/// @param inputs  everything that decides its bytes, as text
/// @param make    writes it under the name that it is passed
/// @param warn    is called if one is damaged, before it is made again
std::filesystem::path cached(const std::filesystem::path& cache, std::string_view kind,
                             const std::string& inputs,
                             const std::function<void(const std::filesystem::path&)>& make,
                             CacheCheck check = CacheCheck::state, const Why& warn = {});

/// The path of the note about a file's inputs, next to the file.
std::filesystem::path inputs_of(const std::filesystem::path& made);

/// Identifies the bytes of a user's file, as text for `inputs`: its path, size, change time and inode.
/// Throws a usage Error if the file does not exist.
std::string file_identity(const std::filesystem::path& file);

}  // namespace lktest
