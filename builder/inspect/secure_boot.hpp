// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// One Authenticode signature: its signer and issuer.
struct PeSignature {
    std::string signer, issuer;      ///< common names: of the leaf, and of the CA that issued it
    std::string valid_until;         ///< of the leaf: "2027-01-31"
    std::vector<std::string> chain;  ///< certificates in DER: the leaf, then the others in the signature
    bool matches = true;             ///< false: the file was changed after it was signed
};

/// The properties that decide whether firmware and shim start a program under Secure Boot.
struct SecureBootFacts {
    std::vector<PeSignature> signatures;
    std::string sha256;      ///< Authenticode's hash, as dbx lists it, in hexadecimal
    bool nx_compat = false;  ///< IMAGE_DLLCHARACTERISTICS_NX_COMPAT
    std::vector<std::string>
        vendor_certs;  ///< shim's certificates in DER, which it trusts in addition to the firmware's
    std::vector<std::string> vendor_names;   ///< their common names
    std::vector<std::string> sbat_level;     ///< shim's newest built-in revocations, "grub,5"
    std::vector<std::string> sbat_payloads;  ///< all of shim's revocations, "sbat,1,2025021800\nshim,4\n"
};

/// Unset if the file is not a PE image. Reads at most 8 signatures of 1 MiB, and hashes at most 64 MiB.
std::optional<SecureBootFacts> read_secure_boot(const ByteView& file);

/// Whether one of these certificates made the signature, or issued the one that did.
bool is_trusted(const PeSignature& signature, const std::vector<std::string>& certificates);

/// A CA of Microsoft that signs other vendors' loaders.
struct MicrosoftAuthority {
    std::string_view generation, name;
};
inline constexpr std::array microsoft_authorities{
    MicrosoftAuthority{"2011", "Microsoft Corporation UEFI CA 2011"},
    MicrosoftAuthority{"2023", "Microsoft UEFI CA 2023"},
};

/// The generation of Microsoft's CA for other vendors' loaders: "2011" or "2023"; empty for another issuer.
std::string_view trust_generation(const PeSignature& signature);

/// The latest revocations known to this program: "shim,4", "grub,5".
std::vector<std::string> published_sbat_level();
inline constexpr std::string_view published_sbat_date = "2025-05-10";

/// The components of `sbat` whose generation is below the one that the level requires: "grub 3, and 5 is
/// required".
std::vector<std::string> revoked_components(const std::vector<std::string>& sbat,
                                            const std::vector<std::string>& level);

}  // namespace lktest
