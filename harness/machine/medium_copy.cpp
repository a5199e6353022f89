// SPDX-License-Identifier: MIT
#include "harness/machine/medium_copy.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {

void make_medium_copy(const std::filesystem::path& image, std::span<const Patch> patches,
                      const std::filesystem::path& copy) {
    check_process({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, copy});
    if (patches.empty())
        return;
    // qemu-io reads the bytes to write from a file and splits its commands at blanks, so the names have none.
    std::vector<std::string> command{"qemu-io", "-f", "qcow2"};
    const TempDir pieces(copy.parent_path());
    for (std::size_t i = 0; i < patches.size(); ++i) {
        const std::filesystem::path piece = pieces.path() / std::to_string(i);
        write_file(piece, patches[i].bytes);
        command.insert(command.end(), {"-c", fmt::format("write -q -s {} {} {}", piece.string(),
                                                         patches[i].offset, patches[i].bytes.size())});
    }
    command.push_back(copy);
    check_process(command);
}

}  // namespace lktest
