// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// How one cell ended.
enum class Outcome {
    passed,
    not_applicable,  ///< no such machine exists
    cancelled,       ///< the user stopped the run before the cell ended
    flaky,           ///< failed, and passed when it was booted again
    known_failure,   ///< failed in a way that a file of known failures names, and that is not overdue
    // The medium under test failed:
    no_boot_device,       ///< the firmware found nothing that it could boot
    boot_refused,         ///< the firmware or shim refused an unsigned loader
    stopped_at_firmware,  ///< an UEFI shell or a firmware exception
    stopped_at_loader,    ///< `grub rescue>`, `boot:`, a loader's error
    kernel_crash,         ///< panic, oops, internal error
    kernel_hang,          ///< the kernel itself reported that it hangs
    initramfs_shell,      ///< an emergency shell before the root was mounted
    userspace_failure,    ///< a failure line of the system on the medium
    silent,               ///< no console byte, and no answer when the console was poked
    at_prompt,            ///< waits at a prompt that no milestone expects
    milestone_deadline,   ///< prints, but did not reach a milestone in time
    reboot_loop,          ///< resets again and again
    powered_off,          ///< the guest switched itself off too early
    network_failed,       ///< booted, but lease, ping or a fetch failed
    step_failed,          ///< booted, but a step of the scenario failed
    not_refused,          ///< booted, although the scenario says that it must not
    // The host failed, and nothing is said about the medium:
    qemu_died,
    host_setup,  ///< firmware, tap, disk, libvirt
};

/// "passed", "no-boot-device", …: what reports and matrix.json call it.
std::string_view name(Outcome outcome);

/// `tolerated`: not well, and no reason for the run to fail.
enum class OutcomeClass { passed, not_applicable, cancelled, tolerated, product_failure, host_failure };
OutcomeClass class_of(Outcome outcome);
std::string_view name(OutcomeClass outcome_class);

/// The verdict of one cell. Times count from power-on.
struct Verdict {
    Outcome outcome = Outcome::passed;
    std::string reached{};                ///< the last milestone reached; empty when none was
    std::string missing{};                ///< the milestone that was waited for; empty when passed
    std::string reason{};                 ///< one line in plain words; empty when passed
    std::vector<std::string> evidence{};  ///< the failure line and those that follow it
    std::string hint{};                   ///< what to do next; empty when nothing helps
    std::chrono::microseconds took{};     ///< from power-on to the verdict
};

}  // namespace lktest
