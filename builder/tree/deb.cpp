// SPDX-License-Identifier: MIT
#include "builder/tree/deb.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "builder/base/file.hpp"
#include "builder/tree/archive.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Callback of libarchive for the next piece of data.tar.xz, from the .deb's member.
la_ssize_t read_member(archive* inner, void* deb, const void** piece) {
    std::size_t size = 0;
    la_int64_t offset = 0;
    auto* outer = static_cast<archive*>(deb);
    const int result = archive_read_data_block(outer, piece, &size, &offset);
    if (result == ARCHIVE_EOF)
        return 0;
    if (result >= ARCHIVE_WARN)
        return static_cast<la_ssize_t>(size);
    archive_set_error(inner, archive_errno(outer), "%s", reason_of(*outer).c_str());
    return -1;
}

/// Writes a package's data.tar to `file`, decompressed. A .deb is an ar archive of
/// debian-binary, control.tar.* and data.tar.* (deb(5)).
void unpack_data(const fs::path& deb, const fs::path& file) {
    const ArchiveReader outer(archive_read_new());
    archive_read_support_format_ar(outer.get());
    if (archive_read_open_filename(outer.get(), deb.c_str(), 1 << 20) != ARCHIVE_OK)
        throw damaged_deb(deb, reason_of(*outer));
    for (archive_entry* member = nullptr;;) {
        const int result = archive_read_next_header(outer.get(), &member);
        if (result == ARCHIVE_EOF)
            throw damaged_deb(deb, "it has no data.tar");
        if (result < ARCHIVE_WARN)
            throw damaged_deb(deb, reason_of(*outer));
        if (std::string_view(archive_entry_pathname(member)).starts_with("data.tar"))
            break;
    }
    const ArchiveReader inner = stream_reader();
    archive_entry* data = nullptr;
    if (archive_read_open(inner.get(), outer.get(), nullptr, read_member, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(inner.get(), &data) < ARCHIVE_WARN)
        throw damaged_deb(deb, reason_of(*inner));
    if (!copy_data(*inner, file))
        throw damaged_deb(deb, reason_of(*inner));
}

}  // namespace

Error damaged_deb(const fs::path& deb, std::string_view reason) {
    return host_error(fmt::format("{} is not a valid Debian package: {}", deb.string(), reason),
                      fmt::format("remove {}, so that it is downloaded again", deb.string()));
}

fs::path data_tar(const fs::path& deb, const fs::path& cache) {
    struct stat source {};
    struct stat tar {};
    if (::stat(deb.c_str(), &source) < 0)
        throw system_error(fmt::format("cannot read {}", deb.string()), errno);
    fs::path file = cache / "tars" / deb.filename().replace_extension(".tar");
    if (::stat(file.c_str(), &tar) == 0 && tar.st_mtim.tv_sec == source.st_mtim.tv_sec &&
        tar.st_mtim.tv_nsec == source.st_mtim.tv_nsec)
        return file;
    make_directories(file.parent_path());
    AtomicFile part(file);
    unpack_data(deb, part.temporary());
    const timespec times[2] = {source.st_mtim, source.st_mtim};
    ::utimensat(AT_FDCWD, part.temporary().c_str(), times, 0);
    part.commit();
    return file;
}

}  // namespace lktest
