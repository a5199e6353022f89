// SPDX-License-Identifier: MIT
#include "builder/inspect/secure_boot.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>
#include <charconv>

#include "builder/base/certificate.hpp"
#include "builder/base/sha256.hpp"
#include "builder/inspect/authenticode.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t signature_limit = 1 << 20, certificate_count_limit = 16;
constexpr std::uint64_t hash_limit = 64 << 20;
constexpr int signature_count_limit = 8;

void free_signers(STACK_OF(X509) * stack) {
    sk_X509_free(stack);  // the certificates come from the signature
}

std::string date_text(const ASN1_TIME* time) {
    std::tm parts{};
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1)
        return {};
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

/// A name over 8 bytes is "/" and its place in a table (PE/COFF, 4).
std::string section_name(const ByteView& file, const PeLayout& layout, std::string_view section) {
    const std::string_view own = section.substr(0, std::min<std::size_t>(section.find('\0'), 8));
    std::uint64_t at = 0;
    if (!own.starts_with('/') || layout.names == 0 ||
        std::from_chars(own.data() + 1, own.data() + own.size(), at).ec != std::errc())
        return std::string(own);
    const std::string text = file.read(layout.names + at, 64);
    return text.substr(0, text.find('\0'));
}

std::string section_content(const ByteView& file, const PeLayout& layout, std::string_view name,
                            std::size_t limit) {
    for (std::size_t i = 0; i < layout.sections; ++i) {
        const std::size_t at = layout.section_table + i * 40;
        const std::string_view section =
            std::string_view(layout.header).substr(std::min(at, layout.header.size()), 40);
        if (section.size() == 40 && section_name(file, layout, section) == name)
            return file.read(le32(section, 20), std::min<std::size_t>(le32(section, 16), limit));
    }
    return {};
}

/// Until when the certificate that issued the leaf is valid; empty if it is not among them.
std::string issuer_validity(const X509* leaf, const STACK_OF(X509) * all) {
    for (int i = 0; i < sk_X509_num(all); ++i) {
        const X509* authority = sk_X509_value(all, i);
        if (X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(authority)) == 0)
            return date_text(X509_get0_notAfter(authority));
    }
    return {};
}

/// Whether the content is any ASN.1 value, as Authenticode's is, and not one of PKCS #7's own structures.
bool is_of_other_type(const PKCS7& content) {
    switch (OBJ_obj2nid(content.type)) {
        case NID_pkcs7_data:
        case NID_pkcs7_signed:
        case NID_pkcs7_enveloped:
        case NID_pkcs7_signedAndEnveloped:
        case NID_pkcs7_digest:
        case NID_pkcs7_encrypted: return false;
        default: return true;
    }
}

/// Whether the leaf signed the signature's content (RFC 2315, 9.3). Authenticode signs the value of an ASN.1
/// sequence without its tag and length. What OpenSSL cannot check is taken as good.
bool is_intact(PKCS7* pkcs7) {
    const PKCS7* content = pkcs7->d.sign->contents;
    if (!content || !is_of_other_type(*content) || !content->d.other ||
        content->d.other->type != V_ASN1_SEQUENCE)
        return true;
    const ASN1_STRING* sequence = content->d.other->value.sequence;
    const unsigned char* value = sequence->data;
    long size = 0;
    int tag = 0, type = 0;
    if ((ASN1_get_object(&value, &size, &tag, &type, sequence->length) & 0x81) != 0)
        return true;
    const Handle<BIO, BIO_free_all> signed_bytes(BIO_new_mem_buf(value, static_cast<int>(size)));
    const Handle<X509_STORE, X509_STORE_free> none(X509_STORE_new());
    return PKCS7_verify(pkcs7, nullptr, none.get(), signed_bytes.get(), nullptr, PKCS7_NOVERIFY) == 1;
}

void add_signatures(SecureBootFacts& facts, std::string_view bytes, const std::string& hash) {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const Handle<PKCS7, PKCS7_free> pkcs7(d2i_PKCS7(nullptr, &at, static_cast<long>(bytes.size())));
    if (!pkcs7 || !PKCS7_type_is_signed(pkcs7.get()) || !pkcs7->d.sign)
        return;
    const Handle<STACK_OF(X509), free_signers> signers(PKCS7_get0_signers(pkcs7.get(), nullptr, 0));
    const STACK_OF(X509)* all = pkcs7->d.sign->cert;
    const bool intact = is_intact(pkcs7.get());
    // The signed content has the hash as an octet string of 32 bytes: 04 20.
    const bool names_file = hash.empty() ||
                            bytes.find(std::string("\x04\x20") + hash) != std::string_view::npos ||
                            bytes.find("\x60\x86\x48\x01\x65\x03\x04\x02\x01") == std::string_view::npos;
    for (int i = 0; signers && i < std::min(sk_X509_num(signers.get()), signature_count_limit); ++i) {
        X509* leaf = sk_X509_value(signers.get(), i);
        PeSignature signature;
        signature.signer = common_name(X509_get_subject_name(leaf));
        signature.issuer = common_name(X509_get_issuer_name(leaf));
        signature.valid_from = date_text(X509_get0_notBefore(leaf));
        signature.valid_until = date_text(X509_get0_notAfter(leaf));
        signature.issuer_until = issuer_validity(leaf, all);
        signature.chain.push_back(der_of(*leaf));
        for (int other = 0; other < sk_X509_num(all) && signature.chain.size() < certificate_count_limit;
             ++other)
            signature.chain.push_back(der_of(*sk_X509_value(all, other)));
        signature.matches = names_file && intact;
        facts.signatures.push_back(std::move(signature));
    }
}

