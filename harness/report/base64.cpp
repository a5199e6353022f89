// SPDX-License-Identifier: MIT
#include "harness/report/base64.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace lktest {
namespace {

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

std::string base64(std::string_view bytes) {
    // EVP_EncodeBlock also writes a NUL, which fits into std::string's terminator.
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), raw(bytes),
                    static_cast<int>(bytes.size()));
    return text;
}

std::string sha256(std::string_view bytes) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(raw(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

}  // namespace lktest
