// SPDX-License-Identifier: MIT
#include "harness/boot/placed_files.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

void copy_out(const ByteView& content, const fs::path& file) {
    std::ofstream out(file, std::ios::binary);
    std::array<char, 1 << 18> chunk;
    for (std::uint64_t at = 0; at < content.size();) {
        const std::size_t size = content.read(at, chunk);
        out.write(chunk.data(), static_cast<std::streamsize>(size));
        at += size;
    }
    if (!out.flush())
        throw host_error(fmt::format("cannot write {}", file.string()));
}

/// The file of the medium with this path, or all files below the directory.
void add_of_medium(std::vector<PlacedFile>& files, const fs::path& inside, const std::string& path,
                   const fs::path& medium, const fs::path& scratch) {
    const IsoTree tree = read_iso_tree(ByteView::of_file(medium));
    const std::size_t before = files.size();
    for (const auto& [name, node] : tree.nodes) {
        if (node.directory || (name != path && !name.starts_with(path + "/")))
            continue;
        const fs::path copy = scratch / std::to_string(files.size());
        copy_out(node.content, copy);
        files.push_back({fs::path(inside.string() + name.substr(path.size())), copy});
    }
    if (files.size() == before)
        throw usage_error(fmt::format("{} has no {}", medium.string(), path));
}

}  // namespace

std::vector<PlacedFile> place_files(const FileList& list, std::string_view whose, const fs::path& medium,
                                    const fs::path& scratch) {
    std::vector<PlacedFile> files;
    for (const auto& [path, from] : list) {
        const fs::path inside = fs::path("/" + path).lexically_normal();
        if (from == medium_file) {
            files.push_back({inside, medium});
        } else if (from.starts_with(of_medium)) {
            add_of_medium(files, inside, from.substr(of_medium.size()), medium, scratch);
        } else if (from.starts_with(as_module)) {
            const fs::path module = scratch / std::to_string(files.size());
            write_squashfs(directory_tree(from.substr(as_module.size())), module, Compression{},
                           std::time(nullptr), 1, [](std::string_view, std::uint64_t, std::uint64_t) {});
            files.push_back({inside, module});
        } else if (fs::exists(from)) {
            files.push_back({inside, from});
        } else {
            throw usage_error(fmt::format("{} does not exist; {} needs it", from, whose));
        }
    }
    return files;
}

void copy_sparse(const fs::path& from, const fs::path& to) {
    check_process({"cp", "--reflink=auto", "--sparse=always", "-f", "--", from, to});
}

void copy_files(const std::vector<PlacedFile>& files, const fs::path& directory) {
    for (const PlacedFile& file : files) {
        const fs::path copy = directory / file.inside.relative_path();
        make_directories(copy.parent_path());
        copy_sparse(file.from, copy);
    }
}

}  // namespace lktest
