// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "builder/base/handle.hpp"
#include "builder/base/progress.hpp"

namespace lktest {

/// How to check that a part in the cache is intact: by size and time, or also by its SHA-256, which detects
/// changes by a bad disk. The digest is for parts that are copied into an image.
enum class CacheCheck { state, digest };

/// Directories of the cache: finished parts, and compressed blocks of SquashFS images.
inline constexpr const char *made_directory = "made", *blocks_directory = "blocks";

/// A build that uses the cache. Meanwhile no other build removes anything that was used lately.
class CacheUse {
public:
    /// Throws a host Error if the cache cannot be written.
    explicit CacheUse(const std::filesystem::path& cache);

    /// Removes the parts and blocks that were used least recently, until the others have at most `most`
    /// bytes. Nothing is removed while another build runs: its end does it.
    void limit(std::uint64_t most) const;

private:
    std::filesystem::path cache_;
    UniqueFd lock_;
};

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

/// The SHA-256 of a file that cached() has checked by its digest, in hexadecimal. Empty for any other file.
/// So a build reads its large parts only once.
std::string digest_of_part(const std::filesystem::path& cache, const std::filesystem::path& made);

/// Bytes of a file, or of all regular files below a directory.
std::uint64_t size_below(const std::filesystem::path& path);

/// The path of the note about a file's inputs, next to the file.
std::filesystem::path inputs_of(const std::filesystem::path& made);

/// Identifies the bytes of a user's file, as text for `inputs`: its path, size, change time and inode.
/// Throws a usage Error if the file does not exist.
std::string file_identity(const std::filesystem::path& file);

}  // namespace lktest
