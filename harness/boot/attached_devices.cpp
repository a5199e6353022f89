// SPDX-License-Identifier: MIT
#include "harness/boot/attached_devices.hpp"

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string_view>

namespace lktest {
namespace {

using Kind = AttachedDevice::Kind;

/// Adds a device that domain_xml() passed directly to QEMU, in JSON. Ignores all but disks and network cards.
void add_device(std::vector<AttachedDevice>& devices, const std::string& words) {
    const auto json = nlohmann::json::parse(words, nullptr, false);
    if (!json.is_object())
        return;
    const auto text = [&json](const char* key) {
        const auto found = json.find(key);
        return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (text("driver") == "nvme")
        devices.push_back({Kind::disk, "nvme", text("drive")});
    else if (text("driver") == "scsi-cd")
        devices.push_back({Kind::drive, text("bus"), text("drive")});
}

}  // namespace

std::vector<AttachedDevice> attached_devices(const std::string& xml) {
    pugi::xml_document document;
    document.load_string(xml.c_str());
    std::vector<AttachedDevice> devices;
    const pugi::xml_node domain = document.child("domain");
    for (const pugi::xml_node disk : domain.child("devices").children("disk")) {
        const std::string_view kind = disk.attribute("device").as_string("disk");
        const pugi::xml_node target = disk.child("target");
        if (kind == "disk" || kind == "cdrom")
            devices.push_back({kind == "disk" ? Kind::disk : Kind::drive, target.attribute("bus").value(),
                               target.attribute("dev").value()});
    }
    for (const pugi::xml_node card : domain.child("devices").children("interface"))
        devices.push_back({Kind::card, card.child("model").attribute("type").as_string("unknown"),
                           card.child("mac").attribute("address").value()});
    for (const pugi::xml_node word : domain.child("qemu:commandline").children("qemu:arg"))
        add_device(devices, word.attribute("value").value());
    return devices;
}

}  // namespace lktest
