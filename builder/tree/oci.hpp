// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/base/progress.hpp"
#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Whether a path looks like a container image: an OCI image directory, or a tar archive of one or of
/// `docker save`. False if it cannot be read.
bool is_oci_image(const std::filesystem::path& path);

struct OciRequest {
    std::filesystem::path path;
    Arch arch = Arch::x86_64;
    std::vector<std::string> names;  ///< "debian:12" of an archive with several images; may be empty
    std::vector<std::string> exclude;
};

/// The file system of a container image.
struct OciRoot {
    FileTree tree;
    std::string identity;  ///< the digests of its layers, as text for cached()
};

/// Applies the image's layers in order, with their whiteouts (OCI image specification, layer.md). Each blob
/// is compared with its digest, packed and unpacked. Unpacked layers are kept in `cache`. Throws a usage
/// Error for a damaged or hostile image, and for one without a file system for `arch`.
OciRoot oci_root(const OciRequest& request, const std::filesystem::path& cache, const Why& why);

/// Applies one layer: its whiteouts hide what is in `tree`, never what the layer itself has.
/// @param tar  the layer, not compressed
/// Throws a usage Error for a path with "..", and for a whiteout that names no file.
void apply_oci_layer(FileTree& tree, const std::filesystem::path& tar,
                     const std::vector<std::string>& exclude);

}  // namespace lktest
