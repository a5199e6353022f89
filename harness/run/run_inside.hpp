// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "firmware/choose.hpp"
#include "harness/diagnose/causes.hpp"
#include "harness/machine/probe.hpp"
#include "harness/net/deaths.hpp"
#include "harness/report/store.hpp"
#include "harness/run/run.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Everything known before entering the jail.
struct RunInput {
    const RunOptions& options;
    RunPlan plan;
    std::map<Arch, AccelChoice> accel;
    FirmwareCatalogue firmware;
    RunDirectory directory;
    bool own_mounts = false;                              ///< see Jail
    std::shared_ptr<Deaths> deaths{};                     ///< see Jail
    std::map<Arch, std::filesystem::path> stick_loaders;  ///< for the architectures that need one
    std::string usual;                                    ///< usual_milestones(), for the page
    std::vector<Failure> failures;                        ///< read before the jail, because in a chroot
    std::vector<Cause> causes;                            ///< lktest cannot find its own files
};

/// The part of `lktest run` that runs in the jail: connects to libvirt, boots the cells, shows and stores the
/// results. Returns the exit status.
int run_inside(const RunInput& input, const std::filesystem::path& private_directory);

}  // namespace lktest
