// SPDX-License-Identifier: MIT
#include "builder/root_init.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/error.hpp"
#include "builder/report/report.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 9> kind_names{"none",     "systemd", "OpenRC",       "runit", "s6",
                                                     "sysvinit", "BusyBox", "lktest's own", "other"};

/// Where the kernel, containers and NixOS have their init, in the order in which it is looked for.
constexpr std::array inits{"/sbin/init",
                           "/init",
                           "/nix/var/nix/profiles/system/init",
                           "/etc/init",
                           "/bin/init",
                           "/lib/systemd/systemd",
                           "/usr/lib/systemd/systemd"};

/// An init is a small program; more of a larger one is not searched for words.
constexpr std::uint64_t most_searched = 4 << 20;

std::shared_ptr<Inode> file_at(const FileTree& root, std::string_view path) {
    const auto real = root.real_path(path);
    const auto inode = real ? root.find(*real) : nullptr;
    return inode && inode->type == NodeType::regular ? inode : nullptr;
}

std::string text_at(const FileTree& root, std::string_view path) {
    const auto file = file_at(root, path);
    return file && file->content.size() <= most_searched ? file->content.whole() : "";
}

bool has(std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
}

InitKind kind_of(const FileTree& root, const std::string& init) {
    const std::string real = root.real_path(init).value_or(init);
    const std::string_view name = std::string_view(real).substr(real.rfind('/') + 1);
    const std::string inittab = text_at(root, "/etc/inittab");
    if (real == report_busybox)
        return InitKind::own;
    if (name == "systemd")
        return InitKind::systemd;
    if (name.starts_with("runit"))
        return InitKind::runit;
    if (name == "openrc-init" || has(inittab, "/openrc"))
        return InitKind::openrc;
    if (name.starts_with("busybox"))
        return InitKind::busybox;
    if (name.starts_with("s6-"))
        return InitKind::s6;
    const std::string text = text_at(root, real);
    if (text.starts_with("#!"))  // s6-overlay and s6-linux-init-maker write such scripts
        return has(text, "s6-") ? InitKind::s6 : InitKind::other;
    return has(text, "/etc/inittab") ? InitKind::sysvinit : InitKind::other;
}

/// Whether an init script or table of the root says the milestones, as lktest's recovery system does.
bool reports_itself(const FileTree& root) {
    for (const char* path : {"/etc/inittab", "/etc/init.d/rcS", "/etc/rc.local"})
        if (has(text_at(root, path), "/run/lktest/say"))
            return true;
    return false;
}

/// The root's own file in the way of one of lktest's; empty if there is none.
std::string obstacle(const FileTree& root, Report report) {
    for (const ExtraFile& file : report_files(report)) {
        const bool own = file.path.find("/lktest") != std::string::npos;
        if (!own && !file.directory && root.find(root.place_of(file.path)))
            return file.path;
    }
    return "";
}

}  // namespace

std::string_view name(InitKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

RootInit init_of(const FileTree& root) {
    for (const char* path : inits) {
        const auto real = root.real_path(path);
        if (const auto entry = root.find(path); real ? !file_at(root, path) : !entry)
            continue;
        return {kind_of(root, path), path};
    }
    return {};
}

Reporting choose_reporting(const RootSource& source, const FileTree& root) {
    const InitKind init = init_of(root).kind;
    if (source.report) {
        const std::string path = init == InitKind::own ? "" : obstacle(root, *source.report);
        if (!path.empty())
            throw usage_error(fmt::format("the root has its own {}, which lktest's would replace", path),
                              "remove 'report' from [root]: lktest chooses it by the root's init");
        return {*source.report, init,
                *source.report == Report::none ? "the recipe says report = \"none\"" : ""};
    }
    switch (init) {
        case InitKind::systemd: return {Report::systemd, init};
        case InitKind::own: return {Report::busybox, init};
        case InitKind::none: {
            if (const std::string path = obstacle(root, Report::busybox); !path.empty())
                return {Report::none, init, fmt::format("the root has no init, but its own {}", path)};
            return {Report::busybox, init};
        }
        case InitKind::other:
            return {Report::none, init,
                    fmt::format("its {} is not an init that lktest knows", init_of(root).path)};
        default: return {reports_itself(root) ? Report::none : Report::watch, init};
    }
}

std::string_view reporter_name(const Reporting& reporting) {
    if (reporting.by == Report::none)
        return reporting.problem.empty() ? "root" : "none";
    return name(reporting.by);
}

}  // namespace lktest
