// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>

#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {
namespace {

struct OutcomeFacts {
    Outcome outcome;
    std::string_view name;
    OutcomeClass outcome_class;
};

constexpr std::array outcome_facts{
    OutcomeFacts{Outcome::passed, "passed", OutcomeClass::passed},
    OutcomeFacts{Outcome::not_applicable, "not-applicable", OutcomeClass::not_applicable},
    OutcomeFacts{Outcome::cancelled, "cancelled", OutcomeClass::cancelled},
    OutcomeFacts{Outcome::flaky, "flaky", OutcomeClass::tolerated},
    OutcomeFacts{Outcome::known_failure, "known-failure", OutcomeClass::tolerated},
    OutcomeFacts{Outcome::no_boot_device, "no-boot-device", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::boot_refused, "boot-refused", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::stopped_at_firmware, "stopped-at-firmware", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::stopped_at_loader, "stopped-at-loader", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::kernel_crash, "kernel-crash", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::kernel_hang, "kernel-hang", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::initramfs_shell, "initramfs-shell", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::userspace_failure, "userspace-failure", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::silent, "silent", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::at_prompt, "at-prompt", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::milestone_deadline, "milestone-deadline", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::reboot_loop, "reboot-loop", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::powered_off, "powered-off", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::network_failed, "network-failed", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::step_failed, "step-failed", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::not_refused, "not-refused", OutcomeClass::product_failure},
    OutcomeFacts{Outcome::qemu_died, "qemu-died", OutcomeClass::host_failure},
    OutcomeFacts{Outcome::host_setup, "host-setup", OutcomeClass::host_failure},
};

constexpr const OutcomeFacts& facts(Outcome outcome) {
    return outcome_facts[static_cast<std::size_t>(outcome)];
}

constexpr bool in_order() {
    for (std::size_t i = 0; i < outcome_facts.size(); ++i)
        if (static_cast<std::size_t>(outcome_facts[i].outcome) != i)
            return false;
    return true;
}
static_assert(in_order());

}  // namespace

std::string_view name(Outcome outcome) {
    return facts(outcome).name;
}

OutcomeClass class_of(Outcome outcome) {
    return facts(outcome).outcome_class;
}

std::string_view name(OutcomeClass outcome_class) {
    constexpr std::array names{"passed", "not applicable", "cancelled", "tolerated", "failed", "host fault"};
    return names[static_cast<std::size_t>(outcome_class)];
}

std::string_view name(Source source) {
    constexpr std::array names{"harness", "serial",     "screen",  "virtio", "libvirt",
                               "network", "kernel-log", "display", "tty1"};
    return names[static_cast<std::size_t>(source)];
}

std::string_view name(Event::Kind kind) {
    constexpr std::array names{"started",   "milestone", "failure", "warning", "reset",
                               "lifecycle", "network",   "poked",   "step",    "finished"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name(Medium medium) {
    constexpr std::array names{"cdrom", "cdrom-ide", "cdrom-sata", "cdrom-scsi", "cdrom-usb", "usb",
                               "disk",  "disk-512e", "nvme",       "direct",     "pxe",       "http"};
    return names[static_cast<std::size_t>(medium)];
}

std::optional<Medium> medium_from_name(std::string_view text) {
    for (const Medium medium : all_media)
        if (text == name(medium))
            return medium;
    return std::nullopt;
}

std::string name(const BootCell& cell) {
    std::string text = fmt::format("{}.{}.{}-{}-{}", cell.scenario, cell.image.name, name(cell.arch),
                                   name(cell.firmware), name(cell.medium));
    for (const std::string& word : words(cell.hardware))
        text += "-" + word;
    return text;
}

Chipset chipset(const BootCell& cell) {
    return cell.hardware.chipset.value_or(plain_chipset(cell.arch));
}

std::string_view drive_bus(const BootCell& cell) {
    switch (cell.medium) {
        case Medium::cdrom_ide: return "ide";
        case Medium::cdrom_sata: return "sata";
        case Medium::cdrom_scsi: return "scsi";
        case Medium::cdrom_usb:
        case Medium::usb: return "usb";
        case Medium::disk:
        case Medium::disk_512e: return "virtio";
        case Medium::nvme: return "nvme";
        case Medium::pxe:
        case Medium::http: return "";
        // OVMF leaves a pc's IDE controller off when it does not boot from it.
        case Medium::direct: return cell.arch == Arch::x86_64 ? "sata" : "scsi";
        case Medium::cdrom: break;
    }
    constexpr std::array buses{"ide", "sata", "scsi"};  // AAVMF has no AHCI driver
    return buses[static_cast<std::size_t>(chipset(cell))];
}

std::optional<std::string> inapplicable(const BootCell& cell) {
    const bool arm = cell.arch == Arch::aarch64;
    if (arm && cell.firmware == Firmware::bios)
        return "aarch64 machines have no BIOS";
    if (cell.medium == Medium::http && cell.firmware == Firmware::bios)
        return "only UEFI can boot over HTTP";
    if (auto why = inapplicable(cell.hardware, cell.arch))
        return why;
    const std::string_view bus = drive_bus(cell);
    if (bus == "ide" && chipset(cell) != Chipset::pc)
        return fmt::format("{} machines have no IDE", name(chipset(cell)));
    if (bus == "sata" && arm)
        return "AAVMF has no driver for SATA";
    if (cell.firmware == Firmware::uefi_secure) {
        if (chipset(cell) == Chipset::pc)
            return "Secure Boot needs SMM, which pc machines do not have";
        if (cell.medium == Medium::direct)
            return "with Secure Boot a kernel cannot start without shim";
    }
    if (from_network(cell.medium) && arm && cell.hardware.card)
        return "AAVMF has a driver for virtio-net only";
    return std::nullopt;
}

BootCell canonical(BootCell cell) {
    cell.hardware = without_plain(std::move(cell.hardware), cell.arch);
    BootCell plain = cell;
    plain.medium = Medium::cdrom;
    const bool named = cell.medium == Medium::cdrom_ide || cell.medium == Medium::cdrom_sata ||
                       cell.medium == Medium::cdrom_scsi;
    return named && drive_bus(cell) == drive_bus(plain) ? plain : cell;
}

}  // namespace lktest
