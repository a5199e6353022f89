// SPDX-License-Identifier: MIT
#include "builder/layer/block_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view pack_magic = "lktest blocks 1\n", suffix = ".blocks";
/// A build after so many small changes joins the packs, so that few files are opened.
constexpr std::size_t most_packs = 16;
/// The largest block of SquashFS.
constexpr std::uint32_t most_bytes = 1 << 20;

/// What precedes each block in a pack. Its digest covers key, size and block.
struct Header {
    Sha256::Digest key, digest;
    std::uint32_t size = 0;
};
constexpr std::size_t header_size = sizeof(Sha256::Digest) * 2 + sizeof(std::uint32_t);

Sha256::Digest digest_of(const Sha256::Digest& key, std::span<const std::byte> block) {
    Sha256 sum;
    const auto size = static_cast<std::uint32_t>(block.size());
    sum.add(key);
    sum.add(std::as_bytes(std::span(&size, 1)));
    sum.add(block);
    return sum.digest();
}

/// The cache stays on its machine, so numbers are in this machine's byte order.
Header header_from(std::span<const std::byte> bytes) {
    Header header;
    std::memcpy(header.key.data(), bytes.data(), header.key.size());
    std::memcpy(header.digest.data(), bytes.data() + header.key.size(), header.digest.size());
    std::memcpy(&header.size, bytes.data() + header.key.size() * 2, sizeof header.size);
    return header;
}

std::array<std::byte, header_size> bytes_of(const Header& header) {
    std::array<std::byte, header_size> bytes{};
    std::memcpy(bytes.data(), header.key.data(), header.key.size());
    std::memcpy(bytes.data() + header.key.size(), header.digest.data(), header.digest.size());
    std::memcpy(bytes.data() + header.key.size() * 2, &header.size, sizeof header.size);
    return bytes;
}

}  // namespace

std::size_t BlockCache::FirstBytes::operator()(const Key& key) const {
    std::size_t value = 0;
    std::memcpy(&value, key.data(), sizeof value);
    return value;
}

BlockCache::BlockCache(fs::path directory, std::uint64_t most)
    : directory_(std::move(directory)), most_(most) {}

BlockCache::~BlockCache() = default;

std::optional<std::uint32_t> BlockCache::find(const Key& key, std::span<std::byte> out) {
    if (most_ == 0)
        return std::nullopt;
    Place place;
    {
        const std::lock_guard guard(lock_);
        load();
        const auto known = index_.find(key);
        if (known == index_.end() || known->second.size > out.size())
            return std::nullopt;
        place = known->second;
    }
    const auto block = read_block(key, place);
    if (!block)
        return std::nullopt;
    std::ranges::copy(*block, out.begin());
    return place.size;
}

void BlockCache::put(const Key& key, std::span<const std::byte> block) {
    const std::lock_guard guard(lock_);
    if (most_ == 0 || full_ || block.size() > most_bytes)
        return;
    load();
    append(key, block);
}

void BlockCache::commit() {
    const std::lock_guard guard(lock_);
    std::vector<Pack*> old;
    for (const auto& pack : packs_)
        if (!made_ || pack != packs_.back())
            old.push_back(pack.get());
    const auto largest = std::ranges::max_element(old, {}, &Pack::size);
    const bool join = made_ && old.size() >= most_packs;
    std::vector<const Pack*> replaced;
    for (const Pack* pack : old)
        if (!full_ && (pack->damaged || (join && pack != *largest))) {
            rewrite(*pack);
            replaced.push_back(pack);
        }
    std::error_code ignored;
    for (const Pack* pack : old)
        if (pack->used)
            fs::last_write_time(pack->file, fs::file_time_type::clock::now(), ignored);
    if (made_)
        made_->commit();
    made_.reset();
    for (const Pack* pack : replaced)
        fs::remove(pack->file, ignored);
}

