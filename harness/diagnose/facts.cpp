// SPDX-License-Identifier: MIT
#include "harness/diagnose/facts.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "builder/base/printable.hpp"
#include "builder/inspect/boot_config.hpp"
#include "firmware/kind.hpp"
#include "harness/console/printk.hpp"
#include "harness/console/rules.hpp"
#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/kernel_start.hpp"
#include "harness/diagnose/loader_words.hpp"

namespace lktest {
namespace {

/// The drivers that a kind of disk needs in an initramfs, and how the kernel's log names such a disk.
struct MediumDriver {
    std::string_view bus;
    bool disk;  ///< else a drive of CDs
    const char* named;
    std::string_view modules;
};
constexpr std::array medium_drivers{
    MediumDriver{"sata", false, R"(\bsr\d+\b)", "sr_mod and cdrom (and ahci for the controller)"},
    MediumDriver{"ide", false, R"(\bsr\d+\b)", "sr_mod and cdrom (and ata_piix for the controller)"},
    MediumDriver{"scsi", false, R"(\bsr\d+\b)", "sr_mod and cdrom (and virtio_scsi for the controller)"},
    MediumDriver{"usb", false, R"(\bsr\d+\b)",
                 "sr_mod, cdrom and usb_storage (and xhci_pci for the controller)"},
    MediumDriver{"usb", true, R"(\[sd[a-z]+\])",
                 "sd_mod, usb_storage and uas (and xhci_pci for the controller)"},
    MediumDriver{"virtio", true, R"(\[vd[a-z]+\])", "virtio_blk and virtio_pci"},
    MediumDriver{"nvme", true, R"(\bnvme\d+n\d+\b)", "nvme"},
};

/// The instruction set that programs can rely on, by the psABI's levels. An emulated `max` has the third.
unsigned x86_level(std::string_view model) {
    constexpr std::array<std::pair<std::string_view, unsigned>, 24> levels{{
        {"486", 1},         {"pentium", 1},        {"athlon", 1},         {"kvm", 1},        {"qemu", 1},
        {"core2duo", 1},    {"phenom", 1},         {"n270", 1},           {"Conroe", 1},     {"Penryn", 1},
        {"Opteron_G1", 1},  {"Opteron_G2", 1},     {"Opteron_G3", 1},     {"Nehalem", 2},    {"Westmere", 2},
        {"SandyBridge", 2}, {"IvyBridge", 2},      {"Opteron_G4", 2},     {"Opteron_G5", 2}, {"Denverton", 2},
        {"Snowridge", 2},   {"Skylake-Server", 4}, {"Icelake-Server", 4}, {"Sapphire", 4},
    }};
    for (const auto& [name, level] : levels)
        if (model.starts_with(name))
            return level;
    return 3;
}

/// Arm's older cores, which lack 16 KiB pages (ID_AA64MMFR0_EL1.TGran16 is 0).
bool lacks_16k_pages(std::string_view model) {
    return model == "cortex-a53" || model == "cortex-a57" || model == "cortex-a72";
}

void look_at_loader(const Examination& seen, const std::vector<std::string>& console, Facts& facts) {
    // BdsDxe names each option that it starts, including its own shell and setup.
    static const re2::RE2 starts(R"re(BdsDxe: starting Boot\w+ "([^"]*?) *")re");
    static const re2::RE2 own(R"((?i)shell|setup|uiapp|boot maintenance|boot manager|fvfile)");
    const bool in_memory = std::ranges::any_of(
        seen.efi_images, [](const std::string& image) { return image.starts_with('\\'); });
    std::string how = !seen.loader.empty() ? fmt::format("it printed '{}'", printable(seen.loader)) : "";
    bool came_back = false;
    for (const std::string& line : console) {
        std::string option;
        if (re2::RE2::PartialMatch(line, starts, &option) && !re2::RE2::PartialMatch(option, own) &&
            how.empty())
            how = fmt::format("the firmware printed '{}'", printable(line));
        if (is_start_of_setup(line))
            facts.add(
                "firmware-setup", true,
                fmt::format("the firmware printed '{}', which a boot loader had requested", printable(line)));
        if (is_return_of_loader(line)) {
            facts.add("loader-returned", true,
                      fmt::format("the firmware printed '{}': the loader ran and ended", printable(line)));
            came_back = true;
        }
    }
    if (how.empty() && in_memory)
        how = "the firmware's memory names an EFI program that came from a file system";
    if (!how.empty() || came_back)
        facts.add("loader-started", true,
                  how.empty() ? facts.all.back().text : "a boot loader was started: " + how);
    if (!seen.loader.empty())
        facts.words["loader"] = printable(seen.loader);
    const auto youngest = std::find_if(seen.efi_images.rbegin(), seen.efi_images.rend(),
                                       [](const std::string& image) { return image.starts_with('\\'); });
    if (youngest != seen.efi_images.rend())
        facts.words["efi-program"] = printable(*youngest);
}

void look_at_kernel(const Examination& seen, const KernelStart& start, const BootCell& cell, Facts& facts) {
    if (seen.log.empty())
        return;
    facts.add("kernel-ran", true, "the kernel's log is in memory");
    if (start.initrd)
        facts.add("initrd-given", *start.initrd,
                  *start.initrd ? "the kernel's log shows an initrd"
                                : "the kernel's log does not mention an initrd");
    if (start.bare)
        facts.add("command-line-empty", true, "the kernel's command line is empty");
    else if (!start.command_line.empty())
        facts.add("command-line-empty", false,
                  fmt::format("the kernel's command line is '{}'", printable(start.command_line)));
    // "parameter acpi=off" and "parameter acpi".
    for (const std::string_view word : words_of(start.command_line)) {
        const std::string text = fmt::format("the kernel's command line says '{}'", printable(word));
        facts.add(fmt::format("parameter {}", word), true, text);
        if (const std::size_t value = word.find('='); value != word.npos)
            facts.add(fmt::format("parameter {}", word.substr(0, value)), true, text);
    }
    // A kernel that dies while it reads its parameters has not printed its command line yet.
    const bool early_console = std::ranges::any_of(
        seen.log, [](const LogRecord& record) { return record.text.starts_with("earlycon: "); });
    if (early_console && !facts.find("parameter earlycon"))
        facts.add("parameter earlycon", true, "the kernel's log names an early console");
    if (seen.log.front().sequence == 0)  // the path is complete
        facts.add("program-started", !start.init.empty() || !start.failed_init.empty(),
                  start.init.empty() ? "the kernel did not start a program"
                                     : "the kernel started " + printable(start.init));
    // The name of lktest's aarch64 machine (QEMU hw/arm/virt.c).
    if (cell.arch == Arch::aarch64 && !start.model.empty()) {
        facts.add("foreign-device-tree", start.model != "linux,dummy-virt",
                  fmt::format("the kernel's log says 'Machine model: {}'", printable(start.model)));
        facts.words["model"] = printable(start.model);
    }
    if (!start.consoles.empty()) {
        const bool any = std::ranges::any_of(start.consoles, [&](const std::string& console) {
            return is_serial_console(console, cell.arch);
        });
        facts.add(
            "console-on-serial", any,
            fmt::format("the kernel's command line {} the serial port", any ? "names" : "does not name"));
        facts.words["console"] = printable(start.consoles.back());
    }
}

void look_at_devices(const Examination& seen, const BootCell& cell, Facts& facts) {
    const std::string_view bus = drive_bus(cell);
    const auto driver = std::ranges::find_if(medium_drivers, [&](const MediumDriver& known) {
        return known.bus == bus && known.disk == is_disk(cell.medium);
    });
    if (driver != medium_drivers.end()) {
        facts.words["driver"] = driver->modules;
        if (!seen.log.empty()) {
            const re2::RE2 named(driver->named);
            const bool found = std::ranges::any_of(seen.log, [&](const LogRecord& record) {
                return re2::RE2::PartialMatch(record.text, named);
            });
            facts.add("medium-seen", found,
                      fmt::format("the kernel's log {} the {} that holds the medium",
                                  found ? "names" : "does not name",
                                  driver->disk ? fmt::format("{} disk", bus) : "CD drive"));
        }
    } else if (from_network(cell.medium)) {
        facts.words["driver"] = "the driver of the network card";
    }
    for (const std::string& sentence : seen.network) {
        if (sentence.find("sent no packet") != sentence.npos)
            facts.add("packets-sent", false, sentence);
        else if (sentence.find("the guest has sent ") == 0)
            facts.add("packets-sent", true, sentence);
        if (sentence.starts_with("DHCP gave it"))
            facts.add("dhcp-answered", true, sentence);
    }
}

void look_at_programs(const Examination& seen, const Diagnosis& said, Facts& facts) {
    if (!said.at_prompt.empty())
        facts.words["prompt"] = said.at_prompt;
    facts.add("asks-for-keys", !said.at_prompt.empty(),
              said.at_prompt.empty() ? "no program waits for keyboard input" : said.at_prompt);
    if (!seen.tasks)
        return;
    if (const Task* task = task_at_work(*seen.tasks))
        facts.words["busy"] = in_words(*task);
}

void look_at_cpu(const BootCell& cell, Facts& facts) {
    const std::string& model = cell.hardware.cpu;
    facts.words["cpu"] = model.empty() ? "default" : printable(model);
    if (cell.arch == Arch::x86_64) {
        const unsigned level = model.empty() ? 3 : x86_level(model);
        facts.add(
            "cpu-is-old", level < 3,
            fmt::format("the machine's CPU is '{}', which has level x86-64-v{}", facts.words["cpu"], level));
    } else {
        const bool lacks = model.empty() || lacks_16k_pages(model);
        facts.add("cpu-lacks-16k-pages", lacks,
                  fmt::format("the machine's CPU is '{}', which {} 16 KiB pages", facts.words["cpu"],
                              lacks ? "lacks" : "supports"));
        if (model.empty())
            facts.all.pop_back();
    }
}

/// "dev-disk-by\\x2dlabel-DATA.device" → "/dev/disk/by-label/DATA" (systemd.unit(5)).
std::string path_of_unit(std::string unit) {
    if (unit.starts_with('/') || !unit.ends_with(".device"))
        return unit;
    unit.resize(unit.rfind(".device"));
    std::ranges::replace(unit, '-', '/');
    for (std::size_t at; (at = unit.find("\\x2d")) != unit.npos;)
        unit.replace(at, 4, "-");
    return "/" + unit;
}

/// The device of the last job that systemd reports as running. systemd shortens names to the console's width;
/// an earlier line has the full name ("Expecting device …").
std::string device_of_job(const std::vector<std::string>& console) {
    static const re2::RE2 job(
        R"((?:start job is running for|Timed out waiting for device|Job) (\S*?)(?:\.|/start running)?(?: \(|$))");
    static const re2::RE2 whole(R"((?:Expecting device|Expecting) (\S+?)\.{0,3}$)");
    constexpr std::string_view cut = "…";
    for (auto line = console.rbegin(); line != console.rend(); ++line) {
        std::string unit;
        if (!re2::RE2::PartialMatch(*line, job, &unit) || unit.empty())
            continue;
        const std::size_t at = unit.find(cut);
        if (at == unit.npos)
            return unit.starts_with("/dev/") || unit.ends_with(".device") ? path_of_unit(unit) : "";
        const std::string head = unit.substr(0, at), tail = unit.substr(at + cut.size());
        for (const std::string& earlier : console)
            if (std::string name; re2::RE2::PartialMatch(earlier, whole, &name) && name.starts_with(head) &&
                                  name.ends_with(tail))
                return path_of_unit(name);
        return unit;
    }
    return "";
}

/// What the cell's UEFI looks for on the medium.
std::string loader_file(const BootCell& cell) {
    const FirmwareBuild* build = build_of(cell.firmware, cell.arch);
    const bool is_known = build && !build->efi_suffix.empty();
    return fmt::format("BOOT{}.EFI", is_known ? build->efi_suffix : efi_suffix(cell.arch));
}

}  // namespace

const Fact* Facts::find(std::string_view name) const {
    const auto found = std::ranges::find(all, name, &Fact::name);
    return found == all.end() ? nullptr : &*found;
}

Facts measured_facts(const Examination& seen, const Diagnosis& said, const BootCell& cell,
                     const std::vector<std::string>& console) {
    Facts facts;
    facts.words["serial"] = serial_console(cell.arch);
    facts.words["arch"] = name(cell.arch);
    facts.words["efi-loader"] = loader_file(cell);
    facts.words["image"] = printable(cell.image.path.string());
    look_at_cpu(cell, facts);
    look_at_loader(seen, console, facts);
    // After a reset the memory holds the log of an earlier boot.
    if (seen.resets == 0 || seen.reset_loop) {
        look_at_kernel(seen, kernel_start(seen.log), cell, facts);
        look_at_devices(seen, cell, facts);
        look_at_programs(seen, said, facts);
    }
    for (const std::string& line : console)
        if (line.find("Kernel panic - not syncing") != line.npos && !facts.find("died"))
            facts.add("died", true, "the kernel panicked");
    if (const std::string device = device_of_job(console); !device.empty())
        facts.words["device"] = printable(device);
    if (const std::string last = last_words(console); !last.empty())
        facts.words["last-words"] = fmt::format("its last line is '{}'", last);
    return facts;
}

std::string last_words(const std::vector<std::string>& console) {
    constexpr std::size_t longest = 160;
    static const re2::RE2 nothing(R"(^[\s.\-\\|/*#=_>:~]*$)");
    static const re2::RE2 progress(R"((?:[\s.]*(?:\.{2,}|\s[-\\|/]))+\s*$)");
    static const re2::RE2 of_shells(
        R"(can't access tty|job control turned off|^BusyBox v|Enter 'help' for a list|Please press Enter to activate)");
    for (auto line = console.rbegin(); line != console.rend(); ++line) {
        if (const auto prefix = find_printk_prefix(*line); prefix && prefix->begin == 0)
            continue;
        std::string text = *line;
        text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
        re2::RE2::Replace(&text, progress, "");
        if (re2::RE2::PartialMatch(text, nothing) || re2::RE2::PartialMatch(text, of_shells) ||
            prompt_length(text) >= text.size() || prompt_length(text + " ") > text.size())
            continue;
        if (text.size() > longest)
            text.resize(longest);
        return printable(text);
    }
    return "";
}

std::string with_words(std::string_view text, const std::map<std::string, std::string, std::less<>>& words) {
    std::string said;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == text.npos ? text.npos : text.find('}', open);
        if (close == text.npos) {
            said += text;
            break;
        }
        said += text.substr(0, open);
        const std::string_view slot = text.substr(open + 1, close - open - 1);
        const std::size_t bar = std::min(slot.find('|'), slot.size());
        const auto word = words.find(slot.substr(0, bar));
        if (word != words.end() && !word->second.empty())
            said += word->second;
        else
            said += slot.substr(std::min(bar + 1, slot.size()));
        text.remove_prefix(close + 1);
    }
    return said;
}

}  // namespace lktest
