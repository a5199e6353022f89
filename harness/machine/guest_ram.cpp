// SPDX-License-Identifier: MIT
#include "harness/machine/guest_ram.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "builder/base/error.hpp"

namespace lktest {

UniqueFd copy_memory(const std::function<std::string(std::uint64_t address, std::size_t size)>& peek,
                     const std::vector<RamRange>& layout, std::uint64_t most) {
    constexpr std::uint64_t piece = 4 << 20;  // the most that a daemon returns at once
    constexpr std::size_t page = 4096;
    UniqueFd copy(::memfd_create("lktest-guest", MFD_CLOEXEC));
    if (!copy)
        throw system_error("cannot make a copy of the guest's memory", errno);
    std::uint64_t end = 0;
    for (const RamRange& range : layout)
        for (std::uint64_t at = 0; at < range.size && range.offset + at < most; at += piece) {
            const auto size = static_cast<std::size_t>(std::min(piece, range.size - at));
            const std::string bytes = peek(range.address + at, size);
            if (bytes.empty())
                break;
            for (std::size_t i = 0; i < bytes.size(); i += page) {
                const std::string_view part = std::string_view(bytes).substr(i, page);
                if (part.find_first_not_of('\0') == part.npos)
                    continue;
                if (::pwrite(copy.get(), part.data(), part.size(),
                             static_cast<off_t>(range.offset + at + i)) < 0)
                    throw system_error("cannot copy the guest's memory", errno);
            }
            end = std::max(end, range.offset + at + bytes.size());
        }
    if (end == 0)
        return {};
    if (::ftruncate(copy.get(), static_cast<off_t>(end)) < 0)
        throw system_error("cannot copy the guest's memory", errno);
    return copy;
}

GuestRam::GuestRam(UniqueFd file, std::vector<RamRange> layout)
    : file_(std::move(file)), layout_(std::move(layout)) {
    struct stat facts {};
    if (::fstat(file_.get(), &facts) < 0)
        throw system_error("cannot look at the guest's memory", errno);
    size_ = static_cast<std::size_t>(facts.st_size);
    std::erase_if(layout_, [this](const RamRange& range) { return range.offset >= size_; });
    for (RamRange& range : layout_)
        range.size = std::min<std::uint64_t>(range.size, size_ - range.offset);
    if (size_ == 0)
        return;
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (mapped == MAP_FAILED)
        throw system_error("cannot map the guest's memory", errno);
    bytes_ = static_cast<const std::byte*>(mapped);
}

GuestRam::GuestRam(GuestRam&& other) noexcept
    : file_(std::move(other.file_)),
      layout_(std::move(other.layout_)),
      bytes_(std::exchange(other.bytes_, nullptr)),
      size_(other.size_) {}

GuestRam::~GuestRam() {
    if (bytes_)
        ::munmap(const_cast<std::byte*>(bytes_), size_);
}

GuestMemory GuestRam::written() const {
    std::vector<MemorySpan> spans;
    for (const RamRange& range : layout_) {
        const std::uint64_t range_end = range.offset + range.size;
        std::uint64_t at = range.offset;
        while (at < range_end) {
            const off_t data = ::lseek(file_.get(), static_cast<off_t>(at), SEEK_DATA);
            if (data < 0 || static_cast<std::uint64_t>(data) >= range_end)
                break;
            const off_t hole = ::lseek(file_.get(), data, SEEK_HOLE);
            if (hole <= data)
                break;
            const auto begin = static_cast<std::uint64_t>(data);
            const std::uint64_t end = std::min(static_cast<std::uint64_t>(hole), range_end);
            spans.push_back({range.address + (begin - range.offset), {bytes_ + begin, end - begin}});
            at = end;
        }
    }
    return GuestMemory(std::move(spans));
}

GuestMemory GuestRam::whole() const {
    std::vector<MemorySpan> spans;
    for (const RamRange& range : layout_)
        spans.push_back({range.address, {bytes_ + range.offset, static_cast<std::size_t>(range.size)}});
    return GuestMemory(std::move(spans));
}

}  // namespace lktest
