// SPDX-License-Identifier: MIT
#include "builder/boot/secure_boot_files.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "builder/boot/loaders.hpp"
#include "builder/boot/menu.hpp"
#include "builder/inspect/pe.hpp"

namespace lktest {
namespace {

/// shim refuses a second stage that states no generations (shim, SBAT.md).
void check_sbat(const std::string& loader) {
    const auto image = read_pe(ByteView::of_memory(loader));
    if (!image || image->sbat.empty())
        throw usage_error(
            "shim refuses this systemd-boot or stub, because its package made it without a section .sbat",
            "use the packages of a newer suite (--suite trixie), or remove shim = true and enroll the "
            "certificate in the machine's db");
}

bool is_efi_program(const ImageFile& file) {
    return file.path.ends_with(".efi") || file.path.ends_with(".EFI");
}

}  // namespace

std::vector<ImageFile> secure_boot_files(std::vector<ImageFile> files, const FileTree& packages, Arch arch,
                                         const SigningKey& key, bool shim, std::int64_t time) {
    for (ImageFile& file : files)
        if (is_efi_program(file))
            file.content = sign_efi(bytes_of(file), key, time);
    if (!shim)
        return files;
    const std::string removable_path = fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch));
    for (ImageFile& file : files) {
        if (file.path != removable_path)
            continue;
        check_sbat(bytes_of(file));
        file.path = fmt::format("/EFI/BOOT/GRUB{}.EFI", efi_suffix(arch));  // shim's default second stage
    }
    for (ImageFile& file : shim_files(packages, arch))
        files.push_back(std::move(file));
    files.push_back({"/EFI/mok.cer", der_of(*key.certificate)});
    return files;
}

std::vector<ImageFile> with_signed_kernel(std::vector<ImageFile> parts, const SigningKey& key,
                                          std::int64_t time) {
    for (ImageFile& part : parts)
        if (part.path == kernel_path)
            part.content = sign_efi(bytes_of(part), key, time);
    return parts;
}

}  // namespace lktest
