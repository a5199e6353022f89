// SPDX-License-Identifier: MIT
#include "builder/inspect/boot_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/grub_run.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/loader_conf.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t walk_config_limit = 64, config_bytes = 1 << 20, way_limit = 32;

struct MachineName {
    std::string_view machine, efi_suffix, grub_cpu;
};
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

std::string place(std::size_t volume, const std::string& path) {
    return volume == Volumes::iso ? path : path + " in the ESP";
}

class BootWalk {
public:
    BootWalk(MediumFacts& facts, const Volumes& volumes, const IsoTree& isolinux_tree, const ByteView& iso)
        : facts_(facts), volumes_(volumes), isolinux_tree_(isolinux_tree), iso_(iso) {}

    void walk() {
        walk_efi();
        walk_bios();
        walk_loopback();
        add_unreached();
    }

private:
    using Kind = BootNode::Kind;

    BootGraph& graph() { return facts_.graph; }

    std::size_t node_of_program(std::size_t program) {
        const EfiProgram& known = facts_.efi[program];
        return graph().find_or_add({Kind::program, place(known.volume, known.path), true, program});
    }

    /// The program at this path in an ESP or in the ISO's tree.
    std::optional<std::size_t> program_at(std::size_t volume, std::string_view path) const {
        const auto found = std::ranges::find_if(facts_.efi, [&](const EfiProgram& program) {
            return program.volume == volume && lower_case(program.path) == lower_case(path);
        });
        return found == facts_.efi.end()
                   ? std::nullopt
                   : std::optional(static_cast<std::size_t>(found - facts_.efi.begin()));
    }

    void walk_efi() {
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

    void start_efi(std::size_t esp, std::size_t program, const MachineName& machine, BootWay::Medium medium,
                   const std::string& from) {
        BootWay way{BootWay::Firmware::uefi, medium, std::string(machine.machine)};
        if (graph().ways.size() >= way_limit)
            return;
        way.start = graph().add({Kind::firmware, name(way)});
        const std::size_t image = graph().find_or_add(
            {Kind::image, fmt::format("ESP at byte {}", facts_.esps[esp].offset), true, esp});
        graph().connect(way.start, image, "firmware opens the EFI system partition", from);
        const std::size_t node = node_of_program(program);
        graph().connect(image, node, "firmware starts the removable-media loader", facts_.efi[program].path);
        follow_program(way, program, node, machine, 0);
        graph().ways.push_back(std::move(way));
    }

    void follow_program(BootWay& way, std::size_t index, std::size_t node, const MachineName& machine,
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
                        graph().find_or_add({Kind::program, place(program.volume, next), false});
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
            case EfiProgram::Loader::systemd_boot: follow_systemd_boot(way, program, node); return;
            case EfiProgram::Loader::grub: follow_grub(way, program, node, machine); return;
            case EfiProgram::Loader::unified_kernel:
            case EfiProgram::Loader::kernel: return;
            case EfiProgram::Loader::unknown:
                way.followed = false;
                facts_.gap = true;
                return;
        }
    }

    // GRUB

