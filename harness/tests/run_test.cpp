// SPDX-License-Identifier: MIT
// The program as users run it: real firmware, libvirt and tap, and media that work or fail.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/recipe.hpp"
#include "harness/scenario/parse.hpp"
#include "harness/tests/support/boot_sector.hpp"
#include "harness/tests/support/cells.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// The small guests never reach it, and it fails quickly.
constexpr auto short_scenario = R"(
about = "A kernel, soon."
resets = 2
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "2s"
)";

class RunTest : public testing::Test {
protected:
    ProcessResult run(std::vector<std::string> options) {
        options.insert(options.begin(), {LKTEST_PROGRAM, "run", "--output", results_.string(), "--history",
                                         history_.string()});
        ProcessOptions process;
        process.deadline = std::chrono::minutes(15);
        return run_process(options, process);
    }

    /// Boots an ISO whose BIOS boot image is `code`.
    ProcessResult run_code(const std::string& code) {
        const fs::path iso = scratch_.path() / "guest.iso";
        boot_sector::write_iso(code, iso);
        write_file(scratch_.path() / "short.toml", short_scenario);
        return run({"--iso", iso, "--scenario", scratch_.path() / "short.toml", "--firmware", "bios",
                    "--network", "none"});
    }

    Json report() { return Json::parse(read_file(results_ / "latest/matrix.json")); }
    Json only_cell() { return report().at("cells").at(0); }

    TempDir scratch_;
    fs::path results_ = scratch_.path() / "results", history_ = scratch_.path() / "history.db";
};

