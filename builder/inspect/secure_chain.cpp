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

/// Why shim refuses what it starts, or GRUB the kernel, which asks shim.
std::string why_shim_refuses(const EfiProgram& shim, const std::string& path,
                             const std::optional<SecureBootFacts>& secure) {
    if (!secure || secure->signatures.empty())
        return fmt::format("{} is not signed", path);
    if (!has_whole_signature(*secure))
        return fmt::format("{} was changed after it was signed", path);
    return starts(shim, *secure)
               ? ""
               : fmt::format("{} is signed by {}, which the shim does not carry", path, signers_of(*secure));
}

std::string why_revoked(const SecureChain& chain) {
    for (const EfiProgram* program : {chain.loader, chain.second})
        if (program && program->image)
            if (const auto revoked = revoked_components(program->image->sbat, published_sbat_level());
                !revoked.empty())
                return fmt::format("{}: {}", program->path, revoked.front());
    return {};
}

std::string why_refused(const SecureChain& chain, const std::set<std::string_view>& generations) {
    if (std::string why = why_firmware_refuses(*chain.loader->secure, generations);
        !why.empty() || chain.loader->loader != EfiProgram::Loader::shim)
        return why;
    if (chain.second)
        if (std::string why = why_shim_refuses(*chain.loader, chain.second->path, chain.second->secure);
            !why.empty())
            return why;
    for (const KernelFacts* kernel : chain.kernels)
        if (std::string why = why_shim_refuses(*chain.loader, kernel->path, kernel->secure); !why.empty())
            return why;
    return {};
}

}  // namespace

bool starts(const EfiProgram& shim, const SecureBootFacts& program) {
    return std::ranges::any_of(program.signatures, [&](const PeSignature& signature) {
        return is_trusted(signature, shim.secure->vendor_certs) || !trust_generation(signature).empty();
    });
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
            chain.second = beside(facts, program, "grub" + suffix);
            chain.mok_manager = beside(facts, program, "mm" + suffix);
        }
        chains.push_back(std::move(chain));
    }
    return chains;
}

std::vector<SecureVerdict> secure_verdicts(const MediumFacts& facts) {
    std::vector<SecureVerdict> verdicts;
    for (const SecureChain& chain : secure_chains(facts)) {
        const auto add = [&](std::string id, std::string pc, std::string refused) {
            verdicts.push_back({chain.loader->path,
                                chain.loader->image ? pe_machine_name(chain.loader->image->machine) : "?",
                                std::move(id), std::move(pc), std::move(refused)});
        };
        std::set<std::string_view> both;
        for (const MicrosoftAuthority& authority : microsoft_authorities) {
            both.insert(authority.generation);
            add(std::string(authority.generation),
                fmt::format("PCs with Microsoft's keys of {} only", authority.generation),
                why_refused(chain, {authority.generation}));
        }
        const std::string refused = why_refused(chain, both);
        add("both", "PCs with both", refused);
        add("revocations", fmt::format("the same, with the revocations of {}", published_sbat_date),
            refused.empty() ? why_revoked(chain) : refused);
    }
    return verdicts;
}

}  // namespace lktest
