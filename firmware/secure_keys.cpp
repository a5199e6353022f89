// SPDX-License-Identifier: MIT
#include "firmware/secure_keys.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdint>

#include "builder/base/certificate.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/little_endian.hpp"

namespace lktest {
namespace {

constexpr std::string_view owner("lktest owner key", 16);  // only a label; no program checks it

std::string list_of(const X509& certificate) {
    const std::string der = der_of(certificate);
    const std::size_t entry = owner.size() + der.size();
    std::string list(x509_list_type);
    add_le(list, signature_list_header + entry, 4);
    add_le(list, 0, 4);  // the list type has no header
    add_le(list, entry, 4);
    list += owner;
    return list + der;
}

std::string lists_of_pem(std::string_view bytes) {
    const Handle<BIO, BIO_free_all> source(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    std::string lists;
    while (const Certificate one{PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)})
        lists += list_of(*one);
    return lists;
}

std::string list_of_der(std::string_view bytes) {
    const Certificate one = certificate_of(bytes);
    return one ? list_of(*one) : std::string();
}

std::string read_list(const std::string& file) {
    return signature_list(read_file(file), file);
}

}  // namespace

std::string signature_list(std::string_view bytes, const std::string& name) {
    constexpr std::size_t most = 1 << 20;  // larger than the firmware's store
    if (bytes.size() <= most) {
        if (const std::string_view lists = signature_lists_in(bytes); !lists.empty())
            return std::string(lists);
        for (const auto read : {lists_of_pem, list_of_der})
            if (std::string lists = read(bytes); !lists.empty())
                return lists;
    }
    throw usage_error(
        fmt::format("{} is not a certificate that firmware can enroll", name),
        "give an X.509 certificate as PEM or DER, an EFI signature list, or a signed update of one");
}

SecureLists read_secure_keys(const SecureKeys& keys) {
    SecureLists lists;
    std::string first;
    for (const std::string& file : keys.db) {
        if (file == packaged_keys) {
            lists.keep_packaged_db = true;
            continue;
        }
        const std::string list = read_list(file);
        if (first.empty())
            first = list.substr(0, le32(list, 16));
        lists.db += list;
    }
    for (const std::string& authority : keys.authorities)
        lists.db += list_of_der(authority);
    for (const std::string& file : keys.dbx)
        if (file == packaged_list)
            lists.keep_packaged_dbx = true;
        else
            lists.dbx += read_list(file);
    for (const std::string& file : keys.mok)
        lists.mok += read_list(file);
    // A trusted signer may also be the owner. With the package's keys, or without a signer in a file, the
    // package's owner stays.
    const std::string owners = lists.keep_packaged_db ? std::string() : first;
    lists.kek = keys.kek.empty() ? owners : read_list(keys.kek);
    lists.pk = keys.pk.empty() ? owners : read_list(keys.pk);
    lists.sbat_level = keys.sbat_level;
    return lists;
}

}  // namespace lktest
