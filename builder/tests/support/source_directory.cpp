// SPDX-License-Identifier: MIT
#include "builder/tests/support/source_directory.hpp"

namespace lktest {

const std::filesystem::path& source_directory() {
    static const std::filesystem::path directory = LKTEST_SOURCE_DIR;
    return directory;
}

}  // namespace lktest
