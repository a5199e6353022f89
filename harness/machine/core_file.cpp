// SPDX-License-Identifier: MIT
#include "harness/machine/core_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

constexpr std::string_view signature = "makedumpfile";
constexpr std::streamoff header_size = 4096;
constexpr std::uint64_t end_mark = ~std::uint64_t{0};

std::optional<std::uint64_t> read_number(std::istream& from) {
    std::array<unsigned char, 8> bytes{};
    if (!from.read(reinterpret_cast<char*>(bytes.data()), bytes.size()))
        return std::nullopt;
    std::uint64_t number = 0;
    for (const unsigned char byte : bytes)
        number = number << 8 | byte;
    return number;
}

/// Copies pieces until the mark of the end. False when the dump ends before.
bool copy_pieces(std::istream& from, std::ostream& to) {
    std::array<char, 65536> chunk{};
    for (;;) {
        const auto offset = read_number(from), size = read_number(from);
        if (!offset || !size)
            return false;
        if (*offset == end_mark)
            return true;
        to.seekp(static_cast<std::streamoff>(*offset));
        for (std::uint64_t left = *size; left > 0;) {
            const auto part = static_cast<std::streamsize>(std::min<std::uint64_t>(left, chunk.size()));
            if (!from.read(chunk.data(), part) || !to.write(chunk.data(), part))
                return false;
            left -= static_cast<std::uint64_t>(part);
        }
    }
}

}  // namespace

void unflatten_core(const std::filesystem::path& file) {
    std::ifstream from(file, std::ios::binary);
    std::array<char, signature.size()> begin{};
    if (!from.read(begin.data(), begin.size()) || std::string_view(begin.data(), begin.size()) != signature)
        return;
    AtomicFile whole(file);
    std::ofstream to(whole.temporary(), std::ios::binary);
    std::filesystem::permissions(whole.temporary(), std::filesystem::perms(0600));  // all a guest knows
    from.seekg(header_size);
    if (!copy_pieces(from, to) || !to.flush())
        throw host_error(fmt::format("cannot write the guest's memory to {}", file.string()),
                         "is the disk full?");
    whole.commit();
}

}  // namespace lktest
