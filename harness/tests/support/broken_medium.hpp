// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// One of our ISOs, broken in place both in ISO 9660 and in the ESP: nothing else moves or changes.
/// Impossible changes throw a usage Error.
class BrokenMedium {
public:
    /// @param iso  an intact one that `lktest build` made for `arch`
    BrokenMedium(const std::filesystem::path& iso, Arch arch);

    Arch arch() const { return arch_; }
    const std::string& bytes() const { return bytes_; }

    /// Replaces every `old` in the image by `now`, padded with blanks. Checksums are not updated.
    void replace(std::string_view old, std::string now);
    /// Extends the kernel's command line, in the room that the recipe left.
    void append(const std::string& parameters);
    /// Fills a part of a file, given by fractions of its size.
    void fill(const std::string& path, double from, double to, char with);
    /// Ends a file at this fraction of its size, according to its directory records.
    void shorten(const std::string& path, double to);
    /// Replaces a file's content by that of another image's file, padded with zeros.
    void take_from(const BrokenMedium& other, const std::string& path);
    /// Unpacks the initramfs, lets `change` modify it, and repacks it. It must not become larger.
    void change_initramfs(const std::function<void(FileTree&)>& change);
    /// Truncates the image at this fraction of its size.
    void cut(double to) { bytes_.resize(static_cast<std::size_t>(to * static_cast<double>(bytes_.size()))); }
    /// Fills the boot sector of the EFI system partition, which is FAT, with zeros.
    void wipe_esp();
    /// Removes the boot record, as on a data CD.
    void wipe_boot_record();
    /// Fills the El Torito catalogue's entries with zeros, so that no firmware boots the medium.
    void wipe_boot_catalogue();
    /// Removes the signatures of an EFI program in every copy; or changes its machine type (PE/COFF 3.3.1).
    void unsign(const std::string& path);
    /// Leaves only the signatures that contain this text, such as the name of an authority.
    void keep_signature(const std::string& path, std::string_view text);
    /// The certificate of this common name in a signature of the program, in DER.
    std::string certificate(const std::string& path, const std::string& common_name) const;
    /// The program's hash, as dbx lists it, in hexadecimal.
    std::string hash(const std::string& path) const;
    void set_machine(const std::string& path, std::uint16_t machine);
    /// Replaces the kernel's first instructions at every entry point.
    void set_kernel_entry(std::string_view code);

private:
    struct Extent {
        std::size_t offset = 0, size = 0;
    };
    Extent extent(const std::string& path) const;
    std::string content(const std::string& path) const;
    void set_size(const std::string& path, std::size_t size);
    /// Overwrites a part of a file, in every copy of it.
    void overwrite(const std::string& path, std::size_t from, std::string_view with);
    void put(const Extent& file, std::size_t from, std::string_view with);

    Arch arch_;
    std::string bytes_, layout_;
};

}  // namespace lktest
