// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// An ISO of ours that is broken in place, in ISO 9660 and in the ESP at once: nothing else moves or changes.
/// What cannot be done throws a usage Error.
class BrokenMedium {
public:
    /// @param iso  a whole one, as `lktest build` made it for `arch`
    BrokenMedium(const std::filesystem::path& iso, Arch arch);

    Arch arch() const { return arch_; }
    const std::string& bytes() const { return bytes_; }

    /// Every `old` in the image becomes `now`, filled up with blanks. Checksums are not made anew.
    void replace(std::string_view old, std::string now);
    /// Adds to the kernel's command line, where the recipe left room.
    void append(const std::string& parameters);
    /// Fills a part of a file, from and to fractions of its size.
    void fill(const std::string& path, double from, double to, char with);
    /// A file ends at this fraction of its size, as its directory records say.
    void shorten(const std::string& path, double to);
    /// A file's first bytes become those of a file of another image; zeros behind them.
    void take_from(const BrokenMedium& other, const std::string& path);
    /// Unpacks the initramfs, lets it be changed, and packs it again: it must not become larger.
    void change_initramfs(const std::function<void(FileTree&)>& change);
    /// Nothing is left behind this fraction of the image.
    void cut(double to) { bytes_.resize(static_cast<std::size_t>(to * static_cast<double>(bytes_.size()))); }
    /// The boot sector of the EFI system partition, which is FAT, becomes zeros.
    void wipe_esp();
    /// There is no boot record any more, as on a CD of data.
    void wipe_boot_record();
    /// The El Torito catalogue's entries become zeros: a medium that nothing boots from.
    void wipe_boot_catalogue();
    /// An EFI program, in every copy, loses its signatures; or it is for another machine (PE/COFF 3.3.1).
    void unsign(const std::string& path);
    void set_machine(const std::string& path, std::uint16_t machine);
    /// The kernel's very first instructions become these, however it is entered.
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
