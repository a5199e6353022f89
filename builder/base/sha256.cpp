// SPDX-License-Identifier: MIT
#include "builder/base/sha256.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

void check(bool done) {
    if (!done)
        throw host_error("OpenSSL does not support SHA-256");
}

}  // namespace

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Sha256::Digest Sha256::digest() {
    Digest digest{};
    check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    check(EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1);
    return digest;
}

std::string Sha256::hex() {
    const Digest bytes = digest();
    return hexadecimal({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace lktest
