// SPDX-License-Identifier: MIT
#include "harness/cli/qemu_place.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

std::set<fs::path> images_of(const RunPlan& plan) {
    std::set<fs::path> images;
    for (const PlannedCell& planned : plan.cells) {
        if (planned.not_applicable || from_network(planned.cell.medium))
            continue;
        images.insert(planned.cell.image.path);
        for (const std::string& image : inserted_images(plan.scenarios.at(planned.cell.scenario).steps))
            images.insert(image);
    }
    return images;
}

bool by_kvm(const RunInput& input) {
    return std::ranges::any_of(input.accel,
                               [](const auto& choice) { return choice.second.accel == Accel::kvm; });
}

/// libvirt, when it has no answer of QEMU's that fits, tries KVM, for seconds where that hangs; and no answer
/// fits one whose user may not open what root may.
void hide_kvm(const fs::path& private_directory) {
    const fs::path nothing = private_directory / "no-kvm";
    write_file(nothing, "");
    fs::permissions(nothing, fs::perms::none);
    if (fs::exists("/dev/kvm"))
        show_at(nothing, "/dev/kvm");
}

/// A TPM gets its certificate from an authority whose keys are another user's: it has one of its own here.
void make_tpm_authority(const QemuUser& user, const fs::path& private_directory) {
    const fs::path usual = "/var/lib/swtpm-localca", own = private_directory / "swtpm-localca";
    if (!fs::exists(usual))
        return;
    make_directories(own);
    give_to(user, own);
    show_at(own, usual);
}

/// Why QEMU must be root, who may read everything; empty when it need not.
std::string why_root(const std::optional<QemuUser>& user, const RunInput& input,
                     const std::set<fs::path>& images) {
    if (!input.own_mounts)
        return "there is no jail to show the images in";
    if (!user)
        return "there is no user libvirt-qemu, or no right to read the memory of its programs "
               "(CAP_SYS_PTRACE)";
    for (const fs::path& image : images)
        if (!may_open(*user, image))
            return fmt::format("{} is not readable for others", image.string());
    if (by_kvm(input) && !may_open(*user, "/dev/kvm", true))
        return "libvirt-qemu may not open /dev/kvm";
    return "";
}

}  // namespace

QemuPlace place_for_qemu(const RunInput& input, const fs::path& private_directory) {
    QemuPlace place{
        .user = {}, .why = {}, .shown = {}, .cache = cache_directory() / "libvirt"};  // of root's QEMU
    if (::geteuid() != 0 || !input.options.connect.empty())
        return place;
    const std::set<fs::path> images = images_of(input.plan);
    std::optional<QemuUser> user = find_qemu_user();
    place.why = why_root(user, input, images);
    if (!place.why.empty())
        return place;
    make_tpm_authority(*user, private_directory);
    place.user = std::move(user);
    if (!by_kvm(input))
        hide_kvm(private_directory);
    place.cache = cache_directory() / (by_kvm(input) ? "libvirt-kvm" : "libvirt-tcg");
    make_directories(place.cache);
    show_at(place.cache, private_directory / "cache");
    place.cache = private_directory / "cache";
    for (const fs::path& image : images) {
        const fs::path directory = private_directory / "media" / std::to_string(place.shown.size());
        show_at(image, directory / image.filename());
        place.shown.emplace(image, directory / image.filename());
    }
    return place;
}

}  // namespace lktest
