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

std::string vendor_text(const EfiProgram& shim) {
    return shim.secure->vendor_names.empty()
               ? std::string("no vendor certificate")
               : fmt::format("the certificate '{}'", fmt::join(shim.secure->vendor_names, "', '"));
}

struct Judge {
    const MediumFacts& facts;
    const Revocations& revocations;
    const SbatLevel newest;
    IsoFindings& findings;
};

/// The end of the id, which follows "grub" or "kernel", or the whole id if it begins without a "-".
std::string_view id_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::not_signed: return "-unsigned";
        case Refusal::Kind::changed: return "signature-broken";
        case Refusal::Kind::foreign: return "-signer";
        case Refusal::Kind::in_dbx: return "in-dbx";
        case Refusal::Kind::denied: return "-denied-by-shim";
        case Refusal::Kind::no_sbat: return "sbat-missing";
        case Refusal::Kind::too_old: return "sbat-revoked";
    }
    return {};
}

std::string fix_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::not_signed:
            return "Use the signed one from the vendor of the shim, or sign it (sbsign) with a key whose "
                   "certificate is in the shim or in MokList.";
        case Refusal::Kind::changed: return "Copy the signed file again, and do not change it.";
        case Refusal::Kind::foreign:
            return "Use shim and this file from the same vendor, or have users enrol the signer's "
                   "certificate "
                   "with MokManager.";
        case Refusal::Kind::no_sbat: return "Use a build from 2021 or later, which has one.";
        case Refusal::Kind::in_dbx:
        case Refusal::Kind::denied:
        case Refusal::Kind::too_old: return "Use shim and GRUB from a current release.";
    }
    return {};
}

/// What is known of a refusal beyond its reason.
std::string told(const Refusal& refusal, const EfiProgram& shim) {
    if (refusal.kind == Refusal::Kind::foreign)
        return fmt::format("The shim ({}) carries {}.", shown(shim), vendor_text(shim));
    return fmt::format("{} is a signed shim, which refuses such a file under Secure Boot.", shown(shim));
}

/// A program that shim starts, or a kernel, which GRUB starts after asking shim.
/// @param id  begins the ids of its findings: "grub"
void judge_next(const Judge& judge, const EfiProgram& shim, const std::string& path,
                const std::optional<SecureBootFacts>& next, std::string_view id) {
    const auto refusal = refusal_by_shim(shim, path, next, judge.revocations);
    if (!refusal)
        return;
    const std::string_view end = id_of(refusal->kind);
    add_warning(judge.findings, end.starts_with('-') ? fmt::format("{}{}", id, end) : std::string(end),
                fmt::format("{}. {}", refusal->text, told(*refusal, shim)), fix_of(refusal->kind));
}

/// @param own  what the shim on the medium requires itself
void judge_generation(const Judge& judge, const EfiProgram& program, const SbatLevel& own) {
    if (const auto refusal = refusal_by_sbat(program, own)) {
        const bool none = refusal->kind == Refusal::Kind::no_sbat;
        add_warning(
            judge.findings, none ? "sbat-missing" : "sbat-revoked-by-shim",
            fmt::format("{}. {}", refusal->text,
                        none ? "The shim of this medium refuses it under Secure Boot."
                             : "The shim of this medium sets this level before it starts anything, so "
                               "no PC boots the medium under Secure Boot."),
            none ? fix_of(refusal->kind) : "Use shim and GRUB from the same, current release.");
    } else if (const auto later = refusal_by_sbat(program, judge.newest)) {
        add_warning(
            judge.findings, "sbat-revoked",
            fmt::format("{}. A machine with these revocations refuses it under Secure Boot.", later->text),
            fix_of(later->kind));
    }
}

/// The loader that firmware starts, whatever it is.
void judge_loader(const Judge& judge, const EfiProgram& loader) {
    const SecureBootFacts& secure = *loader.secure;
    const Revocations& known = judge.revocations;
    if (std::ranges::none_of(secure.signatures, &PeSignature::matches))
        add_warning(judge.findings, std::string(id_of(Refusal::Kind::changed)),
                    fmt::format("{} was changed after it was signed: Secure Boot refuses it.", shown(loader)),
                    fix_of(Refusal::Kind::changed));
    if (const auto how = why_listed(secure, known.dbx_certificates, known.dbx_hashes); !how.empty())
        add_warning(judge.findings, std::string(id_of(Refusal::Kind::in_dbx)),
                    fmt::format("{} is revoked {} in dbx ({}): firmware that has it refuses the loader.",
                                shown(loader), how, known.dbx_source),
                    fix_of(Refusal::Kind::in_dbx));
}

