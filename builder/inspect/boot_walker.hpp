// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/boot_walk.hpp"
#include "builder/inspect/grub_run.hpp"
#include "builder/inspect/loader_conf.hpp"

namespace lktest {

inline constexpr std::size_t walk_config_limit = 64, config_bytes = 1 << 20, way_limit = 32;

struct MachineName {
    std::string_view machine, efi_suffix, grub_cpu;
};

/// "/boot/x", "/boot/x in the ESP"
inline std::string boot_place(std::size_t volume, const std::string& path) {
    return volume == Volumes::iso ? path : path + " in the ESP";
}

/// Follows the ways through one medium. UEFI's are in boot_walk.cpp, a BIOS's in boot_walk_bios.cpp, and what
/// no way reaches in boot_walk_rest.cpp.
class BootWalk {
public:
    BootWalk(MediumFacts& facts, const Volumes& volumes, const IsoTree& isolinux_tree, const ByteView& iso)
        : facts_(facts), volumes_(volumes), isolinux_tree_(isolinux_tree), iso_(iso) {}
    void walk();

private:
    using Kind = BootNode::Kind;
    BootGraph& graph() { return facts_.graph; }
    std::size_t node_of_program(std::size_t program);
    /// The program at this path in an ESP or in the ISO's tree.
    std::optional<std::size_t> program_at(std::size_t volume, std::string_view path) const;
    void walk_efi();
    void start_efi(std::size_t esp, std::size_t program, const MachineName& machine, BootWay::Medium medium,
                   const std::string& from);
    void follow_program(BootWay& way, std::size_t index, std::size_t node, const MachineName& machine,
                        int depth);
    // GRUB
    void follow_grub(BootWay& way, const EfiProgram& program, std::size_t node, const MachineName& machine);
    static void use_program(GrubStart& start, const GrubProgram& program);
    /// The usual places of the configuration, for a GRUB whose own setting is unknown.
    void guess_grub(GrubStart start, std::size_t volume, std::size_t node);
    void take_grub(BootWay& way, const GrubOutcome& outcome, std::size_t node);
    static std::string config_place(const GrubOutcome& outcome, std::size_t config, std::size_t line);
    void take_configs(const GrubOutcome& outcome, std::size_t node);
    static void add_lines(std::vector<std::size_t>& lines, const std::vector<std::size_t>& more);
    static void add_use(std::vector<LabelUse>& uses, const LabelUse& use);
    void take_entry(const GrubOutcome& outcome, const GrubEntry& entry,
                    const std::vector<std::size_t>& configs, const std::vector<std::size_t>& nodes);
    /// The facts of this configuration; reads it if needed.
    std::size_t config_fact(std::size_t volume, const std::string& path, BootLoader loader);
    void add_entry(std::size_t config, std::size_t config_node, EntryFacts entry, const std::string& source);
    // systemd-boot
    void follow_systemd_boot(BootWay& way, const EfiProgram& program, std::size_t node,
                             const MachineName& machine);
    /// What systemd-boot offers from one of its partitions: the files' names go to `ids`.
    /// @return how many of them name something to start
    std::size_t list_entries(std::size_t volume, std::size_t node, const MachineName& machine,
                             std::vector<std::string>& ids);
    void ignore_entry(std::size_t volume, const std::string& path, std::string why);
    /// @return whether it names something to start
    bool take_loader_entry(std::size_t volume, const std::string& path, const ByteView& content,
                           std::size_t node);
    // BIOS
    void walk_bios();
    void follow_grub_core(BootWay& way, const GrubProgram& core, std::size_t node);
    /// An unreadable loader: it is assumed to be GRUB if GRUB's modules are on the medium.
    void guess_bios(BootWay& way, std::size_t node);
    void follow_isolinux(BootWay& way, const std::string& own, std::size_t node);
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
    void find_lost(const SyslinuxMenu& menu);
    std::string find_plain(const std::string& path) const;
    void complete_pi(BootConfig& said, std::size_t volume);
    /// Takes over the mistakes that a parser found.
    void add_faults(std::size_t fact, const std::vector<ConfigFault>& faults);
    static std::string absolute(const std::string& directory, const std::string& path);
    void read_syslinux(SyslinuxMenu& menu, const std::string& path, std::size_t from, const std::string& rule,
                       int depth);
    void add_syslinux_entries(std::size_t fact, std::size_t node, BootConfig& said,
                              const std::string& directory);
    /// Adds the entries of a configuration whose files are all on one volume, and looks them up there.
    void add_entries_of(const VolumeFile& file, std::size_t fact, std::size_t node, BootConfig said);
    // configurations that other boot managers read, or that are guessed
    void walk_loopback();
    static std::optional<BootLoader> loader_of(std::string_view path);
    /// The base of relative paths. PXELINUX's configurations are in a directory below it.
    static std::string_view directory_of_names(std::string_view config);
    bool is_reached(std::size_t volume, const std::string& path) const;
    /// Configurations that are not on any path, each read separately.
    void add_unreached();
    /// Whether the medium has loaders of this kind, and all of them were followed to their menus.
    bool followed_all(BootLoader loader) const;
    void add_alone(const VolumeFile& file, BootLoader loader);
    MediumFacts& facts_;
    const Volumes& volumes_;
    const IsoTree& isolinux_tree_;
    const ByteView& iso_;
    std::set<std::string> syslinux_read_;
    std::size_t entries_ = 0;
    unsigned loader_version_ = 0;  ///< of systemd-boot; 0: unknown
};

}  // namespace lktest
