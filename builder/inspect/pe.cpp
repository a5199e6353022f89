// SPDX-License-Identifier: MIT
#include "builder/inspect/pe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t pe_header_limit = 64 << 10, section_limit = 96, certificate_limit = 128 << 10;

struct Machine {
    std::uint16_t number;
    std::string_view name, efi_suffix;
};
constexpr std::array machines{
    Machine{0x8664, "x86_64", "x64"},      Machine{0xaa64, "aarch64", "aa64"},
    Machine{0x014c, "i386", "ia32"},       Machine{0x01c2, "arm", "arm"},
    Machine{0x5064, "riscv64", "riscv64"}, Machine{0x6264, "loongarch64", "loongarch64"},
};

/// The lines of an .sbat section: "component,generation,vendor,…".
std::vector<std::string> sbat_components(std::string_view text) {
    constexpr std::size_t line_limit = 32;
    std::vector<std::string> components;
    text = text.substr(0, text.find('\0'));
    while (!text.empty() && components.size() < line_limit) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t comma = line.find(',');
        if (comma == std::string_view::npos || line.starts_with("sbat,"))
            continue;
        components.emplace_back(line.substr(0, line.find(',', comma + 1)));
    }
    return components;
}

void read_certificates(PeImage& image, const ByteView& file, std::uint64_t at, std::uint64_t size) {
    constexpr int certificate_count_limit = 8;
    const std::uint64_t end = std::min(at + size, file.size());
    for (int i = 0; i < certificate_count_limit && at + 8 < end; ++i) {
        const std::string header = file.read(at, 8);
        const std::uint64_t length = le32(header, 0);
        if (length <= 8 || length > end - at)
            return;
        if (le16(header, 6) == 2) {  // WIN_CERT_TYPE_PKCS_SIGNED_DATA
            image.signature = true;
            for (std::string& signer :
                 signers_of(file.read(at + 8, std::min<std::size_t>(length - 8, certificate_limit))))
                image.signers.push_back(std::move(signer));
        }
        at += (length + 7) / 8 * 8;
    }
}

}  // namespace

ByteView PeSection::content(const ByteView& file) const {
    return file.part(offset, size == 0 ? stored : std::min(size, stored));
}

std::optional<PeImage> read_pe(const ByteView& file) {
    const std::string dos = file.read(0, 64);
    const std::uint64_t start = le32(dos, 60);
    if (!dos.starts_with("MZ") || start > pe_header_limit)
        return std::nullopt;
    const std::string header = file.read(start, pe_header_limit);
    if (!has_text(header, 0, std::string_view("PE\0\0", 4)) || header.size() < 24)
        return std::nullopt;
    PeImage image;
    image.machine = le16(header, 4);
    const std::size_t sections = std::min<std::size_t>(le16(header, 6), section_limit);
    const std::size_t optional_size = le16(header, 20);
    const std::string_view optional = std::string_view(header).substr(24, optional_size);
    image.subsystem = le16(optional, 68);
    image.image_size = le32(optional, 56);
    const std::size_t directories = le16(optional, 0) == 0x20b ? 112 : 96;  // PE32+, PE32

    std::uint64_t end = 0;
    for (std::size_t i = 0; i < sections; ++i) {
        const std::size_t at = 24 + optional_size + i * 40;
        if (at + 40 > header.size())
            break;
        const std::string_view section = std::string_view(header).substr(at, 40);
        const std::string_view name = section.substr(0, std::min<std::size_t>(section.find('\0'), 8));
        const std::uint64_t size = le32(section, 16), offset = le32(section, 20);
        image.sections.push_back({std::string(name), le32(section, 12), le32(section, 8), offset, size});
        end = std::max(end, size == 0 ? 0 : offset + size);
        if (name == ".sbat")
            image.sbat = sbat_components(file.read(offset, std::min<std::size_t>(size, 8192)));
    }
    constexpr std::size_t security = 4;  // the directory's index; its "address" is a file offset
    if (le32(optional, directories - 4) > security) {
        const std::uint64_t at = le32(optional, directories + security * 8);
        const std::uint64_t size = le32(optional, directories + security * 8 + 4);
        if (at != 0 && size != 0) {
            end = std::max(end, at + size);
            read_certificates(image, file, at, size);
        }
    }
    image.cut = end > file.size();
    return image;
}

std::string pe_machine_name(std::uint16_t machine) {
    const auto known = std::ranges::find(machines, machine, &Machine::number);
    return known == machines.end() ? fmt::format("machine {:#06x}", machine) : std::string(known->name);
}

std::string_view efi_name_machine(std::string_view file_name) {
    const std::string name = lower_case(file_name);
    for (const Machine& machine : machines)
        for (const std::string_view stem : {"boot", "grub", "shim", "mm", "fb"})
            if (name == fmt::format("{}{}.efi", stem, machine.efi_suffix))
                return machine.name;
    return {};
}

}  // namespace lktest
