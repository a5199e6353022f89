// SPDX-License-Identifier: MIT
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>

#include "builder/base/handle.hpp"

namespace lktest {

/// The bytes compressed with one of libarchive's filters: "gzip", "xz", "zstd".
inline std::string gzipped(const std::string& bytes, const std::string& filter = "gzip") {
    std::string packed(bytes.size() + (1 << 16), '\0');
    std::size_t used = 0;
    const Handle<archive, archive_write_free> writer(archive_write_new());
    archive_write_add_filter_by_name(writer.get(), filter.c_str());
    archive_write_set_format_raw(writer.get());
    archive_write_set_bytes_per_block(writer.get(), 1);
    archive_write_open_memory(writer.get(), packed.data(), packed.size(), &used);
    const Handle<archive_entry, archive_entry_free> entry(archive_entry_new());
    archive_entry_set_filetype(entry.get(), 0100000);
    archive_write_header(writer.get(), entry.get());
    archive_write_data(writer.get(), bytes.data(), bytes.size());
    archive_write_close(writer.get());
    packed.resize(used);
    return packed;
}

}  // namespace lktest
