// SPDX-License-Identifier: MIT
#include "builder/base/certificate.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <optional>

#include "builder/base/little_endian.hpp"
#include "builder/base/sha256.hpp"

namespace lktest {
namespace {

constexpr std::size_t name_limit = 255, entry_limit = 4096;
constexpr std::size_t owner_size = 16;
// A GUID in memory order (UEFI 2.10, 32.4.1.1).
constexpr std::string_view sha256_type("\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28",
                                       16);

/// A list of signatures of one size each (UEFI 2.10, 32.4.1).
struct SignatureList {
    std::string_view type, signatures;
    std::size_t entry = 0;  ///< bytes of each: the owner's GUID and the content
    bool exact = false;     ///< no header, and nothing after the last signature
};

/// Removes the first list. Unset if the bytes do not begin with a whole one.
std::optional<SignatureList> take_list(std::string_view& bytes) {
    const std::uint32_t size = le32(bytes, 16), header = le32(bytes, 20), entry = le32(bytes, 24);
    if (bytes.size() < signature_list_header || size < signature_list_header || size > bytes.size() ||
        entry <= owner_size || header > size - signature_list_header)
        return std::nullopt;
    SignatureList list{
        .type = bytes.substr(0, 16),
        .signatures = bytes.substr(signature_list_header + header, size - signature_list_header - header),
        .entry = entry};
    list.exact = header == 0 && !list.signatures.empty() && list.signatures.size() % entry == 0;
    bytes.remove_prefix(size);
    return list;
}

bool are_lists(std::string_view bytes) {
    const bool some = !bytes.empty();
    while (const auto list = take_list(bytes))
        if (!list->exact || (list->type != x509_list_type && list->type != sha256_type))
            return false;
    return some && bytes.empty();
}

/// The size of EFI_VARIABLE_AUTHENTICATION_2 (UEFI 2.10, 8.2.6): a time, and a WIN_CERTIFICATE_UEFI_GUID that
/// begins with its own size. 0 if the bytes do not begin with one.
std::size_t update_header(std::string_view bytes) {
    constexpr std::size_t time = 16, certificate = 24;
    constexpr std::uint16_t revision = 0x0200, type_guid = 0x0ef1;
    if (le16(bytes, time + 4) != revision || le16(bytes, time + 6) != type_guid)
        return 0;
    const std::size_t size = le32(bytes, time);
    return size >= certificate && size <= bytes.size() - time ? time + size : 0;
}

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
    while (const auto list = take_list(bytes))
        for (std::string_view rest = list->signatures; rest.size() >= list->entry;
             rest.remove_prefix(list->entry)) {
            if (lists.certificates.size() + lists.sha256.size() >= entry_limit)
                return lists;
            const std::string_view content = rest.substr(owner_size, list->entry - owner_size);
            if (list->type == x509_list_type)
                lists.certificates.emplace_back(content);
            else if (list->type == sha256_type)
                lists.sha256.push_back(hexadecimal(content));
        }
    return lists;
}

std::string_view signature_lists_in(std::string_view file) {
    constexpr std::size_t attributes = 4;
    for (const std::size_t skip : {std::size_t{0}, update_header(file), attributes})
        if (const std::string_view rest = file.substr(std::min(skip, file.size())); are_lists(rest))
            return rest;
    return {};
}

std::vector<std::string> common_names(const std::vector<std::string>& certificates) {
    std::vector<std::string> names;
    for (const std::string& der : certificates)
        if (const Certificate certificate = certificate_of(der))
            names.push_back(common_name(X509_get_subject_name(certificate.get())));
    return names;
}

}  // namespace lktest
