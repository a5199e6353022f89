// SPDX-License-Identifier: MIT
#include "harness/tests/support/broken_medium.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "builder/base/certificate.hpp"
#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/initramfs/cpio.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/cpio_reader.hpp"
#include "builder/inspect/secure_boot.hpp"
#include "builder/inspect/unpack.hpp"

namespace lktest {
namespace {

const std::string initramfs_path = "/boot/initrd.img", kernel_path = "/boot/vmlinuz";
constexpr std::size_t sector = 2048;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(Error::Kind::usage, why, "");
}

/// Where the PE header of an EFI program begins (PE/COFF 3.1).
std::size_t pe_header(std::string_view program) {
    const std::size_t at = le32(program, 0x3c);
    if (at + 0xa8 > program.size() || program.substr(at, 4) != std::string_view("PE\0\0", 4))
        refuse("that is not an EFI program");
    return at;
}

FileTree unpack(const std::string& image) {
    Unpacked unpacked(ByteView::of_memory(image), std::numeric_limits<std::uint32_t>::max());
    FileTree tree;
    const CpioResult result =
        read_cpio([&](std::span<char> buffer) { return unpacked.read(buffer); },
                  [](const std::string&) { return std::numeric_limits<std::size_t>::max(); },
                  [&](const CpioEntry& entry) {
                      auto inode = std::make_shared<Inode>();
                      inode->type = static_cast<NodeType>(entry.mode & 0170000);
                      inode->permissions = entry.mode & 07777;
                      if (inode->type == NodeType::symlink)
                          inode->target = entry.head;
                      else
                          inode->content = Content::text(entry.head);
                      tree.put(entry.path, inode);
                      return true;
                  });
    if (!result.complete)
        refuse("the initramfs: " + result.fault);
    return tree;
}

}  // namespace

BrokenMedium::BrokenMedium(const std::filesystem::path& iso, Arch arch)
    : arch_(arch),
      bytes_(read_file(iso)),
      // "File data lba:  0 ,    19071 ,     2227 ,  4560107 , '/boot/initrd.img'"
      layout_(check_process({"xorriso", "-indev", iso, "-find", "/", "-type", "f", "-exec", "report_lba"})) {}

BrokenMedium::Extent BrokenMedium::extent(const std::string& path) const {
    const std::size_t line_end = layout_.find("'" + path + "'");
    if (line_end == std::string::npos)
        refuse(path + " is not in the image");
    const std::size_t begin = layout_.rfind("File data lba:", line_end);
    unsigned long lba = 0, size = 0;
    if (std::sscanf(layout_.c_str() + begin, "File data lba: %*u , %lu , %*u , %lu", &lba, &size) != 2)
        refuse("xorriso says of " + path + ": " + layout_.substr(begin, line_end - begin));
    return {lba * sector, size};
}

std::string BrokenMedium::content(const std::string& path) const {
    const Extent at = extent(path);
    return bytes_.substr(at.offset, at.size);
}

void BrokenMedium::overwrite(const std::string& path, std::size_t from, std::string_view with) {
    const Extent file = extent(path);
    if (from + with.size() > file.size)
        refuse(fmt::format("{} bytes at {} are more than {} has", with.size(), from, path));
    put(file, from, with);
}

void BrokenMedium::put(const Extent& file, std::size_t from, std::string_view with) {
    const std::string head = bytes_.substr(file.offset, std::min<std::size_t>(file.size, sector));
    for (std::size_t at = 0; (at = bytes_.find(head, at)) != std::string::npos; at += head.size())
        if (at % 512 == 0 && at + from + with.size() <= bytes_.size())
            bytes_.replace(at + from, with.size(), with);
}

void BrokenMedium::replace(std::string_view old, std::string now) {
    if (now.size() > old.size())
        refuse(fmt::format("'{}' is longer than '{}'", now, old));
    now.resize(old.size(), ' ');
    std::size_t count = 0;
    for (std::size_t at = 0; (at = bytes_.find(old, at)) != std::string::npos; at += old.size(), ++count)
        bytes_.replace(at, old.size(), now);
    if (count == 0)
        refuse(fmt::format("there is no '{}' in the image", old));
}

void BrokenMedium::append(const std::string& parameters) {
    const std::size_t at = bytes_.find("corpus.room=");
    if (at == std::string::npos)
        refuse("the command line has no room left");
    const std::string room = bytes_.substr(at, bytes_.find_first_of(" \n", at) - at);
    replace(room, parameters);
}

void BrokenMedium::fill(const std::string& path, double from, double to, char with) {
    const auto size = static_cast<double>(extent(path).size);
    const auto begin = static_cast<std::size_t>(from * size), end = static_cast<std::size_t>(to * size);
    overwrite(path, begin, std::string(end - begin, with));
}

void BrokenMedium::shorten(const std::string& path, double to) {
    set_size(path, static_cast<std::size_t>(to * static_cast<double>(extent(path).size)));
}

