// SPDX-License-Identifier: MIT
#include "harness/report/inspect_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "builder/base/printable.hpp"
#include "builder/inspect/secure_chain.hpp"
#include "harness/report/sheet.hpp"

namespace lktest {
namespace {

std::string platform_name(std::uint8_t platform) {
    switch (platform) {
        case bios_platform: return "BIOS";
        case efi_platform: return "UEFI";
        case 1: return "PowerPC";
        case 2: return "Mac";
        default: return fmt::format("{:#04x}", platform);
    }
}

void add_volume(Sheet& sheet, const MediumFacts& facts) {
    if (facts.kind != MediumKind::iso) {
        const bool disk = facts.kind == MediumKind::disk;
        sheet.row(disk ? "disk" : "netboot",
                  {(disk ? "no ISO 9660 · " : "") + counted(facts.tree ? facts.files : 0, "file")});
        return;
    }
    std::vector<std::string> said{fmt::format("'{}'", facts.volume.label)};
    if (!facts.volume.uuid.empty())
        said.push_back("UUID " + facts.volume.uuid);
    for (const std::string& text : {facts.volume.application, facts.volume.created})
        if (!text.empty())
            said.push_back(text);
    said.push_back(counted(facts.files, "file"));
    said.emplace_back(facts.names == IsoTree::Names::rock_ridge ? "Rock Ridge"
                      : facts.names == IsoTree::Names::joliet   ? "Joliet"
                                                                : "plain names");
    sheet.row("volume", {joined(said)});
}

/// Names the partition or file that a boot image starts at.
std::string image_name(const MediumFacts& facts, std::size_t index) {
    const BootImage& image = facts.catalogue->images[index];
    if (!facts.boot_paths[index].empty())
        return facts.boot_paths[index];
    if (facts.partitions.gpt)
        for (const Partition& partition : facts.partitions.gpt->partitions)
            if (partition.offset == image.offset)
                return fmt::format("GPT partition {}", partition.number);
    for (const Partition& partition : facts.partitions.mbr)
        if (partition.offset == image.offset)
            return fmt::format("MBR partition {}", partition.number);
    return fmt::format("byte {}", image.offset);
}

void add_el_torito(Sheet& sheet, const MediumFacts& facts) {
    Title title("El Torito");
    if (!facts.catalogue || facts.catalogue->images.empty())
        sheet.row(title(), {"none"});
    else
        for (std::size_t i = 0; i < facts.catalogue->images.size(); ++i) {
            const BootImage& image = facts.catalogue->images[i];
            std::vector<std::string> said{"loads " + size_text(image.size)};
            if (!image.bootable)
                said.emplace_back("not bootable");
            if (image.emulation != 0)
                said.emplace_back("emulates a disk");
            if (facts.isolinux && image.platform == bios_platform &&
                facts.isolinux->path == facts.boot_paths[i])
                said.push_back("ISOLINUX " + facts.isolinux->version);
            sheet.row(title(), {platform_name(image.platform), image_name(facts, i), joined(said)});
        }
}

void add_table(Sheet& sheet, Title& title, std::string_view table, const std::vector<Partition>& partitions) {
    for (const Partition& partition : partitions)
        sheet.row(title(), {fmt::format("{} {}", table, partition.number), partition.type,
                            fmt::format("{} at {}", size_text(partition.size), size_text(partition.offset))});
}

void add_partitions(Sheet& sheet, const MediumFacts& facts) {
    Title title("partitions");
    const PartitionTables& tables = facts.partitions;
    if (tables.gpt)
        add_table(sheet, title, "GPT", tables.gpt->partitions);
    add_table(sheet, title, "MBR", tables.mbr);
    if (const std::string_view unused = title(); !unused.empty())
        sheet.row(unused, {"none"});
}

void add_esps(Sheet& sheet, const MediumFacts& facts) {
    Title title("ESP");
    for (const EspFacts& esp : facts.esps) {
        std::vector<std::string> said{esp.fat_bits == 0 ? "no FAT" : fmt::format("FAT{}", esp.fat_bits),
                                      counted(esp.files, "file")};
        if (!esp.same.empty())
            said.push_back(fmt::format("{} the same as on the ISO", esp.same.size()));
        if (!esp.differing.empty())
            said.push_back(fmt::format("{} not", esp.differing.size()));
        sheet.row(title(), {esp.from, size_text(esp.size), joined(said)});
    }
}

/// A program that is the same in the ESP and in the tree is shown once.
bool shown_in_esp(const MediumFacts& facts, const EfiProgram& program) {
    return !program.in_esp && std::ranges::any_of(facts.esps, [&](const EspFacts& esp) {
        return std::ranges::any_of(esp.same, [&](const std::string& path) {
            return !LessAnyCase{}(path, program.path) && !LessAnyCase{}(program.path, path);
        });
    });
}

/// "signed by Debian Secure Boot Signer (Debian Secure Boot CA) until 2026-11-30": the leaf, the CA that
/// issued it, and the end of the leaf's validity.
std::string signed_text(const EfiProgram& program) {
    std::vector<std::string> names;
    if (program.secure)
        for (const PeSignature& signature : program.secure->signatures)
            names.push_back(fmt::format("{} ({}){}{}", signature.signer, signature.issuer,
                                        signature.valid_until.empty() ? "" : " until ",
                                        signature.valid_until));
    return names.empty() ? "signed" : fmt::format("signed by {}", fmt::join(names, ", "));
}

void add_ways(Sheet& sheet, const MediumFacts& facts) {
    Title title("ways");
    for (const BootWay& way : facts.graph.ways)
        if (way.firmware != BootWay::Firmware::loop)
            sheet.row(title(), {name(way), !way.stops.empty() ? way.stops
                                           : way.followed     ? "reaches a menu or a kernel"
                                                              : "not followed to its end"});
}

void add_efi(Sheet& sheet, const MediumFacts& facts) {
    Title title("EFI");
    for (const EfiProgram& program : facts.efi) {
        if (shown_in_esp(facts, program))
            continue;
        std::vector<std::string> said;
        if (!program.image) {
            said.emplace_back("not a PE image");
        } else if (!program.image->signature) {
            said.emplace_back("not signed");
        } else {
            said.push_back(signed_text(program));
        }
        if (program.image && !program.image->sbat.empty())
            said.push_back(fmt::format("SBAT {}", fmt::join(program.image->sbat, " ")));
        if (program.secure && program.image && program.image->signature) {
            said.emplace_back(program.secure->nx_compat ? "NX" : "not NX");
            said.push_back("SHA-256 " + program.secure->sha256);
        }
        sheet.row(title(), {(program.in_esp ? "ESP " : "ISO ") + program.path,
                            program.image ? pe_machine_name(program.image->machine) : "?", joined(said)});
    }
}

void add_secure_boot(Sheet& sheet, const MediumFacts& facts, const Revocations& revocations) {
    Title title("Secure Boot");
    const std::vector<SecureVerdict> verdicts = secure_verdicts(facts, revocations);
    std::string before;
    const auto row = [&](const SecureVerdict& verdict, const std::string& pc) {
        const std::string machine = verdict.machine == before ? "" : verdict.machine;
        before = verdict.machine;
        sheet.row(title(),
                  {machine, pc,
                   verdict.refused.empty() ? "boot it" : fmt::format("refuse it: {}", verdict.refused)});
    };
    for (auto first = verdicts.begin(); first != verdicts.end();) {
        const auto end = std::find_if(first, verdicts.end(), [&](const SecureVerdict& verdict) {
            return verdict.loader != first->loader;
        });
        const bool alike = std::all_of(
            first, end, [&](const SecureVerdict& verdict) { return verdict.refused == first->refused; });
        for (; first != end && !alike; ++first)
            row(*first, first->pc);
        if (alike)
            row(*first, first->refused.empty() ? fmt::format("all PCs, with the revocations of {} too",
                                                             sbat_day(newest_level(facts, revocations).date))
                                               : "all PCs");
        first = end;
    }
}

std::string file_text(const NamedFile& named, const std::string& found) {
    if (!found.empty())
        return named.path;
    return named.path + (named.certain ? " (missing)" : " (?)");
}

void add_configs(Sheet& sheet, const MediumFacts& facts) {
    Title title("boots");
    for (const ConfigFacts& config : facts.configs) {
        // Entries that load the same files are one row.
        std::vector<std::pair<std::string, std::size_t>> loads;
        for (const EntryFacts& entry : config.entries) {
            std::string text = file_text(entry.said.kernel, entry.kernel);
            for (std::size_t i = 0; i < entry.initrds.size(); ++i)
                text += " + " + file_text(entry.said.initrds[i], entry.initrds[i]);
            const auto known = std::ranges::find(loads, text, &std::pair<std::string, std::size_t>::first);
            if (known == loads.end())
                loads.emplace_back(text, 1);
            else
                ++known->second;
        }
        std::string path = (config.in_esp ? "ESP " : "ISO ") + config.path;
        if (loads.empty())
            sheet.row(title(), {path, std::string(name(config.said.loader)), "no entries"});
        for (const auto& [text, count] : loads)
            sheet.row(title(), {std::exchange(path, ""), std::string(name(config.said.loader)),
                                count == 1 ? text : fmt::format("{} ({} entries)", text, count)});
    }
}

void add_kernels(Sheet& sheet, const MediumFacts& facts) {
    Title title("kernel");
    for (const KernelFacts& kernel : facts.kernels)
        if (kernel.image) {
            std::vector<std::string> said{kernel.image->format};
            if (!kernel.image->version.empty())
                said.push_back(kernel.image->version);
            if (kernel.image->efi_stub && kernel.image->format != "EFI program")
                said.emplace_back("EFI stub");
            sheet.row(title(), {kernel.path, kernel.image->machine, joined(said)});
        } else {
            sheet.row(title(), {kernel.path, "?", "not a known kernel format"});
        }
}

void add_initramfs(Sheet& sheet, const MediumFacts& facts) {
    Title title("initramfs");
    for (const InitramfsFacts& initramfs : facts.initramfs) {
        const InitramfsImage& image = initramfs.image;
        std::vector<std::string> said{fmt::format("{}", fmt::join(image.segments, " + ")),
                                      counted(image.files, "file")};
        for (const ElfGroup& group : image.machines)
            said.push_back(fmt::format("{} ELF {}", group.count, describe(group.machine)));
        if (image.init)
            said.push_back(image.init->interpreter.empty()
                               ? image.init->path
                               : fmt::format("{} by {}", image.init->path, image.init->interpreter));
        for (const std::string& release : image.releases)
            said.push_back("modules " + release);
        sheet.row(title(), {fmt::format("{}", fmt::join(initramfs.paths, " + ")), size_text(initramfs.size),
                            joined(said)});
    }
}

void add_ukis(Sheet& sheet, const MediumFacts& facts) {
    Title title("UKI");
    for (const UkiFacts& uki : facts.ukis)
        for (const UkiProfile& profile : uki.image.profiles) {
            std::vector<std::string> said;
            for (const std::string& text : {profile.os_name, profile.title, profile.uname, uki.image.stub})
                if (!text.empty() && std::ranges::find(said, text) == said.end())
                    said.push_back(text);
            said.push_back(profile.command_line ? profile.command_line->substr(0, 200) : "no command line");
            if (profile.initrds.empty())
                said.emplace_back("no initramfs");
            sheet.row(title(), {(uki.in_esp ? "ESP " : "ISO ") + uki.path, uki.machine, joined(said)});
        }
}

/// "root        /live/filesystem.squashfs   /sbin/init · 64-bit x86"
void add_roots(Sheet& sheet, const MediumFacts& facts) {
    Title title("root");
    for (const RootFacts& root : facts.roots) {
        std::vector<std::string> said{root.init.empty() ? "no init program" : root.init};
        if (root.machine)
            said.push_back(describe(*root.machine));
        for (const std::string& release : root.releases)
            said.push_back("modules " + release);
        if (root.looks_like_root || !root.init.empty())
            sheet.row(title(), {fmt::format("{}", fmt::join(root.images, " + ")), joined(said)});
    }
    Title hashes("dm-verity");
    for (const VerityTree& tree : facts.verity)
        sheet.row(hashes(), {tree.place, fmt::format("{} {}", tree.algorithm, tree.root_hash)});
    Title sums("checksums");
    for (const ChecksumList& list : facts.checksums)
        sheet.row(sums(),
                  {list.path, fmt::format("{} right, {} wrong, {} missing, {} not read", list.right,
                                          list.differing.size(), list.missing.size(), list.unchecked)});
    if (facts.implanted)
        sheet.row(sums(), {"isomd5sum", !facts.implanted->checked ? "not read"
                                        : facts.implanted->right  ? "right"
                                                                  : "wrong"});
}

void add_layers(Sheet& sheet, const MediumFacts& facts) {
    Title title("layers");
    for (const ErofsFacts& image : facts.erofs)
        sheet.row(title(),
                  {image.path, size_text(image.size),
                   fmt::format("EROFS {} · {} blocks · {}",
                               image.super.compressors.empty()
                                   ? "not compressed"
                                   : fmt::format("{}", fmt::join(image.super.compressors, "+")),
                               size_text(image.super.block_size), counted(image.super.inodes, "inode"))});
    for (const LayerFacts& layer : facts.layers)
        sheet.row(title(), {layer.path, size_text(layer.size),
                            layer.super ? fmt::format("SquashFS {} · {} blocks · {}", layer.super->compressor,
                                                      size_text(layer.super->block_size),
                                                      counted(layer.super->inodes, "inode"))
                                        : "no SquashFS"});
}

/// The mark before a finding's name, padded to one width.
std::pair<std::string, Tone> mark_of(IsoFinding::Grade grade) {
    switch (grade) {
        case IsoFinding::Grade::notice: return {"i notice   ", Tone::dim};
        case IsoFinding::Grade::warning: return {"! warning  ", Tone::fault};
        case IsoFinding::Grade::error: return {"✗ error    ", Tone::bad};
    }
    return {};
}

void add_finding(Sheet& sheet, const IsoFinding& finding, const Style& style) {
    const auto [mark_text, tone] = mark_of(finding.grade);
    sheet.line({{mark_text, tone}, {finding.id, Tone::strong}});
    constexpr std::size_t indent = 11;
    const std::size_t room = std::max<std::size_t>(style.width, indent + 40) - indent;
    for (const std::string& line : wrap(printable(finding.text), room))
        sheet.line({{std::string(indent, ' ') + line}});
    std::string mark = "fix: ";
    for (const std::string& line : wrap(printable(finding.fix), room - mark.size())) {
        sheet.line({{std::string(indent, ' ')}, {mark, Tone::dim}, {line, Tone::busy}});
        mark.assign(mark.size(), ' ');
    }
}

}  // namespace

std::string inspect_text(const std::string& name, const MediumFacts& facts,
                         const std::vector<IsoFinding>& findings, const Revocations& revocations,
                         const Style& style) {
    Sheet sheet(style);
    sheet.line({{printable(name), Tone::strong}, {"  " + size_text(facts.size)}});
    sheet.line({});
    add_volume(sheet, facts);
    add_el_torito(sheet, facts);
    add_partitions(sheet, facts);
    add_esps(sheet, facts);
    add_efi(sheet, facts);
    add_secure_boot(sheet, facts, revocations);
    add_ways(sheet, facts);
    add_configs(sheet, facts);
    add_kernels(sheet, facts);
    add_initramfs(sheet, facts);
    add_ukis(sheet, facts);
    add_layers(sheet, facts);
    add_roots(sheet, facts);
    sheet.line({});
    for (const IsoFinding& finding : findings)
        add_finding(sheet, finding, style);
    const auto count = [&findings](IsoFinding::Grade grade) {
        return static_cast<std::size_t>(std::ranges::count(findings, grade, &IsoFinding::grade));
    };
    const std::size_t errors = count(IsoFinding::Grade::error);
    const std::size_t warnings = count(IsoFinding::Grade::warning);
    const InspectCoverage coverage = coverage_of(facts);
    const std::string checked = fmt::format("{}", fmt::join(coverage.checked, ", "));
    const bool clean = errors + warnings == 0;
    std::string last = clean ? "no problems found in: " + checked
                             : fmt::format("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    if (!coverage.unchecked.empty()) {
        if (!clean)
            last += "; checked: " + checked;
        last += fmt::format("; not checked: {}", fmt::join(coverage.unchecked, ", "));
    }
    std::string mark = errors > 0 ? "✗ " : "✓ ";
    for (const std::string& line : wrap(last, std::max<std::size_t>(style.width, 40) - 2)) {
        sheet.line({{mark, errors > 0 ? Tone::bad : Tone::good}, {line, clean ? Tone::plain : Tone::strong}});
        mark = "  ";
    }
    return sheet.finish();
}

}  // namespace lktest
