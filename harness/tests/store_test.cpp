// SPDX-License-Identifier: MIT
#include "harness/report/store.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "builder/base/file.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

const auto noon = std::chrono::system_clock::from_time_t(1795446001);
const Event event{std::chrono::seconds(1), Event::Kind::milestone, Source::serial, "kernel", "Linux"};

template <typename Act>
std::string complaint(Error::Kind kind, Act act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind);
        return error.what();
    }
    return "no error";
}

TEST(RunDirectory, IsNewForEachRunAndLatestNamesTheLast) {
    const TempDir base;
    EXPECT_EQ(RunDirectory::create(base.path() / "new/results", noon).path().filename(),
              "run-20261123-150001");
    const RunDirectory second = RunDirectory::create(base.path() / "new/results", noon);
    EXPECT_EQ(second.path().filename(), "run-20261123-150001-2");
    EXPECT_EQ(fs::read_symlink(base.path() / "new/results/latest"), "run-20261123-150001-2");
}

TEST(RunDirectory, DoesNotFollowALinkThatTookTheCellsPlace) {
    const TempDir base, elsewhere;
    const RunDirectory run = RunDirectory::create(base.path(), noon);
    const BootCell cell;
    run.append_event(cell, event);
    const fs::path directory = run.cell_directory(cell);
    fs::rename(directory, directory.string() + ".moved");
    fs::create_directory_symlink(elsewhere.path(), directory);
    EXPECT_EQ(complaint(Error::Kind::host, [&] { run.append_event(cell, event); }),
              "cannot open the directory " + directory.string() + ": Not a directory");
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));

    fs::remove(directory);
    fs::create_directory(directory);
    fs::create_symlink(elsewhere.path() / "events", directory / "events.jsonl");
    complaint(Error::Kind::host, [&] { run.append_event(cell, event); });
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST(RunDirectory, LeavesAnothersFilesAlone) {
    const TempDir base;
    std::ofstream(base.path() / "latest") << "mine";
    RunDirectory::create(base.path(), noon);
    EXPECT_EQ(read_file(base.path() / "latest"), "mine");
}

TEST(RunDirectory, RefusesABaseThatIsNoDirectory) {
    const TempDir base;
    const fs::path file = base.path() / "file";
    std::ofstream(file) << "mine";
    EXPECT_EQ(complaint(Error::Kind::usage, [&] { RunDirectory::create(file, noon); }),
              "cannot write to the output directory " + file.string() + ": it is not a directory");
    EXPECT_EQ(complaint(Error::Kind::usage, [&] { RunDirectory::create(file / "below", noon); }),
              "cannot write to the output directory " + (file / "below").string() + ": Not a directory");
}

TEST(RunDirectory, RefusesABaseThatCannotBeWrittenTo) {
    EXPECT_EQ(complaint(Error::Kind::usage, [] { RunDirectory::create("/proc", noon); }),
              "cannot write to the output directory /proc: No such file or directory");
}

TEST(RunDirectory, WritesEventsLineByLineAndReportsWhole) {
    const TempDir base;
    const RunDirectory run = RunDirectory::create(base.path(), noon);
    const results::Run report = sample_report();
    const BootCell cell = sample_cell(Arch::x86_64, Firmware::bios);
    run.append_event(cell, event);
    run.append_event(cell, event);
    run.write(sample_failures());
    run.write(report);
    EXPECT_EQ(read_file(run.path() / "boot.recovery.x86_64-bios-cdrom/events.jsonl"),
              json_line(event) + json_line(event));
    EXPECT_EQ(read_file(run.path() / "matrix.json"), json_report(report));
    EXPECT_EQ(read_file(run.path() / "junit.xml"), junit_report(report));
}

TEST(RunDirectory, KeepsWhatWasWrittenWhenTheDiskIsFull) {
    const TempDir base;
    if (::mount("tmpfs", base.path().c_str(), "tmpfs", 0, "size=64k") != 0)
        GTEST_SKIP() << "needs the right to mount";
    const struct Unmount {
        fs::path path;
        ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
    } unmount{base.path()};

    const RunDirectory run = RunDirectory::create(base.path(), noon);
    const BootCell cell = sample_cell(Arch::x86_64, Firmware::bios);
    run.write(sample_report());
    run.append_event(cell, event);
    std::ofstream filler(run.path() / "filler");
    while (filler << std::string(512, 'x') << std::flush) {
    }

    Event large = event;
    large.text.assign(8192, 'y');
    const fs::path events = run.path() / name(cell) / "events.jsonl";
    EXPECT_EQ(complaint(Error::Kind::host, [&] { run.append_event(cell, large); }),
              "cannot write " + events.string() + ": No space left on device");
    EXPECT_EQ(read_file(events), json_line(event));  // no half line
    EXPECT_EQ(complaint(Error::Kind::host, [&] { run.write(sample_failures()); }),
              "cannot write " + (run.path() / "matrix.json").string() + ": No space left on device");
    EXPECT_EQ(read_file(run.path() / "matrix.json"), json_report(sample_report()));
    EXPECT_FALSE(fs::exists(run.path() / ("matrix.json.part-" + std::to_string(::getpid()))));
}

}  // namespace
}  // namespace lktest
