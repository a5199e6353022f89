// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/kernel_support.hpp"

namespace lktest {
namespace {

void judge_features(const MediumFacts& facts, const ErofsFacts& image, IsoFindings& findings) {
    for (const ErofsNeed& need : image.super.needs) {
        const std::string why = refusal_by_all(facts, {need.what, need.kernel, need.option});
        if (why.empty())
            continue;
        add_error(findings, "erofs-feature",
                  fmt::format("{} is an EROFS that uses {}, but {}: it cannot be mounted.", image.path,
                              need.what, why),
                  fmt::format("Make it with mkfs.erofs without {}, or use a newer kernel.", need.what));
        return;
    }
}

/// The kernel's pages bound the size of blocks.
void judge_block_size(const MediumFacts& facts, const ErofsFacts& image, IsoFindings& findings) {
    constexpr std::uint64_t usual_page = 4096;
    constexpr std::string_view first_with_small_blocks = "6.4";
    std::string why;
    for (const KernelFacts& kernel : facts.kernels) {
        if (!kernel.image)
            return;
        const std::uint64_t page = kernel.image->page_size == 0 ? usual_page : kernel.image->page_size;
        const auto version = version_of(kernel.image->version);
        if (image.super.block_size > page)
            why = fmt::format("the pages of kernel {} have {} bytes", kernel.image->version, page);
        else if (image.super.block_size < page && version.first != 0 &&
                 version < version_of(first_with_small_blocks))
            why = fmt::format("kernel {}, older than {}, needs blocks as large as its pages ({} bytes)",
                              kernel.image->version, first_with_small_blocks, page);
        else
            return;
    }
    if (!why.empty())
        add_error(findings, "erofs-block-size",
                  fmt::format("{} is an EROFS with blocks of {} bytes, but {}: it cannot be mounted.",
                              image.path, image.super.block_size, why),
                  "Make it with mkfs.erofs -b4096.");
}

void judge_image(const MediumFacts& facts, const ErofsFacts& image, IsoFindings& findings) {
    if (!image.super.fault.empty()) {
        add_error(findings, "erofs-corrupt",
                  fmt::format("{} is an EROFS that Linux cannot mount: {}.", image.path, image.super.fault),
                  "Make it again with mkfs.erofs, or copy it again.");
        return;
    }
    if (image.super.used > image.size)
        add_error(findings, "erofs-truncated",
                  fmt::format("{} should have {} bytes according to its superblock, but has {}: files at "
                              "its end cannot be read.",
                              image.path, image.super.used, image.size),
                  "Copy it again.");
    if (image.super.devices > 0)
        add_error(
            findings, "erofs-device",
            fmt::format("{} is an EROFS whose data is on {} more device{}, which must be given when it is "
                        "mounted (device=…): live systems do not do that.",
                        image.path, image.super.devices, image.super.devices == 1 ? "" : "s"),
            "Make it with mkfs.erofs without --blobdev.");
    judge_block_size(facts, image, findings);
    judge_features(facts, image, findings);
}

/// An EROFS root needs the module before it is mounted.
void judge_module(const MediumFacts& facts, const BootPath& path, IsoFindings& findings,
                  std::set<std::string>& said) {
    const ModuleState state = module_state(facts, path, "erofs", "CONFIG_EROFS_FS");
    const std::string initramfs = path_of(*path.initramfs);
    const bool known = state == ModuleState::missing;
    if (state == ModuleState::available || (!known && !path.initramfs->image.has_modules) ||
        !said.insert(initramfs).second)
        return;
    const std::string text =
        fmt::format("{} lacks the module erofs{}: {} cannot be mounted{}.", initramfs,
                    known ? ", and the kernel does not have it built in" : "", facts.erofs.front().path,
                    known ? "" : " unless the kernel has it built in");
    const char* const fix = "Add the module to the initramfs, or build the kernel with CONFIG_EROFS_FS=y.";
    if (known)
        add_error(findings, "initramfs-module-missing", text, fix);
    else
        add_warning(findings, "initramfs-module-missing", text, fix);
}

}  // namespace

void judge_erofs(const MediumFacts& facts, IsoFindings& findings) {
    for (const ErofsFacts& image : facts.erofs)
        judge_image(facts, image, findings);
    // With a SquashFS beside it, the EROFS may be something else than the root.
    const bool squashed =
        std::ranges::any_of(facts.layers, [](const LayerFacts& layer) { return layer.super.has_value(); });
    std::set<std::string> said;
    if (!facts.erofs.empty() && !squashed)
        for (const BootPath& path : boot_paths(facts))
            if (path.kernel && path.initramfs && path.initramfs->image.fault.empty())
                judge_module(facts, path, findings, said);
}

}  // namespace lktest
