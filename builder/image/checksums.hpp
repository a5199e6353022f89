// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/image/image_file.hpp"

namespace lktest {

/// The list of digests of a medium's files: its path and its text.
inline constexpr const char* checksums_path = "/sha256sum.txt";
inline constexpr const char* manifest_path = "/live/manifest.json";

/// A file of the medium, its size in bytes and its SHA-256 in hexadecimal.
struct FileDigest {
    std::string path;
    std::uint64_t size = 0;
    std::string sha256;
};

/// Of one file. The digest is empty if a stop was requested before all of it was read.
/// Throws a usage Error for a file that cannot be read.
FileDigest digest_of_file(const std::filesystem::path& path, std::stop_token stop = {});

/// Digests of the files, in their order. Throws a usage Error for one that cannot be read.
std::vector<FileDigest> digests(std::span<const ImageFile> files);

/// The input of `sha256sum -c` in the medium's root: "HEX  live/01-packages.sb", a line for each file.
std::string checksum_list(std::span<const FileDigest> files);

}  // namespace lktest
