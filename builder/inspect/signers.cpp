// SPDX-License-Identifier: MIT
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>

#include "builder/base/certificate.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/pe.hpp"

namespace lktest {
namespace {

constexpr int signer_limit = 16;

void free_stack(STACK_OF(X509) * stack) {
    sk_X509_free(stack);  // the certificates come from the signature
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
            if (std::string name = common_name(X509_get_subject_name(sk_X509_value(signers.get(), i)));
                !name.empty())
                names.push_back(std::move(name));
    }
    ERR_clear_error();
    return names;
}

}  // namespace lktest
