// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// A file or directory inside a root file system image.
struct ImageNode {
    std::uint16_t mode = 0;       ///< with its type
    std::uint64_t size = 0;       ///< of a regular file's content
    std::string target;           ///< of a symbolic link
    std::uint64_t reference = 0;  ///< where the image keeps it

    bool is_directory() const { return (mode & 0170000) == 0040000; }
    bool is_regular() const { return (mode & 0170000) == 0100000; }
};

/// Looks up single files in a compressed root image, without unpacking it. Every structure is bounded,
/// because the image may be hostile.
class ImageFiles {
public:
    virtual ~ImageFiles() = default;
    virtual std::optional<ImageNode> root() = 0;
    std::optional<ImageNode> child(const ImageNode& directory, std::string_view name);
    /// At most 10,000 names, without "." and "..".
    std::vector<std::string> names(const ImageNode& directory);
    /// The first bytes of a regular file, at most `size`; unset if they cannot be read.
    virtual std::optional<std::string> head(const ImageNode& file, std::size_t size) = 0;
    /// Whether all requests so far could be read.
    bool readable() const { return readable_; }

protected:
    /// Receives a name and a reference to its inode; returns whether to continue.
    using Visit = std::function<bool(std::string_view, std::uint64_t)>;
    virtual void each_entry(const ImageNode& directory, const Visit& visit) = 0;
    virtual std::optional<ImageNode> node(std::uint64_t reference) = 0;

    bool readable_ = true;
};

/// Unset if the image is not a SquashFS that can be read here.
std::unique_ptr<ImageFiles> open_squashfs(const ByteView& image);
/// Unset if the image is not an EROFS that can be read here.
std::unique_ptr<ImageFiles> open_erofs(const ByteView& image);

/// Several images stacked into one root, as live systems do. Symbolic links may point from one image into
/// another.
class RootUnion {
public:
    void add(std::unique_ptr<ImageFiles> image) { images_.push_back(std::move(image)); }

    struct Found {
        ImageNode node;
        ImageFiles* image;
        std::string path;  ///< with all symbolic links resolved
    };
    std::optional<Found> find(std::string_view path) const;
    /// The names in a directory, from all images; sorted.
    std::vector<std::string> names(std::string_view path) const;
    /// The first bytes of a file.
    std::optional<std::string> head(std::string_view path, std::size_t size) const;

    bool readable() const;
    bool empty() const { return images_.empty(); }

private:
    std::optional<Found> at(std::string_view path) const;

    std::vector<std::unique_ptr<ImageFiles>> images_;
};

}  // namespace lktest
