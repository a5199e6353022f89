// SPDX-License-Identifier: MIT
#include "harness/boot/machine_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/base/certificate.hpp"
#include "builder/base/file.hpp"
#include "builder/base/packed.hpp"
#include "firmware/variable_store.hpp"
#include "harness/boot/inspect_medium.hpp"
#include "harness/boot/known_revocations.hpp"
#include "harness/boot/variable_report.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

void add_authority(ShimContents& contents, const std::string& der) {
    for (const std::string& name : common_names({der}))
        if (std::ranges::find(microsoft_authorities, name, &MicrosoftAuthority::name) !=
            microsoft_authorities.end())
            contents.authorities.push_back(der);
}

void add(ShimContents& contents, const SecureBootFacts& secure) {
    for (const PeSignature& signature : secure.signatures)
        for (const std::string& der : signature.chain)
            add_authority(contents, der);
    contents.sbat_levels.insert(contents.sbat_levels.end(), secure.sbat_payloads.begin(),
                                secure.sbat_payloads.end());
}

void add_installed_shims(ShimContents& contents) {
    for (const SecureBootFacts& shim : installed_shims())
        add(contents, shim);
}

void add_shims_of(const fs::path& medium, ShimContents& contents) {
    std::vector<std::string> authorities, levels;
    if (!unpack(inspect_confined("shims", medium, medium.string()), authorities, levels))
        throw usage_error(
            fmt::format("{} could not be inspected (its reader's answer is garbled)", medium.string()));
    std::ranges::move(authorities, std::back_inserter(contents.authorities));
    std::ranges::move(levels, std::back_inserter(contents.sbat_levels));
}

std::string authority_of(std::string_view generation, const ShimContents& contents) {
    for (const std::string& der : contents.authorities)
        for (const std::string& name : common_names({der}))
            for (const MicrosoftAuthority& known : microsoft_authorities)
                if (known.generation == generation && known.name == name)
                    return der;
    throw usage_error(
        fmt::format("neither the firmware nor a shim on this machine or on the medium has Microsoft's "
                    "certificate of {}",
                    generation),
        "install shim-signed, or use the firmware of a newer release with --firmware-dir");
}

std::string level_of(const std::string& wish, const ShimContents& contents) {
    if (fs::is_regular_file(wish)) {
        std::string text = read_file(wish);
        constexpr std::size_t longest = 4096;
        if (!text.starts_with("sbat,") || text.size() > longest)
            throw usage_error(fmt::format("{} is not an SBAT level", wish),
                              "start it with a line such as sbat,1,2025021800 and list components below");
        return text;
    }
    std::string found;
    for (const std::string& level : contents.sbat_levels)
        if ((wish == latest_sbat && sbat_date(level) > sbat_date(found)) || wish == sbat_date(level))
            found = level;
    if (!found.empty())
        return found;
    std::vector<std::string> dates;
    for (const std::string& level : contents.sbat_levels)
        dates.push_back(sbat_date(level));
    throw usage_error(
        fmt::format("no shim on this machine or on the medium carries the SBAT level '{}'", wish),
        dates.empty() ? "give a file that holds the level"
                      : fmt::format("choose latest or one of: {}", fmt::join(dates, ", ")));
}

}  // namespace

const ShimContents& KnownShims::of(const fs::path& medium) {
    const std::lock_guard lock(alone_);
    const auto found = by_medium_.find(medium);
    if (found != by_medium_.end())
        return found->second;
    ShimContents contents;
    add_installed_shims(contents);
    if (fs::is_regular_file(medium))
        add_shims_of(medium, contents);
    return by_medium_.emplace(medium, std::move(contents)).first->second;
}

SecureLists KnownShims::lists(SecureKeys keys, const fs::path& medium, const fs::path& store) {
    const bool leveled = !keys.sbat.empty() && keys.sbat != no_sbat;
    if (!keys.trust.empty() || leveled) {
        ShimContents contents = of(medium);
        if (!keys.trust.empty())
            for (const std::string& der : machine_keys(read_variable_store(store)).db)
                add_authority(contents, der);
        for (const std::string& generation : keys.trust)
            keys.authorities.push_back(authority_of(generation, contents));
        if (leveled)
            keys.sbat_level = level_of(keys.sbat, contents);
    }
    return read_secure_keys(keys);
}

SecureKeys keys_for(SecureKeys keys, const Hardware& hardware) {
    const TrustRow& trust = row_of(hardware.trust.value_or(plain_trust));
    if (!trust.packaged)
        std::erase(keys.db, packaged_keys);
    keys.trust.clear();
    if (trust.ca2011)
        keys.trust.emplace_back(trust_generations[0]);
    if (trust.ca2023)
        keys.trust.emplace_back(trust_generations[1]);
    keys.sbat = hardware.sbat;
    return keys;
}

MachineKeys machine_keys(std::string_view store) {
    MachineKeys keys;
    for (const StoredVariable& variable : variables_in(store)) {
        if (variable.name == "db") {
            SignatureLists lists = read_signature_lists(variable.value);
            keys.db = std::move(lists.certificates);
            keys.db_hashes = std::move(lists.sha256);
        } else if (variable.name == "dbx") {
            SignatureLists lists = read_signature_lists(variable.value);
            keys.dbx_certificates = std::move(lists.certificates);
            keys.dbx_hashes = std::move(lists.sha256);
        } else if (variable.name == "MokList") {
            keys.mok = read_signature_lists(variable.value).certificates;
        } else if (variable.name == "SbatLevel") {
            keys.sbat_level = variable.value;
        }
    }
    return keys;
}

std::string shims_job(std::span<const int> files, std::string_view input) {
    ShimContents contents;
    for (const EfiProgram& program : read_medium_facts(medium_in(files), std::string(input)).efi)
        if (program.secure)
            add(contents, *program.secure);
    return packed(contents.authorities, contents.sbat_levels);
}

}  // namespace lktest
