// SPDX-License-Identifier: MIT
#include "builder/inspect/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {

void add_error(IsoFindings& findings, std::string id, std::string text, std::string fix) {
    findings.push_back({IsoFinding::Grade::error, std::move(id), std::move(text), std::move(fix)});
}

void add_warning(IsoFindings& findings, std::string id, std::string text, std::string fix) {
    findings.push_back({IsoFinding::Grade::warning, std::move(id), std::move(text), std::move(fix)});
}

void add_notice(IsoFindings& findings, std::string id, std::string text, std::string fix) {
    findings.push_back({IsoFinding::Grade::notice, std::move(id), std::move(text), std::move(fix)});
}

std::string some_of(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
        text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    if (names.size() > shown)
        text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

std::set<std::string> startable_machines(const MediumFacts& facts) {
    std::set<std::string> machines;
    for (const EfiProgram& program : facts.efi)
        if (lower_case(program.path).starts_with("/efi/boot/boot"))
            machines.emplace(efi_name_machine(file_name_of(program.path)));
    machines.erase("");
    const auto is_bios = [](const BootImage& image) { return image.platform == bios_platform; };
    if (facts.catalogue && std::ranges::any_of(facts.catalogue->images, is_bios))
        machines.insert({"x86_64", "i386"});
    if (machines.contains("x86_64"))  // its loaders start 32-bit kernels too
        machines.insert("i386");
    return machines;
}

std::string kernel_machine(const MediumFacts& facts, std::string_view path) {
    const auto kernel = std::ranges::find(facts.kernels, path, &KernelFacts::path);
    if (kernel == facts.kernels.end() || !kernel->image)
        return {};
    const auto machines = startable_machines(facts);
    return machines.empty() || machines.contains(kernel->image->machine) ? kernel->image->machine : "";
}

bool is_tool(const BootEntry& entry) {
    const std::string file = lower_case(file_name_of(entry.kernel.path));
    return file.find("memtest") != std::string::npos || file.starts_with("mt86") || file == "memdisk" ||
           file.ends_with(".efi") || file.ends_with(".krn");
}

namespace {

/// Two ESPs with the same files have the same faults.
void drop_repeated(IsoFindings& findings) {
    IsoFindings kept;
    for (IsoFinding& finding : findings)
        if (std::ranges::none_of(kept, [&](const IsoFinding& other) {
                return other.id == finding.id && other.text == finding.text;
            }))
            kept.push_back(std::move(finding));
    findings = std::move(kept);
}

}  // namespace

std::vector<IsoFinding> find_faults(const MediumFacts& facts, const Revocations& revocations) {
    IsoFindings findings;
    if (!facts.packed.empty()) {
        add_error(
            findings, "not-an-image",
            fmt::format("The file is {}, and not an image that machines boot. No other checks were made.",
                        facts.packed),
            "Unpack or convert it first, and write the result to the medium.");
        return findings;
    }
    if (facts.volume.size > facts.size) {
        add_error(
            findings, "iso-truncated",
            fmt::format("The volume has {} bytes, and the file only {}; {} files are missing or cut off. "
                        "No other checks were made, because the medium is incomplete.",
                        facts.volume.size, facts.size, facts.cut_files.size()),
            "Copy or download it again, and compare its checksum.");
        return findings;
    }
    if (facts.kind == MediumKind::disk && judge_disk_size(facts, findings))
        return findings;
    judge_image(facts, findings);
    judge_disk(facts, findings);
    judge_boards(facts, findings);
    judge_isolinux(facts, findings);
    judge_efi(facts, findings);
    judge_configs(facts, findings);
    judge_ways(facts, findings);
    judge_secure_boot(facts, revocations, findings);
    judge_kernels(facts, findings);
    judge_initramfs(facts, findings);
    judge_layers(facts, findings);
    judge_live(facts, findings);
    judge_uuids(facts, findings);
    judge_root_devices(facts, findings);
    judge_parameters(facts, findings);
    judge_named_paths(facts, findings);
    judge_netboot(facts, findings);
    judge_loopback(facts, findings);
    judge_content(facts, findings);
    judge_ukis(facts, findings);
    drop_repeated(findings);
    std::ranges::stable_sort(findings, std::ranges::greater(), &IsoFinding::grade);
    return findings;
}

}  // namespace lktest
