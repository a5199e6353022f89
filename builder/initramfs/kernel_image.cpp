// SPDX-License-Identifier: MIT
#include "builder/initramfs/kernel_image.hpp"

#include <fmt/format.h>

#include <string_view>

#include "builder/base/error.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/tree/archive.hpp"

namespace lktest {
namespace {

std::string_view part(std::string_view bytes, std::size_t offset, std::size_t size) {
    return offset > bytes.size() ? std::string_view() : bytes.substr(offset, size);
}

/// PE's machine, which a kernel with an EFI stub has: the offset of "PE\0\0" is at 0x3c,
/// the machine follows it. 0 if it is not a PE image.
unsigned pe_machine(std::string_view image) {
    const std::uint32_t header = le32(image, 0x3c);
    return le32(image, header) == 0x4550 ? le16(image, std::size_t{header} + 4) : 0;
}

constexpr unsigned pe_amd64 = 0x8664, pe_arm64 = 0xaa64;

/// Linux, Documentation/arch/x86/boot.rst: "HdrS" at 0x202; bit 0 of xloadflags: 64 bits.
bool is_x86_64(std::string_view image) {
    return has_text(image, 0x202, "HdrS") && (le16(image, 0x236) & 1) != 0;
}

/// Linux, Documentation/arch/arm64/booting.rst: "ARM\x64" at 56.
bool is_arm64(std::string_view image) {
    return has_text(image, 56, "ARM\x64");
}

/// Linux, drivers/firmware/efi/libstub/zboot-header.S: "MZ\0\0zimg", the payload's offset
/// and size as 32 bits at 8, the compression's name at 24.
bool is_zboot(std::string_view image) {
    return image.starts_with("MZ") && has_text(image, 4, "zimg");
}

std::string machine_of(std::string_view image) {
    const unsigned pe = pe_machine(image);
    if (pe == pe_amd64 || (pe == 0 && is_x86_64(image)))
        return "x86_64";
    if (pe == pe_arm64 || (pe == 0 && is_arm64(image)))
        return "aarch64";
    return pe ? fmt::format("PE machine {:#x}", pe) : "";
}

}  // namespace

std::string bootable_kernel(std::string bytes, Arch arch, const std::string& what) {
    try {
        if (is_zboot(bytes))
            bytes = decompressed(part(bytes, le32(bytes, 8), le32(bytes, 12)));
        else if (bytes.starts_with("\x1f\x8b"))  // RFC 1952: gzip
            bytes = decompressed(bytes);
    } catch (const Error& error) {
        throw usage_error(fmt::format("cannot decompress {}: {}", what, error.what()));
    }
    const std::string machine = machine_of(bytes);
    if (machine.empty())
        throw usage_error(fmt::format("{} is not a Linux kernel that lktest recognises", what),
                          "use a bzImage, an arm64 Image, or one compressed with gzip or as EFI zboot");
    if (machine != name(arch))
        throw usage_error(
            fmt::format("{} is a kernel for {}, but the image is for {}", what, machine, name(arch)),
            fmt::format("build with --arch {}, or use another kernel", machine));
    return bytes;
}

std::string embedded_config(const std::string& kernel) {
    // Linux, kernel/configs.c: gzip between the marks IKCFG_ST and IKCFG_ED.
    constexpr std::string_view begin = "IKCFG_ST", end = "IKCFG_ED";
    const auto find = [&](std::string_view image) -> std::string {
        const std::size_t from = image.find(begin);
        const std::size_t to = from == std::string_view::npos ? from : image.find(end, from);
        if (to == std::string_view::npos)
            return "";
        return decompressed(image.substr(from + begin.size(), to - from - begin.size()));
    };
    try {
        if (!is_x86_64(kernel))
            return find(kernel);
        // boot.rst: the protected-mode kernel follows 1 + setup_sects (at 0x1f1) sectors of 512
        // bytes; in it lies the compressed one, at payload_offset and of payload_length bytes.
        const std::size_t setup = (std::size_t{1} + u8(kernel, 0x1f1)) * 512;
        return find(decompressed(part(kernel, setup + le32(kernel, 0x248), le32(kernel, 0x24c))));
    } catch (const Error&) {
        return "";
    }
}

}  // namespace lktest
