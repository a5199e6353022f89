// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/diagnose/address_space.hpp"

namespace lktest {

/// Memory that a test writes, in pages. It contains a kernel's image at physical + image_offset.
struct TestRam {
    static constexpr std::uint64_t image_offset = 0xffff'ffff'8000'0000;

    std::map<std::uint64_t, std::string> pages;  // by physical address

    void write(std::uint64_t address, std::string_view bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i, ++address) {
            std::string& page = pages[address & ~std::uint64_t{0xfff}];
            page.resize(4096);
            page[address & 0xfff] = bytes[i];
        }
    }
    template <typename T>
    void put(std::uint64_t address, T value) {
        write(address, {reinterpret_cast<const char*>(&value), sizeof value});
    }
    /// One piece from the lowest to the highest address, like an image.
    std::string joined() const {
        std::string bytes;
        for (const auto& [address, page] : pages) {
            bytes.resize(static_cast<std::size_t>(address - pages.begin()->first));
            bytes += page;
        }
        return bytes;
    }
    std::uint64_t begin() const { return pages.begin()->first; }
};

/// A view of TestRam::joined().
inline GuestMemory memory_of(std::uint64_t begin, const std::string& bytes) {
    return GuestMemory({{begin, std::as_bytes(std::span(bytes))}});
}

}  // namespace lktest
