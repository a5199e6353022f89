// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// RFC 4648, section 4: with padding, without line breaks.
std::string base64(std::string_view bytes);

/// The 32 bytes of the digest.
std::string sha256(std::string_view bytes);

}  // namespace lktest
