// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/secure_chain.hpp"

namespace lktest {
namespace {

std::string shown(const EfiProgram& program) {
    return program.path + (program.in_esp ? " in the ESP" : "");
}

bool is_signed(const std::optional<SecureBootFacts>& secure) {
    return secure && !secure->signatures.empty();
}

std::string signers_text(const SecureBootFacts& secure) {
    std::vector<std::string> names;
    for (const PeSignature& signature : secure.signatures)
        names.push_back(signature.issuer.empty() || signature.issuer == signature.signer
                            ? fmt::format("'{}'", signature.signer)
                            : fmt::format("'{}' (issued by '{}')", signature.signer, signature.issuer));
    return fmt::format("{}", fmt::join(names, " and "));
}

std::string vendor_text(const EfiProgram& shim) {
    return shim.secure->vendor_names.empty()
               ? std::string("no vendor certificate")
               : fmt::format("the certificate '{}'", fmt::join(shim.secure->vendor_names, "', '"));
}

void judge_changed(const std::string& what, const SecureBootFacts& secure, IsoFindings& findings) {
    const bool good = std::ranges::any_of(secure.signatures, &PeSignature::matches);
    if (!secure.signatures.empty() && !good)
        add_warning(findings, "signature-broken",
                    fmt::format("{} was changed after it was signed: Secure Boot refuses it.", what),
                    "Copy the signed file again, and do not change it.");
}

/// A program that shim starts must be signed by a certificate that shim carries.
void judge_next(const EfiProgram& shim, const std::string& what, const std::optional<SecureBootFacts>& next,
                std::string_view id, IsoFindings& findings) {
    if (!is_signed(next)) {
        add_warning(
            findings, fmt::format("{}-unsigned", id),
            fmt::format("{} is not signed, but {} is a signed shim, which refuses it under Secure Boot.",
                        what, shown(shim)),
            fmt::format("Use the signed one from the vendor of the shim, or sign it (sbsign) with a key "
                        "whose certificate is in the shim or in MokList."));
        return;
    }
    judge_changed(what, *next, findings);
    if (!starts(shim, *next))
        add_warning(
            findings, fmt::format("{}-signer", id),
            fmt::format(
                "{} is signed by {}, but the shim ({}) carries {}: it refuses the file under Secure Boot.",
                what, signers_text(*next), shown(shim), vendor_text(shim)),
            "Use shim and this file from the same vendor, or have users enrol the signer's certificate with "
            "MokManager.");
}

void judge_revoked(const std::string& what, const EfiProgram& program, const std::vector<std::string>& level,
                   IsoFindings& findings) {
    if (!program.image)
        return;
    const auto revoked = revoked_components(program.image->sbat, level);
    if (!revoked.empty())
        add_warning(
            findings, "sbat-revoked",
            fmt::format("{}: its SBAT generation is too old ({}). A machine with the revocations of May "
                        "2025 refuses it under Secure Boot.",
                        what, fmt::join(revoked, "; ")),
            "Use shim and GRUB from a current release.");
    else if (is_signed(program.secure) && program.image->sbat.empty())
        add_warning(findings, "sbat-missing",
                    fmt::format("{} is signed but has no .sbat section: a current shim refuses it.", what),
                    "Use a build from 2021 or later, which has one.");
}

/// Whether machines start a loader, by the generation of keys in their db.
void judge_generations(const EfiProgram& loader, IsoFindings& findings) {
    std::set<std::string> generations;
    for (const PeSignature& signature : loader.secure->signatures)
        generations.emplace(trust_generation(signature));
    if (generations.contains("2011") && !generations.contains("2023"))
        add_notice(findings, "signed-for-2011-only",
                   fmt::format("{} is signed only by Microsoft's CA of 2011: a PC whose db has just the CA "
                               "of 2023 refuses it.",
                               shown(loader)),
                   "Use a shim that has both signatures (Debian's since 16.1).");
    else if (generations.contains("2023") && !generations.contains("2011"))
        add_notice(findings, "signed-for-2023-only",
                   fmt::format("{} is signed only by Microsoft's CA of 2023: a PC whose db has just the CA "
                               "of 2011 refuses it.",
                               shown(loader)),
                   "Use a shim that has both signatures (Debian's since 16.1).");
}

void judge_chain(const SecureChain& chain, const std::vector<std::string>& level, IsoFindings& findings) {
    const EfiProgram& shim = *chain.loader;
    if (chain.second) {
        judge_next(shim, shown(*chain.second), chain.second->secure, "grub", findings);
        judge_revoked(shown(*chain.second), *chain.second, level, findings);
    }
    if (!chain.mok_manager) {
        const std::string file = lower_case(file_name_of(shim.path));
        add_notice(findings, "no-mokmanager",
                   fmt::format("There is no mm{} beside {}: users cannot enrol keys.",
                               file.substr(std::string_view("boot").size()), shown(shim)),
                   "Add MokManager from the shim's package if users have to enrol a key.");
    }
    for (const KernelFacts* kernel : chain.kernels)
        judge_next(shim, kernel->path, kernel->secure, "kernel", findings);
}

}  // namespace

void judge_secure_boot(const MediumFacts& facts, IsoFindings& findings) {
    const std::vector<std::string> level = published_sbat_level();
    for (const SecureChain& chain : secure_chains(facts)) {
        const EfiProgram& loader = *chain.loader;
        if (!is_signed(loader.secure))
            continue;  // "efi-unsigned" says that Secure Boot refuses this medium
        judge_changed(shown(loader), *loader.secure, findings);
        judge_revoked(shown(loader), loader, level, findings);
        judge_generations(loader, findings);
        if (loader.loader == EfiProgram::Loader::shim)
            judge_chain(chain, level, findings);
    }
}

}  // namespace lktest
