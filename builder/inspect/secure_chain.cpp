// SPDX-License-Identifier: MIT
#include "builder/inspect/secure_chain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// The kernels that the ways through this program reach.
std::vector<const KernelFacts*> kernels_after(const MediumFacts& facts, std::size_t program) {
    std::set<std::string> paths;
    for (std::size_t node = 0; node < facts.graph.nodes.size(); ++node) {
        const BootNode& start = facts.graph.nodes[node];
        if (start.kind != BootNode::Kind::program || start.fact != program)
            continue;
        for (const std::size_t reached : facts.graph.reached_from(node)) {
            const BootNode& entry = facts.graph.nodes[reached];
            if (entry.kind == BootNode::Kind::entry && entry.fact && *entry.fact < facts.configs.size() &&
                entry.entry < facts.configs[*entry.fact].entries.size())
                paths.insert(facts.configs[*entry.fact].entries[entry.entry].kernel);
        }
    }
    std::vector<const KernelFacts*> kernels;
    for (const KernelFacts& kernel : facts.kernels) {
        BootEntry entry;
        entry.kernel.path = kernel.path;
        if (kernel.image && paths.contains(kernel.path) && !is_tool(entry))
            kernels.push_back(&kernel);
    }
    return kernels;
}

const EfiProgram* beside(const MediumFacts& facts, const EfiProgram& program, const std::string& file) {
    const std::string path = lower_case(directory_of(program.path)) + "/" + file;
    const auto found = std::ranges::find_if(facts.efi, [&](const EfiProgram& other) {
        return other.volume == program.volume && lower_case(other.path) == path;
    });
    return found == facts.efi.end() ? nullptr : &*found;
}

/// The authorities of a program's signatures, for a sentence.
std::string signers_of(const SecureBootFacts& secure) {
    std::set<std::string> names;
    for (const PeSignature& signature : secure.signatures)
        names.insert(signature.issuer.empty() ? signature.signer : signature.issuer);
    return fmt::format("'{}'", fmt::join(names, "' and '"));
}

bool has_whole_signature(const SecureBootFacts& secure) {
    return std::ranges::any_of(secure.signatures, &PeSignature::matches);
}

/// Why firmware with these generations of keys refuses the loader itself.
std::string why_firmware_refuses(const SecureBootFacts& secure,
                                 const std::set<std::string_view>& generations) {
    if (secure.signatures.empty())
        return "the loader is not signed";
    if (!has_whole_signature(secure))
        return "the loader was changed after it was signed";
    const bool trusted = std::ranges::any_of(secure.signatures, [&](const PeSignature& signature) {
        return signature.matches && generations.contains(trust_generation(signature));
    });
    return trusted ? "" : fmt::format("the loader is signed by {} only", signers_of(secure));
}

/// Why the chain stops after firmware started the loader. A machine that starts shim has at least shim's own
/// revocations.
std::string why_stopped(const SecureChain& chain, const SbatLevel& level, const Revocations& revocations) {
    if (chain.loader->loader != EfiProgram::Loader::shim)
        return {};
    const EfiProgram& shim = *chain.loader;
    if (const auto refusal = refusal_by_sbat(shim, level); refusal && refusal->kind == Refusal::Kind::too_old)
        return refusal->text;
    if (chain.second) {
        if (const auto refusal = refusal_by_shim(shim, chain.second->path, chain.second->secure, revocations))
            return refusal->text;
        if (const auto refusal = refusal_by_sbat(*chain.second, level))
            return refusal->text;
    }
    for (const KernelFacts* kernel : chain.kernels)
        if (const auto refusal = refusal_by_shim(shim, kernel->path, kernel->secure, revocations))
            return refusal->text;
    return {};
}

std::string why_refused(const SecureChain& chain, const std::set<std::string_view>& generations,
                        const SbatLevel& level, const Revocations& revocations) {
    if (std::string why = why_firmware_refuses(*chain.loader->secure, generations); !why.empty())
        return why;
    if (const std::string how =
            why_listed(*chain.loader->secure, revocations.dbx_certificates, revocations.dbx_hashes);
        !how.empty())
        return fmt::format("dbx revokes the loader {}", how);
    return why_stopped(chain, level, revocations);
}

}  // namespace

