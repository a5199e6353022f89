// SPDX-License-Identifier: MIT
#include "harness/diagnose/device_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>

namespace lktest {
namespace {

/// Disks with similar names in the kernel, because one driver serves them all.
struct Family {
    std::string_view what;
    bool (*has)(const AttachedDevice&);
    const char* named;  ///< how its log names one
};

bool is_disk_on(const AttachedDevice& device, std::string_view bus) {
    return device.kind == AttachedDevice::Kind::disk && device.model == bus;
}

const std::vector<Family>& families() {
    using Kind = AttachedDevice::Kind;
    static const std::vector<Family> all = {
        // drivers/block/virtio_blk.c: "virtio_blk virtio2: [vda] 20480 512-byte logical blocks"
        {"virtio disk", [](const AttachedDevice& device) { return is_disk_on(device, "virtio"); },
         R"(\[(vd[a-z]+)\])"},
        // drivers/nvme/host/pci.c: "nvme nvme0: pci function 0000:00:04.0"
        {"NVMe disk", [](const AttachedDevice& device) { return is_disk_on(device, "nvme"); },
         R"(\b(nvme\d+))"},
        // drivers/scsi/sr.c: "sr 0:0:0:0: [sr0] scsi3-mmc drive", "Attached scsi CD-ROM sr0"
        {"CD drive", [](const AttachedDevice& device) { return device.kind == Kind::drive; },
         R"(\b(sr\d+)\b)"},
        // drivers/scsi/sd.c: "sd 0:0:0:0: [sda] Attached SCSI disk"
        {"SCSI, SATA or USB disk",
         [](const AttachedDevice& device) {
             return device.kind == Kind::disk && device.model != "virtio" && device.model != "nvme";
         },
         R"(\[(sd[a-z]+)\])"},
    };
    return all;
}

std::vector<std::string> named_in(const std::vector<LogRecord>& log, const char* expression) {
    constexpr std::size_t most_names = 64, longest_name = 32;
    const re2::RE2 named(expression);
    std::vector<std::string> names;
    for (const LogRecord& record : log) {
        std::string name;
        if (names.size() < most_names && re2::RE2::PartialMatch(record.text, named, &name) &&
            name.size() <= longest_name && std::ranges::find(names, name) == names.end())
            names.push_back(name);
    }
    return names;
}

std::string in_words(const NetworkCard& card) {
    return fmt::format("{}, {}{}", card.name, card.up ? "up" : "not up",
                       card.driver.empty() ? "" : ", by " + card.driver);
}

}  // namespace

DeviceView view_devices(const std::vector<AttachedDevice>& attached, const std::vector<LogRecord>& log,
                        const std::optional<std::vector<NetworkCard>>& cards) {
    DeviceView view;
    if (log.empty())
        return view;
    bool disks = false, seen = false;
    for (const Family& family : families()) {
        std::vector<std::string> machine;
        for (const AttachedDevice& device : attached)
            if (family.has(device))
                machine.push_back(fmt::format("{} ({})", device.name, device.model));
        if (machine.empty())
            continue;
        const std::vector<std::string> kernel = named_in(log, family.named);
        view.sentences.push_back(
            fmt::format("{} {}: the kernel's log names {}", family.what, fmt::join(machine, ", "),
                        kernel.empty() ? "none" : fmt::format("{}", fmt::join(kernel, ", "))));
        disks = true;
        seen = seen || !kernel.empty();
    }
    view.no_disk = disks && !seen;
    if (!cards)
        return view;
    std::size_t known = 0, there = 0;
    for (const AttachedDevice& device : attached) {
        if (device.kind != AttachedDevice::Kind::card)
            continue;
        ++there;
        const auto card = std::ranges::find(*cards, device.name, &NetworkCard::mac);
        known += card != cards->end() ? 1U : 0U;
        view.sentences.push_back(fmt::format(
            "network card {} ({}): {}", device.name, device.model,
            card == cards->end() ? "the kernel has no device for it" : "the kernel has " + in_words(*card)));
    }
    view.no_card = there > 0 && known == 0;
    return view;
}

}  // namespace lktest
