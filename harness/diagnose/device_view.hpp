// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/network_cards.hpp"
#include "harness/diagnose/printk_ring.hpp"

namespace lktest {

/// A device that the machine has.
struct AttachedDevice {
    enum class Kind { disk, drive, card };  ///< drive: of CDs, maybe empty
    Kind kind = Kind::disk;
    std::string model;  ///< of a disk its bus: "virtio", "usb", "nvme"; of a card: "e1000e"
    std::string name;   ///< of a disk the machine's own: "sda"; of a card its address
};

/// What a kernel has made of them.
struct DeviceView {
    std::vector<std::string> sentences;
    bool no_disk = false, no_card = false;  ///< there are some, and it has seen none
};

/// Compares what a machine has with what its kernel saw. Pure.
/// @param log    names the disks that the kernel found
/// @param cards  that it drives; nothing when that is not known
DeviceView view_devices(const std::vector<AttachedDevice>& attached, const std::vector<LogRecord>& log,
                        const std::optional<std::vector<NetworkCard>>& cards);

}  // namespace lktest
