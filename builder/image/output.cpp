// SPDX-License-Identifier: MIT
#include "builder/image/output.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/image/checksums.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 4> names{"iso", "zip", "tar", "netboot"};

/// Keeps the bytes of an image file while it exists.
class Bytes {
public:
    explicit Bytes(const ImageFile& file) {
        if (const auto* text = std::get_if<std::string>(&file.content)) {
            bytes_ = std::as_bytes(std::span(*text));
        } else {
            mapped_ = MappedFile::open(std::get<fs::path>(file.content));
            bytes_ = mapped_->bytes();
        }
    }
    std::span<const std::byte> get() const { return bytes_; }

private:
    std::shared_ptr<const MappedFile> mapped_;
    std::span<const std::byte> bytes_;
};

using Archive = Handle<archive, archive_write_free>;
using Entry = Handle<archive_entry, archive_entry_free>;

void check(archive* writer, int status, const fs::path& file) {
    if (status != ARCHIVE_OK)
        throw host_error(fmt::format("cannot write {}: {}", file.string(), archive_error_string(writer)));
}

std::uint64_t size_of(std::span<const ImageFile> files) {
    std::uint64_t total = 0;
    for (const ImageFile& file : files)
        total += Bytes(file).get().size();
    return total;
}

}  // namespace

std::string_view name(Format format) {
    return names[static_cast<std::size_t>(format)];
}

Format format_of(const fs::path& output) {
    const std::string suffix = output.extension();
    if (suffix.empty())
        return Format::netboot;
    const auto known = std::ranges::find(names, std::string_view(suffix).substr(1));
    return known == names.end() ? Format::iso : all_formats[static_cast<std::size_t>(known - names.begin())];
}

void write_archive(Format format, const fs::path& file, std::span<const ImageFile> files, std::int64_t time,
                   const Progress& progress) {
    const Archive owner(archive_write_new());
    archive* writer = owner.get();
    if (format == Format::zip) {
        check(writer, archive_write_set_format_zip(writer), file);
        check(writer, archive_write_zip_set_compression_store(writer), file);
    } else {
        check(writer, archive_write_set_format_pax_restricted(writer), file);
    }
    check(writer, archive_write_open_filename(writer, file.c_str()), file);
    const std::uint64_t total = size_of(files);
    std::uint64_t done = 0;
    constexpr std::size_t step = 4 << 20;
    for (const ImageFile& source : files) {
        const Bytes bytes(source);
        const Entry entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), source.path.c_str() + 1);
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_mtime(entry.get(), time, 0);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.get().size()));
        check(writer, archive_write_header(writer, entry.get()), file);
        for (std::span<const std::byte> rest = bytes.get(); !rest.empty();) {
            const std::span<const std::byte> part = rest.first(std::min(step, rest.size()));
            if (archive_write_data(writer, part.data(), part.size()) != static_cast<la_ssize_t>(part.size()))
                check(writer, ARCHIVE_FATAL, file);
            rest = rest.subspan(part.size());
            progress(name(format), done += part.size(), total);
        }
    }
    check(writer, archive_write_close(writer), file);
}

void write_directory(const fs::path& directory, std::span<const ImageFile> files, const Progress& progress) {
    std::error_code error;
    if (fs::exists(directory, error) && !fs::is_empty(directory, error) &&
        !fs::exists(directory / (checksums_path + 1), error))
        throw usage_error(fmt::format("{} is not empty, and lktest did not create it", directory.string()),
                          "pass a new directory to -o");
    const std::uint64_t total = size_of(files);
    std::uint64_t done = 0;
    for (const ImageFile& file : files) {
        const fs::path target = directory / fs::path(file.path).relative_path();
        make_directories(target.parent_path());
        const Bytes bytes(file);
        write_file(target, {reinterpret_cast<const char*>(bytes.get().data()), bytes.get().size()});
        progress("netboot", done += bytes.get().size(), total);
    }
}

}  // namespace lktest
