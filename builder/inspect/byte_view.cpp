// SPDX-License-Identifier: MIT
#include "builder/inspect/byte_view.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/utf8.hpp"

namespace lktest {

namespace {

/// "/proc/self/fd/4" names a descriptor of this process and is duplicated, because a confined process must
/// not open files.
UniqueFd open_or_copy(const std::string& path) {
    constexpr std::string_view descriptors = "/proc/self/fd/";
    if (path.starts_with(descriptors)) {
        int number = -1;
        std::from_chars(path.data() + descriptors.size(), path.data() + path.size(), number);
        return UniqueFd(::dup(number));
    }
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

struct ByteView::Source {
    std::filesystem::path path;
    UniqueFd file;
    std::string memory;  ///< instead of a file

    /// `size` bytes that the file had when it was opened; fewer if it has shrunk since.
    std::size_t read(std::uint64_t offset, std::span<char> buffer) const {
        if (!file) {
            std::memcpy(buffer.data(), memory.data() + offset, buffer.size());
            return buffer.size();
        }
        std::size_t done = 0;
        while (done < buffer.size()) {
            const ssize_t got = ::pread(file.get(), buffer.data() + done, buffer.size() - done,
                                        static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0)
                throw system_error(fmt::format("cannot read {}", path.string()), errno,
                                   "check the kernel's log for a failing disk");
            if (got == 0)
                break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }
};

ByteView ByteView::of_file(const std::filesystem::path& path) {
    UniqueFd file = open_or_copy(path.string());
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0)
        throw usage_error(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    if (!S_ISREG(status.st_mode))
        throw usage_error(fmt::format("{} is not a regular file", path.string()), "pass an ISO image (.iso)");
    ByteView view;
    view.source_ = std::make_shared<const Source>(Source{path, std::move(file), {}});
    if (status.st_size > 0)
        view.pieces_.push_back({0, 0, static_cast<std::uint64_t>(status.st_size)});
    return view;
}

ByteView ByteView::of_memory(std::string bytes) {
    ByteView view;
    const std::uint64_t size = bytes.size();
    view.source_ = std::make_shared<const Source>(Source{{}, {}, std::move(bytes)});
    if (size > 0)
        view.pieces_.push_back({0, 0, size});
    return view;
}

ByteView ByteView::part(std::uint64_t offset, std::uint64_t size) const {
    ByteView view;
    view.source_ = source_;
    const std::uint64_t start = std::min(offset, this->size());
    const std::uint64_t end = start + std::min(size, this->size() - start);
    for (const Piece& piece : pieces_) {
        const std::uint64_t first = std::max(start, piece.at), last = std::min(end, piece.end());
        if (first < last)
            view.pieces_.push_back({first - start, piece.offset + (first - piece.at), last - first});
    }
    return view;
}

void ByteView::append(const ByteView& next) {
    if (!source_)
        source_ = next.source_;
    for (const Piece& piece : next.pieces_) {
        if (!pieces_.empty() && pieces_.back().offset + pieces_.back().size == piece.offset)
            pieces_.back().size += piece.size;
        else
            pieces_.push_back({size(), piece.offset, piece.size});
    }
}

std::string ByteView::read(std::uint64_t offset, std::size_t wanted) const {
    if (offset >= size())
        return {};
    std::string bytes(std::min<std::uint64_t>(wanted, size() - offset), '\0');
    bytes.resize(read(offset, std::span(bytes)));
    return bytes;
}

std::size_t ByteView::read(std::uint64_t offset, std::span<char> buffer) const {
    std::size_t done = 0;
    auto piece = std::ranges::upper_bound(pieces_, offset, {}, &Piece::end);
    for (; piece != pieces_.end() && done < buffer.size(); ++piece) {
        const std::uint64_t skip = offset + done - piece->at;
        const std::size_t wanted = std::min<std::uint64_t>(buffer.size() - done, piece->size - skip);
        const std::size_t got = source_->read(piece->offset + skip, buffer.subspan(done, wanted));
        done += got;
        if (got < wanted)
            break;
    }
    return done;
}

bool same_bytes(const ByteView& one, const ByteView& other) {
    constexpr std::size_t chunk = 1 << 20;
    if (one.size() != other.size())
        return false;
    for (std::uint64_t at = 0; at < one.size(); at += chunk)
        if (one.read(at, chunk) != other.read(at, chunk))
            return false;
    return true;
}

std::uint64_t find_text(const ByteView& bytes, std::string_view text, std::uint64_t limit) {
    constexpr std::size_t chunk = 1 << 20;
    for (std::uint64_t at = 0; at < std::min(limit, bytes.size()); at += chunk)
        if (const std::size_t found = bytes.read(at, chunk + text.size()).find(text);
            found != std::string::npos)
            return at + found;
    return not_found;
}

bool has_text(std::string_view bytes, std::size_t at, std::string_view text) {
    return at <= bytes.size() && bytes.substr(at).starts_with(text);
}

std::string utf8_of_utf16(std::u16string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char32_t point = text[at];
        const bool pair = point >= 0xd800 && point < 0xdc00 && at + 1 < text.size() &&
                          text[at + 1] >= 0xdc00 && text[at + 1] < 0xe000;
        if (pair)
            point = 0x10000 + ((point - 0xd800) << 10) + (text[++at] - 0xdc00U);
        else if (point >= 0xd800 && point < 0xe000)
            point = 0xfffd;
        append_utf8(out, point);
    }
    return out;
}

}  // namespace lktest
