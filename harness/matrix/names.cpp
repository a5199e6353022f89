// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/matrix/cell.hpp"
#include "harness/matrix/event.hpp"
#include "harness/matrix/verdict.hpp"

namespace lktest {
namespace {

struct OutcomeFacts {
    Outcome value;
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

static_assert(is_in_order(outcome_facts));

std::string upper(std::string_view text) {
    std::string capitals(text);
    std::ranges::transform(capitals, capitals.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return capitals;
}

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
    constexpr std::array names{"started", "milestone", "failure", "warning", "reset", "lifecycle",
                               "network", "poked",     "step",    "attempt", "note",  "finished"};
    return names[static_cast<std::size_t>(kind)];
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
    const MediumRow& medium = row_of(cell.medium);
    if (!medium.bus.empty() || medium.drive == DriveKind::network)
        return medium.bus;
    const ChipsetRow& machine = row_of(chipset(cell));
    return medium.direct ? machine.quiet_bus : machine.cd_bus;
}

Tables tables_of(const BootCell& cell) {
    const Tables plain = is_pc(cell.arch) || row_of(cell.firmware).acpi ? Tables::acpi : Tables::devicetree;
    return cell.hardware.tables.value_or(plain);
}

std::chrono::seconds usual_time(const BootCell& cell) {
    const FirmwareBuild* build = build_of(cell.firmware, cell.arch);
    return std::chrono::seconds(build ? build->usual_seconds : 0);
}

std::optional<std::string> inapplicable(const BootCell& cell) {
    const FirmwareRow& firmware = row_of(cell.firmware);
    const FirmwareBuild* build = build_of(cell.firmware, cell.arch);
    if (!build)
        return fmt::format("{} machines have no {}", name(cell.arch), firmware.title);
    const MediumRow& medium = row_of(cell.medium);
    if (medium.http && !is_uefi(cell.firmware))
        return "only UEFI can boot over HTTP";
    if (!firmware.cdrom && medium.drive == DriveKind::cdrom && !medium.direct)
        return fmt::format("{} boots from disks only", firmware.title);
    if (from_network(cell.medium) && !firmware.network)
        return fmt::format("{} boots from disks only", firmware.title);
    if (auto why = inapplicable(cell.hardware, cell.arch))
        return why;
    if (!firmware.secure_boot && (cell.hardware.trust || !cell.hardware.sbat.empty()))
        return fmt::format("firmware {} has no Secure Boot, so {} has no effect", firmware.name,
                           cell.hardware.trust ? "--trust" : "--sbat");
    const ChipsetRow& machine = row_of(chipset(cell));
    const std::string_view bus = drive_bus(cell);
    if (medium.drive == DriveKind::cdrom && bus != "usb" && machine.buses.find(bus) == std::string_view::npos)
        return fmt::format("{} machines have no {}", machine.name, upper(bus));
    if (!bus.empty() && !medium.direct && std::ranges::find(build->buses, bus) == build->buses.end())
        return fmt::format("{} has no driver for {}", build->program, upper(bus));
    if (build->smm && !machine.smm)
        return fmt::format("{} needs SMM, which {} machines do not have",
                           firmware.secure_boot ? "Secure Boot" : firmware.title, machine.name);
    if (medium.direct && !firmware.direct)
        return firmware.secure_boot ? "with Secure Boot a kernel cannot start without shim"
                                    : fmt::format("{} cannot start a kernel that QEMU loads", firmware.title);
    if (from_network(cell.medium) && !build->any_card && cell.hardware.card)
        return fmt::format("{} has a driver for virtio-net only", build->program);
    if (tables_of(cell) == Tables::acpi && !is_pc(cell.arch) && !firmware.acpi)
        return fmt::format("{} describes machines by a device tree only", firmware.title);
    return std::nullopt;
}

BootCell canonical(BootCell cell) {
    const Tables described = tables_of(cell);
    cell.hardware = without_plain(std::move(cell.hardware), cell.arch);
    cell.hardware.tables.reset();
    if (tables_of(cell) != described)
        cell.hardware.tables = described;
    BootCell plain = cell;
    plain.medium = plain_medium;
    const MediumRow& medium = row_of(cell.medium);
    const bool named = medium.drive == DriveKind::cdrom && !medium.bus.empty() && medium.by_libvirt;
    return named && drive_bus(cell) == drive_bus(plain) ? plain : cell;
}

}  // namespace lktest
