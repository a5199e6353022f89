// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "builder/base/handle.hpp"

namespace lktest {

/// Opens a directory for open_beneath(). Its content is untrusted and may have links to anywhere.
/// The directory itself may be a link. Throws a usage Error if it cannot be opened.
UniqueFd open_directory(const std::filesystem::path& path);

/// Holds a directory by descriptor instead of by name: files written below path() go there even if another
/// directory, or a link, takes its place meanwhile.
class HeldDirectory {
public:
    /// Throws a host Error if the directory does not exist, or is a link.
    explicit HeldDirectory(std::filesystem::path name);

    /// Another path of the directory. Valid in this process and in the programs that it starts.
    const std::filesystem::path& path() const noexcept { return path_; }
    int fd() const noexcept { return fd_.get(); }
    /// A message with the user's name for the directory instead of path().
    std::string with_name(std::string message) const;

private:
    std::filesystem::path name_;
    UniqueFd fd_;
    std::filesystem::path path_;
};

/// Opens a regular file below a directory for reading. Links are followed only within the directory
/// (openat2(2), RESOLVE_BENEATH), or not at all on a kernel without that call. Devices and pipes are closed
/// as soon as they are recognised.
/// @param relative  a path without a leading slash
/// @return an empty descriptor if the file does not exist below the directory
UniqueFd open_beneath(int directory, const std::filesystem::path& relative);

/// open_beneath() without openat2(2): opens one directory after another, and does not follow links.
UniqueFd open_beneath_without_links(int directory, const std::filesystem::path& relative);

}  // namespace lktest
