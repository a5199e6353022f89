// SPDX-License-Identifier: MIT
// Guests under interactive use: kept ones, diagnosed and attached to from another terminal, and debugged
// ones.
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "builder/base/deadline.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/tests/support/boot_sector.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Runs lktest on a separate terminal.
class OnTerminal {
public:
    explicit OnTerminal(std::vector<std::string> words) {
        child_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (child_ != 0)
            return;
        std::vector<char*> arguments;
        words.insert(words.begin(), LKTEST_PROGRAM);
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        ::setenv("TERM", "dumb", 1);
        ::execv(LKTEST_PROGRAM, arguments.data());
        ::_exit(127);
    }
    ~OnTerminal() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
        ::close(terminal_);
    }

    /// Waits until the terminal shows `text` after the previously awaited text.
    bool shows(std::string_view text) {
        const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        while (!passed(deadline)) {
            if (const std::size_t at = shown_.find(text, read_); at != std::string::npos) {
                read_ = at + text.size();
                return true;
            }
            pollfd one{terminal_, POLLIN, 0};
            std::array<char, 4096> chunk{};
            if (::poll(&one, 1, 100) <= 0)
                continue;
            const ssize_t size = ::read(terminal_, chunk.data(), chunk.size());
            if (size <= 0)
                return shown_.find(text, read_) != std::string::npos;
            shown_.append(chunk.data(), static_cast<std::size_t>(size));
        }
        return false;
    }
    void type(std::string_view keys) {
        ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    }
    int wait_for_end() {
        shows("\a never said");  // reads on, because a full terminal blocks its program
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    void interrupt() const { ::kill(child_, SIGINT); }
    const std::string& shown() const { return shown_; }

private:
    int terminal_ = -1;
    pid_t child_ = -1;
    std::string shown_;
    std::size_t read_ = 0;
};

class DebugTest : public testing::Test {
protected:
    /// The command's options for a cell whose BIOS boot image is `code`, and which must print "Linux
    /// version".
    std::vector<std::string> cell(const std::string& command, const std::string& code) {
        const fs::path iso = scratch_.path() / "guest.iso";
        boot_sector::write_iso(code, iso);
        const fs::path scenario = scratch_.path() / "short.toml";
        write_file(scenario,
                   "about = \"A kernel, soon.\"\n[[milestone]]\nname = \"kernel\"\n"
                   "pattern = 'Linux version'\nwithin = \"30s\"\n"
                   "[[failure]]\npattern = 'no way'\n");
        return {command, iso.string(), "--scenario", scenario.string(), "--firmware",
                "bios",  "--network",  "none",       "--output",        results_.string()};
    }
    /// A file of the only cell.
    fs::path artefact(std::string_view name) const {
        for (const auto& entry : fs::recursive_directory_iterator(results_ / "latest"))
            if (entry.path().filename() == name)
                return entry.path();
        ADD_FAILURE() << "there is no " << name;
        return {};
    }

    TempDir scratch_;
    fs::path results_ = scratch_.path() / "results";
};