    void follow_grub(BootWay& way, const EfiProgram& program, std::size_t node, const MachineName& machine) {
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

    static void use_program(GrubStart& start, const GrubProgram& program) {
        start.prefix = program.prefix;
        start.modules = program.modules;
        start.script = program.script;
        start.memdisk = program.memdisk;
    }

    /// The usual places of the configuration, for a GRUB whose own setting is unknown.
    void guess_grub(GrubStart start, std::size_t volume, std::size_t node) {
        start.known = false;
        for (const std::size_t where : {std::size_t{Volumes::iso}, volume})
            for (const std::string& path :
                 {start.directory + "/grub.cfg", std::string("/boot/grub/grub.cfg"),
                  std::string("/boot/grub2/grub.cfg"), std::string("/grub/grub.cfg")}) {
                if (!volumes_.find(where, path))
                    continue;
                start.root = where;
                take_configs(run_grub_config(volumes_, start, where, path), node);
            }
        facts_.gap = true;
    }

    void take_grub(BootWay& way, const GrubOutcome& outcome, std::size_t node) {
        take_configs(outcome, node);
        if (outcome.opaque) {
            way.followed = false;
            return;
        }
        if (outcome.has_menu)
            return;
        way.stops =
            outcome.no_normal ? "GRUB stops at \"grub rescue>\"" : "GRUB stops at its prompt, \"grub>\"";
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

    static std::string config_place(const GrubOutcome& outcome, std::size_t config, std::size_t line) {
        if (config >= outcome.configs.size() || line == 0)
            return "GRUB";
        return fmt::format("{}:{}", place(outcome.configs[config].volume, outcome.configs[config].path),
                           line);
    }

    void take_configs(const GrubOutcome& outcome, std::size_t node) {
        std::vector<std::size_t> configs, nodes;
        std::size_t before = node;
        for (const GrubConfigRead& read : outcome.configs) {
            std::optional<std::size_t> fact;
            if (!read.builtin)
                fact = config_fact(read.volume, read.path, BootLoader::grub);
            const std::size_t next =
                graph().find_or_add({Kind::config, place(read.volume, read.path), true, fact});
            graph().connect(before, next, read.builtin ? "it is embedded in GRUB" : "GRUB reads it",
                            read.path);
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
        }
        for (const GrubEntry& entry : outcome.entries)
            take_entry(outcome, entry, configs, nodes);
    }

    static void add_lines(std::vector<std::size_t>& lines, const std::vector<std::size_t>& more) {
        for (const std::size_t line : more)
            if (std::ranges::find(lines, line) == lines.end())
                lines.push_back(line);
    }

    static void add_use(std::vector<LabelUse>& uses, const LabelUse& use) {
        if (uses.size() < label_limit && std::ranges::none_of(uses, [&](const LabelUse& known) {
                return known.line == use.line && known.label == use.label && known.written == use.written;
            }))
            uses.push_back(use);
    }

    void take_entry(const GrubOutcome& outcome, const GrubEntry& entry,
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

    /// The facts of this configuration; reads it if needed.
    std::size_t config_fact(std::size_t volume, const std::string& path, BootLoader loader) {
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

    void add_entry(std::size_t config, std::size_t config_node, EntryFacts entry, const std::string& source) {
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
            {Kind::kernel, there ? place(entry.volume, entry.kernel) : entry.said.kernel.path, there});
        graph().connect(node, kernel, "loads the kernel", source);
        for (std::size_t i = 0; i < entry.initrds.size(); ++i) {
            const bool found = !entry.initrds[i].empty();
            graph().connect(
                node,
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

    // systemd-boot

    void follow_systemd_boot(BootWay& way, const EfiProgram& program, std::size_t node) {
        const FatVolume* fat = volumes_.fat(program.volume);
        std::vector<std::string> ids;
        std::size_t startable = 0;
        if (!fat)
            return;
        for (const auto& [path, content] : fat->files) {
            const std::string small = lower_case(path), file = std::string(file_name_of(path));
            if (lower_case(directory_of(path)) == "/loader/entries" && small.ends_with(".conf")) {
                ids.push_back(file);
                startable += take_loader_entry(program.volume, path, content, node) ? 1 : 0;
            } else if (lower_case(directory_of(path)) == "/efi/linux" && small.ends_with(".efi")) {
                ids.push_back(file);
                ++startable;
                if (const auto kernel = program_at(program.volume, path))
                    graph().connect(node, node_of_program(*kernel), "systemd-boot lists /EFI/Linux", path);
            }
        }
        if (startable == 0) {
            way.stops = ids.empty() ? "systemd-boot finds no entry"
                                    : "systemd-boot finds no entry that names something to start";
            way.looked_for = "/loader/entries and /EFI/Linux of its own partition";
        }
        if (const auto conf = fat->files.find("/loader/loader.conf"); conf != fat->files.end()) {
            const LoaderConf said = parse_loader_conf(conf->second.read(0, config_bytes));
            facts_.loader_confs.push_back(
                {conf->first, said.pattern, said.line, names_an_entry(said.pattern, ids), ids});
        }
    }

    /// @return whether it names something to start
    bool take_loader_entry(std::size_t volume, const std::string& path, const ByteView& content,
                           std::size_t node) {
        const std::size_t fact = config_fact(volume, path, BootLoader::systemd_boot);
        const std::size_t config = graph().find_or_add({Kind::config, place(volume, path), true, fact});
        graph().connect(node, config, "systemd-boot lists /loader/entries", path);
        std::vector<BootEntry> entries = parse_loader_entry(content.read(0, config_bytes)).entries;
        const bool names_program = !entries.empty();
        for (BootEntry& said : entries) {
            EntryFacts entry;
            const auto find = [&](NamedFile& named) -> std::string {
                std::ranges::replace(named.path, '\\', '/');
                const auto found = volumes_.find(volume, named.path);
                if (!found && volumes_.find(Volumes::iso, named.path))
                    facts_.named_in_tree.insert(named.path);
                return found ? found->path : "";
            };
            entry.kernel = find(said.kernel);
            for (NamedFile& initrd : said.initrds)
                entry.initrds.push_back(find(initrd));
            entry.volume = volume;
            const std::string source = fmt::format("{}:{}", place(volume, path), said.kernel.line);
            entry.said = std::move(said);
            add_entry(fact, config, std::move(entry), source);
        }
        return names_program;
    }

    // BIOS

    void walk_bios() {
        if (!facts_.catalogue)
            return;
        for (std::size_t i = 0; i < facts_.catalogue->images.size(); ++i) {
            const BootImage& image = facts_.catalogue->images[i];
            if (image.platform != bios_platform || !image.bootable || image.offset >= iso_.size())
                continue;
            BootWay way{BootWay::Firmware::bios, BootWay::Medium::cd, "x86_64"};
            way.start = graph().add({Kind::firmware, name(way)});
            const std::string path = facts_.boot_paths[i];
            const std::size_t node = graph().find_or_add(
                {Kind::image, path.empty() ? fmt::format("byte {}", image.offset) : path, true, i});
            graph().connect(way.start, node, "El Torito", fmt::format("entry {}", i + 1));
            way.last = node;
            const ByteView bytes = iso_.part(image.offset, 4 << 20);
            if (find_text(bytes, "ISOLINUX ", 256 << 10) != not_found)
                follow_isolinux(way, std::string(directory_of(path)), node);
            else if (const auto core = read_grub_core(bytes))
                follow_grub_core(way, *core, node);
            else {
                way.followed = false;
                guess_bios(way, node);
            }
            graph().ways.push_back(std::move(way));
        }
    }

    void follow_grub_core(BootWay& way, const GrubProgram& core, std::size_t node) {
        GrubStart start;
        start.platform = "pc";
        start.cpu = "i386";
        start.root = Volumes::iso;
        use_program(start, core);
        take_grub(way, run_grub(volumes_, start), node);
    }

    /// An unreadable loader: it is assumed to be GRUB if GRUB's modules are on the medium.
    void guess_bios(BootWay& way, std::size_t node) {
        GrubStart start;
        start.platform = "pc";
        start.cpu = "i386";
        for (const std::string directory : {"/boot/grub/i386-pc", "/boot/grub2/i386-pc"}) {
            if (!volumes_.is_directory(Volumes::iso, directory))
                continue;
            guess_grub(start, Volumes::iso, node);
            if (!volumes_.find(Volumes::iso, directory + "/normal.mod")) {
                way.stops = "GRUB stops at \"grub rescue>\"";
                way.missing.push_back(directory + "/normal.mod");
            }
        }
        facts_.gap = true;
    }

    void follow_isolinux(BootWay& way, const std::string& own, std::size_t node) {
        for (const std::string& directory :
             {own, std::string("/boot/isolinux"), std::string("/isolinux"), std::string("/boot/syslinux"),
              std::string("/syslinux"), std::string("/")})
            for (const char* file : {"isolinux.cfg", "syslinux.cfg"}) {
                const std::string path = find_plain(normal_path(directory + "/" + file));
                if (path.empty())
                    continue;
                SyslinuxMenu menu{std::string(directory_of(path)), {}, {}, {}, false};
                read_syslinux(menu, path, node, "ISOLINUX reads it", 0);
                find_lost(menu);
                if (menu.choices.empty() && menu.chosen.path.empty()) {
                    way.stops = "ISOLINUX has no menu entry";
                    for (const NamedFile& missing : menu.missing)
                        way.missing.push_back(missing.path);
                }
                return;
            }
        way.stops = "ISOLINUX finds no configuration";
    }

    struct SyslinuxMenu {
        std::string directory;  ///< where relative paths begin
        std::vector<std::string> choices;
        std::vector<NamedFile> missing;
        NamedFile chosen;
        bool shows_menu;
        struct Command {
            std::size_t config = 0;
            NamedFile named;
            bool is_default = false;
        };
        std::vector<Command> commands = {};  ///< DEFAULT and ONTIMEOUT
    };

    /// DEFAULT and ONTIMEOUT are command lines: a label, or a file. A menu takes its first entry instead.
    void find_lost(const SyslinuxMenu& menu) {
        const auto is_label = [&menu](const std::string& name) {
            return std::ranges::any_of(menu.choices, [&name](const std::string& choice) {
                return lower_case(choice) == lower_case(name);
            });
        };
        if (menu.choices.empty() || !menu.missing.empty())
            return;  // the labels are not known
        for (const SyslinuxMenu::Command& command : menu.commands)
            if (!(command.is_default && menu.shows_menu) && !is_label(command.named.path) &&
                find_plain(absolute(menu.directory, command.named.path)).empty())
                facts_.configs[command.config].lost.push_back(command.named);
    }

    std::string find_plain(const std::string& path) const {
        if (const IsoNode* node = isolinux_tree_.find(path); node && !node->directory)
            return path;
        const std::string other = isolinux_tree_.find_any_case(path);
        const IsoNode* node = other.empty() ? nullptr : isolinux_tree_.find(other);
        return node && !node->directory ? other : "";
    }

    static std::string absolute(const std::string& directory, const std::string& path) {
        return normal_path(path.starts_with('/') ? path : directory + "/" + path);
    }

    void read_syslinux(SyslinuxMenu& menu, const std::string& path, std::size_t from, const std::string& rule,
                       int depth) {
        constexpr int include_depth_limit = 16;
        if (depth > include_depth_limit || syslinux_read_.size() >= walk_config_limit ||
            !syslinux_read_.insert(path).second)
            return;
        const IsoNode* file = isolinux_tree_.find(path);
        if (!file)
            return;
        const std::size_t fact = config_fact(Volumes::iso, path, BootLoader::syslinux);
        const std::size_t node = graph().find_or_add({Kind::config, path, true, fact});
        graph().connect(from, node, rule, path);
        BootConfig said = parse_syslinux(file->content.read(0, config_bytes));
        add_syslinux_entries(fact, node, said, menu.directory);
        menu.choices.insert(menu.choices.end(), said.choices.begin(), said.choices.end());
        menu.shows_menu |= said.shows_menu;
        if (!said.chosen.path.empty())
            menu.chosen = said.chosen;
        for (const NamedFile* named : {&said.chosen, &said.on_timeout})
            if (!named->path.empty())
                menu.commands.push_back({fact, *named, named == &said.chosen});
        for (const auto* list : {&said.includes, &said.successors})
            for (const NamedFile& include : *list) {
                const std::string target = find_plain(absolute(menu.directory, include.path));
                if (target.empty())
                    menu.missing.push_back(include);
                else
                    read_syslinux(menu, target, node, fmt::format("line {} reads it", include.line),
                                  depth + 1);
            }
        ConfigFacts& config = facts_.configs[fact];
        config.said.modules = said.modules;
        config.said.includes = said.includes;
        config.said.successors = said.successors;
        config.said.choices = said.choices;
        config.said.chosen = said.chosen;
        config.said.shows_menu = said.shows_menu;
    }

    void add_syslinux_entries(std::size_t fact, std::size_t node, BootConfig& said,
                              const std::string& directory) {
        for (BootEntry& boot : said.entries) {
            EntryFacts entry;
            const auto find = [&](const NamedFile& named) {
                const std::string path = absolute(directory, named.path);
                std::string found = find_plain(path);
                const auto file = volumes_.tree().nodes.find(found);
                if (file != volumes_.tree().nodes.end() && !file->second.target.empty()) {
                    // It sees an empty file there.
                    facts_.named_links.insert(named.path);
                    found.clear();
                } else if (found.empty() && volumes_.find(Volumes::iso, path)) {
                    facts_.named_in_tree.insert(named.path);
                }
                return found;
            };
            entry.kernel = find(boot.kernel);
            for (const NamedFile& initrd : boot.initrds)
                entry.initrds.push_back(find(initrd));
            const std::string source = fmt::format("{}:{}", facts_.configs[fact].path, boot.kernel.line);
            entry.said = std::move(boot);
            add_entry(fact, node, std::move(entry), source);
        }
        for (const LabelUse& use : said.labels)
            add_use(facts_.configs[fact].said.labels, use);
    }

    // configurations that other boot managers read, or that are guessed

    void walk_loopback() {
        for (const char* path : {"/boot/grub/loopback.cfg", "/boot/grub2/loopback.cfg"}) {
            if (!volumes_.find(Volumes::iso, path))
                continue;
            BootWay way{BootWay::Firmware::loop, BootWay::Medium::disk, ""};
            way.start = graph().add({Kind::firmware, name(way)});
            way.followed = false;
            GrubStart start;
            start.root = Volumes::iso;
            start.known = false;
            take_configs(run_grub_config(volumes_, start, Volumes::iso, path), way.start);
            graph().ways.push_back(std::move(way));
        }
    }

    static std::optional<BootLoader> loader_of(std::string_view path) {
        const std::string small = lower_case(path);
        const std::string_view file = file_name_of(small), directory = directory_of(small);
        constexpr std::array own{std::string_view("isolinux.cfg"), std::string_view("syslinux.cfg"),
                                 std::string_view("extlinux.conf")};
        if (directory == "/loader/entries" && file.ends_with(".conf"))
            return BootLoader::systemd_boot;
        if (std::ranges::find(own, file) != own.end())
            return BootLoader::syslinux;
        if (file == "grub.cfg" || file == "loopback.cfg" ||
            (file.ends_with(".cfg") && directory.find("/grub") != std::string_view::npos))
            return BootLoader::grub;
        if (directory.ends_with("/pxelinux.cfg"))
            return BootLoader::syslinux;
        if (file.ends_with(".ipxe"))
            return BootLoader::ipxe;
        if (file.ends_with(".cfg") && (directory.ends_with("/isolinux") || directory.ends_with("/syslinux")))
            return BootLoader::syslinux;
        return std::nullopt;
    }

    /// The base of relative paths. PXELINUX's configurations are in a directory below it.
    static std::string_view directory_of_names(std::string_view config) {
        const std::string_view directory = directory_of(config);
        return directory.ends_with("/pxelinux.cfg") ? directory_of(directory) : directory;
    }

    bool is_reached(std::size_t volume, const std::string& path) const {
        return std::ranges::any_of(facts_.configs, [&](const ConfigFacts& config) {
            return config.volume == volume && config.path == path;
        });
    }

    /// Configurations that are not on any path, each read separately.
    void add_unreached() {
        std::vector<VolumeFile> files;
        for (const auto& [path, node] : volumes_.tree().nodes)
            if (!node.directory && node.target.empty() && loader_of(path))
                files.push_back({Volumes::iso, path, node.content});
        for (std::size_t volume = 1; volume < volumes_.count(); ++volume)
            if (const FatVolume* fat = volumes_.fat(volume))
                for (const auto& [path, content] : fat->files)
                    if (loader_of(path))
                        files.push_back({volume, path, content});
        for (const VolumeFile& file : files)
            if (facts_.configs.size() < walk_config_limit && !is_reached(file.volume, file.path))
                add_alone(file, *loader_of(file.path));
    }

    /// Whether the medium has loaders of this kind, and all of them were followed to their menus.
    bool followed_all(BootLoader loader) const {
        bool any = false;
        for (const BootWay& way : facts_.graph.ways) {
            if (way.firmware == BootWay::Firmware::loop)
                continue;
            if (!way.followed || !way.stops.empty())
                return false;
            const bool reads =
                std::ranges::any_of(facts_.graph.reached_from(way.start), [&](std::size_t node) {
                    const BootNode& known = facts_.graph.nodes[node];
                    return known.kind == Kind::config && known.fact &&
                           facts_.configs[*known.fact].said.loader == loader;
                });
            any |= reads;
        }
        return any;
    }

    void add_alone(const VolumeFile& file, BootLoader loader) {
        const std::size_t node = graph().add({Kind::config, place(file.volume, file.path), true, {}});
        const std::size_t fact = config_fact(file.volume, file.path, loader);
        graph().nodes[node].fact = fact;
        facts_.configs[fact].judged = !followed_all(loader);
        switch (loader) {
            case BootLoader::grub: {
                GrubStart start;
                start.root = file.volume;
                start.known = false;
                if (file.volume != Volumes::iso && !volumes_.tree().nodes.empty())
                    start.root = Volumes::iso;  // usually present
                take_configs(run_grub_config(volumes_, start, file.volume, file.path), node);
                break;
            }
            case BootLoader::syslinux: {
                BootConfig said = parse_syslinux(file.content.read(0, config_bytes));
                if (file.volume == Volumes::iso)
                    add_syslinux_entries(fact, node, said, std::string(directory_of_names(file.path)));
                break;
            }
            case BootLoader::systemd_boot: {
                // systemd-boot reads only those in the ESP it was started from.
                facts_.configs[fact].judged = false;
                take_loader_entry(file.volume, file.path, file.content, node);
                break;
            }
            case BootLoader::ipxe: take_ipxe(file, fact, node); break;
            case BootLoader::unified_kernel: break;  // has no file of text
        }
    }

    void take_ipxe(const VolumeFile& file, std::size_t fact, std::size_t node) {
        for (BootEntry& said : parse_ipxe(file.content.read(0, config_bytes)).entries) {
            EntryFacts entry;
            entry.volume = file.volume;
            const auto find = [&](const NamedFile& named) -> std::string {
                const std::string path = absolute(std::string(directory_of(file.path)), named.path);
                const auto found = named.certain ? volumes_.find(file.volume, path) : std::nullopt;
                return found ? found->path : "";
            };
            entry.kernel = find(said.kernel);
            for (const NamedFile& initrd : said.initrds)
                entry.initrds.push_back(find(initrd));
            const std::string source = fmt::format("{}:{}", file.path, said.kernel.line);
            entry.said = std::move(said);
            add_entry(fact, node, std::move(entry), source);
        }
    }

    MediumFacts& facts_;
    const Volumes& volumes_;
    const IsoTree& isolinux_tree_;
    const ByteView& iso_;
    std::set<std::string> syslinux_read_;
    std::size_t entries_ = 0;
};

}  // namespace

void walk_boot(MediumFacts& facts, const Volumes& volumes, const IsoTree& isolinux_tree,
               const ByteView& iso) {
    BootWalk(facts, volumes, isolinux_tree, iso).walk();
}

}  // namespace lktest
