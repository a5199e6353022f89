// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "firmware/choose.hpp"
#include "harness/cli/run.hpp"
#include "harness/cli/run_plan.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/machine/probe.hpp"
#include "harness/net/deaths.hpp"
#include "harness/report/store.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// All that is known before the jail is entered.
struct RunInput {
    const RunOptions& options;
    RunPlan plan;
    std::map<Arch, AccelChoice> accel;
    FirmwareCatalogue firmware;
    RunDirectory directory;
    bool own_mounts = false;                              ///< as Jail has it
    std::shared_ptr<Deaths> deaths{};                     ///< likewise
    std::map<Arch, std::filesystem::path> stick_loaders;  ///< of the architectures that need one
    std::string usual;                                    ///< usual_milestones(), for the page
    std::vector<Failure> failures;                        ///< both catalogues: in a jail that was made in
    std::vector<Cause> causes;                            ///< a chroot, lktest does not find its own files
};

/// The part of `lktest run` that lives in the jail: connects to libvirt, boots the cells,
/// shows and stores what happens. Returns the exit status.
int run_inside(const RunInput& input, const std::filesystem::path& private_directory);

}  // namespace lktest
