// SPDX-License-Identifier: MIT
#include "builder/inspect/boot_walk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/boot_walker.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::array machine_names{
    MachineName{"x86_64", "x64", "x86_64"},
    MachineName{"aarch64", "aa64", "arm64"},
    MachineName{"i386", "ia32", "i386"},
};

const MachineName* machine_of_loader(std::string_view file) {
    const std::string_view machine = efi_name_machine(file);
    const auto found = std::ranges::find(machine_names, machine, &MachineName::machine);
    return found == machine_names.end() ? nullptr : &*found;
}

}  // namespace

void BootWalk::walk() {
    walk_efi();
    walk_bios();
    walk_loopback();
    add_unreached();
}

std::size_t BootWalk::node_of_program(std::size_t program) {
    const EfiProgram& known = facts_.efi[program];
    return graph().find_or_add({Kind::program, boot_place(known.volume, known.path), true, program});
}

std::optional<std::size_t> BootWalk::program_at(std::size_t volume, std::string_view path) const {
    const auto found = std::ranges::find_if(facts_.efi, [&](const EfiProgram& program) {
        return program.volume == volume && lower_case(program.path) == lower_case(path);
    });
    return found == facts_.efi.end() ? std::nullopt
                                     : std::optional(static_cast<std::size_t>(found - facts_.efi.begin()));
}

void BootWalk::walk_efi() {
    for (std::size_t esp = 0; esp < facts_.esps.size(); ++esp)
        for (std::size_t i = 0; i < facts_.efi.size(); ++i) {
            const EfiProgram& program = facts_.efi[i];
            const bool removable = lower_case(directory_of(program.path)) == "/efi/boot" &&
                                   lower_case(file_name_of(program.path)).starts_with("boot");
            const MachineName* machine = machine_of_loader(file_name_of(program.path));
            if (program.volume != esp + 1 || !removable || !machine)
                continue;
            for (const auto& [from, size] : facts_.esps[esp].said) {
                const auto medium = from == "El Torito" ? BootWay::Medium::cd : BootWay::Medium::disk;
                start_efi(esp, i, *machine, medium, from);
            }
        }
}

void BootWalk::start_efi(std::size_t esp, std::size_t program, const MachineName& machine,
                         BootWay::Medium medium, const std::string& from) {
    BootWay way{BootWay::Firmware::uefi, medium, std::string(machine.machine)};
    if (graph().ways.size() >= way_limit)
        return;
    way.start = graph().add({Kind::firmware, name(way)});
    const std::size_t image =
        graph().find_or_add({Kind::image, fmt::format("ESP at byte {}", facts_.esps[esp].offset), true, esp});
    graph().connect(way.start, image, "firmware opens the EFI system partition", from);
    const std::size_t node = node_of_program(program);
    graph().connect(image, node, "firmware starts the removable-media loader", facts_.efi[program].path);
    follow_program(way, program, node, machine, 0);
    graph().ways.push_back(std::move(way));
}

void BootWalk::follow_program(BootWay& way, std::size_t index, std::size_t node, const MachineName& machine,
                              int depth) {
    const EfiProgram program = facts_.efi[index];
    way.last = node;
    switch (program.loader) {
        case EfiProgram::Loader::shim: {
            const std::string next =
                fmt::format("{}/grub{}.efi", directory_of(program.path), machine.efi_suffix);
            const auto grub = depth < 4 ? program_at(program.volume, next) : std::nullopt;
            if (!grub) {
                const std::size_t missing =
                    graph().find_or_add({Kind::program, boot_place(program.volume, next), false});
                graph().connect(node, missing, "shim starts the GRUB next to it", program.path);
                way.stops = "shim finds no second stage";
                way.missing = {next};
                return;
            }
            const std::size_t following = node_of_program(*grub);
            graph().connect(node, following, "shim starts the GRUB next to it", program.path);
            follow_program(way, *grub, following, machine, depth + 1);
            return;
        }
        case EfiProgram::Loader::systemd_boot: follow_systemd_boot(way, program, node, machine); return;
        case EfiProgram::Loader::grub: follow_grub(way, program, node, machine); return;
        case EfiProgram::Loader::unified_kernel:
        case EfiProgram::Loader::kernel: return;
        case EfiProgram::Loader::unknown:
            way.followed = false;
            facts_.gap = true;
            return;
    }
}