void read_signatures(SecureBootFacts& facts, const ByteView& file, const PeLayout& layout,
                     const std::string& hash) {
    std::uint64_t at = layout.certificates;
    const std::uint64_t end = std::min(at + layout.certificates_size, file.size());
    for (int i = 0; at != 0 && i < signature_count_limit && at + 8 < end; ++i) {
        const std::string header = file.read(at, 8);
        const std::uint64_t length = le32(header, 0);
        if (length <= 8 || length > end - at)
            return;
        if (le16(header, 6) == 2)  // WIN_CERT_TYPE_PKCS_SIGNED_DATA
            add_signatures(facts, file.read(at + 8, std::min<std::size_t>(length - 8, signature_limit)),
                           hash);
        at += (length + 7) / 8 * 8;
    }
}

/// shim's .vendor_cert: sizes and offsets of its allowed and denied keys (shim, cert.S). Each is a
/// certificate, or a list of signatures in the format of the firmware's db (UEFI 2.10, 32.4.1).
void read_vendor_certs(SecureBootFacts& facts, std::string_view section) {
    const auto lists_at = [section](std::size_t field) {
        const std::uint32_t size = le32(section, field), offset = le32(section, field + 8);
        return size == 0 || offset > section.size() ? std::string_view() : section.substr(offset, size);
    };
    const auto is_certificate = [](std::string_view bytes) { return bytes.starts_with("\x30\x82"); };
    SignatureLists allowed = read_signature_lists(lists_at(0)), denied = read_signature_lists(lists_at(4));
    if (is_certificate(lists_at(0)))
        allowed.certificates.emplace_back(lists_at(0));
    if (is_certificate(lists_at(4)))
        denied.certificates.emplace_back(lists_at(4));
    for (std::string& der : allowed.certificates) {
        const Certificate certificate = certificate_of(der);
        if (!certificate || facts.vendor_certs.size() >= certificate_count_limit)
            continue;
        facts.vendor_names.push_back(common_name(X509_get_subject_name(certificate.get())));
        facts.vendor_certs.push_back(std::move(der));
    }
    facts.denied_certs = std::move(denied.certificates);
    facts.denied_certs.resize(std::min(facts.denied_certs.size(), certificate_count_limit));
    facts.denied_hashes = std::move(denied.sha256);
}

/// The name in shim's data of the program that it starts, in UTF-16: "\grubx64.efi".
std::string second_loader(const ByteView& file) {
    constexpr std::size_t longest = 32;
    const std::string_view needle("\\\0g\0r\0u\0b\0", 10);
    const std::uint64_t at = find_text(file, needle, 4 << 20);
    if (at == not_found)
        return {};
    std::string name;
    const std::string text = file.read(at + 2, longest * 2);
    for (std::size_t i = 0; i + 1 < text.size() && text[i] != '\0' && text[i + 1] == '\0'; i += 2)
        name += text[i];
    return lower_case(name);
}

}  // namespace

std::optional<SecureBootFacts> read_secure_boot(const ByteView& file) {
    const auto layout = pe_layout(file);
    if (!layout)
        return std::nullopt;
    SecureBootFacts facts;
    facts.nx_compat = layout->nx_compat;
    const std::string hash = authenticode_hash(file, *layout, hash_limit);
    facts.sha256 = hexadecimal(hash);
    read_signatures(facts, file, *layout, hash);
    read_vendor_certs(facts, section_content(file, *layout, ".vendor_cert", 256 << 10));
    // Two offsets, from the first of them on: the older payload and the newer one.
    const std::string levels = section_content(file, *layout, ".sbatlevel", 16 << 10);
    for (const std::size_t field : {4, 8}) {
        const std::uint64_t at = std::uint64_t{4} + le32(levels, field);
        if (le32(levels, field) == 0 || at >= levels.size())
            continue;
        const std::string_view text = std::string_view(levels).substr(at);
        facts.sbat_payloads.emplace_back(text.substr(0, text.find('\0')));
    }
    if (!facts.vendor_certs.empty() || !facts.sbat_payloads.empty())
        facts.second = second_loader(file);
    ERR_clear_error();
    return facts;
}

bool is_trusted(const PeSignature& signature, const std::vector<std::string>& certificates) {
    if (signature.chain.empty())
        return false;
    // From the leaf to the authority that issued it, and so on. Other certificates in the signature, which
    // anyone can add, do not count.
    Certificate now = certificate_of(signature.chain.front());
    std::string der = signature.chain.front();
    for (std::size_t steps = 0; now && steps < certificate_count_limit; ++steps) {
        for (const std::string& trusted : certificates) {
            const Certificate authority = certificate_of(trusted);
            if (authority && (der == trusted || is_issued_by(*now, *authority)))
                return true;
        }
        Certificate issuer;
        for (const std::string& other : signature.chain) {
            Certificate authority = certificate_of(other);
            if (other != der && authority && is_issued_by(*now, *authority)) {
                issuer = std::move(authority);
                der = other;
                break;
            }
        }
        now = std::move(issuer);
    }
    return false;
}

std::string_view trust_generation(const PeSignature& signature) {
    const auto* known = std::ranges::find(microsoft_authorities, signature.issuer, &MicrosoftAuthority::name);
    return known == microsoft_authorities.end() ? std::string_view() : known->generation;
}

}  // namespace lktest
