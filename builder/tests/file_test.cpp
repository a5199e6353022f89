// SPDX-License-Identifier: MIT
#include "builder/base/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Runs an action in a process, kills it, and returns its id.
pid_t in_a_killed_process(const std::function<void()>& action) {
    const pid_t child = ::fork();
    if (child == 0) {
        action();
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    return child;
}

std::set<std::string> names_in(const fs::path& directory) {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        names.insert(entry.path().filename());
    return names;
}

TEST(RemoveDead, TakesTheDirectoriesOfProcessesThatWereKilledAndNoOthers) {
    const TempDir dir;
    in_a_killed_process([&] { write_file(TempDir(dir.path()).path() / "half", "x"); });
    EXPECT_TRUE(names_in(dir.path()).empty()) << "by its own destructor";
    in_a_killed_process([&] {
        const TempDir left(dir.path());
        write_file(left.path() / "half", "x");
        ::kill(::getpid(), SIGKILL);
    });
    EXPECT_EQ(names_in(dir.path()).size(), 1U);
    const TempDir alive(dir.path());
    write_file(dir.path() / "lktest-other", "");
    remove_dead(dir.path());
    EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{alive.path().filename(), "lktest-other"}));
}

TEST(RemoveDead, TakesUnfinishedFilesOfProcessesThatWereKilledAndNoOthers) {
    const TempDir dir;
    const auto leave = [&](const std::string& name) {
        in_a_killed_process([&] {
            const AtomicFile file(dir.path() / name);
            write_file(file.temporary(), "half");
            ::kill(::getpid(), SIGKILL);
        });
    };
    leave("live.iso");
    leave("other.iso");
    const AtomicFile own(dir.path() / "live.iso");
    write_file(own.temporary(), "half");
    EXPECT_EQ(names_in(dir.path()).size(), 3U);
    remove_dead(dir.path(), "live.iso");
    EXPECT_EQ(names_in(dir.path()).size(), 2U) << "another file's is not touched";
    EXPECT_TRUE(fs::exists(own.temporary()));
    remove_dead(dir.path());
    EXPECT_EQ(names_in(dir.path()), std::set<std::string>{own.temporary().filename()});
}

TEST(RemoveDead, IsQuietAboutADirectoryThatIsNotThere) {
    EXPECT_EQ(error_of([] { remove_dead("/absent"); }), "nothing was thrown");
}

TEST(MappedFile, SaysSoWhenItWasCutSinceInsteadOfEndingTheProgram) {
    const TempDir dir;
    const std::string path = dir.path() / "file";
    write_file(path, "0123456789");
    const auto mapped = MappedFile::open(path);
    std::string into(4, '-');
    mapped->read(3, std::as_writable_bytes(std::span(into)));
    EXPECT_EQ(into, "3456");
    fs::resize_file(path, 5);
    EXPECT_EQ(error_of([&] { mapped->read(3, std::as_writable_bytes(std::span(into))); }),
              "host: " + path +
                  " became shorter while it was read\nhint: make sure that no program writes to it, and "
                  "build again");
}

}  // namespace
}  // namespace lktest
