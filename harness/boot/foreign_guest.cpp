// SPDX-License-Identifier: MIT
#include "harness/boot/foreign_guest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <pugixml.hpp>
#include <string_view>
#include <vector>

#include "builder/base/error.hpp"
#include "firmware/volume.hpp"

namespace lktest {
namespace {

/// A loader is a BIOS unless its image, which may be on another machine, is a UEFI one.
Firmware firmware_of(const pugi::xml_node& loader, Arch arch) {
    if (!build_of(Firmware::bios, arch) || std::string_view(loader.attribute("type").value()) == "pflash")
        return Firmware::uefi;
    std::ifstream image(loader.child_value(), std::ios::binary);
    std::string header(64, '\0');
    image.read(header.data(), static_cast<std::streamsize>(header.size()));
    return is_firmware_volume(header) ? Firmware::uefi : Firmware::bios;
}

}  // namespace

BootCell cell_of_domain(const std::string& xml) {
    pugi::xml_document document;
    document.load_string(xml.c_str());
    const pugi::xml_node domain = document.child("domain");
    const std::string_view arch = domain.child("os").child("type").attribute("arch").value();
    BootCell cell;
    const auto known = arch_from_name(arch);
    if (!known) {
        std::vector<std::string_view> names;
        for (const ArchRow& row : arch_rows)
            names.push_back(row.name);
        throw usage_error(fmt::format("the guest has the architecture '{}'", arch),
                          fmt::format("lktest can examine {}", fmt::join(names, " and ")));
    }
    cell.arch = *known;
    cell.firmware = firmware_of(domain.child("os").child("loader"), cell.arch);
    for (const pugi::xml_node disk : domain.child("devices").children("disk"))
        if (const std::string file = disk.child("source").attribute("file").value();
            !file.empty() && (cell.image.path.empty() || disk.child("boot")))
            cell.image.path = file;
    return cell;
}

}  // namespace lktest
