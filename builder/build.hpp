// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"
#include "builder/image/output.hpp"
#include "builder/recipe.hpp"

namespace lktest {

struct BuildOptions {
    Arch arch = Arch::x86_64;
    std::filesystem::path output;  ///< the ISO or archive, replaced in one step when complete; or a directory
    Format format = Format::iso;
    std::filesystem::path cache;  ///< packages, and the parts made from them
    /// Bytes of finished parts and compressed blocks that the cache keeps.
    std::uint64_t cache_size = std::uint64_t{8} << 30;
    unsigned workers = 1;  ///< threads for compression; they do not change the result
    /// Time of the image and latest time of any file in it. Without it: the time of the
    /// newest package, so that the same packages give the same image on any day.
    std::optional<std::int64_t> source_date_epoch;
    /// An exception from it cancels the build and removes its files.
    Progress progress = [](std::string_view, std::uint64_t, std::uint64_t) {};
    Why why = [](std::string_view) {};
    Why warn = [](std::string_view) {};  ///< warnings, such as omitted files
};

struct BuildResult {
    std::filesystem::path output;
    std::uint64_t size = 0;  ///< bytes
    std::int64_t time = 0;   ///< of the image, seconds since 1970
};

/// Builds the recipe's live medium for one architecture. Throws a usage Error if the recipe requests
/// something impossible, and a host Error for everything else.
BuildResult build_image(const Recipe& recipe, const BuildOptions& options);

/// Whether `iso` is what build_image() would make of this recipe now, according to the note next to the ISO.
/// Fast, and without network access.
bool is_current(const Recipe& recipe, Arch arch, const std::filesystem::path& iso,
                const std::filesystem::path& cache);

}  // namespace lktest
