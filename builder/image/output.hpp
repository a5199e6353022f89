// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "builder/base/progress.hpp"
#include "builder/image/image_file.hpp"

namespace lktest {

/// Formats of an image: an ISO; the medium's files as an archive, for a stick with FAT; or a
/// directory for a boot server.
enum class Format { iso, zip, tar, netboot };
inline constexpr std::array all_formats{Format::iso, Format::zip, Format::tar, Format::netboot};
std::string_view name(Format format);

/// The format for a file name's extension: ".iso", ".zip", ".tar"; netboot without an extension.
Format format_of(const std::filesystem::path& output);

/// Writes the files as a ZIP or tar archive without compression, because layers are compressed already.
/// @param time  of every file, seconds since 1970
void write_archive(Format format, const std::filesystem::path& archive, std::span<const ImageFile> files,
                   std::int64_t time, const Progress& progress);

/// Writes the files below a directory, which must not exist yet, or must have been made by this function.
void write_directory(const std::filesystem::path& directory, std::span<const ImageFile> files,
                     const Progress& progress);

}  // namespace lktest
