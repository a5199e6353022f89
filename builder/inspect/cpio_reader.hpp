// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "builder/inspect/unpack.hpp"

namespace lktest {

/// One file of a cpio archive.
struct CpioEntry {
    std::string path;  ///< "/usr/bin/sh"
    std::uint32_t mode = 0;
    std::uint64_t size = 0;
    std::string head;  ///< the first bytes of its content; all of a symbolic link's
};

struct CpioResult {
    std::uint64_t read = 0;  ///< bytes, including the trailer
    bool complete = false;   ///< the trailer was found
    std::string fault;       ///< why it was not found
};

/// How many bytes of a file to read.
using HeadSize = std::function<std::size_t(const std::string& path)>;

/// Reads one newc or crc archive ("070701", "070702").
/// @param take  called for every entry; returns false to stop reading
CpioResult read_cpio(const Stream& stream, const HeadSize& head_size,
                     const std::function<bool(CpioEntry)>& take);

}  // namespace lktest
