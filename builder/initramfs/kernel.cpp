// SPDX-License-Identifier: MIT
#include "builder/initramfs/kernel.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view modules_directory = "/usr/lib/modules", image_prefix = "/boot/vmlinuz-";

/// The machine of a PE image, which Debian's kernels are for their EFI stub; 0 when it
/// is none. PE format: the offset of "PE\0\0" is at 0x3c, the machine follows it.
unsigned pe_machine(const Content& image) {
    const auto little_endian = [&image](std::uint64_t offset, std::size_t size) {
        std::array<std::byte, 4> bytes{};
        if (offset + size > image.size())
            return 0U;
        image.read(offset, std::span(bytes).first(size));
        unsigned value = 0;
        for (std::size_t at = size; at-- > 0;)
            value = value << 8 | std::to_integer<unsigned>(bytes[at]);
        return value;
    };
    const unsigned header = little_endian(0x3c, 4);
    return little_endian(header, 4) == 0x4550 ? little_endian(header + 4, 2) : 0;
}

std::string kernel_release(const FileTree& tree, const std::string& package) {
    const auto directory = tree.find(modules_directory);
    if (!directory || directory->entries.empty())
        throw usage_error(fmt::format("the package {} has no kernel modules", package),
                          "name a kernel such as linux-image-amd64 in [kernel]");
    if (directory->entries.size() > 1)
        throw usage_error(fmt::format("the package {} has modules of several kernels", package));
    return directory->entries.begin()->first;
}

void write_modules(const Inode& directory, const fs::path& target) {
    fs::create_directory(target);
    std::string bytes;
    for (const auto& [name, inode] : directory.entries) {
        if (inode->type == NodeType::directory) {
            write_modules(*inode, target / name);
        } else if (inode->type == NodeType::regular) {
            bytes = inode->content.whole();
            if (!(std::ofstream(target / name, std::ios::binary) << bytes).flush())
                throw host_error(fmt::format("cannot write {}", (target / name).string()),
                                 "make room on that disk");
        }
    }
}

/// depmod reads modules from a directory; it has no other way in.
void add_index(Kernel& kernel, const fs::path& scratch) {
    const TempDir root(scratch);
    make_directories(root.path() / "lib/modules");
    const fs::path modules = root.path() / "lib/modules" / kernel.release;
    write_modules(*kernel.modules.find(kernel.directory()), modules);
    check_process({"/sbin/depmod", "-b", root.path().string(), kernel.release});
    for (const fs::directory_entry& entry : fs::directory_iterator(modules))
        if (entry.is_regular_file())
            kernel.modules.put_file(kernel.directory() + "/" + entry.path().filename().string(),
                                    read_file(entry.path()));
}

}  // namespace

std::string Kernel::directory() const {
    return fmt::format("{}/{}", modules_directory, release);
}

std::string Kernel::index(const std::string& name) const {
    const auto file = modules.find(directory() + "/" + name);
    return file ? file->content.whole() : "";
}

Kernel take_kernel(FileTree tree, Arch arch, const std::string& package, const fs::path& scratch) {
    Kernel kernel;
    kernel.release = kernel_release(tree, package);
    const auto image = tree.find(fmt::format("{}{}", image_prefix, kernel.release));
    if (!image)
        throw usage_error(fmt::format("the package {} has no {}{}", package, image_prefix, kernel.release));
    kernel.image = image->content;
    // IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64
    const unsigned wanted = arch == Arch::x86_64 ? 0x8664 : 0xaa64;
    if (const unsigned machine = pe_machine(kernel.image); machine != wanted)
        throw usage_error(fmt::format("the kernel of {} is not for {} (its PE machine is {:#x}, not {:#x})",
                                      package, name(arch), machine, wanted));
    tree.remove("/boot");
    kernel.modules = std::move(tree);
    add_index(kernel, scratch);
    return kernel;
}

}  // namespace lktest
