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

/// The medium's drive of a machine that runs, and the images that a scenario puts in it.
class MediumDrive {
public:
    /// Prepares the scenario's images as the medium itself is; their copies are made in `directory`.
    /// @param spec  the machine, its medium prepared
    MediumDrive(const MachineSpec& spec, const Host& host, const Scenario& scenario,
                const std::filesystem::path& directory);
    MediumDrive(const MediumDrive&) = delete;
    MediumDrive& operator=(const MediumDrive&) = delete;
    ~MediumDrive() = default;

    /// Why the medium cannot leave its drive while the machine runs; nothing when it can.
    std::optional<std::string> fixed() const;

    // Both block, and are asked only of a drive that is not fixed.
    void eject(Domain& guest);
    void insert(Domain& guest, const std::string& image);

private:
    std::map<std::string, MachineSpec> machines_;  ///< by the image: the machine with it in the drive
    const MachineSpec* now_;                       ///< null: the drive is empty
};

}  // namespace lktest
