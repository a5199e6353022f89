// SPDX-License-Identifier: MIT
#include "builder/report/report.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

ExtraFile shipped(const std::string& path, const std::string& file, unsigned mode) {
    return {
        .path = path, .mode = mode, .content = read_file(data_file("builder/report/" + file)), .symlink = {}};
}

ExtraFile link(const std::string& path, const std::string& target) {
    return {.path = path, .content = {}, .symlink = target};
}

/// The initramfs' say, for a root that may have no /bin/sh, or mount another /run.
std::string own_say() {
    const std::string script = read_file(data_file("builder/initramfs/say.sh"));
    return fmt::format("#!{} sh\nmkdir -p /run/lktest\n{}", report_busybox,
                       script.substr(script.find('\n') + 1));
}

}  // namespace

std::vector<ExtraFile> report_files(Report report) {
    if (report == Report::none)
        return {};
    const std::string own = "/usr/lib/lktest/";
    std::vector<ExtraFile> files{
        shipped(own + "network", "network.sh", 0755),
        shipped(own + "lease", "lease.sh", 0755),
        {.path = own + "www/index.html", .content = "lktest live system\n", .symlink = {}},
        {.path = own + "say", .mode = 0755, .content = own_say(), .symlink = {}},
    };
    switch (report) {
        case Report::systemd: {
            // In /etc, which has the same place in every root; the vendor's directory has not.
            const std::string units = "/etc/systemd/system/";
            for (const std::string unit : {"lktest-userspace.service", "lktest-network.service"}) {
                files.push_back(shipped(units + unit, unit, 0644));
                files.push_back(link(units + "multi-user.target.wants/" + unit, units + unit));
            }
            break;
        }
        case Report::watch: files.push_back(shipped(own + "watch", "watch.sh", 0755)); break;
        default:
            files.push_back(shipped(own + "start", "start.sh", 0755));
            files.push_back(shipped(own + "console", "console.sh", 0755));
            files.push_back(shipped("/etc/inittab", "inittab", 0644));
            files.push_back(link("/sbin/init", report_busybox));
    }
    return files;
}

}  // namespace lktest
