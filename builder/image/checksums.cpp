// SPDX-License-Identifier: MIT
#include "builder/image/checksums.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/sha256.hpp"

namespace lktest {
namespace {

FileDigest digest_of(const ImageFile& file) {
    if (const auto* text = std::get_if<std::string>(&file.content)) {
        Sha256 sum;
        sum.add(std::as_bytes(std::span(*text)));
        return {file.path, text->size(), sum.hex()};
    }
    FileDigest digest = digest_of_file(std::get<std::filesystem::path>(file.content));
    digest.path = file.path;
    return digest;
}

}  // namespace

FileDigest digest_of_file(const std::filesystem::path& path, std::stop_token stop) {
    Sha256 sum;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        throw usage_error(
            fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
    // Piece by piece: a layer may be larger than this machine's memory.
    std::vector<std::byte> piece(1 << 18);
    std::uint64_t size = 0;
    while (const std::size_t count = stop.stop_requested() ? 0 : read_at(fd.get(), size, piece, path)) {
        sum.add(std::span(piece).first(count));
        size += count;
    }
    return {path.string(), size, stop.stop_requested() ? "" : sum.hex()};
}

std::vector<FileDigest> digests(std::span<const ImageFile> files) {
    // Each of the few large files in parallel with the others.
    std::vector<std::future<FileDigest>> made;
    for (const ImageFile& file : files) {
        const bool on_disk = std::holds_alternative<std::filesystem::path>(file.content);
        made.push_back(std::async(on_disk ? std::launch::async : std::launch::deferred,
                                  [&file] { return digest_of(file); }));
    }
    std::vector<FileDigest> result;
    for (std::future<FileDigest>& digest : made)
        result.push_back(digest.get());
    return result;
}

std::string checksum_list(std::span<const FileDigest> files) {
    std::string text;
    for (const FileDigest& file : files)
        text += fmt::format("{}  {}\n", file.sha256, file.path.substr(1));
    return text;
}

}  // namespace lktest
