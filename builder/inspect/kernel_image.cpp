// SPDX-License-Identifier: MIT
#include "builder/inspect/kernel_image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/pe.hpp"
#include "builder/inspect/unpack.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t kernel_unpacked_limit = 256 << 20;

std::string first_word(std::string_view text) {
    return std::string(text.substr(0, text.find_first_of(std::string_view(" \0\n", 3))));
}

/// The unpacked data; it must outlive the stream.
Stream stream_of(Unpacked& unpacked) {
    return [&unpacked](std::span<char> buffer) { return unpacked.read(buffer); };
}

/// Reads the compressed kernel in a bzImage: its configuration, and why it does not unpack.
void read_payload(KernelImage& kernel, const ByteView& payload) {
    const std::string_view compression = compression_of(payload.read(0, 16));
    if (compression.empty() || compression == "lzo")  // libarchive would run lzop(1)
        return;
    constexpr std::uint64_t trailer = 4;  // its size follows it (scripts/Makefile.lib, size_append)
    Unpacked unpacked(payload.part(0, payload.size() - std::min(payload.size(), trailer)),
                      kernel_unpacked_limit);
    kernel.config = KernelConfig::parse(embedded_config(stream_of(unpacked), kernel_unpacked_limit));
    if (compression == "xz" || compression == "bzip2")  // libarchive checks only these to their end
        kernel.damage = unpacked.fault();
}

/// Linux, Documentation/arch/x86/boot.rst.
KernelImage bz_image(const ByteView& file, std::string_view head) {
    KernelImage kernel{"bzImage", "i386", {}, false, false};
    if (le16(head, 0x206) >= 0x20c && (le16(head, 0x236) & 1) != 0)  // XLF_KERNEL_64
        kernel.machine = "x86_64";
    if (const std::uint16_t version = le16(head, 0x20e))
        kernel.version = first_word(file.read(version + 0x200U, 256));
    const std::uint64_t setup_sectors = u8(head, 0x1f1) == 0 ? 4 : u8(head, 0x1f1);
    const std::uint64_t code = (setup_sectors + 1) * 512;
    kernel.cut = code + std::uint64_t{le32(head, 0x1f4)} * 16 > file.size();
    if (le16(head, 0x206) >= 0x208 && !kernel.cut)  // payload_offset, payload_length
        read_payload(kernel, file.part(code + le32(head, 0x248), le32(head, 0x24c)));
    return kernel;
}

bool is_arm64_image(std::string_view head) {
    return head.size() >= 64 && head.substr(0x38, 4) == "ARM\x64";
}

/// Bits 1 and 2 of the flags: 4, 16 or 64 KiB.
std::uint64_t page_size_of(std::string_view head) {
    const unsigned said = le64(head, 24) >> 1 & 3;
    return said == 0 ? 0 : std::uint64_t{1024} << 2 * said;
}

std::string version_in(std::string_view text) {
    constexpr std::string_view banner = "Linux version ";
    for (std::size_t at = 0; (at = text.find(banner, at)) != std::string_view::npos; at += banner.size())
        if (const std::string word = first_word(text.substr(at + banner.size(), 128));
            !word.empty() && word.front() >= '0' && word.front() <= '9')
            return word;
    return {};
}

/// The banner in an uncompressed kernel, which may have strings that begin like it.
std::string version_in_stream(const Stream& stream) {
    constexpr std::size_t overlap = 256;
    std::string window;
    for (std::uint64_t done = 0; done < kernel_unpacked_limit;) {
        const std::string chunk = read_some(stream, 1 << 20);
        if (chunk.empty())
            break;
        done += chunk.size();
        window += chunk;
        if (std::string version = version_in(window); !version.empty())
            return version;
        window.erase(0, window.size() - std::min(window.size(), overlap));
    }
    return {};
}

/// Linux, Documentation/arch/arm64/booting.rst.
KernelImage arm64_image(const ByteView& file, std::string_view head) {
    KernelImage kernel{"Image", "aarch64", version_in_stream(plain_stream(file)), false, false};
    // image_size counts memory, including bss, which the file lacks. A file of less than a quarter is cut
    // off.
    kernel.cut = le64(head, 16) / 4 > file.size();
    kernel.page_size = page_size_of(head);
    kernel.config = KernelConfig::parse(embedded_config(plain_stream(file), file.size()));
    return kernel;
}

std::optional<KernelImage> compressed_image(const ByteView& file, std::string_view compression) {
    Unpacked unpacked(file, kernel_unpacked_limit);
    const Stream stream = stream_of(unpacked);
    const std::string head = read_some(stream, 64);
    if (!is_arm64_image(head))
        return std::nullopt;
    KernelImage kernel{fmt::format("{} Image", compression), "aarch64", version_in_stream(stream), false,
                       false};
    kernel.page_size = page_size_of(head);
    kernel.config = KernelConfig::parse(embedded_config(stream, kernel_unpacked_limit));
    kernel.cut = !unpacked.fault().empty();
    return kernel;
}

/// Linux, drivers/firmware/efi/libstub/zboot-header.S.
KernelImage zboot(const ByteView& file, std::string_view head) {
    const std::uint64_t offset = le32(head, 8), size = le32(head, 12);
    const std::string_view compression = head.substr(24, 32);
    KernelImage kernel{fmt::format("EFI zboot ({})",
                                   compression.substr(0, std::min(compression.find('\0'), std::size_t{8}))),
                       {},
                       {},
                       true,
                       offset + size > file.size()};
    const ByteView payload = file.part(offset, size);
    if (!compression_of(payload.read(0, 16)).empty()) {
        Unpacked unpacked(payload, kernel_unpacked_limit);
        kernel.version = version_in_stream(stream_of(unpacked));
    }
    return kernel;
}

/// Kernels that are only named here: arm's zImage, riscv's Image, and U-Boot's uImage of any.
std::optional<KernelImage> other_kernel(std::string_view head) {
    constexpr std::uint32_t zimage_magic = 0x016f2818;
    if (head.size() >= 64 && le32(head, 0x24) == zimage_magic)
        return KernelImage{"zImage", "arm", {}, false, false};
    if (head.size() >= 64 && has_text(head, 0x38, "RSC\x05"))
        return KernelImage{"Image", "riscv64", {}, false, false};
    if (has_text(head, 0, {"\x27\x05\x19\x56", 4}))
        return KernelImage{"uImage", {}, {}, false, false};
    if (has_text(head, 0, {"\xd0\x0d\xfe\xed", 4}))
        return KernelImage{"FIT image", {}, {}, false, false};
    return std::nullopt;
}

}  // namespace

std::optional<KernelImage> read_kernel(const ByteView& file) {
    const std::string head = file.read(0, 1024);
    const auto pe = read_pe(file);
    std::optional<KernelImage> kernel;
    if (head.size() >= 64 && head.starts_with("MZ") && has_text(head, 4, "zimg"))
        kernel = zboot(file, head);
    else if (head.size() > 0x206 && has_text(head, 0x202, "HdrS"))
        kernel = bz_image(file, head);
    else if (is_arm64_image(head))
        kernel = arm64_image(file, head);
    else if (const auto other = other_kernel(head))
        kernel = *other;
    else if (const std::string_view compression = compression_of(head); !compression.empty())
        kernel = compressed_image(file, compression);
    else if (pe)
        kernel = KernelImage{"EFI program", {}, {}, false, false};
    if (kernel && pe) {
        kernel->efi_stub = true;
        kernel->cut |= pe->cut;
        if (kernel->machine.empty())
            kernel->machine = pe_machine_name(pe->machine);
    }
    return kernel;
}

}  // namespace lktest
