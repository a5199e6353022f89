// SPDX-License-Identifier: MIT
#include "builder/inspect/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <vector>

#include "builder/base/handle.hpp"

namespace lktest {
namespace {

struct Magic {
    std::string_view bytes, name;
};
// The magic numbers of Linux's lib/decompress.c, and LZ4's newer frame.
constexpr std::array magics{
    Magic{"\x1f\x8b", "gzip"},
    Magic{"\x1f\x9e", "gzip"},
    Magic{"BZh", "bzip2"},
    Magic{{"\x5d\0\0", 3}, "lzma"},
    Magic{{"\xfd"
           "7zXZ\0",
           6},
          "xz"},
    Magic{"\x89LZO", "lzo"},
    Magic{"\x02\x21\x4c\x18", "lz4"},
    Magic{"\x04\x22\x4d\x18", "lz4"},
    Magic{"\x28\xb5\x2f\xfd", "zstd"},
};

}  // namespace

std::string_view compression_of(std::string_view head) {
    for (const Magic& magic : magics)
        if (head.starts_with(magic.bytes))
            return magic.name;
    return {};
}

Stream plain_stream(const ByteView& bytes) {
    return [bytes, at = std::uint64_t{0}](std::span<char> buffer) mutable {
        const std::size_t got = bytes.read(at, buffer);
        at += got;
        return got;
    };
}

struct Unpacked::State {
    ByteView bytes;
    std::uint64_t at = 0;
    std::vector<char> chunk = std::vector<char>(256 << 10);
    Handle<archive, archive_read_free> reader{archive_read_new()};

    static la_ssize_t feed(archive*, void* data, const void** buffer) {
        auto& self = *static_cast<State*>(data);
        const std::size_t got = self.bytes.read(self.at, self.chunk);
        self.at += got;
        *buffer = self.chunk.data();
        return static_cast<la_ssize_t>(got);
    }
};

Unpacked::Unpacked(const ByteView& bytes, std::uint64_t limit)
    : state_(std::make_unique<State>()), left_(limit) {
    state_->bytes = bytes;
    archive* reader = state_->reader.get();
    archive_read_support_format_raw(reader);
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_bzip2(reader);
    archive_read_support_filter_lzma(reader);
    archive_read_support_filter_xz(reader);
    archive_read_support_filter_lz4(reader);
    archive_read_support_filter_zstd(reader);
    archive_entry* entry = nullptr;
    if (archive_read_open(reader, state_.get(), nullptr, State::feed, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(reader, &entry) < ARCHIVE_WARN) {
        const char* why = archive_error_string(reader);
        fault_ = why ? why : "it is empty";
    }
}

Unpacked::Unpacked(Unpacked&&) noexcept = default;
Unpacked::~Unpacked() = default;

std::size_t Unpacked::read(std::span<char> buffer) {
    buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), left_));
    if (buffer.empty() || !fault_.empty())
        return 0;
    const la_ssize_t got = archive_read_data(state_->reader.get(), buffer.data(), buffer.size());
    if (got < 0) {
        const char* why = archive_error_string(state_->reader.get());
        fault_ = why ? why : "decompression failed";
        return 0;
    }
    left_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

std::string read_some(const Stream& stream, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
        const std::size_t before = bytes.size();
        bytes.resize(before + std::min<std::size_t>(size - before, 1 << 20));
        const std::size_t got = stream(std::span(bytes).subspan(before));
        bytes.resize(before + got);
        if (got == 0)
            break;
    }
    return bytes;
}

std::uint64_t skip(const Stream& stream, std::uint64_t size) {
    std::vector<char> unused(std::min<std::uint64_t>(size, 64 << 10));
    std::uint64_t done = 0;
    while (done < size) {
        const std::size_t got =
            stream(std::span(unused).first(std::min<std::uint64_t>(unused.size(), size - done)));
        if (got == 0)
            break;
        done += got;
    }
    return done;
}

}  // namespace lktest