TEST_F(DebugTest, AKeptGuestIsExaminedReachedAndEndedFromAnotherTerminal) {
    std::vector<std::string> words = cell("run", boot_sector::say("\r\nno way\r\n"));
    words.insert(words.end(), {"--keep", "--history", "off"});
    OnTerminal run(words);
    ASSERT_TRUE(run.shows("lktest attach")) << run.shown();
    const fs::path into = scratch_.path() / "findings", core = scratch_.path() / "core";
    const ProcessResult said = run_process(
        {LKTEST_PROGRAM, "diagnose", "x86_64-bios", "--run", results_, "-o", into, "--core", core, "--json"});
    ASSERT_EQ(said.status, 0) << said.err;
    EXPECT_EQ(Json::parse(said.out).at("stage"), "firmware") << said.out;
    EXPECT_EQ(Json::parse(read_file(into / "diagnosis.json")), Json::parse(said.out));
    EXPECT_TRUE(read_file(core).starts_with("KDUMP   "));
    const fs::path elf = scratch_.path() / "vm.elf";
    const std::string opened =
        check_process({LKTEST_PROGRAM, "diagnose", "x86_64-bios", "--run", results_, "--core", elf});
    EXPECT_NE(opened.find("gdb -c " + elf.string() + "\n"), std::string::npos) << opened;
    EXPECT_EQ(fs::status(elf).permissions(), fs::perms(0600));
    const std::string shown =
        check_process({"gdb", "-nx", "-batch", "-ex", "info registers rip", "-ex", "x/s 0x7c18", "-c", elf});
    EXPECT_NE(shown.find("rip            0x7c"), std::string::npos) << shown;
    EXPECT_NE(shown.find("\"no way\\r\\n\""), std::string::npos) << shown;
    EXPECT_EQ(run_process({LKTEST_PROGRAM, "diagnose", "nobody", "--run", results_}).status, 2);

    OnTerminal person({"attach", "x86_64-bios", "--run", results_});
    ASSERT_TRUE(person.shows("its guest is paused")) << person.shown();
    person.type("m info status\r");
    ASSERT_TRUE(person.shows("VM status: paused")) << person.shown();
    person.type("end\r");
    EXPECT_EQ(person.wait_for_end(), 0) << person.shown();
    EXPECT_EQ(run.wait_for_end(), 1) << "no guest is kept any more, and the cell had failed" << run.shown();
    EXPECT_EQ(run_process({LKTEST_PROGRAM, "diagnose", "x86_64-bios", "--run", results_}).status, 2);
}

TEST_F(DebugTest, ADebuggedGuestGoesBackToItsSnapshotAlsoAfterItsEnd) {
    std::vector<std::string> words =
        cell("debug", boot_sector::say_and_end_at_a_key("\r\nLinux version 6.1 of a test\r\n", "last words"));
    words.insert(words.end(), {"--snapshot-at", "kernel"});
    OnTerminal person(words);
    ASSERT_TRUE(person.shows("lktest takes a snapshot")) << person.shown();
    for (int life = 0; life < 2; ++life) {
        person.type("x");
        ASSERT_TRUE(person.shows("last words")) << person.shown();
        ASSERT_TRUE(person.shows("The guest has ended.")) << person.shown();
        person.type("restore\r");
        ASSERT_TRUE(person.shows("lktest> ")) << person.shown();
        person.type("m info status\r");
        ASSERT_TRUE(person.shows("VM status: paused")) << person.shown();
        person.type("c\r");
    }
    person.type("\x1d");  // Ctrl-]
    ASSERT_TRUE(person.shows("lktest> ")) << person.shown();
    person.type("end\r");
    EXPECT_EQ(person.wait_for_end(), 0) << person.shown();
    const std::string log = read_file(artefact("firmware.log"));
    EXPECT_NE(log.find("SeaBIOS (version "), std::string::npos) << log;
}