/// Firmware and shim do not look at dates, so old media still boot. New signatures need a valid CA.
void judge_dates(const Judge& judge, const EfiProgram& loader) {
    std::vector<std::string> expired;
    for (const PeSignature& signature : loader.secure->signatures) {
        if (signature.issuer_until.empty() || judge.revocations.today <= signature.issuer_until)
            return;
        expired.push_back(fmt::format("'{}' expired on {}", signature.issuer, signature.issuer_until));
    }
    if (!expired.empty())
        add_notice(
            judge.findings, "signature-expired",
            fmt::format("Every certificate authority that signed {} has expired: {}. Firmware does not "
                        "check dates, but newer PCs may not hold an expired certificate.",
                        shown(loader), fmt::join(expired, ", ")),
            "Use a loader that a current authority has signed too.");
}

void judge_nx(const Judge& judge, const SecureChain& chain) {
    std::vector<std::string> names;
    const auto look = [&names](const std::string& name, const std::optional<SecureBootFacts>& secure) {
        if (is_signed(secure) && !secure->nx_compat)
            names.push_back(name);
    };
    look(shown(*chain.loader), chain.loader->secure);
    if (chain.second)
        look(shown(*chain.second), chain.second->secure);
    for (const KernelFacts* kernel : chain.kernels)
        look(kernel->path, kernel->secure);
    if (!names.empty())
        add_notice(judge.findings, "nx-compat-off",
                   fmt::format(
                       "{} {} not marked NX_COMPAT: firmware that enforces it refuses such files. Few PCs do "
                       "so today.",
                       some_of(names), names.size() == 1 ? "is" : "are"),
                   "Use newer builds of shim, GRUB and the kernel, which are marked.");
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

void judge_mok_manager(const Judge& judge, const SecureChain& chain) {
    const EfiProgram& shim = *chain.loader;
    if (!chain.mok_manager) {
        const std::string file = lower_case(file_name_of(shim.path));
        add_notice(judge.findings, "no-mokmanager",
                   fmt::format("There is no mm{} beside {}: users cannot enrol keys.",
                               file.substr(std::string_view("boot").size()), shown(shim)),
                   "Add MokManager from the shim's package if users have to enrol a key.");
    } else if (const auto refusal = refusal_by_shim(shim, chain.mok_manager->path, chain.mok_manager->secure,
                                                    judge.revocations)) {
        add_notice(judge.findings, "mokmanager-refused",
                   fmt::format("{}: users cannot enrol keys.", refusal->text),
                   "Use MokManager from the shim's package.");
    }
}

void judge_chain(const Judge& judge, const SecureChain& chain) {
    const EfiProgram& shim = *chain.loader;
    const SbatLevel own = level_set_by(shim);
    if (const auto refusal = refusal_by_sbat(shim, judge.newest)) {
        const bool none = refusal->kind == Refusal::Kind::no_sbat;
        add_warning(
            judge.findings, none ? "shim-without-sbat" : "sbat-revoked",
            fmt::format("{}. {}", refusal->text,
                        none ? "It is from before 2021, and the dbx of current PCs revokes such shims."
                             : "A machine with these revocations refuses it under Secure Boot."),
            fix_of(Refusal::Kind::too_old));
    }
    if (chain.second) {
        judge_next(judge, shim, shown(*chain.second), chain.second->secure, "grub");
        if (is_signed(chain.second->secure))
            judge_generation(judge, *chain.second, own);
    }
    judge_mok_manager(judge, chain);
    for (const KernelFacts* kernel : chain.kernels)
        judge_next(judge, shim, kernel->path, kernel->secure, "kernel");
}

}  // namespace

void judge_secure_boot(const MediumFacts& facts, const Revocations& revocations, IsoFindings& findings) {
    const Judge judge{facts, revocations, newest_level(facts, revocations), findings};
    for (const SecureChain& chain : secure_chains(facts)) {
        const EfiProgram& loader = *chain.loader;
        if (!is_signed(loader.secure))
            continue;  // "efi-unsigned" says that Secure Boot refuses this medium
        judge_loader(judge, loader);
        judge_generations(loader, findings);
        if (!revocations.today.empty())
            judge_dates(judge, loader);
        judge_nx(judge, chain);
        if (loader.loader == EfiProgram::Loader::shim)
            judge_chain(judge, chain);
    }
}

}  // namespace lktest
