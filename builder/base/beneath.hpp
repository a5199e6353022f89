// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "builder/base/handle.hpp"

namespace lktest {

/// Opens a directory that whoever made its content may fill with links to anywhere, for open_beneath().
/// The directory itself may be a link. Throws a usage Error when it cannot be opened.
UniqueFd open_directory(const std::filesystem::path& path);

/// Holds a directory by itself, not by its name: what is written below path() goes there even if another
/// directory, or a link, takes its place meanwhile.
class HeldDirectory {
public:
    /// Throws a host Error if there is no such directory, or a link instead.
    explicit HeldDirectory(std::filesystem::path name);

    /// Another path of the directory, for this process and the programs that it starts.
    const std::filesystem::path& path() const noexcept { return path_; }
    int fd() const noexcept { return fd_.get(); }
    /// A message with the name that the user knows instead of path().
    std::string with_name(std::string message) const;

private:
    std::filesystem::path name_;
    UniqueFd fd_;
    std::filesystem::path path_;
};

/// Opens a regular file below a directory for reading. Links are followed only as long as they stay
/// below it (openat2(2), RESOLVE_BENEATH); on a kernel without that call none are. Devices and pipes are
/// never opened for longer than it takes to see what they are.
/// @param relative  a path without a leading slash
/// @return an empty descriptor if there is no such file below the directory
UniqueFd open_beneath(int directory, const std::filesystem::path& relative);

/// What open_beneath() does where openat2(2) is missing: one directory after another, and no links.
UniqueFd open_beneath_without_links(int directory, const std::filesystem::path& relative);

}  // namespace lktest
