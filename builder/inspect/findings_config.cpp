// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "builder/inspect/findings.hpp"

namespace lktest {
namespace {

std::string place(const ConfigFacts& config, std::size_t line) {
    const std::string file = config.path + (config.in_esp ? " (ESP)" : "");
    return line == 0 ? file : fmt::format("{}:{}", file, line);  // a unified kernel image has no lines
}

void judge_efi_commands(const MediumFacts& facts, const ConfigFacts& config, IsoFindings& findings) {
    const auto machines = startable_machines(facts);
    if (config.said.efi_commands.empty() || !machines.contains("aarch64") || machines.contains("x86_64"))
        return;
    add_error(findings, "linuxefi-on-aarch64",
              fmt::format("{} uses linuxefi or initrdefi, commands that GRUB has on x86_64 only: it says "
                          "\"can't find command `linuxefi'\".",
                          place(config, config.said.efi_commands.front())),
              "Write linux and initrd instead.");
}

void judge_labels(const MediumFacts& facts, const ConfigFacts& config, IsoFindings& findings) {
    if (facts.kind != MediumKind::iso)
        return;  // there is no volume that a label could be held against
    std::set<std::string> told;
    for (const LabelUse& use : config.said.labels) {
        if (use.label == facts.volume.label || !told.insert(use.label).second)
            continue;
        add_error(findings, "label-mismatch",
                  fmt::format("{}: '{}' looks for the volume '{}', and this one is '{}': it is not found.",
                              place(config, use.line), use.written, use.label, facts.volume.label),
                  fmt::format("Write '{}' there, or give the ISO that label (xorriso: -volid).",
                              facts.volume.label));
    }
}

void judge_files(const ConfigFacts& config, IsoFindings& findings) {
    std::set<std::string> told;
    for (const EntryFacts& entry : config.entries) {
        const NamedFile& kernel = entry.said.kernel;
        if (kernel.certain && entry.kernel.empty() && told.insert(kernel.path).second)
            add_error(findings, "kernel-missing",
                      fmt::format("{} names the kernel {}, and there is none.", place(config, kernel.line),
                                  kernel.path),
                      "Correct the path, or put the kernel there.");
        for (std::size_t i = 0; i < entry.initrds.size(); ++i) {
            const NamedFile& initrd = entry.said.initrds[i];
            if (initrd.certain && entry.initrds[i].empty() && told.insert(initrd.path).second)
                add_error(findings, "initrd-missing",
                          fmt::format("{} names the initramfs {}, and there is none.",
                                      place(config, initrd.line), initrd.path),
                          "Correct the path, or put the initramfs there.");
        }
        if (entry.said.initrds.empty() && !entry.kernel.empty() && !is_tool(entry.said) &&
            entry.said.certain && parameter(entry.said.command_line, "root").empty() &&
            told.insert("no initrd: " + entry.kernel).second)
            add_error(
                findings, "no-initrd",
                fmt::format("The entry '{}' ({}) loads a kernel without an initramfs, and names no root=: "
                            "the kernel ends in a panic, \"Unable to mount root fs\".",
                            entry.said.title, place(config, kernel.line)),
                "Name the initramfs in the entry.");
    }
}

/// What the first serial port is called: by the machine's kernel, as QEMU's and most real machines have it.
std::string_view serial_port(std::string_view machine) {
    return machine == "aarch64" ? "ttyAMA0" : "ttyS0";
}

bool is_serial(std::string_view console) {
    return console.starts_with("ttyS") || console.starts_with("ttyAMA") || console.starts_with("hvc") ||
           console.starts_with("uart");
}

struct SerialFaults {
    std::vector<std::string> none, other_machine, not_last;  ///< places
    std::size_t good = 0;
    bool uncertain = false;
    std::string machine;
};

void look_at_consoles(const ConfigFacts& config, const EntryFacts& entry, const std::string& machine,
                      SerialFaults& faults) {
    const auto named = consoles(entry.said.command_line);
    const auto first = std::ranges::find_if(named, is_serial);
    const std::string where =
        fmt::format("'{}' ({})", entry.said.title, place(config, entry.said.kernel.line));
    faults.machine = machine;
    faults.uncertain |= !entry.said.certain && first == named.end();
    if (first == named.end()) {
        // The kernel finds it itself there: in ACPI's SPCR, or as stdout-path of the device tree.
        if (machine == "aarch64" && named.empty())
            ++faults.good;
        else
            faults.none.push_back(where);
        return;
    }
    const std::string_view wrong = machine == "aarch64" ? "ttyS" : "ttyAMA";
    const std::string_view right = machine == "aarch64" ? "ttyAMA" : "ttyS";
    const auto begins = [](std::string_view with) {
        return [with](const std::string& console) { return console.starts_with(with); };
    };
    if (std::ranges::any_of(named, begins(wrong)) && std::ranges::none_of(named, begins(right)))
        faults.other_machine.push_back(where);
    else if (!is_serial(named.back()))
        faults.not_last.push_back(where);
    else
        ++faults.good;
}

/// One good entry is enough: live media offer the serial console as an entry of its own.
void judge_consoles(const MediumFacts& facts, IsoFindings& findings) {
    std::map<std::string, SerialFaults> by_loader;
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries)
            if (const std::string machine = kernel_machine(facts, entry.kernel);
                !machine.empty() && !is_tool(entry.said))
                look_at_consoles(config, entry, machine, by_loader[std::string(name(config.said.loader))]);
    for (const auto& [loader, faults] : by_loader) {
        if (faults.good > 0 || faults.uncertain)
            continue;
        const std::string_view port = serial_port(faults.machine);
        const std::string wanted = fmt::format("console=tty0 console={},115200", port);
        if (!faults.other_machine.empty())
            add_warning(findings, "serial-console-other-machine",
                        fmt::format("{}'s {} names another machine's serial port: on {} it is {}.", loader,
                                    some_of(faults.other_machine), faults.machine, port),
                        fmt::format("Write {} there.", wanted));
        else if (!faults.not_last.empty())
            add_warning(
                findings, "serial-console-not-last",
                fmt::format("{}'s {} names the serial port before another console: kernel messages come "
                            "there, and what init says does not, as the last one is /dev/console.",
                            loader, some_of(faults.not_last)),
                fmt::format("Name the serial port last: {}.", wanted));
        else
            add_warning(
                findings, "no-serial-console",
                fmt::format("{} starts no kernel with a serial console ({}): a machine without a display "
                            "stays silent, and lktest run sees nothing behind the boot loader.",
                            loader, some_of(faults.none)),
                fmt::format("Add {} to the kernel's parameters.", wanted));
    }
}

}  // namespace

void judge_configs(const MediumFacts& facts, IsoFindings& findings) {
    for (const ConfigFacts& config : facts.configs) {
        judge_efi_commands(facts, config, findings);
        judge_labels(facts, config, findings);
        judge_files(config, findings);
    }
    judge_consoles(facts, findings);
    if (facts.configs.empty() && facts.catalogue)
        add_warning(
            findings, "no-boot-config",
            "There is no configuration of GRUB, ISOLINUX or systemd-boot: what is booted cannot be "
            "checked.",
            "Put it where the boot loader looks for it: /boot/grub/grub.cfg, /isolinux/isolinux.cfg.");
}

}  // namespace lktest
