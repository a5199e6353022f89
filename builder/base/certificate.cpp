// SPDX-License-Identifier: MIT
#include "builder/base/certificate.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>

#include "builder/base/little_endian.hpp"

namespace lktest {
namespace {

constexpr std::size_t name_limit = 255, entry_limit = 4096;
constexpr std::size_t list_header = 28, owner_size = 16;
// GUIDs in memory order (UEFI 2.10, 32.4.1.1).
constexpr std::string_view x509_type("\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72", 16);
constexpr std::string_view sha256_type("\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28",
                                       16);

}  // namespace

Certificate certificate_of(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    return certificate;
}

std::string der_of(const X509& certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(&certificate, &bytes);
    if (size <= 0)
        return {};
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

std::string common_name(const X509_NAME* name) {
    // OpenSSL 1.1 declares the parameter without const.
    const int at = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(name), NID_commonName, -1);
    if (at < 0)
        return {};
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0)
        return {};
    std::string text(reinterpret_cast<const char*>(utf8),
                     std::min(static_cast<std::size_t>(size), name_limit));
    OPENSSL_free(utf8);
    return text;
}

bool is_issued_by(const X509& certificate, const X509& authority) {
    EVP_PKEY* key = X509_get0_pubkey(&authority);
    // X509_verify() only caches what it has decoded in the certificate.
    const bool issued =
        key && X509_NAME_cmp(X509_get_issuer_name(&certificate), X509_get_subject_name(&authority)) == 0 &&
        X509_verify(const_cast<X509*>(&certificate), key) == 1;
    ERR_clear_error();
    return issued;
}

SignatureLists read_signature_lists(std::string_view bytes) {
    SignatureLists lists;
    while (bytes.size() > list_header) {
        const std::uint32_t size = le32(bytes, 16), header = le32(bytes, 20), entry = le32(bytes, 24);
        if (size < list_header || size > bytes.size() || entry <= owner_size || header > size - list_header)
            break;
        const std::string_view type = bytes.substr(0, 16);
        for (std::uint64_t at = list_header + std::uint64_t{header}; at + entry <= size; at += entry) {
            if (lists.certificates.size() + lists.sha256.size() >= entry_limit)
                return lists;
            const std::string_view content = bytes.substr(at + owner_size, entry - owner_size);
            if (type == x509_type)
                lists.certificates.emplace_back(content);
            else if (type == sha256_type)
                lists.sha256.push_back(hexadecimal(content));
        }
        bytes.remove_prefix(size);
    }
    return lists;
}

std::vector<std::string> common_names(const std::vector<std::string>& certificates) {
    std::vector<std::string> names;
    for (const std::string& der : certificates)
        if (const Certificate certificate = certificate_of(der))
            names.push_back(common_name(X509_get_subject_name(certificate.get())));
    return names;
}

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

}  // namespace lktest
