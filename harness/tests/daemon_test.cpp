// SPDX-License-Identifier: MIT
// --connect: the guests run under a libvirt daemon, whose QEMU runs as another user.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/tests/support/boot_sector.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class DaemonTest : public testing::Test {
protected:
    void SetUp() override { fs::permissions(scratch_.path(), fs::perms(0755)); }

    ProcessResult beside_a_daemon(std::vector<std::string> command) {
        command.insert(command.begin(),
                       {source_directory() / "harness/tests/support/with_libvirtd.sh", LKTEST_DAEMON_CACHE});
        ProcessOptions process;
        process.deadline = std::chrono::minutes(10);
        return run_process(command, process);
    }
    Json only_cell() { return Json::parse(read_file(results_ / "latest/matrix.json")).at("cells").at(0); }

    TempDir scratch_;
    fs::path results_ = scratch_.path() / "results";
};

TEST_F(DaemonTest, ACellBootsUnderADaemonsQemu) {
    const fs::path iso = scratch_.path() / "image.iso";
    check_process({LKTEST_PROGRAM, "build", "recovery", "--arch", "aarch64", "-o", iso});
    const auto before = fs::status(iso).permissions();
    const ProcessResult ended = beside_a_daemon(
        {LKTEST_PROGRAM, "run", "--connect", "qemu:///system", "--network", "user", "--iso", iso, "--arch",
         "aarch64", "--firmware", "uefi", "--output", results_, "--history", "off"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("reached"), "userspace") << only_cell();
    EXPECT_EQ(fs::status(iso).permissions(), before);
}

/// A daemon reached directly, and by ssh like another machine's: only the file system is shared.
TEST_F(DaemonTest, APoolOfConnectionsSharesTheCells) {
    const fs::path iso = scratch_.path() / "talks.iso", scenario = scratch_.path() / "talks.toml",
                   ssh = scratch_.path() / "ssh";
    make_directories(ssh);
    boot_sector::write_iso(boot_sector::say("I am up\n"), iso);
    write_file(scenario, "[[milestone]]\nname = \"up\"\npattern = 'I am up'\nwithin = \"60s\"\n");
    const ProcessResult ended = beside_a_daemon({"unshare", "--net", "sh", "-euc", R"sh(
        ip link set lo up
        export HOME="$5"
        for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$5/$key"; done
        chmod 755 /run/sshd 2>/dev/null || mkdir -m 755 /run/sshd
        /usr/sbin/sshd -f /dev/null -h "$5/host" -o PidFile=none -o StrictModes=no -o UsePAM=no \
            -o PermitRootLogin=yes -o AuthorizedKeysFile="$5/user.pub"
        "$1" run "$2" --scenario "$3" --output "$4" --history off --firmware bios --machine pc --machine q35 --jobs 2 \
            --network user --connect qemu:///system \
            --connect "qemu+ssh://root@localhost/system?keyfile=$5/user&no_verify=1&no_tty=1"
    )sh",
                                                 "sh", LKTEST_PROGRAM, iso, scenario, results_, ssh});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json cells = Json::parse(read_file(results_ / "latest/matrix.json")).at("cells");
    ASSERT_EQ(cells.size(), 2U);
    std::set<std::string> daemons;
    for (const Json& cell : cells) {
        const std::string events =
            read_file(results_ / "latest" / cell.at("name").get<std::string>() / "events.jsonl");
        daemons.insert(events.find(" by qemu+ssh://") != events.npos ? "ssh" : "here");
    }
    EXPECT_EQ(daemons.size(), 2U);
    for (const fs::directory_entry& left : fs::directory_iterator(results_))
        EXPECT_FALSE(left.path().filename().native().starts_with("lktest-")) << left.path();
}

