// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// The result of one cell.
enum class Outcome {
    passed,
    not_applicable,  ///< no such machine exists
    cancelled,       ///< the user stopped the run before the cell ended
    flaky,           ///< failed, but passed when booted again
    known_failure,   ///< matches a known failure that has not expired
    // The medium under test failed:
    no_boot_device,       ///< the firmware found nothing to boot
    boot_refused,         ///< the firmware or shim refused an unsigned loader
    stopped_at_firmware,  ///< a UEFI shell or a firmware exception
    stopped_at_loader,    ///< `grub rescue>`, `boot:`, a loader's error
    kernel_crash,         ///< panic, oops, internal error
    kernel_hang,          ///< the kernel itself reported a hang
    initramfs_shell,      ///< an emergency shell before the root was mounted
    userspace_failure,    ///< a failure line of the medium's system
    silent,               ///< no console output, and no answer to Enter
    at_prompt,            ///< waits at a prompt that no milestone expects
    milestone_deadline,   ///< prints, but did not reach a milestone in time
    reboot_loop,          ///< resets again and again
    powered_off,          ///< the guest switched itself off too early
    network_failed,       ///< booted, but a lease, ping or fetch failed
    step_failed,          ///< booted, but a step of the scenario failed
    not_refused,          ///< booted, although the scenario expects a refusal
    // The host failed; the medium may be good:
    qemu_died,
    host_setup,  ///< firmware, tap, disk, libvirt
};

/// The name in reports and matrix.json: "passed", "no-boot-device", …
std::string_view name(Outcome outcome);

/// `tolerated` means that the cell did not pass, but does not fail the run.
enum class OutcomeClass { passed, not_applicable, cancelled, tolerated, product_failure, host_failure };
OutcomeClass class_of(Outcome outcome);
std::string_view name(OutcomeClass outcome_class);

/// One boot of a cell that was booted again after a failure.
struct Attempt {
    std::string name;  ///< "attempt 1 of 2"
    Outcome outcome = Outcome::passed;
    std::string reason{};
    std::chrono::microseconds took{};
};

/// The verdict of one cell. Times count from power-on.
struct Verdict {
    Outcome outcome = Outcome::passed;
    std::string reached{};                ///< the last milestone reached; empty if there is none
    std::string missing{};                ///< the milestone that was awaited; empty if passed
    std::string reason{};                 ///< one line in plain words; empty if passed
    std::vector<std::string> evidence{};  ///< the failure line and those after it
    std::string hint{};                   ///< what to do next; empty if there is no advice
    std::chrono::microseconds took{};     ///< from power-on to the verdict
    std::vector<std::string> console{};   ///< the last lines of the serial console; empty if passed
    std::vector<Attempt> attempts{};      ///< every boot, if the cell was booted again after a failure
    bool on_medium = false;               ///< inspect finds the cause on the medium: another boot cannot pass
};

}  // namespace lktest