TEST_F(DebugTest, ADebuggedGuestStopsAtItsMilestoneAndLetsGdbIn) {
    std::vector<std::string> words =
        cell("debug", boot_sector::say("\r\nLinux version 6.1 of a test\r\nand more\r\n"));
    words.insert(words.end(), {"--stop-at", "kernel"});
    OnTerminal person(words);
    ASSERT_TRUE(person.shows("Milestone 'kernel' is reached: the guest is paused.")) << person.shown();
    EXPECT_NE(person.shown().find("Linux version 6.1 of a test"), std::string::npos);
    person.type("m inof\x1b[D\x1b[D\x7f\x1b[CoX\x7f\x01\x05 status\x15m info status\r");  // edited
    ASSERT_TRUE(person.shows("VM status: paused")) << person.shown();
    person.type("pau\t\r");
    ASSERT_TRUE(person.shows("The guest was paused already.")) << person.shown();
    person.type("\x1b[A\x1b[A\r");  // the command before
    ASSERT_TRUE(person.shows("VM status: paused")) << person.shown();
    person.type("gdb\r");
    ASSERT_TRUE(person.shows("gdb.cmd")) << person.shown();
    const ProcessResult gdb =
        run_process({"gdb", "-nx", "-batch", "-x", artefact("gdb.cmd"), "-ex", "info registers rip"});
    EXPECT_NE(gdb.out.find("rip            0x"), std::string::npos) << gdb.out << gdb.err;
    person.type("c\r\x1d");  // Ctrl-]
    ASSERT_TRUE(person.shows("lktest> "));
    person.type("m info status\r");
    ASSERT_TRUE(person.shows("VM status: running")) << person.shown();
    person.type("end\r");
    EXPECT_EQ(person.wait_for_end(), 0) << person.shown();
}

TEST_F(DebugTest, KernelEntryIsBeforeStartKernelAndTheGuestIsHealthyThere) {
    OnTerminal person({"debug", "--arch", "x86_64", "--firmware", "bios", "--network", "none", "--at",
                       "kernel-entry", "--output", results_.string()});
    ASSERT_TRUE(person.shows("A CPU has just entered the kernel: the guest is paused.")) << person.shown();
    person.type("diagnose\r");
    ASSERT_TRUE(person.shows("nothing points to a failure")) << person.shown();
    ASSERT_TRUE(person.shows("CPU 0: busy, in the kernel")) << person.shown();
    ASSERT_TRUE(person.shows("lktest> ")) << person.shown();
    EXPECT_EQ(person.shown().find(" start_kernel+"), std::string::npos) << person.shown();
    EXPECT_EQ(person.shown().find("fix:"), std::string::npos) << person.shown();
    person.type("end\r");
    EXPECT_EQ(person.wait_for_end(), 0) << person.shown();
}

/// Our medium's kernel, wherever address randomization has put it.
TEST_F(DebugTest, TheCoreOfAKernelIsGdbsAtTheKernelsAddresses) {
    OnTerminal person({"debug", "--arch", "x86_64", "--firmware", "bios", "--network", "none", "--stop-at",
                       "initramfs", "--output", results_.string()});
    ASSERT_TRUE(person.shows("Milestone 'initramfs' is reached: the guest is paused.")) << person.shown();
    const fs::path core = scratch_.path() / "vm.elf", symbols = scratch_.path() / "vm.symbols.elf";
    person.type("core " + core.string() + "\r");
    ASSERT_TRUE(person.shows("gdb " + symbols.string() + " " + core.string())) << person.shown();
    person.type("end\r");
    EXPECT_EQ(person.wait_for_end(), 0) << person.shown();
    const std::string shown =
        check_process({"gdb", "-nx", "-batch", "-ex", "x/s &linux_banner", symbols, core});
    EXPECT_NE(shown.find("Linux version "), std::string::npos) << shown;
    // With the stacks of the kernel as its ORC tables describe them.
    const std::string stack = check_process({"gdb", "-nx", "-batch", "-ex", "bt", symbols, core});
    EXPECT_NE(stack.find("\n#3 "), std::string::npos) << stack;
    // Only programs of the guest, below the kernel's addresses, have no names.
    std::istringstream frames(stack);
    for (std::string frame; std::getline(frames, frame);)
        EXPECT_FALSE(frame.ends_with(" in ?? ()") && frame.find(" 0xffff") != frame.npos) << stack;
    struct stat status {};
    ASSERT_EQ(::stat(core.c_str(), &status), 0);
    EXPECT_GE(status.st_size, off_t{1} << 30) << "all of the guest's memory";
    EXPECT_LT(status.st_blocks * 512, status.st_size / 2) << "zeros are stored";
}

}  // namespace
}  // namespace lktest
