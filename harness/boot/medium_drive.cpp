// SPDX-License-Identifier: MIT
#include "harness/boot/medium_drive.hpp"

#include <fmt/format.h>

#include "harness/boot/machine_spec.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

MachineSpec with_image(MachineSpec machine, const Host& host, const Scenario& scenario, const fs::path& image,
                       const fs::path& copy) {
    machine.cell.image.path = path_for_qemu(host, image);
    machine.medium_copy.clear();
    copy_medium(machine, scenario, copy);
    return machine;
}

bool is_stick(const MachineSpec& machine) {
    const MediumRow& medium = row_of(machine.cell.medium);
    return medium.drive == DriveKind::disk && medium.removable;
}

}  // namespace

MediumDrive::MediumDrive(const MachineSpec& spec, const Host& host, const Scenario& scenario,
                         const fs::path& directory)
    : now_(&machines_.emplace(std::string(medium_file), spec).first->second) {
    for (const std::string& image : inserted_images(scenario.steps))
        if (!machines_.contains(image) && !fixed())
            machines_.emplace(image,
                              with_image(spec, host, scenario, image,
                                         directory / fmt::format("medium-{}.qcow2", machines_.size())));
}

std::optional<std::string> MediumDrive::fixed() const {
    const BootCell& cell = machines_.at(std::string(medium_file)).cell;
    if (from_network(cell.medium))
        return "a machine that boots over the network has no medium";
    if (!row_of(cell.medium).removable)
        return fmt::format("a medium on {} cannot be taken out while the machine runs", drive_bus(cell));
    return std::nullopt;
}

std::optional<fs::path> MediumDrive::inserted() const {
    for (const auto& [image, machine] : machines_)
        if (&machine == now_ && image != medium_file)
            return image;
    return std::nullopt;
}

void MediumDrive::eject(Domain& guest) {
    if (!now_)
        return;
    if (is_stick(*now_))
        guest.detach_device(medium_xml(*now_));
    else
        guest.change_medium(empty_drive_xml(*now_));
    now_ = nullptr;
}

void MediumDrive::insert(Domain& guest, const std::string& image) {
    const MachineSpec& machine = machines_.at(image);
    if (is_stick(machine)) {
        eject(guest);
        guest.attach_device(medium_xml(machine));
    } else {
        guest.change_medium(medium_xml(machine));
    }
    now_ = &machine;
}

}  // namespace lktest