void BrokenMedium::set_size(const std::string& path, std::size_t size) {
    // ECMA-119, 9.1: in a directory record, the file's first sector and its size, in both byte orders.
    const auto both_orders = [](std::size_t number) {
        std::string bytes;
        for (int i = 0; i < 4; ++i)
            bytes += static_cast<char>(number >> (8 * i));
        return bytes + std::string(bytes.rbegin(), bytes.rend());
    };
    const Extent file = extent(path);
    const std::string place = both_orders(file.offset / sector);
    replace(place + both_orders(file.size), place + both_orders(size));
}

void BrokenMedium::take_from(const BrokenMedium& other, const std::string& path) {
    std::string content = other.content(path);
    content.resize(extent(path).size, '\0');
    overwrite(path, 0, content);
}

void BrokenMedium::change_initramfs(const std::function<void(FileTree&)>& change) {
    FileTree tree = unpack(content(initramfs_path));
    change(tree);
    const std::string image = write_cpio(tree, 0);
    // A file's last sector belongs to it alone.
    const std::size_t room = (extent(initramfs_path).size + sector - 1) / sector * sector;
    if (image.size() > room)
        refuse(fmt::format("the changed initramfs is {} bytes too large", image.size() - room));
    set_size(initramfs_path, image.size());
    put(extent(initramfs_path), 0, image);
}

void BrokenMedium::wipe_esp() {
    constexpr std::size_t name_at = 3;  // offset in its boot sector
    std::size_t count = 0;
    for (std::size_t at = 0; (at = bytes_.find("mkfs.fat", at + 1)) != std::string::npos;)
        if (at % 512 == name_at && ++count)
            bytes_.replace(at - name_at, 512, std::string(512, '\0'));
    if (count == 0)
        refuse("the image has no ESP");
}

void BrokenMedium::wipe_boot_record() {
    // ECMA-119, 8.1: the type of a volume descriptor; 255 ends their set.
    bytes_[17 * sector] = '\xff';
}

void BrokenMedium::wipe_boot_catalogue() {
    // El Torito 1.0, 2.0: the boot record is in sector 17, and has the catalogue's sector at byte 0x47.
    const std::size_t catalogue = le32(bytes_, 17 * sector + 0x47) * sector;
    if (bytes_.compare(17 * sector + 1, 5, "CD001") != 0 || catalogue + sector > bytes_.size())
        refuse("the image has no boot catalogue");
    bytes_.replace(catalogue, sector, std::string(sector, '\0'));
}

void BrokenMedium::unsign(const std::string& path) {
    // The fifth data directory of a PE32+ header, "Certificate Table" (PE/COFF 3.4.3).
    overwrite(path, pe_header(content(path)) + 24 + 112 + 4 * 8, std::string(8, '\0'));
}

void BrokenMedium::keep_signature(const std::string& path, std::string_view text) {
    const std::string program = content(path);
    const std::size_t directory = pe_header(program) + 24 + 112 + 4 * 8;
    std::size_t at = le32(program, directory), kept = 0;
    const std::size_t end = at + le32(program, directory + 4);
    // WIN_CERTIFICATE: its size, its revision, its type, of which firmware knows 2 (PE/COFF 5.8).
    for (std::size_t size = 0; at + 8 < end; at += (size + 7) / 8 * 8) {
        size = le32(program, at);
        if (size <= 8 || size > end - at)
            refuse("the signatures of " + path + " are damaged");
        if (program.substr(at, size).find(text) != std::string::npos)
            ++kept;
        else
            overwrite(path, at + 6, std::string("\1\0", 2));
    }
    if (kept == 0)
        refuse(fmt::format("no signature of {} has '{}'", path, text));
}

std::string BrokenMedium::certificate(const std::string& path, const std::string& common_name) const {
    if (const auto secure = read_secure_boot(ByteView::of_memory(content(path))))
        for (const PeSignature& signature : secure->signatures)
            for (const std::string& der : signature.chain)
                if (common_names({der}) == std::vector{common_name})
                    return der;
    refuse(fmt::format("no signature of {} has the certificate '{}'", path, common_name));
}

std::string BrokenMedium::hash(const std::string& path) const {
    const auto secure = read_secure_boot(ByteView::of_memory(content(path)));
    return secure ? secure->sha256 : std::string();
}

void BrokenMedium::set_machine(const std::string& path, std::uint16_t machine) {
    const char bytes[] = {static_cast<char>(machine), static_cast<char>(machine >> 8)};
    overwrite(path, pe_header(content(path)) + 4, {bytes, 2});
}

void BrokenMedium::set_kernel_entry(std::string_view code) {
    const std::string kernel = content(kernel_path);
    if (arch_ == Arch::x86_64) {
        // Documentation/arch/x86/boot.rst: setup_sects; the 32-bit entry, and the 64-bit one 0x200 after it.
        const std::size_t entry = (u8(kernel, 0x1f1) + std::size_t{1}) * 512;
        overwrite(kernel_path, entry, code);
        overwrite(kernel_path, entry + 0x200, code);
    } else {
        // Documentation/arch/arm64/booting.rst: code1 is "b primary_entry", its distance in words.
        const std::size_t words = le32(kernel, 4) & 0x3ffffff;
        overwrite(kernel_path, 4 + words * 4, code);
    }
}

}  // namespace lktest
