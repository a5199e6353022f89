// SPDX-License-Identifier: MIT
#include "harness/diagnose/secure_boot_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/base/certificate.hpp"
#include "builder/base/printable.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/sbat.hpp"

namespace lktest {
namespace {

/// The program at this path; that of an ESP first, which firmware and shim prefer.
const EfiProgram* program_at(const MediumFacts& medium, const std::string& path) {
    const EfiProgram* found = nullptr;
    for (const EfiProgram& program : medium.efi)
        if (lower_case(program.path) == path && program.secure && (!found || program.in_esp))
            found = &program;
    return found;
}

std::string listed(const std::set<std::string>& names, std::string_view none) {
    return names.empty() ? std::string(none) : fmt::format("{}", fmt::join(names, " and "));
}

/// The authorities that a PC knows, or the signer itself where no authority is named.
std::string signers(const SecureBootFacts& secure) {
    std::set<std::string> names;
    for (const PeSignature& signature : secure.signatures)
        names.insert(printable(signature.issuer.empty() ? signature.signer : signature.issuer));
    return listed(names, "nobody");
}

std::string owners(const std::vector<std::string>& certificates) {
    std::set<std::string> names;
    for (const std::string& name : common_names(certificates))
        names.insert(printable(name));
    return listed(names, "no certificate");
}

bool is_listed(const std::vector<std::string>& hashes, const SecureBootFacts& secure) {
    return !secure.sha256.empty() && std::ranges::find(hashes, secure.sha256) != hashes.end();
}

bool trusts(const std::vector<std::string>& certificates, const SecureBootFacts& secure) {
    return std::ranges::any_of(secure.signatures, [&](const PeSignature& signature) {
        return signature.matches && is_trusted(signature, certificates);
    });
}

/// One signature by a revoked certificate is enough: firmware then refuses the image whatever else signed it
/// (edk2, DxeImageVerificationLib).
std::string revoked_signer(const MachineKeys& keys, const SecureBootFacts& secure) {
    for (const PeSignature& signature : secure.signatures)
        if (is_trusted(signature, keys.dbx_certificates))
            return fmt::format("the certificate of the signer ({})",
                               printable(signature.issuer.empty() ? signature.signer : signature.issuer));
    return {};
}

/// Whether the program is as it was when it was signed, by any of its signers.
void add_intact(std::string_view name, const EfiProgram& program, Facts& facts) {
    const bool intact = std::ranges::any_of(program.secure->signatures, &PeSignature::matches);
    facts.add(std::string(name), intact,
              fmt::format("the signature of {} {}", printable(program.path),
                          intact ? "fits the file" : "does not fit the file"));
}

void add_loader(const EfiProgram& loader, const MachineKeys& keys, Facts& facts) {
    const SecureBootFacts& secure = *loader.secure;
    facts.words["loader-signers"] = signers(secure);
    facts.words["db"] = owners(keys.db);
    facts.add(
        "loader-signed", !secure.signatures.empty(),
        fmt::format("{} {} signed", printable(loader.path), secure.signatures.empty() ? "is not" : "is"));
    add_intact("loader-intact", loader, facts);
    facts.add("loader-trusted", trusts(keys.db, secure) || is_listed(keys.db_hashes, secure),
              fmt::format("{} is signed by {}, and this machine's db holds {}", printable(loader.path),
                          facts.words["loader-signers"], facts.words["db"]));
    const bool by_hash = is_listed(keys.dbx_hashes, secure);
    const std::string revoked = by_hash ? "the hash" : revoked_signer(keys, secure);
    facts.words["revoked-part"] = revoked;
    facts.add("loader-in-dbx", !revoked.empty(),
              by_hash || revoked.empty()
                  ? fmt::format("the hash of {} is {}", printable(loader.path), secure.sha256)
                  : fmt::format("dbx has {} of {}", revoked, printable(loader.path)));
}

/// What shim starts: GRUB, or what replaces it under that name.
void add_second(const EfiProgram& shim, const EfiProgram& second, const MachineKeys& keys, Facts& facts) {
    facts.words["second"] = printable(file_name_of(second.path));
    facts.words["second-signers"] = signers(*second.secure);
    facts.words["shim-certificates"] = owners(shim.secure->vendor_certs);
    facts.add("second-signed", !second.secure->signatures.empty(),
              fmt::format("{} {} signed", printable(second.path),
                          second.secure->signatures.empty() ? "is not" : "is"));
    add_intact("second-intact", second, facts);
    const bool sbat = !second.image || !second.image->sbat.empty();
    facts.add("second-sbat", sbat,
              fmt::format("{} has {} section .sbat", printable(second.path), sbat ? "a" : "no"));
    facts.add("second-trusted",
              trusts(shim.secure->vendor_certs, *second.secure) || trusts(keys.db, *second.secure) ||
                  trusts(keys.mok, *second.secure),
              fmt::format("{} is signed by {}, and the shim carries {}", printable(second.path),
                          facts.words["second-signers"], facts.words["shim-certificates"]));
}

/// @param text  the machine's SbatLevel
void add_sbat(const std::vector<const EfiProgram*>& programs, const std::string& text, Facts& facts) {
    const SbatLevel level = parse_sbat_level(text);
    const std::string date = sbat_day(level.date);
    for (const EfiProgram* program : programs) {
        if (!program || !program->image)
            continue;
        const std::vector<std::string> revoked = revoked_components(program->image->sbat, level.required);
        if (revoked.empty())
            continue;
        facts.words["revoked-file"] = printable(file_name_of(program->path));
        facts.words["revoked"] = printable(revoked.front());
        facts.words["sbat-date"] = date;
        facts.add("sbat-too-old", true,
                  fmt::format("SBAT of {}: {} since {}", printable(program->path), printable(revoked.front()),
                              date));
        return;
    }
    facts.add("sbat-too-old", false, "the medium's loaders are as new as this machine's SbatLevel requires");
}

}  // namespace

std::string trust_sentence(const MachineKeys& keys) {
    if (!keys.known())
        return "this machine has no keys of Secure Boot";
    return fmt::format("Secure Boot trusts {}{}", keys.db.empty() ? "only single programs" : owners(keys.db),
                       keys.sbat_level.empty() ? ""
                                               : fmt::format(", with the revocations of {}",
                                                             sbat_day(sbat_date(keys.sbat_level))));
}

void add_secure_boot_facts(const MediumFacts& medium, const MachineKeys& keys, Facts& facts) {
    if (!keys.known())
        return;
    const std::string file = lower_case(facts.words["efi-loader"]);
    const EfiProgram* const first = program_at(medium, "/efi/boot/" + file);
    if (!first || !file.starts_with("boot"))
        return;
    add_loader(*first, keys, facts);
    const EfiProgram* const second = program_at(medium, "/efi/boot/grub" + file.substr(4));
    if (second && first->loader == EfiProgram::Loader::shim)
        add_second(*first, *second, keys, facts);
    if (!keys.sbat_level.empty())
        add_sbat({first, second}, keys.sbat_level, facts);
}

}  // namespace lktest
