// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The kind of a file that contains a disk image in another form: "compressed with xz", "a qcow2 image of a
/// virtual machine". Empty for any other file.
std::string packed_image(const ByteView& file);

}  // namespace lktest
