// SPDX-License-Identifier: MIT
#include "builder/tree/archive.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "builder/base/error.hpp"

namespace lktest {
namespace fs = std::filesystem;

ArchiveReader stream_reader() {
    ArchiveReader reader(archive_read_new());
    archive_read_support_filter_all(reader.get());
    archive_read_support_format_raw(reader.get());
    return reader;
}

std::string reason_of(archive& reader) {
    const char* text = archive_error_string(&reader);
    return text ? text : "unknown fault";
}

bool copy_data(archive& reader, const fs::path& target) {
    const UniqueFd file(::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file)
        throw system_error(fmt::format("cannot write {}", target.string()), errno);
    for (;;) {
        const void* piece = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(&reader, &piece, &size, &offset);
        if (result == ARCHIVE_EOF)
            return true;
        if (result < ARCHIVE_WARN)
            return false;
        for (const char* rest = static_cast<const char*>(piece); size > 0;) {
            const ssize_t count = ::write(file.get(), rest, size);
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0)
                throw system_error(fmt::format("cannot write {}", target.string()), errno,
                                   errno == ENOSPC ? "free some space on that file system" : "");
            rest += count;
            size -= static_cast<std::size_t>(count);
        }
    }
}

std::string decompressed(std::string_view bytes) {
    const ArchiveReader reader = stream_reader();
    archive_entry* entry = nullptr;
    if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN)
        throw host_error(reason_of(*reader));
    std::string whole;
    std::string piece(1 << 20, '\0');
    for (;;) {
        const la_ssize_t count = archive_read_data(reader.get(), piece.data(), piece.size());
        if (count < 0)
            throw host_error(reason_of(*reader));
        if (count == 0)
            return whole;
        whole.append(piece, 0, static_cast<std::size_t>(count));
    }
}

bool is_compressed(const fs::path& file) {
    const ArchiveReader reader = stream_reader();
    archive_entry* entry = nullptr;
    return archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) == ARCHIVE_OK &&
           archive_read_next_header(reader.get(), &entry) >= ARCHIVE_WARN &&
           archive_filter_count(reader.get()) > 1;  // the last filter is "none"
}

}  // namespace lktest
