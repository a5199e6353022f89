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
    return line == 0 ? file : fmt::format("{}:{}", file, line);  // a unified kernel image does not have lines
}

void judge_efi_commands(const MediumFacts& facts, const ConfigFacts& config, IsoFindings& findings) {
    const auto machines = startable_machines(facts);
    if (config.said.efi_commands.empty() || !machines.contains("aarch64") || machines.contains("x86_64"))
        return;
    add_error(findings, "linuxefi-on-aarch64",
              fmt::format("{} uses linuxefi or initrdefi, commands that GRUB has on x86_64 only: it prints "
                          "\"can't find command `linuxefi'\".",
                          place(config, config.said.efi_commands.front())),
              "Write linux and initrd instead.");
}

/// A label, quoted for this loader's configuration.
std::string written_label(BootLoader loader, std::string_view label) {
    const std::string escaped = escaped_label(label);
    if (loader != BootLoader::grub)
        return escaped;
    std::string doubled;  // GRUB removes one backslash
    for (const char c : escaped)
        doubled += c == '\\' ? "\\\\" : std::string(1, c);
    return doubled;
}

/// The part of a label that remains if its blanks are not quoted, or lack a backslash.
bool is_quoting_fault(std::string_view label, std::string_view found) {
    std::string eaten = escaped_label(label);
    std::erase(eaten, '\\');
    const std::size_t blank = label.find(' ');
    return found != label &&
           (found == eaten || (blank != std::string_view::npos && found == label.substr(0, blank)));
}

/// root=LABEL=… without a live system's prefix may name the machine's own disk, in a rescue entry.
bool names_any_root(const LabelUse& use) {
    return use.written.starts_with("root=LABEL=") || use.written.starts_with("root=UUID=") ||
           use.written.starts_with("root=/dev/disk/");
}

bool only_rescue(const MediumFacts& facts, const LabelUse& use) {
    if (!names_any_root(use))
        return false;
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries)
            if (config.judged && !entry.kernel.empty() && !is_tool(entry.said) &&
                parameter(entry.said.command_line, "root") != use.written.substr(5))
                return true;
    return false;
}

void judge_parameter_label(const MediumFacts& facts, const ConfigFacts& config, const LabelUse& use,
                           IsoFindings& findings) {
    const std::string written = written_label(config.said.loader, facts.volume.label);
    const std::string fix = fmt::format("Write {} there, or give the ISO a label without blanks.", written);
    if (is_quoting_fault(facts.volume.label, use.label)) {
        const bool eaten = use.label.find(' ') == std::string::npos &&
                           use.label.find('x') != std::string::npos &&
                           use.label.size() > facts.volume.label.find(' ');
        add_error(
            findings, "label-mismatch",
            fmt::format("{}: the kernel gets '{}' and looks for the volume '{}', but this one is '{}'. {}",
                        place(config, use.line), use.written, use.label, facts.volume.label,
                        eaten ? "GRUB removes the backslash." : "A blank ends the parameter."),
            fix);
        return;
    }
    add_error(findings, "label-mismatch",
              fmt::format("{}: '{}' looks for the volume '{}', but this one is '{}', so it is not found.",
                          place(config, use.line), use.written, use.label, facts.volume.label),
              written == facts.volume.label
                  ? fmt::format("Write '{}' there, or give the ISO the label '{}' (xorriso: -volid).",
                                written, use.label)
                  : fix);
}

void judge_labels(const MediumFacts& facts, const ConfigFacts& config, IsoFindings& findings) {
    if (facts.kind != MediumKind::iso)
        return;  // without a volume there is nothing to compare the label with
    std::set<std::string> told;
    for (const LabelUse& use : config.said.labels)
        if (use.by == LabelUse::By::label && use.label != facts.volume.label && !only_rescue(facts, use) &&
            told.insert(use.label).second)
            judge_parameter_label(facts, config, use, findings);
    for (const LabelUse& use : config.searches) {
        if (!told.insert("search " + use.label).second)
            continue;
        const bool label = use.by == LabelUse::By::label;
        const std::string& own = label ? facts.volume.label : facts.volume.uuid;
        add_error(findings, label ? "label-mismatch" : "uuid-mismatch",
                  fmt::format("{}: '{}' looks for a file system with the {} {}, but this volume has {}: GRUB "
                              "prints \"no such device\".",
                              place(config, use.line), use.written, label ? "label" : "UUID", use.label, own),
                  label ? fmt::format("Write '{}' there, or search for a file: search --set=root --file "
                                      "/.disk/info.",
                                      own)
                        : fmt::format("Write {} there, or search for a file, whose name does not change with "
                                      "each build.",
                                      own));
    }
}

