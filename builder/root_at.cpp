// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/recipe.hpp"
#include "builder/tree/oci.hpp"
#include "builder/tree/tar.hpp"

namespace lktest {

RootSource root_at(const std::string& word, const RootSource& recipe) {
    namespace fs = std::filesystem;
    RootSource root = recipe;
    root.path = word;
    std::error_code error;
    if (word == "system" || fs::equivalent(word, "/", error)) {
        root.kind = RootKind::system;
        root.one_file_system = recipe.kind != RootKind::system || recipe.one_file_system;
        return root;
    }
    const bool walked = recipe.kind == RootKind::system || recipe.kind == RootKind::directory;
    root.one_file_system = walked && recipe.one_file_system;
    if (is_oci_image(word)) {
        root.kind = RootKind::oci;
        return root;
    }
    if (fs::is_directory(word, error)) {
        root.kind = RootKind::directory;
        return root;
    }
    const ByteView bytes = ByteView::of_file(word);  // says why when it cannot
    if (read_iso_volume(bytes))
        root.kind = RootKind::iso;
    else if (read_squashfs_super(bytes))
        root.kind = RootKind::squashfs;
    else if (is_tar(word))
        root.kind = RootKind::tar;
    else
        throw usage_error(fmt::format(
            "{} is not a directory, tar archive, SquashFS image, container image or ISO with a root", word));
    return root;
}

}  // namespace lktest
