// SPDX-License-Identifier: MIT
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>

#include "builder/base/handle.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/pe.hpp"

namespace lktest {
namespace {

constexpr int signer_limit = 16;

void free_stack(STACK_OF(X509) * stack) {
    sk_X509_free(stack);  // the certificates come from the signature
}

std::string common_name(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject), NID_commonName, -1);
    if (at < 0)
        return {};
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, value);
    std::string text;
    if (size >= 0) {
        text.assign(reinterpret_cast<const char*>(utf8),
                    std::min(static_cast<std::size_t>(size), longest_file_name));
        OPENSSL_free(utf8);
    }
    return text;
}

}  // namespace

std::vector<std::string> signers_of(std::string_view bytes) {
    std::vector<std::string> names;
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const Handle<PKCS7, PKCS7_free> signature(d2i_PKCS7(nullptr, &at, static_cast<long>(bytes.size())));
    if (signature && PKCS7_type_is_signed(signature.get()) && signature->d.sign) {
        // Finds the certificates that the signature names, without verifying anything.
        const Handle<STACK_OF(X509), free_stack> signers(PKCS7_get0_signers(signature.get(), nullptr, 0));
        for (int i = 0; signers && i < std::min(sk_X509_num(signers.get()), signer_limit); ++i)
            if (std::string name = common_name(sk_X509_value(signers.get(), i)); !name.empty())
                names.push_back(std::move(name));
    }
    ERR_clear_error();
    return names;
}

}  // namespace lktest
