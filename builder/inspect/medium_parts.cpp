// SPDX-License-Identifier: MIT
#include "builder/inspect/medium_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

// A medium has a handful of each; a hostile one may have any number.
constexpr std::size_t config_limit = 16, listed_limit = 500, cut_limit = 1000, config_bytes = 1 << 20;

/// "/boot/config-6.1.0-13-amd64".
void note_kernel_config(const std::string& path, const IsoNode& node, MediumFacts& facts) {
    constexpr std::string_view prefix = "config-";
    const std::string_view file = file_name_of(path);
    if (file.starts_with(prefix) && facts.kernel_configs.size() < config_limit)
        if (KernelConfig config = KernelConfig::parse(node.content.read(0, config_bytes)); config.known())
            facts.kernel_configs.emplace(file.substr(prefix.size()), std::move(config));
}

EfiProgram::Loader loader_kind(const EfiProgram& program, const ByteView& content) {
    using enum EfiProgram::Loader;
    if (!program.image)
        return unknown;
    const auto has_section = [&](std::string_view name) {
        return std::ranges::find(program.image->sections, name, &PeSection::name) !=
               program.image->sections.end();
    };
    const std::string file = lower_case(file_name_of(program.path));
    if (program.grub || file.starts_with("grub"))
        return grub;
    if (std::ranges::any_of(program.image->sbat,
                            [](const std::string& line) { return line.starts_with("shim,"); }) ||
        has_section(".vendor_cert"))
        return shim;
    if (has_section(".linux"))
        return unified_kernel;
    if (has_section(".sdmagic") && find_text(content, "systemd-boot ", 4 << 20) != not_found)
        return systemd_boot;
    if (content.read(0x202, 4) == "HdrS" || content.read(0x38, 4) == "ARM\x64")
        return kernel;
    return unknown;
}

}  // namespace

void add_files(const IsoTree& tree, MediumFacts& facts) {
    constexpr std::uint64_t fat_file_limit = 0xffffffff;
    for (const auto& [path, node] : tree.nodes) {
        if (node.directory || !node.target.empty())
            continue;
        ++facts.files;
        if (node.content.size() < node.size && facts.cut_files.size() < cut_limit)
            facts.cut_files.push_back(path);
        if (node.size > fat_file_limit && facts.large_files.size() < listed_limit)
            facts.large_files.push_back(path);
        if (auto erofs = read_erofs_super(node.content)) {
            if (facts.erofs.size() < listed_limit)
                facts.erofs.push_back({path, node.content.size(), std::move(*erofs), node.content, false});
            continue;
        }
        const bool named = path.ends_with(".squashfs") || path.ends_with(".sfs") || path.ends_with(".sb");
        if (facts.layers.size() < listed_limit && (named || node.content.read(0, 4) == "hsqs"))
            facts.layers.push_back(
                {path, node.content.size(), read_squashfs_super(node.content), node.content, false});
        note_kernel_config(path, node, facts);
    }
}

void add_partition_images(const ByteView& medium, MediumFacts& facts) {
    const PartitionTables& tables = facts.partitions;
    for (const Partition& partition : tables.gpt ? tables.gpt->partitions : tables.mbr) {
        const ByteView content = medium.part(partition.offset, partition.size);
        const std::string path = name_of(partition);
        if (auto erofs = read_erofs_super(content))
            facts.erofs.push_back({path, content.size(), std::move(*erofs), content, true});
        else if (auto squashfs = read_squashfs_super(content))
            facts.layers.push_back({path, content.size(), std::move(squashfs), content, true});
    }
}

EfiProgram efi_program(std::size_t volume, const std::string& path, const ByteView& content) {
    EfiProgram program;
    program.path = path;
    program.in_esp = volume != Volumes::iso;
    program.volume = volume;
    program.image = read_pe(content);
    program.grub = read_grub_program(content);
    program.secure = read_secure_boot(content);
    program.loader = loader_kind(program, content);
    constexpr std::uint64_t syslinux_limit = 1 << 20;  // it has 200 KiB
    if (program.loader == EfiProgram::Loader::unknown && content.size() < syslinux_limit)
        for (const char* module : {"ldlinux.e64", "ldlinux.e32"})
            if (find_text(content, module, syslinux_limit) != not_found)
                program.module = module;
    return program;
}

}  // namespace lktest
