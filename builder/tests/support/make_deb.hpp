// SPDX-License-Identifier: MIT
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/tree/fetch_packages.hpp"

namespace lktest {

/// An entry of a package made for a test.
struct DebEntry {
    std::string path;  ///< "./usr/bin/x"
    mode_t mode = 0100644;
    std::string text = {};      ///< content, or target of a symlink
    std::string hardlink = {};  ///< if not empty, it is a hard link to this path
    unsigned major = 0, minor = 0;
    std::string xattr = {}, xattr_value = {};
};

using ArchiveWriter = Handle<archive, archive_write_free>;

/// A tar of these entries, owned by 1:2, dated 1000 s after 1970.
/// @param pax  pax headers, as xattrs need; GNU ones, which dpkg-deb writes, otherwise
/// @param filter  "xz", "zstd", "gzip", or "none"
inline std::string make_tar(const std::vector<DebEntry>& entries, bool pax, const std::string& filter) {
    std::string bytes(4 << 20, '\0');
    std::size_t used = 0;
    const ArchiveWriter writer(archive_write_new());
    pax ? archive_write_set_format_pax(writer.get()) : archive_write_set_format_gnutar(writer.get());
    if (filter != "none")
        archive_write_add_filter_by_name(writer.get(), filter.c_str());
    archive_write_open_memory(writer.get(), bytes.data(), bytes.size(), &used);
    for (const DebEntry& given : entries) {
        const Handle<archive_entry, archive_entry_free> entry(archive_entry_new());
        archive_entry_copy_pathname(entry.get(), given.path.c_str());
        archive_entry_set_mode(entry.get(), given.mode);
        archive_entry_set_uid(entry.get(), 1);
        archive_entry_set_gid(entry.get(), 2);
        archive_entry_set_mtime(entry.get(), 1000, 0);
        archive_entry_set_rdevmajor(entry.get(), given.major);
        archive_entry_set_rdevminor(entry.get(), given.minor);
        if (!given.xattr.empty())
            archive_entry_xattr_add_entry(entry.get(), given.xattr.c_str(), given.xattr_value.data(),
                                          given.xattr_value.size());
        if ((given.mode & 0170000) == 0120000)
            archive_entry_copy_symlink(entry.get(), given.text.c_str());
        else if (!given.hardlink.empty())
            archive_entry_copy_hardlink(entry.get(), given.hardlink.c_str());
        else
            archive_entry_set_size(entry.get(), static_cast<la_int64_t>(given.text.size()));
        if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK)
            throw std::logic_error(given.path + ": " + archive_error_string(writer.get()));
        if (archive_entry_size(entry.get()) > 0)
            archive_write_data(writer.get(), given.text.data(), given.text.size());
    }
    archive_write_close(writer.get());
    bytes.resize(used);
    return bytes;
}

/// Writes NAME_1_ARCH.deb (deb(5)) into `directory`.
inline Package make_deb(const std::filesystem::path& directory, const std::string& name,
                        const std::vector<DebEntry>& entries, const std::string& filter = "xz",
                        bool pax = false, const std::string& architecture = "arm64") {
    Package package{name, "1", architecture, directory / (name + "_1_" + architecture + ".deb")};
    const std::string suffix = filter == "none"   ? ""
                               : filter == "zstd" ? ".zst"
                               : filter == "gzip" ? ".gz"
                                                  : ".xz";
    const ArchiveWriter writer(archive_write_new());
    archive_write_set_format_ar_bsd(writer.get());
    archive_write_open_filename(writer.get(), package.deb.c_str());
    for (const auto& [member, content] :
         {std::pair<std::string, std::string>{"debian-binary", "2.0\n"},
          {"control.tar.xz",
           make_tar({{.path = "./control", .text = "Package: " + name + "\n"}}, false, "xz")},
          {"data.tar" + suffix, make_tar(entries, pax, filter)}}) {
        const Handle<archive_entry, archive_entry_free> entry(archive_entry_new());
        archive_entry_copy_pathname(entry.get(), member.c_str());
        archive_entry_set_mode(entry.get(), 0100644);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
        archive_write_header(writer.get(), entry.get());
        archive_write_data(writer.get(), content.data(), content.size());
    }
    archive_write_close(writer.get());
    return package;
}

}  // namespace lktest
