// SPDX-License-Identifier: MIT
#include "builder/image/image_file.hpp"

#include "builder/base/file.hpp"

namespace lktest {

std::string bytes_of(const ImageFile& file) {
    const auto* bytes = std::get_if<std::string>(&file.content);
    return bytes ? *bytes : read_file(std::get<std::filesystem::path>(file.content));
}

}  // namespace lktest
