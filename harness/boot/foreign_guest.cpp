// SPDX-License-Identifier: MIT
#include "harness/boot/foreign_guest.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "builder/base/error.hpp"

namespace lktest {

BootCell cell_of_domain(const std::string& xml) {
    pugi::xml_document document;
    document.load_string(xml.c_str());
    const pugi::xml_node domain = document.child("domain");
    const std::string_view arch = domain.child("os").child("type").attribute("arch").value();
    BootCell cell;
    if (arch == name(Arch::aarch64))
        cell.arch = Arch::aarch64;
    else if (arch == name(Arch::x86_64))
        cell.arch = Arch::x86_64;
    else
        throw usage_error(fmt::format("the guest is a machine of the architecture '{}'", arch),
                          "lktest looks into x86_64 and aarch64");
    const pugi::xml_node loader = domain.child("os").child("loader");
    const bool uefi = std::string_view(loader.attribute("type").value()) == "pflash";
    cell.firmware = uefi ? Firmware::uefi : Firmware::bios;
    for (const pugi::xml_node disk : domain.child("devices").children("disk"))
        if (const std::string file = disk.child("source").attribute("file").value();
            !file.empty() && (cell.image.path.empty() || disk.child("boot")))
            cell.image.path = file;
    return cell;
}

}  // namespace lktest
