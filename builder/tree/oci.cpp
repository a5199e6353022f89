// SPDX-License-Identifier: MIT
#include "builder/tree/oci.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "builder/cache.hpp"
#include "builder/image/checksums.hpp"
#include "builder/tree/archive.hpp"
#include "builder/tree/exclusion.hpp"
#include "builder/tree/from_directory.hpp"
#include "builder/tree/oci_manifest.hpp"
#include "builder/tree/overlay.hpp"
#include "builder/tree/tar.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

Error damaged(const fs::path& image, const std::string& what) {
    return usage_error(fmt::format("{} is not a sound container image: {}", image.string(), what),
                       "copy it again, or export it again");
}

/// The files of the image: a directory's, or an archive's.
FileTree files_of(const fs::path& image, const fs::path& cache) {
    std::error_code ignored;
    return fs::is_directory(image, ignored) ? directory_tree(image) : tar_tree(image, {}, cache);
}

void write_content(const Content& content, const fs::path& file) {
    std::ofstream out(file, std::ios::binary);
    std::string piece;
    for (std::uint64_t at = 0; at < content.size(); at += piece.size()) {
        piece.resize(std::min<std::uint64_t>(content.size() - at, std::uint64_t{1} << 20));
        content.read(at, std::as_writable_bytes(std::span(piece)));
        out << piece;
    }
    if (!out.flush())
        throw host_error(fmt::format("cannot write {}", file.string()), "make room on that disk");
}

/// Throws unless a file has this SHA-256.
void check_digest(const fs::path& image, const std::string& what, const fs::path& file,
                  const std::string& sha256) {
    const ImageFile content{what, file};
    const std::string found = digests({&content, 1}).front().sha256;
    if (found != sha256)
        throw damaged(image, fmt::format("{} has the SHA-256 {} instead of {}", what, found, sha256));
}

/// A layer as a plain tar archive in the cache, with its digests verified.
fs::path plain_layer(const OciRequest& request, const FileTree& files, const OciLayer& layer,
                     const fs::path& cache) {
    return cached(
        cache, "oci", fmt::format("layer {} {}\n", layer.sha256, layer.plain_sha256),
        [&](const fs::path& plain) {
            const auto real = files.real_path(layer.path);
            const auto blob = real ? files.find(*real) : nullptr;
            if (!blob || blob->type != NodeType::regular)
                throw damaged(request.path, fmt::format("it lacks the layer {}", printable(layer.path)));
            const TempDir scratch(plain.parent_path());
            const fs::path packed = scratch.path() / "layer";
            write_content(blob->content, packed);
            if (!layer.sha256.empty())
                check_digest(request.path, printable(layer.path), packed, layer.sha256);
            if (is_compressed(packed))
                decompress(packed, plain);
            else
                fs::rename(packed, plain);
            check_digest(request.path, fmt::format("the layer {}, unpacked,", printable(layer.path)), plain,
                         layer.plain_sha256);
        });
}

/// "name" of "/a/name", and "/a" or "" before it. Throws for a path that leads upwards.
std::pair<std::string, std::string> split(const std::string& path) {
    for (const std::string& name : names_of(path))
        if (name == "..")
            throw usage_error(
                fmt::format("its layer has the path {}, which leads out of it", printable(path)));
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::pair(std::string(), path)
                                      : std::pair(path.substr(0, slash), path.substr(slash + 1));
}

/// What one layer takes away of those below it.
void apply_whiteouts(FileTree& tree, const std::shared_ptr<const MappedFile>& tar) {
    std::vector<std::string> opaque, hidden;
    read_tar(
        tar,
        [&](const std::string& path, const std::shared_ptr<Inode>&) {
            const auto [directory, name] = split(path);
            if (name == aufs::opaque_mark) {
                opaque.push_back(directory);
            } else if (name.starts_with(aufs::whiteout) && !name.starts_with(aufs::bookkeeping)) {
                const std::string target = name.substr(aufs::whiteout.size());
                if (target.empty() || target == "." || target == "..")
                    throw usage_error(
                        fmt::format("its layer has the whiteout {}, which names no file", printable(path)));
                hidden.push_back(fmt::format("{}/{}", directory, target));
            }
        },
        [](const std::string&) { return std::make_shared<Inode>(); });
    for (const std::string& directory : opaque)
        if (const auto inode = tree.find(directory.empty() ? "/" : directory);
            inode && inode->type == NodeType::directory)
            inode->entries.clear();
    for (const std::string& path : hidden)
        tree.remove(path);
}

/// The first name in a tar archive of any compression; empty if there is none.
std::string first_name(const fs::path& file) {
    const ArchiveReader reader(archive_read_new());
    archive_read_support_filter_all(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN || !archive_entry_pathname(entry))
        return {};
    std::string name = archive_entry_pathname(entry);
    return name.starts_with("./") && name.size() > 2 ? name.substr(2) : name;
}

bool is_hex(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool is_oci_image(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error))
        return fs::is_regular_file(path / "oci-layout", error) &&
               fs::is_regular_file(path / "index.json", error);
    if (!fs::is_regular_file(path, error))
        return false;
    const std::string name = first_name(path);
    const std::string top = name.substr(0, name.find('/'));
    return name == "oci-layout" || name == "index.json" || name == "manifest.json" || name == "blobs/" ||
           name.starts_with("blobs/sha256") || is_hex(top) ||
           (top.size() > 64 && is_hex(top.substr(0, 64)) &&
            (top.substr(64) == ".tar" || top.substr(64) == ".json"));
}

void apply_oci_layer(FileTree& tree, const fs::path& file, const std::vector<std::string>& exclude) {
    const auto tar = MappedFile::open(file);
    apply_whiteouts(tree, tar);
    Exclusion exclusion(exclude);
    read_tar(
        tar,
        [&](const std::string& path, std::shared_ptr<Inode> inode) {
            if (split(path).second.starts_with(aufs::whiteout) || exclusion.covers(path))
                return;
            const auto present = path.empty() ? nullptr : tree.find(path);
            // A directory replaces a symlink: the layer would have the symlink if it kept it.
            if (present && present->type == NodeType::symlink)
                tree.remove(path);
            tree.put(path.empty() ? "/" : path, std::move(inode));
        },
        [&](const std::string& path) { return tree.find(path); });
}

OciRoot oci_root(const OciRequest& request, const fs::path& cache, const Why& why) {
    const FileTree files = files_of(request.path, cache);
    const OciImage image = choose_oci_image(files, request.path, request.arch, request.names);
    why(fmt::format("root: {} layers of {}{}", image.layers.size(), request.path.string(),
                    image.name.empty() ? "" : fmt::format(", image {}", printable(image.name))));
    OciRoot root;
    root.identity = fmt::format("oci exclude {}\n", fmt::join(request.exclude, " "));
    for (const OciLayer& layer : image.layers) {
        const fs::path plain = plain_layer(request, files, layer, cache);
        try {
            apply_oci_layer(root.tree, plain, request.exclude);
        } catch (const Error& error) {
            throw damaged(request.path, error.what());
        }
        root.identity += layer.plain_sha256 + "\n";
    }
    return root;
}

}  // namespace lktest