TEST_F(DaemonTest, AnImageThatTheDaemonsQemuMayNotReadIsNamed) {
    const fs::path iso = scratch_.path() / "closed/image.iso";
    make_directories(iso.parent_path());
    boot_sector::write_iso(boot_sector::silent(), iso);
    fs::permissions(iso.parent_path(), fs::perms::owner_all);
    const ProcessResult ended =
        beside_a_daemon({LKTEST_PROGRAM, "run", "--connect", "qemu:///system", "--network", "user", "--iso",
                         iso, "--firmware", "bios", "--output", results_, "--history", "off"});
    EXPECT_EQ(ended.status, 3) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("outcome"), "host-setup") << only_cell();
    EXPECT_NE(only_cell().at("reason").get<std::string>().find(iso), std::string::npos) << only_cell();
}

/// lktest must not stop it, even if the diagnosis fails or is interrupted.
TEST_F(DaemonTest, AGuestThatOthersMadeIsDiagnosedAndRunsOn) {
    const fs::path iso = scratch_.path() / "theirs.iso", xml = scratch_.path() / "theirs.xml",
                   found = scratch_.path() / "found";
    boot_sector::write_iso(boot_sector::silent(), iso);
    write_file(xml,
               "<domain type='qemu'><name>theirs</name><memory unit='MiB'>32</memory><os>"
               "<type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file' device='cdrom'>"
               "<source file='" +
                   iso.string() +
                   "'/><target dev='hda' bus='ide'/><readonly/></disk>"
                   "<video><model type='vga'/></video></devices></domain>");
    const ProcessResult ended = beside_a_daemon({"sh", "-euc", R"sh(
        state() { virsh -q -c qemu:///system domstate theirs; }
        virsh -q -c qemu:///system create "$2" >/dev/null
        program=$1; shift 2
        until "$program" diagnose theirs --connect qemu:///system -o "$1" | grep -q 'boot loader'; do sleep 0.2; done
        state
        "$program" diagnose theirs --connect qemu:///system --core "$1/nowhere/vm.elf" >/dev/null 2>&1 || echo "failed: $?"
        state
        for moment in 0.05 0.1 0.2 0.3 0.4 0.5; do
            "$program" diagnose theirs --connect qemu:///system >/dev/null 2>&1 &
            sleep "$moment"; kill -TERM $! || true; wait $! || true
            state
        done | sort -u
        "$program" diagnose nobody --connect qemu:///system >/dev/null 2>&1 || echo "failed: $?"
    )sh",
                                                 "sh", LKTEST_PROGRAM, xml, found});
    EXPECT_EQ(ended.out, "running\nfailed: 3\nrunning\nrunning\nfailed: 2\n") << ended.err;
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_TRUE(fs::exists(found / "diagnosis.json"));
    EXPECT_TRUE(fs::exists(found / "screen.png"));
}

TEST_F(DaemonTest, SigkillLeavesTheDaemonNoGuest) {
    const fs::path iso = scratch_.path() / "silent.iso";
    boot_sector::write_iso(boot_sector::silent(), iso);
    // In the namespace of the daemon, whose only QEMU is that guest.
    const ProcessResult ended = beside_a_daemon({"sh", "-euc", R"sh(
        "$1" run --connect qemu:///system --network user --iso "$2" --scenario boot --firmware bios \
            --output "$3" --history off >/dev/null 2>&1 &
        until grep -qs '"firmware"' "$3"/latest/*/events.jsonl; do kill -0 $!; sleep 0.1; done
        guests() { cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^qemu-system' || true; }
        echo "before: $(guests)"
        shared=$(sed -n 's,.*path="\(/[^"]*\)/[^"]*/serial".*,\1,p' "$3"/latest/*/domain.xml)
        test -d "$shared"
        kill -9 $!
        tries=0
        while [ "$(guests)" != 0 ] || [ -e "$shared" ]; do
            tries=$((tries + 1)); [ "$tries" -lt 300 ] || break; sleep 0.1
        done
        echo "after: $(guests)"; test ! -e "$shared"
    )sh",
                                                 "sh", LKTEST_PROGRAM, iso, results_});
    EXPECT_EQ(ended.out, "before: 1\nafter: 0\n") << ended.err;
    EXPECT_EQ(ended.status, 0) << ended.err;
}

}  // namespace
}  // namespace lktest
