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
    std::string valid_from;          ///< of the leaf: "2026-02-01"
    std::string valid_until;         ///< "2027-01-31"
    std::string issuer_until;        ///< of the CA; empty if the signature does not contain it
    std::vector<std::string> chain;  ///< certificates in DER: the leaf, then the others in the signature
    bool matches = true;             ///< false: file or signature were changed afterwards
};

/// The properties that decide whether firmware and shim start a program under Secure Boot.
struct SecureBootFacts {
    std::vector<PeSignature> signatures;
    std::string sha256;      ///< Authenticode's hash, as dbx lists it, in hexadecimal
    bool nx_compat = false;  ///< IMAGE_DLLCHARACTERISTICS_NX_COMPAT
    /// shim's certificates in DER, which it trusts in addition to the firmware's.
    std::vector<std::string> vendor_certs;
    std::vector<std::string> vendor_names;  ///< their common names
    /// What shim refuses as firmware does with dbx: certificates in DER, and Authenticode hashes.
    std::vector<std::string> denied_certs, denied_hashes;
    /// shim's revocations, "sbat,1,2025021800\nshim,4\n": those it sets, and newer ones it sets on request.
    std::vector<std::string> sbat_payloads;
    std::string second;  ///< the file that shim starts: "grubx64.efi"; empty if that is unknown
};

/// Unset if the file is not a PE image. Reads at most 8 signatures of 1 MiB, and hashes at most 64 MiB.
std::optional<SecureBootFacts> read_secure_boot(const ByteView& file);

/// Whether one of these certificates made the signature, or issued the one that did, through any number of
/// others in the signature.
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

}  // namespace lktest
