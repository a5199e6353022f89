// SPDX-License-Identifier: MIT
// QEMU's box, with a shell instead of QEMU. The filter lets the shell start no programs, so it reports what
// it sees with built-in commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/box/settings.hpp"
#include "harness/machine/qemu_user.hpp"
#include "harness/net/jail.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// A guest's directory and another guest's, below a directory that only lktest enters.
class Boxed : public testing::Test {
protected:
    /// The output of the script as a guest's QEMU, in a jail like that of a run.
    std::string says(const std::string& script) {
        const TempDir exchange;
        const int status = run_in_jail({.why = {}}, [&](const Jail& jail) {
            write_file(exchange.path() / "said", in_box(script, jail.private_dir));
            return 0;
        });
        EXPECT_EQ(status, 0);
        return read_file(exchange.path() / "said");
    }

    static std::string in_box(const std::string& script, const fs::path& place) {
        const std::optional<QemuUsers> users = QemuUsers::find();
        for (const char* cell : {"own", "other"}) {
            make_directories(place / cell);
            write_file(place / cell / "disk", std::string(cell) + "'s disk\n");
            if (users)
                give_to(users->take(), place / cell);
        }
        make_directories(place / "root");
        make_directories(place / "state");
        write_file(place / "state/key", "libvirt's key\n");
        fs::permissions(place / "state/key", fs::perms(0600));
        BoxSettings settings{.program = fs::canonical("/bin/sh").string(),
                             .sealed = (place / "sealed").string(),
                             .uid = ::geteuid(),
                             .gid = ::getegid(),
                             .groups = {},
                             .root = (place / "root").string(),
                             .shown = {},
                             .owned = {(place / "own").string()},
                             .devices = {},
                             .state = (place / "state").string()};
        struct stat owner {};
        if (users && ::stat((place / "own/disk").c_str(), &owner) == 0)
            settings.uid = owner.st_uid, settings.gid = owner.st_gid;
        fs::copy_file(settings.program, settings.sealed);
        fs::permissions(settings.sealed, fs::perms(0111));
        write_file(place / "settings", box_text(settings));
        // Programs of the host, which the shell must not see.
        ProcessOptions options;
        options.environment = {{box_variable, (place / "settings").string()}, {"place", place.string()}};
        const ProcessResult result = run_process(
            {LKTEST_BOX_PROGRAM, "-c", script, "sh", "key=" + (place / "state/key").string()}, options);
        return result.out + result.err;
    }
};

constexpr const char* show_status = R"(while read -r line; do echo "$line"; done </proc/self/status;)";

TEST_F(Boxed, HasNoRightsLeft) {
    const std::string said = says(show_status);
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
        EXPECT_THAT(said, HasSubstr(std::string(set) + ":\t0000000000000000"));
    EXPECT_THAT(said, HasSubstr("NoNewPrivs:\t1"));
    EXPECT_THAT(said, HasSubstr("Seccomp:\t2"));
    if (::geteuid() == 0) {
        EXPECT_THAT(said, HasSubstr("Groups:\n"));
        EXPECT_THAT(said, Not(HasSubstr("Uid:\t0\t")));
    }
}

