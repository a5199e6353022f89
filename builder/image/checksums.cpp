// SPDX-License-Identifier: MIT
#include "builder/image/checksums.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

std::string sha256(std::span<const std::byte> bytes) {
    std::array<unsigned char, 32> digest;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw host_error("OpenSSL has no SHA-256");
    std::string hex;
    for (const unsigned char byte : digest)
        hex += fmt::format("{:02x}", byte);
    return hex;
}

}  // namespace

std::vector<FileDigest> digests(std::span<const ImageFile> files) {
    std::vector<FileDigest> result;
    for (const ImageFile& file : files) {
        std::shared_ptr<const MappedFile> mapped;
        std::span<const std::byte> bytes;
        if (const auto* text = std::get_if<std::string>(&file.content)) {
            bytes = std::as_bytes(std::span(*text));
        } else {
            mapped = MappedFile::open(std::get<std::filesystem::path>(file.content));
            bytes = mapped->bytes();
        }
        result.push_back({file.path, bytes.size(), sha256(bytes)});
    }
    return result;
}

std::string checksum_list(std::span<const FileDigest> files) {
    std::string text;
    for (const FileDigest& file : files)
        text += fmt::format("{}  {}\n", file.sha256, file.path.substr(1));
    return text;
}

}  // namespace lktest