/// Reads where each block is, from the packs of earlier builds.
void BlockCache::load() {
    if (std::exchange(loaded_, true))
        return;
    std::error_code ignored;
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_, ignored))
        if (entry.path().extension() == suffix)
            files.push_back(entry.path());
    std::ranges::sort(files);
    for (const fs::path& file : files) {
        auto pack = std::make_unique<Pack>();
        pack->file = file;
        pack->fd.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (!pack->fd || ::fstat(pack->fd.get(), &status) < 0 || !S_ISREG(status.st_mode))
            continue;
        pack->size = static_cast<std::uint64_t>(status.st_size);
        load_pack(*packs_.emplace_back(std::move(pack)));
    }
}

void BlockCache::load_pack(Pack& pack) {
    std::array<std::byte, header_size> bytes{};
    std::uint64_t at = pack_magic.size();
    while (at < pack.size) {
        Header header;
        const std::size_t got = read_at(pack.fd.get(), at, bytes, pack.file);
        if (got == bytes.size())
            header = header_from(bytes);
        if (got < bytes.size() || header.size > most_bytes || at + header_size + header.size > pack.size)
            break;
        index_.insert_or_assign(header.key, Place{&pack, at, header.size});
        at += header_size + header.size;
    }
    pack.damaged = at != pack.size;
}

/// Unset if the record is not what its digest says; the pack then counts as damaged.
std::optional<std::vector<std::byte>> BlockCache::read_block(const Key& key, const Place& place) {
    Pack& pack = *place.pack;
    std::vector<std::byte> record(header_size + place.size);
    std::size_t got = 0;
    try {
        got = read_at(pack.fd.get(), place.offset, record, pack.file);
    } catch (const std::exception&) {
        got = 0;  // a disk that cannot be read is damage too
    }
    const Header header = header_from(record);
    record.erase(record.begin(), record.begin() + header_size);
    const bool sound = got == header_size + place.size && header.key == key && header.size == place.size &&
                       header.digest == digest_of(key, record);
    (sound ? pack.used : pack.damaged) = true;
    return sound ? std::optional(std::move(record)) : std::nullopt;
}

/// False, and nothing more is kept, if the pack cannot be written.
bool BlockCache::open_new() {
    if (made_)
        return true;
    std::error_code error;
    fs::create_directories(directory_, error);
    auto made = std::make_unique<AtomicFile>(
        directory_ /
        fmt::format("{:016x}{}", std::chrono::system_clock::now().time_since_epoch().count(), suffix));
    auto pack = std::make_unique<Pack>();
    pack->file = made->temporary();
    pack->fd.reset(::open(pack->file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    full_ = !pack->fd ||
            ::pwrite(pack->fd.get(), pack_magic.data(), pack_magic.size(), 0) != std::ssize(pack_magic);
    if (full_)
        return false;
    pack->size = pack_magic.size();
    made_ = std::move(made);
    packs_.push_back(std::move(pack));
    return true;
}

void BlockCache::append(const Key& key, std::span<const std::byte> block) {
    if (!open_new())
        return;
    Pack& pack = *packs_.back();
    auto header = bytes_of({key, digest_of(key, block), static_cast<std::uint32_t>(block.size())});
    const std::size_t size = header.size() + block.size();
    // A pack that would be too large to be kept is not worth its disk space.
    full_ = pack.size + size > most_;
    const std::array<iovec, 2> parts{
        iovec{header.data(), header.size()},
        iovec{const_cast<std::byte*>(block.data()), block.size()}};  // pwritev() only reads
    if (full_ || ::pwritev(pack.fd.get(), parts.data(), parts.size(), static_cast<off_t>(pack.size)) !=
                     static_cast<ssize_t>(size)) {
        full_ = true;
        return;
    }
    index_.insert_or_assign(key, Place{&pack, pack.size, static_cast<std::uint32_t>(block.size())});
    pack.size += size;
}

/// Copies the sound blocks of a pack to the new one.
void BlockCache::rewrite(const Pack& pack) {
    std::vector<std::pair<Key, Place>> blocks;
    for (const auto& [key, place] : index_)
        if (place.pack == &pack)
            blocks.emplace_back(key, place);
    std::ranges::sort(blocks, {}, [](const auto& block) { return block.second.offset; });
    for (const auto& [key, place] : blocks)
        if (const auto block = read_block(key, place))
            append(key, *block);
}

}  // namespace lktest
