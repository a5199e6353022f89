// SPDX-License-Identifier: MIT
#include "harness/report/inspect_json.hpp"

#include <array>

#include "builder/base/json_text.hpp"
#include "builder/inspect/secure_chain.hpp"

namespace lktest {
namespace {

/// An array of `convert`'s result for each element.
template <typename Range, typename Convert>
Json list(const Range& range, Convert convert) {
    Json array = Json::array();
    for (const auto& element : range)
        array.push_back(convert(element));
    return array;
}

Json strings(const std::vector<std::string>& values) {
    return list(values, json_text);
}

Json volume_json(const MediumFacts& facts) {
    constexpr std::array names{"rock-ridge", "joliet", "plain"};
    return {{"label", json_text(facts.volume.label)},
            {"uuid", json_text(facts.volume.uuid)},
            {"system", json_text(facts.volume.system)},
            {"application", json_text(facts.volume.application)},
            {"created", json_text(facts.volume.created)},
            {"size", facts.volume.size},
            {"names", names[static_cast<std::size_t>(facts.names)]},
            {"files", facts.files}};
}

Json el_torito_json(const MediumFacts& facts) {
    if (!facts.catalogue)
        return {};
    Json images = Json::array();
    for (std::size_t i = 0; i < facts.catalogue->images.size(); ++i) {
        const BootImage& image = facts.catalogue->images[i];
        images.push_back({{"platform", image.platform},
                          {"bootable", image.bootable},
                          {"emulation", image.emulation},
                          {"offset", image.offset},
                          {"load_size", image.size},
                          {"path", json_text(facts.boot_paths[i])}});
    }
    return {{"valid", facts.catalogue->valid}, {"images", images}};
}

Json partition_json(const Partition& partition) {
    return {{"number", partition.number},
            {"type", json_text(partition.type)},
            {"name", json_text(partition.name)},
            {"offset", partition.offset},
            {"size", partition.size}};
}

Json partitions_json(const PartitionTables& tables) {
    Json json = {
        {"boot_code", tables.boot_code}, {"mbr", list(tables.mbr, partition_json)}, {"gpt", nullptr}};
    if (tables.gpt)
        json["gpt"] = {{"header_crc", tables.gpt->header_crc},
                       {"entries_crc", tables.gpt->entries_crc},
                       {"backup", tables.gpt->backup},
                       {"partitions", list(tables.gpt->partitions, partition_json)}};
    return json;
}

Json isolinux_json(const MediumFacts& facts) {
    if (!facts.isolinux)
        return {};
    return {{"path", json_text(facts.isolinux->path)},
            {"version", json_text(facts.isolinux->version)},
            {"boot_info_table", facts.isolinux->table_patched},
            {"checksum", facts.isolinux->checksum_right}};
}

Json esp_json(const EspFacts& esp) {
    return {{"from", esp.from},
            {"offset", esp.offset},
            {"size", esp.size},
            {"fat", esp.fat_bits},
            {"files", esp.files},
            {"same", strings(esp.same)},
            {"differing", strings(esp.differing)}};
}

Json signature_json(const PeSignature& signature) {
    return {{"signer", json_text(signature.signer)},
            {"issuer", json_text(signature.issuer)},
            {"generation", trust_generation(signature)},
            {"valid_from", signature.valid_from},
            {"valid_until", signature.valid_until},
            {"issuer_valid_until", signature.issuer_until},
            {"matches", signature.matches}};
}

Json secure_json(const SecureBootFacts& secure) {
    const SbatLevel level =
        parse_sbat_level(secure.sbat_payloads.empty() ? std::string() : secure.sbat_payloads.back());
    return {{"signatures", list(secure.signatures, signature_json)},
            {"sha256", secure.sha256},
            {"nx_compat", secure.nx_compat},
            {"vendor_certificates", strings(secure.vendor_names)},
            {"denied", secure.denied_certs.size() + secure.denied_hashes.size()},
            {"starts", json_text(secure.second)},
            {"sbat_level", strings(level.required)}};
}

Json verdict_json(const SecureVerdict& verdict) {
    return {{"loader", json_text(verdict.loader)},
            {"machine", verdict.machine},
            {"id", verdict.id},
            {"boots", verdict.refused.empty()},
            {"refused", json_text(verdict.refused)}};
}

Json way_json(const BootWay& way) {
    return {{"name", name(way)},
            {"followed", way.followed},
            {"stops", json_text(way.stops)},
            {"missing", strings(way.missing)}};
}

Json efi_json(const EfiProgram& program) {
    Json json = {{"path", json_text(program.path)}, {"in_esp", program.in_esp}, {"machine", nullptr}};
    if (program.image) {
        json["machine"] = pe_machine_name(program.image->machine);
        json["signed"] = program.image->signature;
        json["signers"] = strings(program.image->signers);
        json["sbat"] = strings(program.image->sbat);
        if (program.secure)
            json["secure_boot"] = secure_json(*program.secure);
    }
    return json;
}

Json entry_json(const EntryFacts& entry) {
    Json initrds = Json::array();
    for (std::size_t i = 0; i < entry.initrds.size(); ++i)
        initrds.push_back(
            {{"named", json_text(entry.said.initrds[i].path)}, {"found", json_text(entry.initrds[i])}});
    return {{"title", json_text(entry.said.title)},
            {"line", entry.said.kernel.line},
            {"kernel", {{"named", json_text(entry.said.kernel.path)}, {"found", json_text(entry.kernel)}}},
            {"initrds", initrds},
            {"parameters", json_text(entry.said.command_line)}};
}

Json config_json(const ConfigFacts& config) {
    return {{"path", json_text(config.path)},
            {"in_esp", config.in_esp},
            {"loader", name(config.said.loader)},
            {"entries", list(config.entries, entry_json)}};
}

Json kernel_json(const KernelFacts& kernel) {
    Json json = {{"path", json_text(kernel.path)}, {"format", nullptr}};
    if (kernel.image) {
        json["format"] = json_text(kernel.image->format);
        json["machine"] = json_text(kernel.image->machine);
        json["version"] = json_text(kernel.image->version);
        json["efi_stub"] = kernel.image->efi_stub;
        if (kernel.secure)
            json["secure_boot"] = secure_json(*kernel.secure);
    }
    return json;
}

Json initramfs_json(const InitramfsFacts& initramfs) {
    const InitramfsImage& image = initramfs.image;
    Json json = {{"paths", strings(initramfs.paths)},
                 {"size", initramfs.size},
                 {"segments", strings(image.segments)},
                 {"fault", json_text(image.fault)},
                 {"files", image.files},
                 {"elf", list(image.machines,
                              [](const ElfGroup& group) {
                                  return Json{{"machine", describe(group.machine)},
                                              {"files", group.count},
                                              {"examples", strings(group.examples)}};
                              })},
                 {"modules", strings(image.releases)},
                 {"init", nullptr}};
    if (image.init)
        json["init"] = {{"path", json_text(image.init->path)},
                        {"executable", image.init->executable},
                        {"interpreter", json_text(image.init->interpreter)}};
    return json;
}

Json layer_json(const LayerFacts& layer) {
    Json json = {{"path", json_text(layer.path)}, {"size", layer.size}, {"compressor", nullptr}};
    if (layer.super) {
        json["compressor"] = json_text(layer.super->compressor);
        json["block_size"] = layer.super->block_size;
        json["inodes"] = layer.super->inodes;
        json["used"] = layer.super->used;
    }
    return json;
}

Json erofs_json(const ErofsFacts& image) {
    return {{"path", json_text(image.path)},
            {"size", image.size},
            {"compressors", strings(image.super.compressors)},
            {"block_size", image.super.block_size},
            {"inodes", image.super.inodes},
            {"used", image.super.used}};
}

Json uki_json(const UkiFacts& uki) {
    return {{"path", json_text(uki.path)},
            {"in_esp", uki.in_esp},
            {"machine", json_text(uki.machine)},
            {"stub", json_text(uki.image.stub)},
            {"profiles", list(uki.image.profiles, [](const UkiProfile& profile) {
                 return Json{
                     {"title", json_text(profile.title)},
                     {"os", json_text(profile.os_name)},
                     {"uname", json_text(profile.uname)},
                     {"cmdline", profile.command_line ? Json(json_text(*profile.command_line)) : Json()},
                     {"initrds", profile.initrds.size()}};
             })}};
}

Json root_json(const RootFacts& root) {
    return {{"images", strings(root.images)},
            {"init", json_text(root.init)},
            {"machine", root.machine ? Json(describe(*root.machine)) : Json()},
            {"modules", strings(root.releases)}};
}

Json verity_json(const VerityTree& tree) {
    return {{"place", json_text(tree.place)},
            {"algorithm", json_text(tree.algorithm)},
            {"root_hash", tree.root_hash}};
}

Json checksums_json(const ChecksumList& sums) {
    return {{"path", json_text(sums.path)},
            {"right", sums.right},
            {"differing", strings(sums.differing)},
            {"missing", strings(sums.missing)},
            {"not_read", sums.unchecked}};
}

std::string_view kind_name(MediumKind kind) {
    switch (kind) {
        case MediumKind::iso: return "iso";
        case MediumKind::disk: return "disk";
        case MediumKind::netboot: return "netboot";
    }
    return "";
}

std::string_view grade_name(IsoFinding::Grade grade) {
    switch (grade) {
        case IsoFinding::Grade::notice: return "notice";
        case IsoFinding::Grade::warning: return "warning";
        case IsoFinding::Grade::error: return "error";
    }
    return "";
}

Json finding_json(const IsoFinding& finding) {
    return {{"id", finding.id},
            {"grade", grade_name(finding.grade)},
            {"text", json_text(finding.text)},
            {"fix", json_text(finding.fix)}};
}

}  // namespace

std::string inspect_json(const std::string& name, const MediumFacts& facts,
                         const std::vector<IsoFinding>& findings, const Revocations& revocations) {
    const Json json = {
        {"schema", "lktest.inspect/1"},
        {"iso", json_text(name)},
        {"kind", kind_name(facts.kind)},
        {"size", facts.size},
        {"volume", volume_json(facts)},
        {"el_torito", el_torito_json(facts)},
        {"isolinux", isolinux_json(facts)},
        {"partitions", partitions_json(facts.partitions)},
        {"esp", list(facts.esps, esp_json)},
        {"efi", list(facts.efi, efi_json)},
        {"secure_boot", list(secure_verdicts(facts, revocations), verdict_json)},
        {"ways", list(facts.graph.ways, way_json)},
        {"configurations", list(facts.configs, config_json)},
        {"kernels", list(facts.kernels, kernel_json)},
        {"initramfs", list(facts.initramfs, initramfs_json)},
        {"layers", list(facts.layers, layer_json)},
        {"erofs", list(facts.erofs, erofs_json)},
        {"unified_kernels", list(facts.ukis, uki_json)},
        {"roots", list(facts.roots, root_json)},
        {"verity", list(facts.verity, verity_json)},
        {"checksums", list(facts.checksums, checksums_json)},
        {"findings", list(findings, finding_json)},
    };
    return json_output(json, 2) + "\n";
}

}  // namespace lktest