/// Another place on the medium that has a file which the loader does not find; empty if none has.
std::string other_place(const MediumFacts& facts, const ConfigFacts& config, const std::string& path) {
    if (config.said.loader == BootLoader::syslinux && facts.named_links.contains(path))
        return " It is a symbolic link, which ISOLINUX does not follow.";
    if (!facts.tree_has(path))
        return "";
    if (config.said.loader == BootLoader::systemd_boot)
        return " The ISO's own tree has it, which systemd-boot does not read.";
    return config.said.loader == BootLoader::syslinux
               ? " Only Joliet has that name, and ISOLINUX reads ISO 9660's names."
               : "";
}

std::string where_it_looks(const ConfigFacts& config) {
    return config.said.loader == BootLoader::systemd_boot ? "in the ESP" : "on the medium";
}

void judge_missing_file(const MediumFacts& facts, const ConfigFacts& config, const NamedFile& file,
                        std::string_view what, IsoFindings& findings) {
    const bool kernel = what == "kernel";
    add_error(findings, kernel ? "kernel-missing" : "initrd-missing",
              fmt::format("{} names the {} {}, which is not {}.{}", place(config, file.line), what, file.path,
                          where_it_looks(config), other_place(facts, config, file.path)),
              config.said.loader == BootLoader::systemd_boot
                  ? fmt::format("Copy it into the ESP as {}, or correct the path.", file.path)
              : facts.named_links.contains(file.path)
                  ? "Put the file itself there, or write the path that the link leads to."
              : !other_place(facts, config, file.path).empty()
                  ? "Write the ISO with Rock Ridge names (xorriso -as mkisofs -r)."
                  : fmt::format("Correct the path, or add the {}.", what));
}

void judge_files(const MediumFacts& facts, const ConfigFacts& config, IsoFindings& findings) {
    std::set<std::string> told;
    for (const EntryFacts& entry : config.entries) {
        const NamedFile& kernel = entry.said.kernel;
        if (kernel.certain && entry.kernel.empty() && told.insert(kernel.path).second)
            judge_missing_file(facts, config, kernel, "kernel", findings);
        for (std::size_t i = 0; i < entry.initrds.size(); ++i) {
            const NamedFile& initrd = entry.said.initrds[i];
            if (initrd.certain && entry.initrds[i].empty() && told.insert(initrd.path).second)
                judge_missing_file(facts, config, initrd, "initramfs", findings);
        }
        if (entry.said.initrds.empty() && !entry.kernel.empty() && !is_tool(entry.said) &&
            entry.said.certain && parameter(entry.said.command_line, "root").empty() &&
            told.insert("no initrd: " + entry.kernel).second)
            add_error(
                findings, "no-initrd",
                fmt::format("The entry '{}' ({}) loads a kernel without an initramfs and without root=: "
                            "the kernel ends in a panic, \"Unable to mount root fs\".",
                            entry.said.title, place(config, kernel.line)),
                "Name the initramfs in the entry.");
    }
    for (const BrokenReference& broken : config.broken) {
        if (!told.insert(broken.named.path).second)
            continue;
        add_error(findings, "reference-missing",
                  fmt::format("{}: the entry '{}' passes {} to {}, and {}.", place(config, broken.named.line),
                              broken.entry, broken.named.path, broken.command,
                              broken.elsewhere.empty()
                                  ? "that file is not on the medium"
                                  : fmt::format("that file is only in {}, which the loader does not search",
                                                broken.elsewhere)),
                  "Correct the path, or add the file.");
    }
    for (const NamedFile& kernel : config.on_disk)
        if (told.insert("on disk: " + kernel.path).second)
            add_warning(
                findings, "grub-root-is-a-disk",
                fmt::format("{}: GRUB looks for {} on a disk that it names by number. The medium has that "
                            "file, but its number differs between machines.",
                            place(config, kernel.line), kernel.path),
                fmt::format("Let GRUB find the medium: search --set=root --file {}.", kernel.path));
    for (const NamedFile& lost : config.lost)
        add_error(findings, "syslinux-default-missing",
                  fmt::format("{} starts '{}', and there is no label and no file of that name: ISOLINUX says "
                              "\"Could not find kernel image: {}\" and stays at its prompt.",
                              place(config, lost.line), lost.path, lost.path),
                  fmt::format("Write the name of a label there: {}.", some_of(config.said.choices)));
    for (const ConfigFault& fault : config.faults) {
        const bool tool = std::ranges::any_of(config.entries, [&fault](const EntryFacts& entry) {
            return entry.said.kernel.line == fault.line && is_tool(entry.said);
        });
        (tool || fault.warning ? add_warning : add_error)(
            findings, fault.id, fmt::format("{}: {}", place(config, fault.line), fault.text), fault.fix);
    }
    if (config.syntax_error != 0)
        add_warning(
            findings, "grub-syntax",
            fmt::format("{} has a syntax error: a quote, a brace or an if is not closed, or a closing one is "
                        "unmatched. GRUB skips the command.",
                        place(config, config.syntax_error)),
            "Check the file with grub-script-check.");
}

