// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "harness/boot/host.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The medium's drive in a running machine, and the images that a scenario puts into it.
class MediumDrive {
public:
    /// Prepares the scenario's images like the medium itself; copies are created in `directory`.
    /// @param spec  the machine, with its medium prepared
    MediumDrive(const MachineSpec& spec, const Host& host, const Scenario& scenario,
                const std::filesystem::path& directory);
    MediumDrive(const MediumDrive&) = delete;
    MediumDrive& operator=(const MediumDrive&) = delete;
    ~MediumDrive() = default;

    /// Why the medium cannot leave its drive while the machine runs; unset if it can.
    std::optional<std::string> fixed() const;

    /// The image that a step has put into the drive; unset if the cell's own is in it, or none.
    std::optional<std::filesystem::path> inserted() const;

    // Both block, and require a drive that is not fixed.
    void eject(Domain& guest);
    void insert(Domain& guest, const std::string& image);

private:
    std::map<std::string, MachineSpec> machines_;  ///< by image: the machine with that image in its drive
    const MachineSpec* now_;                       ///< null if the drive is empty
};

}  // namespace lktest
