// SPDX-License-Identifier: MIT
#include "builder/tests/support/signed_pe.hpp"

#include <openssl/sha.h>
#include <openssl/x509.h>

#include "builder/base/little_endian.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

constexpr std::size_t start = 64, optional = start + 24, optional_size = 240, directory = optional + 112 + 32;

std::string sha256(const std::string& bytes) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

/// SHA-256 of a program that is not signed yet, without its checksum and its certificates' directory entry.
std::string image_hash(const std::string& pe) {
    return sha256(pe.substr(0, optional + 64) + pe.substr(optional + 68, directory - optional - 68) +
                  pe.substr(directory + 8));
}

std::string list_of(std::string_view type, const std::vector<std::string>& contents) {
    const std::size_t entry = 16 + contents.front().size();
    std::string list(type);
    add_le(list, 28 + entry * contents.size(), 4);
    add_le(list, 0, 4);
    add_le(list, entry, 4);
    for (const std::string& content : contents)
        list += std::string(16, 'o') + content;
    return list;
}

}  // namespace

TestSigner make_signer(const std::string& common_name, const TestSigner* authority, long seconds) {
    TestSigner signer;
    signer.key.reset(EVP_EC_gen("P-256"));
    signer.certificate.reset(X509_new());
    X509* made = signer.certificate.get();
    X509_set_version(made, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made), seconds);
    X509_set_pubkey(made, signer.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    const TestSigner& issuer = authority ? *authority : signer;
    X509_set_issuer_name(made, X509_get_subject_name(issuer.certificate.get()));
    X509_sign(made, issuer.key.get(), EVP_sha256());
    return signer;
}

std::string pe_of(const TestProgram& program) {
    constexpr std::size_t table = optional + optional_size, first = 1024;
    std::string pe(first, '\0'), names(4, '\0');
    pe.replace(0, 2, "MZ");
    put(pe, 60, start, 4);
    pe.replace(start, 2, "PE");
    put(pe, start + 4, program.machine, 2);
    put(pe, start + 6, program.sections.size(), 2);
    put(pe, start + 20, optional_size, 2);
    put(pe, optional, 0x20b, 2);
    put(pe, optional + 60, first, 4);
    put(pe, optional + 68, 10, 2);
    put(pe, optional + 70, program.nx_compat ? 0x100 : 0, 2);
    put(pe, optional + 108, 16, 4);
    for (std::size_t i = 0; i < program.sections.size(); ++i) {
        const auto& [name, content] = program.sections[i];
        std::string field = name;
        if (name.size() > 8) {
            field = "/" + std::to_string(names.size());
            names += name + '\0';
        }
        const std::size_t at = table + i * 40;
        pe.replace(at, field.size(), field);
        put(pe, at + 8, content.size(), 4);
        put(pe, at + 16, content.size(), 4);
        put(pe, at + 20, pe.size(), 4);
        pe += content;
        pe.resize((pe.size() + 511) / 512 * 512, '\0');
    }
    put(names, 0, names.size(), 4);
    put(pe, start + 12, pe.size(), 4);  // a symbol table without symbols, and then the names
    pe += names;
    pe.resize((pe.size() + 7) / 8 * 8, '\0');
    return pe;
}

std::string signed_pe(std::string pe, const std::vector<const TestSigner*>& signers,
                      const TestSigner* authority) {
    const std::string hash = image_hash(pe);
    std::string certificates;
    for (const TestSigner* signer : signers) {
        const std::string pkcs7 =
            authenticode_signature(hash, *signer, authority ? authority->certificate.get() : nullptr, 0);
        add_le(certificates, 8 + pkcs7.size(), 4);
        add_le(certificates, 0x200, 2);
        add_le(certificates, 2, 2);
        certificates += pkcs7;
        certificates.resize((certificates.size() + 7) / 8 * 8, '\0');
    }
    put(pe, directory, pe.size(), 4);
    put(pe, directory + 4, certificates.size(), 4);
    return pe + certificates;
}

std::string certificate_list(const std::string& der) {
    return list_of(x509_list_type, {der});
}

std::string hash_list(const std::vector<std::string>& hashes) {
    std::vector<std::string> contents;
    for (const std::string& hash : hashes) {
        std::string bytes;
        for (std::size_t i = 0; i < hash.size(); i += 2)
            bytes += static_cast<char>(std::stoi(hash.substr(i, 2), nullptr, 16));
        contents.push_back(bytes);
    }
    return list_of(std::string_view("\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28", 16),
                   contents);
}

std::string vendor_section(const std::string& allowed, const std::string& denied) {
    std::string section;
    add_le(section, allowed.size(), 4);
    add_le(section, denied.size(), 4);
    add_le(section, 16, 4);
    add_le(section, 16 + allowed.size(), 4);
    return section + allowed + denied;
}

std::string sbatlevel_section(const std::string& automatic, const std::string& latest) {
    std::string section;
    add_le(section, 0, 4);  // version
    add_le(section, 8, 4);
    add_le(section, 8 + automatic.size() + 1, 4);
    return section + automatic + '\0' + latest + '\0';
}

}  // namespace lktest