TEST_F(Boxed, SeesItsOwnFilesAndNoOthers) {
    const std::string said = says(R"(
        cd "$place"; echo "place:" *
        read -r line <own/disk; echo "$line"
        echo more >>own/disk && echo "its own disk is writable"
        read -r line <state/key; echo "$line"
        echo x >own/new || echo "no new files"
        for file in /root/* /home/* /etc/passwd /etc/shadow /run/* /sys/* /var/lib/dpkg/*; do
            if [ -e "$file" ]; then echo "LEAK $file"; fi
        done
        for file in /new /usr/new /etc/new; do
            if echo x >"$file"; then echo "WRITABLE $file"; fi
        done
        echo "temporary:" /tmp/* /var/tmp/* /dev/shm/*
        echo x >/tmp/x && echo "/tmp is writable"
        echo "devices:" /dev/*)");
    EXPECT_THAT(said, HasSubstr("place: own state\n"));
    EXPECT_THAT(said, HasSubstr("own's disk\n"));
    EXPECT_THAT(said, HasSubstr("its own disk is writable\n"));
    EXPECT_THAT(said, HasSubstr("libvirt's key\n"));
    if (::geteuid() == 0) {
        EXPECT_THAT(said, HasSubstr("no new files\n"));
    }
    EXPECT_THAT(said, Not(HasSubstr("LEAK")));
    EXPECT_THAT(said, Not(HasSubstr("WRITABLE")));
    EXPECT_THAT(said, HasSubstr("temporary: /tmp/* /var/tmp/* /dev/shm/*\n"));
    EXPECT_THAT(said, HasSubstr("/tmp is writable\n"));
    EXPECT_THAT(said,
                HasSubstr("devices: /dev/full /dev/null /dev/random /dev/shm /dev/urandom /dev/zero\n"));
}

TEST_F(Boxed, SeesNoOtherProcessAndSignalsNone) {
    const std::string said = says(R"(
        echo "processes:" /proc/[0-9]*; echo "self: $$"
        for pid in 1 -1 0 3; do if kill -0 $pid 2>/dev/null; then echo "REACHED $pid"; fi; done
        (echo A PROCESS) || echo "no processes")");
    EXPECT_THAT(said, HasSubstr("processes: /proc/2\nself: 2\n"));
    EXPECT_THAT(said, Not(HasSubstr("REACHED")));
    EXPECT_THAT(said, Not(HasSubstr("A PROCESS")));
}

TEST_F(Boxed, WhatItSaysHasABound) {
    const std::string said = says(R"(
        line=0123456789abcdef; line=$line$line$line$line; line=$line$line$line$line
        i=0; while [ $i -lt 40000 ]; do echo "$line"; i=$((i + 1)); done; echo "THE END")");
    EXPECT_LE(said.size(), (4U << 20) + 8192);
    EXPECT_THAT(said, HasSubstr("[lktest: the limit is reached; later output of QEMU is not recorded]"));
    EXPECT_THAT(said, Not(HasSubstr("THE END")));
}

TEST_F(Boxed, EndsWithTheBoxWhateverEndedThat) {
    const TempDir exchange;
    run_in_jail({.why = {}}, [&](const Jail& jail) {
        in_box(":", jail.private_dir);  // makes the files
        const pid_t box = ::fork();
        if (box == 0) {
            ::setenv(box_variable, (jail.private_dir / "settings").c_str(), 1);
            ::execl(LKTEST_BOX_PROGRAM, LKTEST_BOX_PROGRAM, "-c", "while :; do :; done", nullptr);
            ::_exit(127);
        }
        const auto others = [&] {
            std::size_t count = 0;
            for (const auto& entry : fs::directory_iterator("/proc"))
                if (const std::string pid = entry.path().filename();
                    pid.find_first_not_of("0123456789") == pid.npos && pid != "1" &&
                    pid != std::to_string(::getpid()))
                    count += 1;
            return count;
        };
        const auto soon = [&](std::size_t wanted) {
            for (int tries = 0; tries < 600 && others() != wanted; ++tries)
                std::this_thread::sleep_for(50ms);
            return others() == wanted;
        };
        const bool began = soon(3);
        ::kill(box, SIGKILL);
        ::waitpid(box, nullptr, 0);
        const bool ended = soon(0);
        write_file(exchange.path() / "said",
                   std::string(began ? "began, " : "") + (ended ? "ended" : "remains"));
        return 0;
    });
    EXPECT_EQ(read_file(exchange.path() / "said"), "began, ended");
}

TEST(QemuUsers, AreOneForEachGuest) {
    const QemuUsers users(1000, 5);
    EXPECT_EQ(users.for_tpms().uid, 1000U);
    std::vector<uid_t> taken;
    for (int i = 0; i < 4; ++i)
        taken.push_back(users.take().uid);
    EXPECT_THAT(taken, testing::ElementsAre(1001, 1002, 1003, 1004));
    EXPECT_EQ(users.take().uid, 1001U);
}

}  // namespace
}  // namespace lktest
