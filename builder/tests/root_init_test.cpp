// SPDX-License-Identifier: MIT
#include "builder/root_init.hpp"

#include <gtest/gtest.h>

#include "builder/report/report.hpp"
#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

InitKind kind(const std::vector<std::pair<std::string, std::string>>& files,
              const std::vector<std::pair<std::string, std::string>>& links) {
    FileTree root;
    for (const auto& [path, text] : files)
        root.put_file(path, text, 0755);
    for (const auto& [path, target] : links)
        root.put_symlink(path, target);
    return init_of(root).kind;
}

TEST(InitOf, TellsInitsApart) {
    const std::string elf =
        "\x7f"
        "ELF…";
    EXPECT_EQ(kind({}, {}), InitKind::none);
    EXPECT_EQ(kind({{"/usr/lib/systemd/systemd", elf}}, {{"/sbin/init", "/usr/lib/systemd/systemd"}}),
              InitKind::systemd);
    EXPECT_EQ(kind({{"/usr/lib/systemd/systemd", elf}}, {}), InitKind::systemd) << "a container without init";
    EXPECT_EQ(kind({{"/bin/busybox", elf}}, {{"/sbin/init", "/bin/busybox"}}), InitKind::busybox);
    EXPECT_EQ(kind({{"/bin/busybox", elf}, {"/etc/inittab", "::wait:/sbin/openrc default\n"}},
                   {{"/sbin/init", "/bin/busybox"}}),
              InitKind::openrc);
    EXPECT_EQ(
        kind({{"/sbin/init", elf + "/etc/inittab"}, {"/etc/inittab", "rc::wait:/sbin/openrc default\n"}}, {}),
        InitKind::openrc)
        << "Gentoo: sysvinit starts OpenRC";
    EXPECT_EQ(kind({{"/sbin/openrc-init", elf}}, {{"/sbin/init", "openrc-init"}}), InitKind::openrc);
    EXPECT_EQ(kind({{"/usr/bin/runit-init", elf}}, {{"/sbin/init", "/usr/bin/runit-init"}}), InitKind::runit);
    EXPECT_EQ(kind({{"/sbin/init", elf + "/etc/inittab"}, {"/etc/inittab", "id:2:initdefault:\n"}}, {}),
              InitKind::sysvinit);
    EXPECT_EQ(kind({{"/init", "#!/bin/sh -e\nexec /package/admin/s6-overlay/preinit\n"}}, {}), InitKind::s6);
    EXPECT_EQ(kind({{"/sbin/init", "#!/bin/sh\nexec s6-linux-init\n"}}, {}), InitKind::s6);
    EXPECT_EQ(kind({{"/sbin/init", elf}}, {}), InitKind::other);
    EXPECT_EQ(kind({{report_busybox, elf}}, {{"/sbin/init", report_busybox}}), InitKind::own);
}

TEST(ChooseReporting, WatchesWhatCannotHaveAService) {
    FileTree root;
    root.put_file("/bin/busybox", "", 0755);
    root.put_symlink("/sbin/init", "/bin/busybox");
    EXPECT_EQ(choose_reporting({}, root).by, Report::watch);
    EXPECT_EQ(reporter_name(choose_reporting({}, root)), "watch");
    root.put_file("/etc/inittab", "::sysinit:/etc/init.d/rcS\n");
    root.put_file("/etc/init.d/rcS", "/run/lktest/say \"userspace: ready\"\n");
    EXPECT_EQ(reporter_name(choose_reporting({}, root)), "root") << "it reports by itself";
}

TEST(ChooseReporting, SaysWhyNothingCanReport) {
    FileTree root;
    root.put_file("/sbin/init", "unknown", 0755);
    const Reporting reporting = choose_reporting({}, root);
    EXPECT_EQ(reporter_name(reporting), "none");
    EXPECT_EQ(reporting.problem, "its /sbin/init is not an init that lktest knows");
    RootSource source;
    source.report = Report::none;
    EXPECT_EQ(reporter_name(choose_reporting(source, root)), "none");
}

TEST(ChooseReporting, NeverReplacesAFileOfTheRoot) {
    FileTree root;
    root.put_file("/sbin/init", "unknown", 0755);
    RootSource source;
    source.report = Report::busybox;
    EXPECT_EQ(
        error_of([&] { choose_reporting(source, root); }),
        "usage: the root has its own /sbin/init, which lktest's would replace\nhint: remove 'report' from "
        "[root]: lktest chooses it by the root's init");
    FileTree without_init;
    EXPECT_EQ(choose_reporting({}, without_init).by, Report::busybox);
    without_init.put_file("/etc/inittab", "theirs");
    EXPECT_EQ(choose_reporting({}, without_init).by, Report::none);
}

}  // namespace
}  // namespace lktest
