// SPDX-License-Identifier: MIT
#include "builder/inspect/live_family.hpp"

#include <algorithm>
#include <array>

#include "builder/inspect/boot_config.hpp"

namespace lktest {
namespace {

using Text = std::string_view;

constexpr std::array live_boot_marks{FamilyMark{"/scripts/live", {}}, FamilyMark{"/lib/live/boot", {}}};
constexpr std::array live_boot_asked{Text("boot=live")};
constexpr std::array live_images{Text("*.squashfs"), Text("*.erofs"), Text("*.ext2"),  Text("*.ext3"),
                                 Text("*.ext4"),     Text("*.xfs"),   Text("*.jffs2"), Text("*.dir")};
constexpr std::array live_boot_elsewhere{
    Text("fetch"),      Text("httpfs"),  Text("ftpfs"),     Text("netboot"), Text("iscsi"),
    Text("live-media"), Text("nfsroot"), Text("plainroot"), Text("todisk"),  Text("bootfrom")};

constexpr std::array casper_marks{FamilyMark{"/scripts/casper", {}}};
constexpr std::array casper_asked{Text("boot=casper")};
constexpr std::array casper_elsewhere{Text("url"),        Text("netboot"), Text("nfsroot"),
                                      Text("live-media"), Text("todisk"),  Text("bootfrom")};

constexpr std::array dmsquash_marks{FamilyMark{"dmsquash-live-root", {}},
                                    FamilyMark{"dmsquash-live-root.sh", {}}};
constexpr std::array dmsquash_asked{Text("root=live:"), Text("rd.live.image")};
constexpr std::array dmsquash_images{Text("squashfs.img"), Text("rootfs.img"), Text("ext3fs.img")};
constexpr std::array dmsquash_elsewhere{
    Text("root=live:http"), Text("root=live:nfs"), Text("root=live:ftp"),
    Text("root=live:tftp"), Text("root=live:/"),   Text("root=live:torrent"),
    Text("inst.stage2"),    Text("inst.repo"),     Text("iso-scan/filename")};

constexpr std::array kiwi_marks{FamilyMark{"kiwi-live-root", {}}, FamilyMark{"kiwi-live-root.sh", {}},
                                FamilyMark{"kiwi-live-lib.sh", {}}};

constexpr std::array anaconda_marks{FamilyMark{"anaconda-lib.sh", {}}, FamilyMark{"anaconda-diskroot", {}}};
constexpr std::array anaconda_asked{Text("inst.stage2"), Text("inst.repo")};

constexpr std::array archiso_marks{FamilyMark{"/hooks/archiso", {}}};
constexpr std::array archiso_asked{Text("archisobasedir"), Text("archisolabel"), Text("archisosearchuuid"),
                                   Text("archisosearchfilename"), Text("archisodevice")};
constexpr std::array archiso_images{Text("airootfs.sfs"), Text("airootfs.erofs"), Text("airootfs.img")};
constexpr std::array archiso_elsewhere{Text("archiso_http_srv"), Text("archiso_nfs_srv"),
                                       Text("archiso_nbd_srv"),  Text("archisodevice"),
                                       Text("img_dev"),          Text("img_loop")};

constexpr std::array miso_marks{FamilyMark{"/hooks/miso", {}}};
constexpr std::array miso_asked{Text("misobasedir"), Text("misolabel"), Text("misodevice")};
constexpr std::array miso_images{Text("*.sfs"), Text("*.img")};
constexpr std::array miso_elsewhere{Text("miso_http_srv"), Text("miso_nfs_srv"), Text("miso_nbd_srv"),
                                    Text("misodevice"),    Text("img_dev"),      Text("img_loop")};

constexpr std::array linux_live_marks{FamilyMark{"/lib/livekitlib", {}}};
constexpr std::array porteus_marks{FamilyMark{"/init", "porteus"}, FamilyMark{"/linuxrc", "porteus"}};
constexpr std::array porteus_images{Text("*.xzm"), Text("*.sb")};
constexpr std::array porteus_elsewhere{Text("from"), Text("base"), Text("ip")};
constexpr std::array antix_marks{FamilyMark{"/init", "linuxfs"}};
constexpr std::array antix_images{Text("linuxfs")};
constexpr std::array antix_elsewhere{Text("from"), Text("sqname"), Text("bdir"), Text("buuid"), Text("blab")};
constexpr std::array alpine_marks{FamilyMark{"/init", "nlplug-findfs"}, FamilyMark{"/init", "alpine_dev"}};
constexpr std::array alpine_asked{Text("modloop"), Text("alpine_dev")};

constexpr std::array families{
    LiveFamily{"live-boot",
               live_boot_marks,
               live_boot_asked,
               "/scripts/live",
               "install live-boot-initramfs-tools in that system and run update-initramfs -u",
               "/live",
               "live-media-path",
               live_images,
               {},
               live_boot_elsewhere},
    LiveFamily{"casper",
               casper_marks,
               casper_asked,
               "/scripts/casper",
               "install casper in that system and run update-initramfs -u",
               "/casper",
               "live-media-path",
               live_images,
               {},
               casper_elsewhere},
    LiveFamily{"dracut's dmsquash-live", dmsquash_marks, dmsquash_asked, "dmsquash-live-root",
               "make it with dracut --no-hostonly --add dmsquash-live", "/LiveOS", "rd.live.dir",
               dmsquash_images, "rd.live.squashimg", dmsquash_elsewhere},
    LiveFamily{"kiwi-live", kiwi_marks, dmsquash_asked, "kiwi-live-root",
               "make it with dracut --no-hostonly --add kiwi-live", "/LiveOS", "rd.live.dir", dmsquash_images,
               "rd.live.squashimg", dmsquash_elsewhere},
    LiveFamily{"Anaconda",
               anaconda_marks,
               anaconda_asked,
               "anaconda-lib.sh",
               "make it with dracut --no-hostonly --add anaconda",
               {},
               {},
               {},
               {},
               {}},
    LiveFamily{"archiso",
               archiso_marks,
               archiso_asked,
               "/hooks/archiso",
               "add the hook archiso to mkinitcpio's HOOKS",
               "/arch/{arch}",
               "archisobasedir",
               archiso_images,
               {},
               archiso_elsewhere},
    LiveFamily{"miso",
               miso_marks,
               miso_asked,
               "/hooks/miso",
               "add the hook miso to mkinitcpio's HOOKS",
               "/manjaro/{arch}",
               "misobasedir",
               miso_images,
               {},
               miso_elsewhere},
    LiveFamily{"linux-live",
               linux_live_marks,
               {},
               "/lib/livekitlib",
               "make it with linux-live's tools",
               {},
               {},
               {},
               {},
               {}},
    LiveFamily{"Porteus",
               porteus_marks,
               {},
               "Porteus' linuxrc",
               "use Porteus' own initrd.xz",
               "/porteus/base",
               {},
               porteus_images,
               {},
               porteus_elsewhere},
    LiveFamily{"antiX",
               antix_marks,
               {},
               "antiX' /init",
               "use antiX' own initrd.gz",
               "/antiX",
               {},
               antix_images,
               {},
               antix_elsewhere},
    LiveFamily{
        "Alpine", alpine_marks, alpine_asked, "Alpine's /init", "make it with mkinitfs", {}, {}, {}, {}, {}},
};

bool fits(const InitramfsImage& initramfs, const FamilyMark& mark) {
    if (!mark.text.empty()) {
        const auto script = initramfs.texts.find(mark.path);
        return script != initramfs.texts.end() && script->second.find(mark.text) != std::string::npos;
    }
    if (mark.path.starts_with('/'))
        return initramfs.paths.contains(mark.path);
    return std::ranges::any_of(initramfs.paths, [&mark](const std::string& path) {
        return path.size() > mark.path.size() && path.ends_with(mark.path) &&
               path[path.size() - mark.path.size() - 1] == '/';
    });
}

/// "archisobasedir" matches any value, "boot=live" only this one, "root=live:" all with this prefix.
bool asks(Text word, Text parameter) {
    if (parameter.ends_with(':'))
        return word.starts_with(parameter);
    return parameter.find('=') != Text::npos ? word == parameter
                                             : word.substr(0, word.find('=')) == parameter;
}

}  // namespace

std::span<const LiveFamily> live_families() {
    return families;
}

std::vector<const LiveFamily*> families_in(const InitramfsImage& initramfs) {
    std::vector<const LiveFamily*> found;
    for (const LiveFamily& family : families)
        if (std::ranges::any_of(family.marks, [&](const FamilyMark& mark) { return fits(initramfs, mark); }))
            found.push_back(&family);
    return found;
}

std::vector<const LiveFamily*> families_asked_by(Text command_line) {
    std::vector<const LiveFamily*> found;
    const auto words = words_of(command_line);
    for (const LiveFamily& family : families)
        if (std::ranges::any_of(family.asked_by, [&](Text parameter) {
                return std::ranges::any_of(words, [&](Text word) { return asks(word, parameter); });
            }))
            found.push_back(&family);
    return found;
}

Text generator_of(const InitramfsImage& initramfs) {
    const auto has = [&initramfs](Text path) { return initramfs.paths.contains(path); };
    if (has("/scripts/functions") && has("/init"))
        return "initramfs-tools";
    if (has("/lib/dracut-lib.sh") || has("/lib/dracut/hooks") || has("/lib/initrd-release"))
        return has("/lib/dracut-lib.sh") || has("/lib/dracut/hooks") ? "dracut" : "";
    if (has("/init_functions") && has("/hooks"))
        return "mkinitcpio";
    return fits(initramfs, alpine_marks[0]) ? "mkinitfs" : "";
}

}  // namespace lktest
