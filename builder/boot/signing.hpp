// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "builder/base/certificate.hpp"

namespace lktest {

/// A key for Secure Boot, and its certificate, which firmware or shim must trust.
struct SigningKey {
    Handle<EVP_PKEY, EVP_PKEY_free> key;
    Certificate certificate;
};

/// Reads a private key (PEM, without a passphrase) and its certificate (PEM or DER). Throws a usage Error if
/// a file cannot be read or the two do not belong together.
SigningKey read_signing_key(const std::filesystem::path& key, const std::filesystem::path& certificate);

/// The PKCS #7 signature of an EFI program, in DER (Microsoft, "Windows Authenticode Portable Executable
/// Signature Format").
/// @param hash       its authenticode_hash()
/// @param authority  a certificate to add; may be null
/// @param time       of the signature, seconds since 1970
std::string authenticode_signature(const std::string& hash, const SigningKey& signer, X509* authority,
                                   std::int64_t time);

/// The EFI program with one more signature. RSA keys give the same bytes for the same time.
/// Throws a host Error if it is not a PE image.
std::string sign_efi(std::string program, const SigningKey& signer, std::int64_t time);

}  // namespace lktest
