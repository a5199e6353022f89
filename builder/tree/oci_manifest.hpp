// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// A layer of a container image.
struct OciLayer {
    std::string path;          ///< in the image's files
    std::string sha256;        ///< of the file, in hexadecimal; empty in an archive of `docker save`
    std::string plain_sha256;  ///< of the layer without compression
};

/// One image of a container image's files.
struct OciImage {
    std::string name;  ///< "debian:12"; may be empty
    std::vector<OciLayer> layers;
};

/// Finds the image for an architecture: in index.json of an OCI layout, else in manifest.json of
/// `docker save`. The digests of all JSON files are verified.
/// @param names  images to choose from; empty: there must be only one
/// Throws a usage Error that lists the images if the choice is not clear.
OciImage choose_oci_image(const FileTree& files, const std::filesystem::path& file, Arch arch,
                          const std::vector<std::string>& names);

}  // namespace lktest
