// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>

#include "builder/base/handle.hpp"

namespace lktest {

/// Provides short paths for files of a directory, however deep it is, because a unix socket's path may have
/// only 107 bytes. Valid as long as this lives, in this process.
class ShortPath {
public:
    explicit ShortPath(const std::filesystem::path& directory)
        : directory_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

    std::filesystem::path of(std::string_view file) const {
        return fmt::format("/proc/self/fd/{}/{}", directory_.get(), file);
    }

private:
    UniqueFd directory_;
};

}  // namespace lktest
