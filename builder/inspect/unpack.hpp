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
/// otherwise empty.
std::string_view compression_of(std::string_view head);

/// Reads some of the next bytes of a stream; returns 0 at its end.
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
    /// Why the stream ended early; empty if it did not.
    const std::string& fault() const noexcept { return fault_; }

private:
    struct State;
    std::unique_ptr<State> state_;
    std::uint64_t left_;
    std::string fault_;
};

/// Reads at most `size` bytes of a stream, like read(2).
std::string read_some(const Stream& stream, std::size_t size);
/// @return the number of skipped bytes
std::uint64_t skip(const Stream& stream, std::uint64_t size);

}  // namespace lktest
