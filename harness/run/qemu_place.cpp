// SPDX-License-Identifier: MIT
#include "harness/run/qemu_place.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

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

/// If libvirt has no cached capabilities that fit, it probes KVM, which takes seconds on machines where KVM
/// hangs. No cached entry fits a user with fewer rights than root.
void hide_kvm(const fs::path& private_directory) {
    const fs::path nothing = private_directory / "no-kvm";
    write_file(nothing, "");
    fs::permissions(nothing, fs::perms::none);
    if (fs::exists("/dev/kvm"))
        show_at(nothing, "/dev/kvm");
}

/// swtpm gets a TPM's certificate from an authority whose keys belong to another user, so each user gets one.
void make_tpm_authority(const QemuUser& user, const fs::path& private_directory) {
    const fs::path usual = "/var/lib/swtpm-localca", own = private_directory / "swtpm-localca";
    if (!fs::exists(usual))
        return;
    make_directories(own);
    let_write(user, own);
    show_at(own, usual);
}

/// Why QEMU must run as root; empty if it need not.
std::string why_root(const std::optional<QemuUsers>& users, const RunInput& input,
                     const std::set<fs::path>& images) {
    if (!input.own_mounts)
        return "without a jail, the images cannot be made visible to another user";
    if (!users)
        return "lktest may not chown files, switch users, or read the memory of other users' programs "
               "(CAP_CHOWN, CAP_SETUID, CAP_SETGID, CAP_SYS_PTRACE)";
    const QemuUser any = users->for_tpms();
    for (const fs::path& image : images)
        if (!may_open(any, image))
            return fmt::format("other users cannot read {}", image.string());
    return "";
}

}  // namespace

QemuPlace place_for_qemu(const RunInput& input, const fs::path& private_directory) {
    QemuPlace place{.boxes = {}, .users = {}, .why = {}, .shown = {}, .cache = cache_directory() / "libvirt"};
    if (!input.options.connect.empty())
        return place;
    const bool kvm = by_kvm(input);
    place.boxes =
        std::make_unique<QemuBoxes>(private_directory / "box", private_directory / "e", input.own_mounts,
                                    kvm ? std::vector<std::string>{"kvm"} : std::vector<std::string>{});
    if (::geteuid() != 0)
        return place;
    const std::set<fs::path> images = images_of(input.plan);
    std::optional<QemuUsers> users = QemuUsers::find();
    place.why = why_root(users, input, images);
    if (!place.why.empty())
        return place;
    struct stat device {};
    if (kvm && ::stat("/dev/kvm", &device) == 0)
        users->add_group(device.st_gid);
    if (kvm && !may_open(users->for_tpms(), "/dev/kvm", true)) {
        place.why = "only root may open /dev/kvm";
        return place;
    }
    make_tpm_authority(users->for_tpms(), private_directory);
    place.users = std::move(users);
    if (!kvm)
        hide_kvm(private_directory);
    place.cache = cache_directory() / (kvm ? "libvirt-kvm" : "libvirt-tcg");
    make_directories(place.cache);
    for (const fs::path& image : images) {
        const fs::path directory = private_directory / "media" / std::to_string(place.shown.size());
        show_at(image, directory / image.filename());
        place.shown.emplace(image, directory / image.filename());
    }
    return place;
}

}  // namespace lktest