void BootWalk::follow_grub(BootWay& way, const EfiProgram& program, std::size_t node,
                           const MachineName& machine) {
    GrubStart start;
    start.platform = "efi";
    start.cpu = machine.grub_cpu;
    start.root = way.medium == BootWay::Medium::cd ? Volumes::iso : program.volume;
    start.directory = std::string(directory_of(program.path));
    if (!program.grub) {
        way.followed = false;
        guess_grub(start, program.volume, node);
        return;
    }
    use_program(start, *program.grub);
    const GrubOutcome outcome = run_grub(volumes_, start);
    take_grub(way, outcome, node);
}

void BootWalk::use_program(GrubStart& start, const GrubProgram& program) {
    start.prefix = program.prefix;
    start.modules = program.modules;
    start.commands = program.commands;
    start.script = program.script;
    start.memdisk = program.memdisk;
}

void BootWalk::guess_grub(GrubStart start, std::size_t volume, std::size_t node) {
    start.known = false;
    for (const std::size_t where : {std::size_t{Volumes::iso}, volume})
        for (const std::string& path : {start.directory + "/grub.cfg", std::string("/boot/grub/grub.cfg"),
                                        std::string("/boot/grub2/grub.cfg"), std::string("/grub/grub.cfg")}) {
            if (!volumes_.find(where, path))
                continue;
            start.root = where;
            take_configs(run_grub_config(volumes_, start, where, path), node);
        }
    facts_.gap = true;
}

void BootWalk::take_grub(BootWay& way, const GrubOutcome& outcome, std::size_t node) {
    take_configs(outcome, node);
    if (outcome.opaque) {
        way.followed = false;
        return;
    }
    if (outcome.has_menu)
        return;
    way.stops = outcome.no_normal ? "GRUB stops at \"grub rescue>\"" : "GRUB stops at its prompt, \"grub>\"";
    std::vector<std::string> searches;
    for (const GrubConfigRead& config : outcome.configs)
        for (const NamedFile& file : config.file_searches)
            searches.push_back(file.path);
    std::ranges::sort(searches);
    searches.erase(std::ranges::unique(searches).begin(), searches.end());
    for (const std::string& file : searches)
        way.looked_for += (way.looked_for.empty() ? "" : ", ") + file;
    for (const GrubFile& file : outcome.missing) {
        if (std::ranges::find(way.missing, file.named.path) == way.missing.end())
            way.missing.push_back(file.named.path);
        const std::size_t missing = graph().find_or_add({Kind::config, file.named.path, false});
        graph().connect(node, missing, file.command, config_place(outcome, file.config, file.named.line));
    }
}

std::string BootWalk::config_place(const GrubOutcome& outcome, std::size_t config, std::size_t line) {
    if (config >= outcome.configs.size() || line == 0)
        return "GRUB";
    return fmt::format("{}:{}", boot_place(outcome.configs[config].volume, outcome.configs[config].path),
                       line);
}

void BootWalk::take_configs(const GrubOutcome& outcome, std::size_t node) {
    std::vector<std::size_t> configs, nodes;
    std::size_t before = node;
    for (const GrubConfigRead& read : outcome.configs) {
        std::optional<std::size_t> fact;
        if (!read.builtin)
            fact = config_fact(read.volume, read.path, BootLoader::grub);
        const std::size_t next =
            graph().find_or_add({Kind::config, boot_place(read.volume, read.path), true, fact});
        graph().connect(before, next, read.builtin ? "it is embedded in GRUB" : "GRUB reads it", read.path);
        before = next;
        nodes.push_back(next);
        configs.push_back(fact.value_or(facts_.configs.size()));
        if (!fact)
            continue;
        ConfigFacts& config = facts_.configs[*fact];
        config.syntax_error = read.syntax_error;
        add_lines(config.said.efi_commands, read.efi_commands);
        for (const LabelUse& use : read.searches)
            add_use(config.searches, use);
        for (const ConfigFault& fault : read.faults)
            if (std::ranges::find(config.faults, fault) == config.faults.end())
                config.faults.push_back(fault);
    }
    for (const GrubEntry& entry : outcome.entries)
        take_entry(outcome, entry, configs, nodes);
}

void BootWalk::add_lines(std::vector<std::size_t>& lines, const std::vector<std::size_t>& more) {
    for (const std::size_t line : more)
        if (std::ranges::find(lines, line) == lines.end())
            lines.push_back(line);
}

void BootWalk::add_use(std::vector<LabelUse>& uses, const LabelUse& use) {
    if (uses.size() < label_limit && std::ranges::none_of(uses, [&](const LabelUse& known) {
            return known.line == use.line && known.label == use.label && known.written == use.written;
        }))
        uses.push_back(use);
}

