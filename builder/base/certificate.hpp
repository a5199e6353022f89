// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

#include "builder/base/handle.hpp"

// X.509 certificates, and the lists of them that firmware and shim keep. The bytes may be hostile: what
// cannot be read is left out.
namespace lktest {

using Certificate = Handle<X509, X509_free>;

/// Null if these bytes do not begin with a certificate in DER.
Certificate certificate_of(std::string_view der);

std::string der_of(const X509& certificate);

/// The common name in UTF-8, at most 255 bytes; empty if there is none.
std::string common_name(const X509_NAME* name);

/// Whether the owner of this key issued the certificate: names agree, and so does the signature.
bool is_issued_by(const X509& certificate, const X509& authority);

/// What EFI_SIGNATURE_LISTs hold (UEFI 2.10, 32.4.1), as in the variables db and dbx.
struct SignatureLists {
    std::vector<std::string> certificates;  ///< in DER
    std::vector<std::string> sha256;        ///< Authenticode hashes of images, in hexadecimal
};

/// Reads lists that follow one another, up to the first that is damaged.
SignatureLists read_signature_lists(std::string_view bytes);

/// The lists in a file: the whole file, or after the attributes that Linux writes before a variable in
/// efivars, or after the signature of an update (EFI_VARIABLE_AUTHENTICATION_2). Empty if the rest is not
/// exactly a sequence of lists of certificates and hashes.
std::string_view signature_lists_in(std::string_view file);

/// The list type of X.509 certificates, a GUID in memory order.
inline constexpr std::string_view x509_list_type(
    "\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72", 16);
/// The size of a list without its signatures.
inline constexpr std::size_t signature_list_header = 28;

/// The names of certificates: their own common names.
std::vector<std::string> common_names(const std::vector<std::string>& certificates);

}  // namespace lktest
