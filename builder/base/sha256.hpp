// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "builder/base/handle.hpp"

namespace lktest {

/// "0a1b…": a digest as it is written.
std::string hexadecimal(std::string_view bytes);

/// Computes a SHA-256 incrementally.
class Sha256 {
public:
    using Digest = std::array<std::byte, 32>;

    /// Throws a host Error if OpenSSL was configured without SHA-256.
    Sha256();
    void add(std::span<const std::byte> bytes);
    /// The digest of all added bytes. The object starts again with none.
    Digest digest();
    /// The same in hexadecimal.
    std::string hex();

private:
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context_;
};

}  // namespace lktest
