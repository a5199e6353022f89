// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/build.hpp"
#include "builder/initramfs/initramfs.hpp"
#include "builder/initramfs/kernel.hpp"
#include "builder/note.hpp"
#include "builder/root.hpp"
#include "builder/root_init.hpp"
#include "builder/sources.hpp"

namespace lktest {

/// One build: its inputs, and what all its steps need.
struct Build {
    const Recipe& recipe;
    const BuildOptions& options;
    Sources sources;
    std::optional<Root> root;      ///< unset: made of packages
    std::optional<Kernel> kernel;  ///< unset: a package
    Reporting reporting;
    std::int64_t time;
    InitScripts scripts;

    /// Time of a part. With `time` itself, a change in one part would rebuild every part.
    /// @param latest  time of anything that it is made of
    std::int64_t part_time(std::int64_t latest) const { return std::min(time, latest); }

    /// A part in the cache.
    std::filesystem::path part(std::string_view kind, const std::string& inputs, std::int64_t made,
                               const std::function<void(const std::filesystem::path&)>& make) const;

    /// @param step  what progress calls it
    /// @param made  latest time of any file in it
    void write_layer(const FileTree& tree, const std::filesystem::path& file, const std::string& step,
                     std::int64_t made) const;
};

/// The parts of an image that stay in the cache.
struct Parts {
    std::filesystem::path image, initramfs, modules;
    std::vector<std::filesystem::path> base;  ///< the root or the packages; several only if one is too large
};

/// Makes what the cache does not have. Compression keeps every core busy; the rest runs beside it.
/// @param files  the uppermost layer, to check that init can start
Parts make_parts(const Build& build, const Content& busybox, const FileTree& files);

}  // namespace lktest