TEST_F(RunTest, OurMediaPassTheWholeMatrix) {
    const ProcessResult ended = run({"--medium", "cdrom"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json matrix = report();
    EXPECT_EQ(matrix.at("counts").at("passed"), 3);
    EXPECT_EQ(matrix.at("counts").at("not_applicable"), 1);
    for (const Json& cell : matrix.at("cells")) {
        if (cell.at("outcome") == "not-applicable")
            continue;
        EXPECT_EQ(cell.at("reached"), "network") << cell;
        std::vector<std::string> names;
        for (const Json& milestone : cell.at("milestones"))
            names.push_back(milestone.at("name"));
        EXPECT_EQ(names, (std::vector<std::string>{"firmware", "boot-loader", "menu", "kernel", "initramfs",
                                                   "medium", "root", "userspace", "network"}));
        const fs::path directory = results_ / "latest" / cell.at("name").get<std::string>();
        for (const char* artefact :
             {"console.log", "console.raw", "domain.xml", "events.jsonl", "network.log"})
            EXPECT_GT(fs::file_size(directory / artefact), 0U) << directory << artefact;
        std::size_t film = 0;
        for (const fs::directory_entry& file : fs::directory_iterator(directory))
            film += file.path().filename().native().starts_with("film-") ? 1U : 0U;
        EXPECT_GE(film, 3U) << "the display: the loader's menu, the kernel's messages, the programs'";
        const std::string qemu = read_file(directory / "qemu.log");
        EXPECT_NE(qemu.find("-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny"), std::string::npos)
            << qemu;
        EXPECT_EQ(qemu.find("PATH="), std::string::npos) << "the environment is private";
    }
    check_process({"python3", "-c", "import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])",
                   results_ / "latest/junit.xml"});
    EXPECT_GT(fs::file_size(results_ / "latest/index.html"), 50'000U);
    const Json history =
        Json::parse(check_process({LKTEST_PROGRAM, "history", "--json", "--history", history_}));
    EXPECT_EQ(history.at("cells").size(), 3U);
    EXPECT_EQ(history.at("cells").at(0).at("pass_rate"), 1.0);
}

TEST_F(RunTest, OurMediaBootFromFirmwareThatRunsOnRequestOnly) {
    const ProcessResult ended = run({"--firmware", "uefi-ia32", "--firmware", "u-boot"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json matrix = report();
    EXPECT_EQ(matrix.at("counts").at("passed"), 2);
    for (const Json& cell : matrix.at("cells"))
        if (cell.at("outcome") == "passed") {
            EXPECT_EQ(cell.at("reached"), "network") << cell;
            const bool from_u_boot = cell.dump().find("efi-loader") != std::string::npos;
            EXPECT_EQ(from_u_boot, cell.at("firmware") == "u-boot") << cell;
        }
}

/// Changes kept on ext4 and on FAT: scenarios stick and savechanges. `persistence` alone would be a third.
TEST_F(RunTest, ScenariosThatActPassAndSoDoesBootingFromTheNetwork) {
    const ProcessResult ended =
        run({"--arch",     "aarch64",   "--scenario", "stick",    "--scenario", "savechanges",
             "--scenario", "toram",     "--scenario", "from",     "--scenario", "pxe",
             "--scenario", "http-boot", "--scenario", "load",     "--scenario", "rootcopy",
             "--scenario", "loopback",  "--scenario", "from-http"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json matrix = report();
    EXPECT_EQ(matrix.at("counts").at("passed"), 10);
    for (const Json& cell : matrix.at("cells"))
        if (cell.at("scenario") == "stick" && cell.at("outcome") == "passed") {
            EXPECT_EQ(own_steps(cell), 7) << cell;
        }
}

TEST_F(RunTest, AWreckedDiskIsMendedFromOurMediumAndBootsAgain) {
    const ProcessResult ended = run({"--arch", "aarch64", "--scenario", "recovery"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json cell = report().at("cells").back();
    EXPECT_EQ(cell.at("reached"), "network") << cell;
    EXPECT_EQ(cell.at("steps").back().at("name"), "shutdown poweroff") << cell;
}

TEST_F(RunTest, SecureBootTakesWhatIsSignedAndRefusesWhatIsNot) {
    const ProcessResult ended =
        run({"--arch", "aarch64", "--scenario", "secure-boot", "--scenario", "secure-boot-refused"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json cells = report().at("cells");
    ASSERT_EQ(cells.size(), 2U);
    EXPECT_EQ(cells.at(0).at("reached"), "network") << cells.at(0);
    EXPECT_EQ(cells.at(1).at("reached"), "boot-refused") << cells.at(1);
    EXPECT_NE(cells.at(1).at("evidence").dump().find("Access Denied"), std::string::npos) << cells.at(1);
}

TEST_F(RunTest, ADiskBootsByItsPartitionAndAKernelWithoutItsLoaderAsOftenAsAsked) {
    const ProcessResult ended =
        run({"--arch", "aarch64", "--firmware", "uefi", "--medium", "nvme", "--medium", "direct", "--tables",
             "devicetree", "--network", "user", "--repeat", "2"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    for (const Json& cell : report().at("cells")) {
        EXPECT_EQ(cell.at("outcome"), "passed") << cell;
        EXPECT_TRUE(cell.at("reason").get<std::string>().starts_with("2 of 2 boots passed")) << cell;
    }
}

TEST_F(RunTest, InitWritesFilesThatLktestTakesAndOverwritesNone) {
    const fs::path made = scratch_.path() / "new";
    check_process({LKTEST_PROGRAM, "init", made});
    EXPECT_EQ(read_scenario(made / "scenario.toml").milestones.size(), 3U);
    EXPECT_EQ(read_recipe(made / "recipe.toml").volume_label, "LKTEST_RECOVERY");
    EXPECT_EQ(run_process({LKTEST_PROGRAM, "init", made}).status, 2);
}

TEST_F(RunTest, TheSameImageBootsAsAUsbDisk) {
    const ProcessResult ended = run({"--medium", "usb"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(report().at("counts").at("passed"), 3);
}

TEST_F(RunTest, UserNetworkingNeedsNoTapAndAssertsNoNetwork) {
    const ProcessResult ended = run({"--arch", "aarch64", "--firmware", "uefi", "--network", "user"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("reached"), "userspace");
}

TEST_F(RunTest, AMediumWithoutABootPathIsNamedSo) {
    const fs::path tree = scratch_.path() / "tree";
    write_file((make_directories(tree), tree / "readme"), "nothing to boot");
    const fs::path iso = scratch_.path() / "data.iso";
    check_process({"xorriso", "-as", "mkisofs", "-quiet", "-o", iso, tree});
    const ProcessResult ended =
        run({"--iso", iso, "--arch", "x86_64", "--firmware", "bios", "--network", "none"});
    EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("outcome"), "no-boot-device") << only_cell();
}

TEST_F(RunTest, AGuestThatNeverSpeaksIsSilentAfterItWasPoked) {
    EXPECT_EQ(run_code(boot_sector::silent()).status, 1);
    EXPECT_EQ(only_cell().at("outcome"), "silent") << only_cell();
    EXPECT_EQ(only_cell().at("missing"), "kernel");
}

TEST_F(RunTest, AGuestInWhichNothingMovesIsGivenUpBeforeItsDeadline) {
    const fs::path iso = scratch_.path() / "guest.iso";
    boot_sector::write_iso(boot_sector::silent(), iso);
    write_file(scratch_.path() / "long.toml", R"(
about = "A kernel, at some time."
stall = "2s"
[[milestone]]
name = "kernel"
pattern = 'Linux version'
within = "30m"
)");
    EXPECT_EQ(run({"--iso", iso, "--scenario", scratch_.path() / "long.toml", "--firmware", "bios",
                   "--network", "none"})
                  .status,
              1);
    const Json cell = only_cell();
    EXPECT_EQ(cell.at("outcome"), "silent") << cell;
    EXPECT_NE(cell.at("reason").get<std::string>().find(
                  "its CPUs are halted with interrupts off; it did not respond to Enter"),
              std::string::npos)
        << cell;
}

TEST_F(RunTest, AGuestThatFloodsItsConsoleEndsAtItsDeadline) {
    EXPECT_EQ(run_code(boot_sector::flood()).status, 1);
    EXPECT_EQ(only_cell().at("outcome"), "milestone-deadline") << only_cell();
}

TEST_F(RunTest, AGuestThatResetsForEverIsAResetLoop) {
    EXPECT_EQ(run_code(boot_sector::reset()).status, 1);
    EXPECT_EQ(only_cell().at("outcome"), "reboot-loop") << only_cell();
}

TEST_F(RunTest, AGuestThatSwitchesItselfOffIsToldFromQemuDying) {
    EXPECT_EQ(run_code(boot_sector::power_off()).status, 1);
    EXPECT_EQ(only_cell().at("outcome"), "powered-off") << only_cell();
}

TEST_F(RunTest, AKernelPanicEndsTheCellWithItsLines) {
    EXPECT_EQ(run_code(boot_sector::say("\r\n[    1.000000] Kernel panic - not syncing: no root\r\n"
                                        "[    1.000001] CPU: 0 PID: 1 Comm: swapper\r\n"))
                  .status,
              1);
    const Json cell = only_cell();
    EXPECT_EQ(cell.at("outcome"), "kernel-crash") << cell;
    EXPECT_NE(cell.at("evidence").dump().find("not syncing: no root"), std::string::npos) << cell;
}

TEST_F(RunTest, AHostileConsoleNeverReachesTheTerminalOrTheReportsRaw) {
    const ProcessResult ended = run_code(boot_sector::say(
        "\r\n[    1.000000] Kernel panic - not syncing: \x1b]0;owned\x07<script>&\x1b[31m\x9b\r\n"));
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(read_file(results_ / "latest/matrix.json").find('\x1b'), std::string::npos);
    check_process({"python3", "-c", "import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])",
                   results_ / "latest/junit.xml"});
}

/// The ISO's volume name and the names on it come from an attacker.
TEST_F(RunTest, AHostileIsoNeitherPaintsTheTerminalNorEscapesItsDirectory) {
    const fs::path tree = scratch_.path() / "tree";
    make_directories(tree / "boot/grub");
    write_file(tree / "\x1b]0;owned\x07\x1b[2Jgone", "");
    write_file(tree / "new\nline <script>alert(1)", "");
    write_file(tree / "boot/grub/grub.cfg",
               "menuentry '\x1b[31m<b>' { linux /\x1b[8m../../../etc/shadow console=\x9b"
               "31m\n}\n");
    const std::string code =
        boot_sector::say("\r\n[    1.000000] Kernel panic - not syncing: </script>\x1b[2J\r\n");
    write_file(tree / "boot.bin", code + std::string(2048 - code.size(), '\0'));
    const fs::path iso = scratch_.path() / "..<img src=x onerror=alert(1)>.iso",
                   odd = scratch_.path() / "\x1b[31m.iso";
    check_process({"xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", iso, "-b", "boot.bin",
                   "-no-emul-boot", "-boot-load-size", "4", tree});
    write_file(scratch_.path() / "short.toml", short_scenario);

    for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--json"}}) {
        std::vector<std::string> command{LKTEST_PROGRAM, "inspect", iso};
        command.insert(command.end(), how.begin(), how.end());
        const ProcessResult seen = run_process(command);
        EXPECT_LE(seen.status, 1) << seen.err;
        EXPECT_EQ((seen.out + seen.err).find_first_of("\x1b\x07\x9b"), std::string::npos) << seen.out;
    }
    fs::create_symlink(iso, odd);
    const ProcessResult refused = run({odd});
    EXPECT_EQ(refused.status, 2) << refused.err;
    EXPECT_NE(refused.err.find("\\x1b[31m.iso has a control character"), std::string::npos) << refused.err;

    const ProcessResult ended = run({"--iso", iso, "--scenario", scratch_.path() / "short.toml", "--firmware",
                                     "bios", "--network", "none"});
    EXPECT_EQ(ended.status, 1) << ended.err;
    EXPECT_EQ((ended.out + ended.err).find_first_of("\x1b\x07"), std::string::npos) << ended.out;
    const fs::path run_directory = results_ / "latest";
    EXPECT_EQ(read_file(run_directory / "index.html").find("<img src=x"), std::string::npos);
    EXPECT_EQ(read_file(run_directory / "matrix.json").find('\x1b'), std::string::npos);
    const std::string cell = only_cell().at("name");
    EXPECT_EQ(cell.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"),
              std::string::npos)
        << cell;
    EXPECT_TRUE(fs::exists(run_directory / cell / "console.raw"));
}

/// Our medium as made by someone who had only a display in mind.
TEST_F(RunTest, AnIsoThatNobodyPreparedForSerialReachesItsUserspaceOnTty1) {
    const fs::path iso = scratch_.path() / "display.iso";
    check_process({LKTEST_PROGRAM, "build", "recovery", "--arch", "aarch64", "-o", iso});
    std::string image = read_file(iso);
    const std::string_view old = "console=tty0 console=ttyAMA0,115200";
    std::string now = "console=tty0";
    now.resize(old.size(), ' ');
    for (std::size_t at = 0; (at = image.find(old, at)) != std::string::npos; at += old.size())
        image.replace(at, old.size(), now);
    write_file(iso, image);
    const ProcessResult ended = run({iso, "--arch", "aarch64", "--scenario", "any-medium"});
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("userspace only by tty1"), std::string::npos) << ended.out;
}

/// Our medium, with its kernel's console on the display only, and looking for a missing medium.
TEST_F(RunTest, AKernelThatTheSerialConsoleDoesNotShowIsReadFromItsMemory) {
    const fs::path iso = scratch_.path() / "hidden.iso";
    check_process({LKTEST_PROGRAM, "build", "recovery", "--arch", "aarch64", "-o", iso});
    std::string image = read_file(iso);
    const auto replace_all = [&image](std::string_view old, std::string now) {
        now.resize(old.size(), ' ');  // an image is patched, not rebuilt
        for (std::size_t at = 0; (at = image.find(old, at)) != std::string::npos; at += old.size())
            image.replace(at, old.size(), now);
    };
    replace_all("console=tty0 console=ttyAMA0,115200", "console=tty0 quiet loglevel=1");
    replace_all("lktest.label=LKTEST_RECOVERY", "lktest.label=NONE");
    write_file(iso, image);
    write_file(scratch_.path() / "kernel.toml", R"(
about = "A kernel, and a milestone that never comes."
[[milestone]]
name = "kernel"
pattern = '^Linux version \d'
within = "60s"
[[milestone]]
name = "more"
pattern = 'never said'
within = "500ms"
)");
    const ProcessResult ended = run({"--iso", iso, "--arch", "aarch64", "--network", "none",
                                     "--early-console", "--scenario", scratch_.path() / "kernel.toml"});
    EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
    const Json cell = report().at("cells").back();
    EXPECT_EQ(cell.at("reached"), "kernel") << cell;
    EXPECT_EQ(cell.at("milestones").back().at("sources"), Json::array({"kernel-log"}))
        << "that of the boot that counts";
    EXPECT_NE(cell.at("reason").get<std::string>().find("do not reach the serial console (console=tty0)"),
              std::string::npos)
        << cell;
    const fs::path directory = results_ / "latest" / cell.at("name").get<std::string>();
    const std::string log = read_file(directory / "kernel.log");
    EXPECT_TRUE(log.starts_with("[    0.000000] Booting Linux on physical CPU")) << log.substr(0, 200);
    EXPECT_NE(log.find("Kernel command line: "), std::string::npos);
    const Json diagnosis = Json::parse(read_file(directory / "diagnosis.json"));
    EXPECT_EQ(diagnosis.at("cause"), "kernel-console-not-on-serial") << diagnosis;
    EXPECT_EQ(diagnosis.at("cpus").size(), 1U) << diagnosis;
    // Its symbols, types and tasks were found too, and the firmware read the medium.
    EXPECT_TRUE(diagnosis.at("untold").empty()) << diagnosis;
    EXPECT_EQ(diagnosis.at("root_file_system"), "rootfs") << diagnosis;
    EXPECT_NE(diagnosis.at("disks").at(0).get<std::string>().find(" KiB read in "), std::string::npos)
        << diagnosis;
    // The second boot made its output visible.
    EXPECT_EQ(read_file(directory / "console.log").find("Kernel command line: "), std::string::npos);
    const std::string early = read_file(directory / "early/console.log");
    EXPECT_NE(early.find("Kernel command line: "), std::string::npos) << early;
    EXPECT_NE(early.find("keep_bootcon"), std::string::npos) << early;
    const std::string cpus = read_file(directory / "cpus.txt");
    EXPECT_NE(cpus.find("(pid 1)"), std::string::npos) << cpus;
}

/// Whenever it is stopped, the image is the old one or missing, and the next build removes the leftovers. A
/// build that finds a finished image ends at once.
TEST_F(RunTest, ABuildThatIsKilledLeavesNoHalfImage) {
    const fs::path directory = scratch_.path() / "media", iso = directory / "live.iso";
    make_directories(directory);
    const auto build = [&](int signal, std::chrono::milliseconds after) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::execl(LKTEST_PROGRAM, LKTEST_PROGRAM, "build", "recovery", "--arch", "aarch64", "-o",
                    iso.c_str(), nullptr);
            ::_exit(127);
        }
        if (signal != 0) {
            std::this_thread::sleep_for(after);
            ::kill(child, signal);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    };
    ASSERT_EQ(build(0, {}), 0);
    const std::uint64_t whole = fs::file_size(iso);
    for (const int signal : {SIGKILL, SIGINT})
        for (int after = 30; after < 600; after += 60) {
            fs::remove(iso);
            build(signal, std::chrono::milliseconds(after));
            if (fs::exists(iso)) {
                EXPECT_EQ(fs::file_size(iso), whole) << after;
            }
        }
    fs::remove(iso);
    ASSERT_EQ(build(0, {}), 0);
    for (const auto& left : fs::directory_iterator(directory))
        EXPECT_TRUE(left.path() == iso || left.path() == iso.string() + ".inputs") << left.path();
    const auto before = fs::last_write_time(iso);
    ASSERT_EQ(build(0, {}), 0);
    EXPECT_EQ(fs::last_write_time(iso), before);
    std::ofstream(iso, std::ios::app) << "spoilt";
    ASSERT_EQ(build(0, {}), 0);
    EXPECT_EQ(fs::file_size(iso), whole);
}

/// The processes that a condition on their directory in /proc holds for.
template <typename Condition>
std::vector<pid_t> processes(Condition condition) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string number = entry.path().filename();
        if (std::isdigit(static_cast<unsigned char>(number[0])) != 0 && condition(entry.path()))
            found.push_back(static_cast<pid_t>(std::stol(number)));
    }
    return found;
}

std::string pid_namespace(const fs::path& process) {
    std::error_code gone;
    return fs::read_symlink(process / "ns/pid", gone);
}

/// A run in the background, with a guest that does nothing for longer than the test takes.
class RunningTest : public RunTest {
protected:
    void SetUp() override {
        const fs::path iso = scratch_.path() / (image_ + ".iso");
        boot_sector::write_iso(boot_sector::silent(), iso);
        child_ = ::fork();
        if (child_ == 0) {
            ::setpgid(0, 0);
            ::execl(LKTEST_PROGRAM, LKTEST_PROGRAM, "run", "--output", results_.c_str(), "--iso", iso.c_str(),
                    "--scenario", "boot", "--firmware", "bios", nullptr);
            ::_exit(127);
        }
        const fs::path events =
            results_ / "latest" / ("boot." + image_ + ".x86_64-bios-cdrom") / "events.jsonl";
        ASSERT_TRUE(eventually([&] {
            return fs::exists(events) && read_file(events).find("\"firmware\"") != std::string::npos;
        })) << "no guest was started";
    }
    void TearDown() override {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }
    /// The QEMU processes of this run: the domain is named after the image.
    std::vector<pid_t> guests() {
        return processes([this](const fs::path& process) {
            std::ifstream file(process / "cmdline", std::ios::binary);
            const std::string line{std::istreambuf_iterator<char>(file), {}};
            return line.find("." + image_ + ".x86_64-bios") != std::string::npos;
        });
    }
    int wait_for_end() {
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    template <typename Condition>
    static bool eventually(Condition condition) {
        for (int i = 0; i < 600; ++i) {
            if (condition())
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }

    std::string image_ = "lktest-running-guest";
    pid_t child_ = -1;
};

TEST_F(RunningTest, SigkillLeavesNoProcessBehind) {
    const std::string jail = pid_namespace("/proc/" + std::to_string(guests().at(0)));
    const auto inside = [&] {
        return processes([&](const fs::path& process) { return pid_namespace(process) == jail; });
    };
    ASSERT_NE(jail, pid_namespace("/proc/self"));
    ASSERT_GE(inside().size(), 3U) << "init, worker, QEMU; and dnsmasq";
    ::kill(child_, SIGKILL);
    EXPECT_EQ(wait_for_end(), 128 + SIGKILL);
    EXPECT_TRUE(eventually([&] { return inside().empty(); }));
}

/// Although the ISO is in a directory that only root can enter.
TEST_F(RunningTest, QemuHasNotTheRightsOfRoot) {
    for (const pid_t guest : guests()) {
        const std::string status = read_file("/proc/" + std::to_string(guest) + "/status");
        for (const std::string_view whose : {"\nUid:\t", "\nGid:\t"}) {
            const std::size_t place = status.find(whose);
            ASSERT_NE(place, std::string::npos) << status;
            EXPECT_NE(std::stoul(status.substr(place + whose.size())), 0U) << status;
        }
        for (const char* set : {"CapPrm", "CapEff", "CapBnd", "CapAmb"})
            EXPECT_NE(status.find(std::string("\n") + set + ":\t0000000000000000\n"), std::string::npos)
                << status;
        EXPECT_NE(status.find("\nNoNewPrivs:\t1\n"), std::string::npos) << status;
    }
}

/// The view of an intruder in QEMU, tested by entering its namespaces as its user.
TEST_F(RunningTest, QemuSeesNothingOfTheHostAndOfOtherGuests) {
    const std::string jail = pid_namespace("/proc/" + std::to_string(guests().at(0)));
    pid_t qemu = 0;
    for (const pid_t guest : guests())
        if (const fs::path process = "/proc/" + std::to_string(guest);
            pid_namespace(process) != jail &&
            read_file(process / "status").find("\nSeccomp_filters:\t2\n") != std::string::npos)
            qemu = guest;
    ASSERT_NE(qemu, 0) << "no QEMU has a separate PID namespace";
    const std::string status = read_file("/proc/" + std::to_string(qemu) + "/status");
    const std::size_t uid = status.find("\nUid:\t") + 6;
    const std::string user = status.substr(uid, status.find('\t', uid) - uid);
    const ProcessResult seen = run_process(
        {"nsenter", "-t", std::to_string(qemu), "-m", "-p", "-i", "-n", "-S", user, "-G", user, "sh", "-c",
         "echo processes: /proc/[0-9]*; echo files: /root* /home* /run* /sys* /etc/passwd* /etc/shadow*;"
         "echo temporary: /tmp/* /dev/shm/*; echo guests: /var/lib/libvirt/qemu/lktest-dir-*;"
         "for file in /var/lib/libvirt/qemu/lktest-dir-*/*; do test -w $file && echo own: ${file##*/}; "
         "done"});
    EXPECT_EQ(seen.status, 1) << seen.err;
    std::istringstream lines(seen.out);
    std::string processes, files, temporary, directories;
    std::getline(lines, processes);
    std::getline(lines, files);
    std::getline(lines, temporary);
    std::getline(lines, directories);
    EXPECT_EQ(std::ranges::count(processes, '/'), 2) << "more than the shell itself: " << processes;
    EXPECT_EQ(files, "files: /root* /home* /run* /sys* /etc/passwd* /etc/shadow*");
    EXPECT_EQ(temporary, "temporary: /tmp/* /dev/shm/*");
    EXPECT_EQ(std::ranges::count(directories, ' '), 1) << directories;
}

TEST_F(RunningTest, ADeadDhcpServerIsAFaultOfTheHost) {
    const std::string jail = pid_namespace("/proc/" + std::to_string(guests().at(0)));
    for (const pid_t process : processes([&](const fs::path& process) {
             return pid_namespace(process) == jail && read_file(process / "comm") == "dnsmasq\n";
         }))
        ::kill(process, SIGKILL);
    EXPECT_EQ(wait_for_end(), 3);
    EXPECT_EQ(only_cell().at("outcome"), "host-setup") << only_cell();
    EXPECT_NE(
        only_cell().at("reason").get<std::string>().find("dnsmasq, the DHCP server, was ended by signal 9"),
        std::string::npos);
}

TEST_F(RunningTest, AFloodOfRequestsIsRecordedUpToABound) {
    check_process({"nsenter", "-t", std::to_string(guests().at(0)), "-n", "curl", "-s",
                   "http://192.168.2.1/" + std::string(4000, 'A') + "[1-1000]", "-o", "/dev/null"});
    const fs::path events = results_ / "latest" / ("boot." + image_ + ".x86_64-bios-cdrom") / "events.jsonl";
    ASSERT_TRUE(eventually([&] { return read_file(events).find("too-many-events") != std::string::npos; }));
    const std::string said = read_file(events);
    EXPECT_LT(said.size(), 512U << 10);
    EXPECT_EQ(said.find("too-many-events"), said.rfind("too-many-events"));
}

TEST_F(RunningTest, CtrlCEndsInGoodOrderAndWritesTheReport) {
    ::kill(child_, SIGINT);
    EXPECT_EQ(wait_for_end(), 1);
    EXPECT_EQ(only_cell().at("outcome"), "cancelled") << only_cell();
    EXPECT_TRUE(eventually([this] { return guests().empty(); }));
}

/// As `timeout`, systemd and CI systems stop a job.
TEST_F(RunningTest, SigtermToTheWholeProcessGroupStillWritesVerdictsAndReports) {
    ::kill(-child_, SIGTERM);
    EXPECT_EQ(wait_for_end(), 1);
    EXPECT_EQ(only_cell().at("outcome"), "cancelled") << only_cell();
    const std::string junit = read_file(results_ / "latest" / "junit.xml");
    EXPECT_NE(junit.find("type=\"cancelled\""), std::string::npos) << junit;
    EXPECT_NE(read_file(results_ / "latest" / "index.html").find("the run was stopped"), std::string::npos);
    EXPECT_TRUE(eventually([this] { return guests().empty(); }));
}

TEST_F(RunningTest, AQemuThatDiesIsAFaultOfTheHost) {
    for (const pid_t guest : guests())
        ::kill(guest, SIGKILL);
    EXPECT_EQ(wait_for_end(), 3);
    EXPECT_EQ(only_cell().at("outcome"), "qemu-died") << only_cell();
    EXPECT_EQ(only_cell().at("reason"), "QEMU was killed by signal 9 (Killed)");
}

}  // namespace
}  // namespace lktest
