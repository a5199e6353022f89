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
    enum class Kind { disk, drive, card };  ///< drive: a CD drive, maybe empty
    Kind kind = Kind::disk;
    std::string model;  ///< the disk's bus: "virtio", "usb", "nvme"; the card's model: "e1000e"
    std::string name;   ///< the disk's name in the machine: "sda"; the card's address
};

/// Which of the machine's devices its kernel found.
struct DeviceView {
    std::vector<std::string> sentences;
    bool no_disk = false, no_card = false;  ///< the machine has disks, and the kernel has not found any
};

/// Compares the machine's devices with those that its kernel found. Pure.
/// @param log    names the disks that the kernel found
/// @param cards  that the kernel drives; unset if unknown
DeviceView view_devices(const std::vector<AttachedDevice>& attached, const std::vector<LogRecord>& log,
                        const std::optional<std::vector<NetworkCard>>& cards);

}  // namespace lktest