std::optional<Refusal> refusal_by_shim(const EfiProgram& shim, const std::string& path,
                                       const std::optional<SecureBootFacts>& program,
                                       const Revocations& revocations) {
    using enum Refusal::Kind;
    if (!program || program->signatures.empty())
        return Refusal{not_signed, fmt::format("{} is not signed", path)};
    if (!has_whole_signature(*program))
        return Refusal{changed, fmt::format("{} was changed after it was signed", path)};
    if (const auto how = why_listed(*program, revocations.dbx_certificates, revocations.dbx_hashes);
        !how.empty())
        return Refusal{in_dbx, fmt::format("dbx revokes {} {}", path, how)};
    if (const auto how = why_listed(*program, shim.secure->denied_certs, shim.secure->denied_hashes);
        !how.empty())
        return Refusal{denied, fmt::format("the shim's own list revokes {} {}", path, how)};
    const bool known = std::ranges::any_of(program->signatures, [&](const PeSignature& signature) {
        return signature.matches &&
               (is_trusted(signature, shim.secure->vendor_certs) || !trust_generation(signature).empty());
    });
    if (!known)
        return Refusal{foreign, fmt::format("{} is signed by {}, which the shim does not carry", path,
                                            signers_of(*program))};
    return std::nullopt;
}

std::optional<Refusal> refusal_by_sbat(const EfiProgram& program, const SbatLevel& level) {
    if (!program.image)
        return std::nullopt;
    if (program.image->sbat.empty())
        return Refusal{Refusal::Kind::no_sbat, fmt::format("{} has no .sbat section", program.path)};
    const auto revoked = revoked_components(program.image->sbat, level.required);
    if (revoked.empty())
        return std::nullopt;
    return Refusal{Refusal::Kind::too_old, fmt::format("{}: {} (SBAT of {})", program.path,
                                                       fmt::join(revoked, "; "), sbat_day(level.date))};
}

SbatLevel level_set_by(const EfiProgram& shim) {
    if (!shim.secure || shim.secure->sbat_payloads.empty())
        return {};
    return parse_sbat_level(shim.secure->sbat_payloads.front());
}

SbatLevel newest_level(const MediumFacts& facts, const Revocations& revocations) {
    SbatLevel newest = published_sbat_level();
    const auto compare = [&newest](const SbatLevel& other) {
        if (other.date > newest.date)
            newest = other;
    };
    std::ranges::for_each(revocations.levels, compare);
    for (const EfiProgram& program : facts.efi)
        if (program.secure && program.loader == EfiProgram::Loader::shim)
            for (const std::string& payload : program.secure->sbat_payloads)
                compare(parse_sbat_level(payload));
    return newest;
}

std::vector<SecureChain> secure_chains(const MediumFacts& facts) {
    std::vector<SecureChain> chains;
    for (std::size_t i = 0; i < facts.efi.size(); ++i) {
        const EfiProgram& program = facts.efi[i];
        const std::string file = lower_case(file_name_of(program.path));
        if (!program.in_esp || lower_case(directory_of(program.path)) != "/efi/boot" ||
            !file.starts_with("boot") || !program.secure)
            continue;
        SecureChain chain{.loader = &program, .kernels = kernels_after(facts, i)};
        if (program.loader == EfiProgram::Loader::shim) {
            const std::string suffix = file.substr(std::string_view("boot").size());  // "x64.efi"
            const std::string& second = program.secure->second;
            chain.second = beside(facts, program, second.empty() ? "grub" + suffix : second);
            for (const std::string& manager : {"mm" + suffix, std::string("mokmanager.efi")})
                if (!chain.mok_manager)
                    chain.mok_manager = beside(facts, program, manager);
        }
        chains.push_back(std::move(chain));
    }
    return chains;
}

std::vector<SecureVerdict> secure_verdicts(const MediumFacts& facts, const Revocations& revocations) {
    std::vector<SecureVerdict> verdicts;
    Revocations without_dbx = revocations;
    without_dbx.dbx_certificates.clear();
    without_dbx.dbx_hashes.clear();
    const SbatLevel newest = newest_level(facts, revocations);
    for (const SecureChain& chain : secure_chains(facts)) {
        const auto add = [&](std::string id, std::string pc, std::string refused) {
            verdicts.push_back({chain.loader->path,
                                chain.loader->image ? pe_machine_name(chain.loader->image->machine) : "?",
                                std::move(id), std::move(pc), std::move(refused)});
        };
        const SbatLevel own = level_set_by(*chain.loader);
        std::set<std::string_view> both;
        for (const MicrosoftAuthority& authority : microsoft_authorities) {
            both.insert(authority.generation);
            add(std::string(authority.generation),
                fmt::format("PCs with Microsoft's keys of {} only", authority.generation),
                why_refused(chain, {authority.generation}, own, without_dbx));
        }
        add("both", "PCs with both", why_refused(chain, both, own, without_dbx));
        add("revocations", fmt::format("the same, with the revocations of {}", sbat_day(newest.date)),
            why_refused(chain, both, newest.date < own.date ? own : newest, without_dbx));
        if (!revocations.dbx_source.empty())
            add("dbx", fmt::format("the same, with the dbx {}", revocations.dbx_source),
                why_refused(chain, both, own, revocations));
    }
    return verdicts;
}

}  // namespace lktest
