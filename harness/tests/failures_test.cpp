// SPDX-License-Identifier: MIT
#include "harness/console/failures.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/tests/support/golden.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/console/watch.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

using std::chrono::microseconds;

std::vector<Failure> catalogue() {
    return read_failures(source_directory() / "harness/console/failures.toml");
}

/// One line of golden/console/failures.txt: "name | console output |". The name is that of the expected
/// failure, or "-" if none is expected.
struct Sample {
    std::string name, text;
};

std::vector<Sample> samples() {
    std::vector<Sample> found;
    std::string text = read_file(source_directory() / "golden/console/failures.txt");
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        const std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        const std::size_t bar = line.find(" | ");
        if (line.starts_with('#') || bar == std::string::npos || !line.ends_with(" |"))
            continue;
        std::string name = line.substr(0, bar);
        name.erase(name.find_last_not_of(' ') + 1);
        found.push_back({name, line.substr(bar + 3, line.size() - bar - 5)});
    }
    return found;
}

/// The first failure that a console line raises, as a whole line or as a prompt; "-" if there is none.
std::string met_by(Rules& rules, const std::string& text) {
    rules.restart();
    std::string name = "-";
    const auto take = [&](const std::vector<Hit>& hits) {
        if (name == "-" && !hits.empty())
            name = rules.failures()[hits.front().index].name;
    };
    Transcript whole;
    whole.feed(text + "\r\n", {}, [&](const ConsoleLine& line) { take(rules.on_line(line)); });
    Transcript unfinished;
    unfinished.feed(text, {}, [](const ConsoleLine&) {});
    if (const std::string prompt = unfinished.unfinished(); !prompt.empty())
        take(rules.on_prompt(prompt));
    return name;
}

TEST(Failures, AreMetByTheLinesTheyAreMeantForAndNoOthers) {
    Rules rules({}, catalogue());
    for (const Sample& sample : samples())
        EXPECT_EQ(met_by(rules, sample.text), sample.name) << sample.text;
}

TEST(Failures, EachHaveASample) {
    std::set<std::string> sampled;
    for (const Sample& sample : samples())
        sampled.insert(sample.name);
    for (const Failure& failure : catalogue())
        EXPECT_TRUE(sampled.contains(failure.name)) << failure.name;
}

TEST(Failures, HaveNamesOfTheirOwnAndAReason) {
    std::set<std::string> names;
    for (const Failure& failure : catalogue()) {
        EXPECT_TRUE(names.insert(failure.name).second) << "twice: " << failure.name;
        EXPECT_FALSE(failure.reason.empty()) << failure.name;
    }
}

TEST(Failures, ShowAMistakeInTheCatalogueWithItsPlace) {
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "f.toml";
    write_file(file, "[[failure]]\npattern = '('\n[[failur]]\n");
    try {
        read_failures(file);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()), fmt::format("{0}:2:11: bad regular expression: missing ): (\n"
                                                         "    pattern = '('\n"
                                                         "              ^\n"
                                                         "{0}:3:3: unknown key 'failur'\n"
                                                         "    [[failur]]\n"
                                                         "      ^\n"
                                                         "hint: did you mean 'failure'?",
                                                         file.string()));
    }
}

/// Consoles of real machines, recorded from QEMU's serial port; one byte arrives per microsecond.
struct Recording {
    std::string_view name;
    std::string_view scenario;
    Arch arch;
    Firmware firmware;
};

void PrintTo(const Recording& recording, std::ostream* out) {
    *out << recording.name;
}

class Recordings : public testing::TestWithParam<Recording> {
protected:
    static std::string bytes() {
        return read_file(source_directory() / "golden/console" / (std::string(GetParam().name) + ".raw"));
    }
    static Watch watch() {
        const Recording& recording = GetParam();
        const auto file = source_directory() / "scenarios" / (std::string(recording.scenario) + ".toml");
        return {BootCell{.arch = recording.arch, .firmware = recording.firmware}, read_scenario(file),
                catalogue()};
    }
    /// The result as text: the events, and the parts of a verdict.
    static std::string findings(Watch& watch) {
        std::string text;
        for (const Event& event : watch.take_events())
            text += fmt::format("{} {} {} {}\n", name(event.kind), event.name, name(event.source),
                                printable(event.text));
        text += fmt::format("reached: {}\n", watch.last_reached());
        if (const Milestone* waiting = watch.waiting_for())
            text += fmt::format("waits for: {}\n", waiting->name);
        for (const auto* seen : {&watch.failure(), &watch.suspect()})
            if (*seen)
                text +=
                    fmt::format("{}: {} ({})\nhint: {}\n", seen == &watch.failure() ? "failure" : "suspect",
                                (*seen)->reason, name((*seen)->outcome), (*seen)->hint);
        if (watch.at_prompt())
            text += fmt::format("at the prompt: {}\n", watch.unfinished_line());
        return text;
    }
};

TEST_P(Recordings, AreReadAsTheyWere) {
    Watch whole = watch();
    const std::string said = bytes();
    for (std::size_t at = 0; at < said.size(); ++at)
        whole.feed(Source::serial, {&said[at], 1}, microseconds(at));
    whole.quiet(std::chrono::minutes(1));
    expect_golden(fmt::format("console/{}.txt", GetParam().name), findings(whole));
}

TEST_P(Recordings, AreReadTheSameInChunks) {
    const std::string said = bytes();
    Watch whole = watch();
    whole.feed(Source::serial, said, {});
    whole.quiet(std::chrono::minutes(1));
    const std::string expected = findings(whole);
    for (const std::size_t size : {1U, 7U, 100U, 4096U}) {
        Watch cut = watch();
        for (std::size_t at = 0; at < said.size(); at += size)
            cut.feed(Source::serial, std::string_view(said).substr(at, size), {});
        cut.quiet(std::chrono::minutes(1));
        EXPECT_EQ(findings(cut), expected) << "in chunks of " << size;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Console, Recordings,
    testing::Values(Recording{"x86_64-bios", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"x86_64-uefi", "boot", Arch::x86_64, Firmware::uefi},
                    Recording{"aarch64-uefi", "boot", Arch::aarch64, Firmware::uefi},
                    Recording{"bios-no-medium", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"bios-no-ldlinux", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"bios-no-configuration", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"bios-no-kernel", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"bios-init-of-another-architecture", "boot", Arch::x86_64, Firmware::bios},
                    Recording{"bios-init-ended", "any-medium", Arch::x86_64, Firmware::bios},
                    Recording{"bios-no-initrd", "any-medium", Arch::x86_64, Firmware::bios},
                    Recording{"uefi-bios-only-medium", "boot", Arch::x86_64, Firmware::uefi},
                    Recording{"uefi-secure-unsigned", "boot", Arch::x86_64, Firmware::uefi},
                    Recording{"uefi-no-grub-cfg", "boot", Arch::x86_64, Firmware::uefi},
                    Recording{"uefi-no-kernel", "boot", Arch::x86_64, Firmware::uefi},
                    Recording{"aarch64-x86-medium", "boot", Arch::aarch64, Firmware::uefi}),
    [](const testing::TestParamInfo<Recording>& of) {
        std::string name(of.param.name);
        std::ranges::replace(name, '-', '_');
        return name;
    });

}  // namespace
}  // namespace lktest
