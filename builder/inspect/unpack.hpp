// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The compression that a file begins with: "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd";
/// empty when it is none of those.
std::string_view compression_of(std::string_view head);

/// Gives some of the next bytes of a stream; 0 at its end.
using Stream = std::function<std::size_t(std::span<char>)>;

/// The bytes of a view, one after the other.
Stream plain_stream(const ByteView& bytes);

/// The same decompressed (libarchive), at most `limit` bytes.
class Unpacked {
public:
    Unpacked(const ByteView& bytes, std::uint64_t limit);
    Unpacked(Unpacked&&) noexcept;
    Unpacked& operator=(Unpacked&&) = delete;
    ~Unpacked();

    std::size_t read(std::span<char> buffer);
    /// Why the stream ended before its end; empty when it did not.
    const std::string& fault() const noexcept { return fault_; }

private:
    struct State;
    std::unique_ptr<State> state_;
    std::uint64_t left_;
    std::string fault_;
};

/// Like a file's own read(), of a stream: at most `size` bytes.
std::string read_some(const Stream& stream, std::size_t size);
/// Returns how many bytes there were to skip.
std::uint64_t skip(const Stream& stream, std::uint64_t size);

}  // namespace lktest
