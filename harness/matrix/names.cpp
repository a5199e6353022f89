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
    constexpr std::array names{"passed", "not applicable", "cancelled", "failed", "host fault"};
    return names[static_cast<std::size_t>(outcome_class)];
}

std::string_view name(Source source) {
    constexpr std::array names{"harness", "serial", "screen", "virtio", "libvirt", "network", "kernel-log"};
    return names[static_cast<std::size_t>(source)];
}

std::string_view name(Event::Kind kind) {
    constexpr std::array names{"started",   "milestone", "failure", "warning", "reset",
                               "lifecycle", "network",   "poked",   "step",    "finished"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name(Medium medium) {
    constexpr std::array names{"cdrom", "usb", "pxe", "http"};
    return names[static_cast<std::size_t>(medium)];
}

std::optional<Medium> medium_from_name(std::string_view text) {
    for (const Medium medium : all_media)
        if (text == name(medium))
            return medium;
    return std::nullopt;
}

std::string name(const BootCell& cell) {
    return fmt::format("{}.{}.{}-{}-{}", cell.scenario, cell.image.name, name(cell.arch), name(cell.firmware),
                       name(cell.medium));
}

std::optional<std::string_view> inapplicable(const BootCell& cell) {
    if (cell.arch == Arch::aarch64 && cell.firmware == Firmware::bios)
        return "aarch64 machines have no BIOS";
    if (cell.medium == Medium::http && cell.firmware == Firmware::bios)
        return "only UEFI boots by HTTP";
    return std::nullopt;
}

}  // namespace lktest