void BootWalk::take_entry(const GrubOutcome& outcome, const GrubEntry& entry,
                          const std::vector<std::size_t>& configs, const std::vector<std::size_t>& nodes) {
    for (const GrubLoad& load : entry.loads) {
        const std::size_t config = load.kernel.config;
        if (config >= configs.size() || configs[config] >= facts_.configs.size())
            continue;
        EntryFacts made{load.said, load.kernel.found, {}};
        made.volume = load.kernel.volume.value_or(Volumes::iso);
        made.elsewhere = entry.elsewhere && load.kernel.found.empty();
        if (!load.kernel.disk.empty() && volumes_.find_anywhere(load.kernel.named.path))
            facts_.configs[configs[config]].on_disk.push_back(load.kernel.named);
        for (const GrubFile& initrd : load.initrds)
            made.initrds.push_back(initrd.found);
        add_entry(configs[config], nodes[config], std::move(made),
                  config_place(outcome, config, load.said.kernel.line));
    }
    for (const GrubFile& file : entry.files) {
        if (file.config >= configs.size() || configs[file.config] >= facts_.configs.size())
            continue;
        const std::size_t from = nodes[file.config];
        if (!file.found.empty() || !file.named.certain) {
            graph().connect(from, graph().find_or_add({Kind::kernel, file.named.path}), file.command,
                            config_place(outcome, file.config, file.named.line));
            continue;
        }
        BrokenReference broken{file.named, file.command, entry.title, {}};
        if (const auto other = volumes_.find_anywhere(file.named.path))
            broken.elsewhere = other->volume == Volumes::iso ? "the ISO" : "the ESP";
        auto& list = facts_.configs[configs[file.config]].broken;
        if (std::ranges::none_of(list, [&](const BrokenReference& known) {
                return known.named.line == broken.named.line && known.named.path == broken.named.path;
            }))
            list.push_back(std::move(broken));
    }
}

std::size_t BootWalk::config_fact(std::size_t volume, const std::string& path, BootLoader loader) {
    const auto known = std::ranges::find_if(facts_.configs, [&](const ConfigFacts& config) {
        return config.volume == volume && config.path == path && config.said.loader == loader;
    });
    if (known != facts_.configs.end())
        return static_cast<std::size_t>(known - facts_.configs.begin());
    ConfigFacts config;
    config.path = path;
    config.in_esp = volume != Volumes::iso;
    config.volume = volume;
    config.said.loader = loader;
    facts_.configs.push_back(std::move(config));
    return facts_.configs.size() - 1;
}

void BootWalk::add_entry(std::size_t config, std::size_t config_node, EntryFacts entry,
                         const std::string& source) {
    constexpr std::size_t menu_limit = 1024;  // in all menus together
    ConfigFacts& facts = facts_.configs[config];
    const auto known = std::ranges::find_if(facts.entries, [&](const EntryFacts& other) {
        return other.said.kernel.line == entry.said.kernel.line && other.kernel == entry.kernel &&
               other.said.title == entry.said.title && other.initrds == entry.initrds &&
               other.said.command_line == entry.said.command_line;
    });
    if (known == facts.entries.end() && ++entries_ > menu_limit)
        return;
    const auto index = static_cast<std::size_t>(known - facts.entries.begin());
    const std::size_t node = graph().find_or_add({Kind::entry, entry.said.title, true, config, index});
    graph().connect(config_node, node, "menu entry", source);
    const bool there = !entry.kernel.empty();
    const std::size_t kernel = graph().find_or_add(
        {Kind::kernel, there ? boot_place(entry.volume, entry.kernel) : entry.said.kernel.path, there});
    graph().connect(node, kernel, "loads the kernel", source);
    for (std::size_t i = 0; i < entry.initrds.size(); ++i) {
        const bool found = !entry.initrds[i].empty();
        graph().connect(node,
                        graph().find_or_add(
                            {Kind::initramfs, found ? entry.initrds[i] : entry.said.initrds[i].path, found}),
                        "loads the initramfs", source);
    }
    if (known != facts.entries.end())
        return;
    facts.said.entries.push_back(entry.said);
    if (!entry.elsewhere && entry.said.kernel.certain)
        for (const LabelUse& use : labels_of(entry.said.command_line, entry.said.kernel.line))
            add_use(facts.said.labels, use);
    facts.entries.push_back(std::move(entry));
}

void walk_boot(MediumFacts& facts, const Volumes& volumes, const IsoTree& isolinux_tree,
               const ByteView& iso) {
    BootWalk(facts, volumes, isolinux_tree, iso).walk();
}

}  // namespace lktest