/// The kernel's name for the first serial port of QEMU's and most real machines.
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
        // There the kernel finds its console itself: in ACPI's SPCR, or as stdout-path of the device tree.
        if (machine == "aarch64" && named.empty())
            ++faults.good;
        else
            faults.none.push_back(where);
        return;
    }
    // U-Boot and Raspberry Pi's firmware start boards, whose serial ports have many names.
    if (machine == "aarch64" &&
        (config.said.loader == BootLoader::syslinux || config.said.loader == BootLoader::raspberry_pi)) {
        ++faults.good;
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

/// One good entry is enough: live media offer the serial console as a separate entry.
void judge_consoles(const MediumFacts& facts, IsoFindings& findings) {
    std::map<std::string, SerialFaults> by_loader;
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries)
            if (const std::string machine = kernel_machine(facts, entry.kernel);
                !machine.empty() && config.judged && !is_tool(entry.said))
                look_at_consoles(config, entry, machine, by_loader[std::string(name(config.said.loader))]);
    for (const auto& [loader, faults] : by_loader) {
        if (faults.good > 0 || faults.uncertain)
            continue;
        const std::string_view port = serial_port(faults.machine);
        const std::string wanted = fmt::format("console=tty0 console={},115200", port);
        if (!faults.other_machine.empty())
            add_warning(findings, "serial-console-other-machine",
                        fmt::format("{}'s {} names the serial port of another architecture: on {} it is {}.",
                                    loader, some_of(faults.other_machine), faults.machine, port),
                        fmt::format("Write {} there.", wanted));
        else if (!faults.not_last.empty())
            add_warning(
                findings, "serial-console-not-last",
                fmt::format(
                    "{}'s {} names the serial port before another console: kernel messages appear there, but "
                    "init's output does not, because the last console= becomes /dev/console.",
                    loader, some_of(faults.not_last)),
                fmt::format("Name the serial port last: {}.", wanted));
        else if (faults.machine !=
                 "aarch64")  // there the kernel finds its console by ACPI's SPCR or stdout-path
            add_notice(findings, "no-serial-console",
                       fmt::format("{} does not start any kernel with a serial console ({}): without a "
                                   "display, nothing is visible after the boot loader.",
                                   loader, some_of(faults.none)),
                       fmt::format("Add {} to the kernel's parameters.", wanted));
    }
}

}  // namespace

void judge_configs(const MediumFacts& facts, IsoFindings& findings) {
    for (const ConfigFacts& config : facts.configs) {
        if (!config.judged)
            continue;
        judge_efi_commands(facts, config, findings);
        judge_labels(facts, config, findings);
        judge_files(facts, config, findings);
    }
    judge_consoles(facts, findings);
    const bool unified = std::ranges::any_of(facts.efi, [](const EfiProgram& program) {
        return program.loader == EfiProgram::Loader::unified_kernel ||
               program.loader == EfiProgram::Loader::kernel;
    });
    if (facts.configs.empty() && facts.catalogue && !unified)
        add_warning(
            findings, "no-boot-config",
            "No configuration of GRUB, ISOLINUX or systemd-boot was found, so kernels and menus cannot be "
            "checked.",
            "Add one where the boot loader looks for it: /boot/grub/grub.cfg, /isolinux/isolinux.cfg.");
    if (facts.kind == MediumKind::netboot && facts.configs.empty() && facts.efi.empty() &&
        facts.kernels.empty())
        add_error(
            findings, "nothing-to-boot",
            "The directory has no boot menu, no EFI program and no kernel, so no machine boots from it.",
            "Give an ISO, a disk image, or the directory of a boot server: one with pxelinux.0 and "
            "pxelinux.cfg, for example.");
}

}  // namespace lktest
