// SPDX-License-Identifier: MIT
#include "builder/layer/erofs_writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/layer/squashfs_unpacker.hpp"
#include "builder/layer/squashfs_writer.hpp"

namespace lktest {
namespace fs = std::filesystem;

std::vector<std::string> write_erofs(const FileTree& tree, const fs::path& file,
                                     const std::string& compression, std::int64_t source_date_epoch,
                                     const fs::path& scratch, const Progress& progress) {
    if (::geteuid() != 0)
        throw host_error("EROFS layers need root: mkfs.erofs reads owners and devices from a directory",
                         "run as root, or remove format = \"erofs\" from [root]");
    const TempDir work(scratch);
    const fs::path packed = work.path() / "tree.sb", directory = work.path() / "tree";
    // The quickest way from a tree to a directory with all owners, links and attributes.
    constexpr Compression quick{Compressor::lz4, 0, 128 << 10};
    std::vector<std::string> remarks = write_squashfs(tree, packed, quick, source_date_epoch, 2, progress);
    for (std::string& remark : unpack_squashfs(packed, directory, progress))
        remarks.push_back(std::move(remark));
    fs::remove(packed);

    AtomicFile image(file);
    // mkfs.erofs limits times to SOURCE_DATE_EPOCH. Clusters of 64 KiB compress nearly as well as SquashFS.
    std::vector<std::string> command{"mkfs.erofs", "--quiet",
                                     fmt::format("-U00000000-0000-4000-8000-{:012x}", source_date_epoch)};
    if (compression != "none")
        command.insert(command.end(), {"-z" + compression, "-C65536"});
    command.insert(command.end(), {image.temporary().string(), directory.string()});
    ProcessOptions options;
    options.deadline = std::chrono::hours(2);
    options.environment = {{"SOURCE_DATE_EPOCH", std::to_string(source_date_epoch)}};
    check_process(command, options);
    image.commit();
    return remarks;
}

}  // namespace lktest
