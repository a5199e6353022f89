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

/// Writes the rest of the entry at hand to `file`. False when the archive is damaged, which
/// reason_of() tells; throws a host Error that names `target` when it cannot be written.
bool copy_data(archive& reader, const std::filesystem::path& target);

/// The bytes that a compressed file stands for, of any compression that libarchive knows;
/// bytes that are not compressed stand for themselves. Throws a host Error with the reason alone.
std::string decompressed(std::string_view bytes);

/// Whether the file starts as a compressed one does. False when it cannot be read.
bool is_compressed(const std::filesystem::path& file);

}  // namespace lktest
