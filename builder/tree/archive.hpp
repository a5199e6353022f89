// SPDX-License-Identifier: MIT
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <string>

#include "builder/base/handle.hpp"

namespace lktest {

/// libarchive's reader of one archive.
using ArchiveReader = Handle<archive, archive_read_free>;

/// A reader, still to be opened, of one stream of any compression.
ArchiveReader stream_reader();

/// Why libarchive's last call failed: "Truncated input file (needed 512 bytes, only 0 available)".
std::string reason_of(archive& reader);

/// Writes the rest of the current entry to `file`. Returns false if the archive is damaged; reason_of() says
/// why. Throws a host Error that names `target` if it cannot be written.
bool copy_data(archive& reader, const std::filesystem::path& target);

/// Decompresses a file with any compression that libarchive supports; returns uncompressed bytes unchanged.
/// Throws a host Error with only the reason.
std::string decompressed(std::string_view bytes);

/// Whether the file starts like a compressed one. False if it cannot be read.
bool is_compressed(const std::filesystem::path& file);

}  // namespace lktest
