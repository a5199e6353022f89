// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "builder/boot/signing.hpp"

namespace lktest {

struct TestSigner : SigningKey {
    std::string der() const { return der_of(*certificate); }
};

/// A certificate of this common name.
/// @param authority  issues it; null if it signs itself
/// @param seconds    until it expires; may be negative
TestSigner make_signer(const std::string& common_name, const TestSigner* authority = nullptr,
                       long seconds = 3600);

/// An EFI program with these sections, in the manner of GNU ld: names over 8 bytes are in a string table.
struct TestProgram {
    std::uint16_t machine = 0x8664;
    bool nx_compat = false;
    std::vector<std::pair<std::string, std::string>> sections;
};
std::string pe_of(const TestProgram& program);

/// The program with an Authenticode signature of each signer, which contains the certificate of `authority`
/// too.
std::string signed_pe(std::string pe, const std::vector<const TestSigner*>& signers,
                      const TestSigner* authority = nullptr);

/// An EFI_SIGNATURE_LIST of certificates of one size, or of SHA-256 hashes in hexadecimal.
std::string certificate_list(const std::string& der);
std::string hash_list(const std::vector<std::string>& hashes);

/// shim's section .vendor_cert, with these contents of its two lists.
std::string vendor_section(const std::string& allowed, const std::string& denied = {});

/// shim's section .sbatlevel, with both payloads.
std::string sbatlevel_section(const std::string& automatic, const std::string& latest);

}  // namespace lktest
