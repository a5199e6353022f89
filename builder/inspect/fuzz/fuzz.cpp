// SPDX-License-Identifier: MIT
// One libFuzzer program for each parser of foreign bytes: LKTEST_FUZZED is its name.
//
//   cmake --preset fuzz && cmake --build --preset fuzz
//   build/fuzz/fuzz_medium CORPUS -max_total_time=600
//
// CORPUS is a directory. Small valid files in it (an ISO of 1 MiB, a cpio archive, …) help a lot.
#include <cstddef>
#include <cstdint>
#include <string>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/grub_program.hpp"
#include "builder/inspect/image_files.hpp"
#include "builder/inspect/initramfs_image.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/kernel_image.hpp"
#include "builder/inspect/partitions.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/secure_boot.hpp"
#include "builder/inspect/squashfs_super.hpp"
#include "builder/layer/squashfs_tree.hpp"
#include "builder/tree/ext4_tree.hpp"

namespace {

using namespace lktest;

[[maybe_unused]] void medium(const std::string& bytes) {
    find_faults(read_medium_facts(ByteView::of_memory(bytes), "fuzz"));
}

[[maybe_unused]] void iso_tree(const std::string& bytes) {
    const IsoTree tree = read_iso_tree(ByteView::of_memory(bytes));
    for (const auto& [path, node] : tree.nodes)
        tree.find(path);
}

[[maybe_unused]] void fat(const std::string& bytes) {
    if (const auto volume = read_fat(ByteView::of_memory(bytes)))
        for (const auto& [path, content] : volume->files)
            content.read(0, 4096);
}

/// The tables at fixed places.
[[maybe_unused]] void tables(const std::string& bytes) {
    const ByteView view = ByteView::of_memory(bytes);
    read_partitions(view);
    read_boot_catalogue(view);
    read_squashfs_super(view);
}

[[maybe_unused]] void pe(const std::string& bytes) {
    const ByteView file = ByteView::of_memory(bytes);
    read_pe(file);
    read_secure_boot(file);
    read_grub_program(file);
    read_grub_core(file);
}

/// Single files inside a root image, and embedded parts of kernels and unified kernel images.
[[maybe_unused]] void root_images(const std::string& bytes) {
    const ByteView view = ByteView::of_memory(bytes);
    for (const auto& open : {open_squashfs, open_erofs}) {
        RootUnion files;
        if (auto image = open(view))
            files.add(std::move(image));
        for (const char* path : {"/", "/lib/modules"})
            files.names(path);
        files.head("/sbin/init", 1 << 20);
    }
    read_verity(view, "fuzz");
    if (const auto pe = read_pe(view))
        read_uki(view, *pe);
    embedded_config(plain_stream(view), bytes.size());
}

[[maybe_unused]] void signers(const std::string& bytes) {
    signers_of(bytes);
}

[[maybe_unused]] void configs(const std::string& bytes) {
    parse_grub(bytes);
    parse_syslinux(bytes);
    parse_loader_entry(bytes);
}

[[maybe_unused]] void initramfs(const std::string& bytes) {
    const ByteView file = ByteView::of_memory(bytes);
    read_initramfs(std::span(&file, 1));
}

[[maybe_unused]] void kernel(const std::string& bytes) {
    read_kernel(ByteView::of_memory(bytes));
}

/// libext2fs only opens files, so this writes one. Set TMPDIR to a directory below /dev/shm.
[[maybe_unused]] void ext4(const std::string& bytes) {
    const Content content = Content::text(bytes);
    if (!is_ext4(content))
        return;
    const TempDir cache;
    ext4_tree({content, "fuzz", "fuzz"}, {}, cache.path(), [](auto...) {});
}

/// A vendor's image, as libsquashfs reads it. libsquashfs allocates as much as a length field says before it
/// reads: use -malloc_limit_mb=65536.
[[maybe_unused]] void squashfs(const std::string& bytes) {
    const TempDir cache;
    squashfs_tree({ByteView::of_memory(bytes), "fuzz", "fuzz"}, {}, cache.path(), [](auto...) {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        LKTEST_FUZZED(std::string(reinterpret_cast<const char*>(data), size));
    } catch (const lktest::Error&) {
        // "not an ISO": bad input is reported this way.
    }
    return 0;
}
