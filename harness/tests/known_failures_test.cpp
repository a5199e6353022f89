// SPDX-License-Identifier: MIT
#include "harness/scenario/known_failures.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

std::vector<KnownFailure> read(const std::string& text) {
    const TempDir directory;
    write_file(directory.path() / "known.toml", text);
    return read_known_failures(directory.path() / "known.toml");
}

const std::string one = R"(
[[known]]
cell = 'x86_64-uefi-usb$'
failure = 'kernel-crash|no space'
reason = "the stick's driver oopses"
link = "https://example.org/1"
expires = "2026-12-31"
)";

const BootCell cell{.scenario = "boot", .image = {"live", "/x.iso"}, .medium = Medium::usb};
const Verdict crash{.outcome = Outcome::kernel_crash, .reason = "it panicked"};

TEST(KnownFailures, AreToleratedUntilTheirDayIsOver) {
    const auto known = read(one);
    const Verdict last_day = in_the_light_of(known, cell, crash, 2026y / 12 / 31);
    EXPECT_EQ(last_day.outcome, Outcome::known_failure);
    EXPECT_EQ(last_day.reason,
              "known until 2026-12-31: the stick's driver oopses (https://example.org/1); "
              "kernel-crash: it panicked");
    const Verdict later = in_the_light_of(known, cell, crash, 2027y / 1 / 1);
    EXPECT_EQ(later.outcome, Outcome::kernel_crash);
    EXPECT_NE(later.hint.find("it was tolerated until 2026-12-31"), std::string::npos) << later.hint;
}

TEST(KnownFailures, NeedNoLink) {
    const auto known = read("[[known]]\ncell = 'usb'\nreason = \"it oopses\"\nexpires = \"2026-12-31\"\n");
    EXPECT_EQ(in_the_light_of(known, cell, crash, 2026y / 1 / 1).reason,
              "known until 2026-12-31: it oopses; kernel-crash: it panicked");
}

TEST(KnownFailures, AreOnlyThoseOfTheirCellsAndTheirKind) {
    const auto known = read(one);
    const auto outcome = [&](BootCell of, Verdict verdict) {
        return in_the_light_of(known, of, std::move(verdict), 2026y / 1 / 1).outcome;
    };
    BootCell disc = cell;
    disc.medium = Medium::cdrom;
    EXPECT_EQ(outcome(disc, crash), Outcome::kernel_crash);
    EXPECT_EQ(outcome(cell, {.outcome = Outcome::silent}), Outcome::silent);
    EXPECT_EQ(outcome(cell, {.outcome = Outcome::userspace_failure, .evidence = {"tar: no space left"}}),
              Outcome::known_failure);
    EXPECT_EQ(outcome(cell, {.outcome = Outcome::passed, .reason = "no space"}), Outcome::passed);
    EXPECT_EQ(outcome(cell, {.outcome = Outcome::qemu_died, .reason = "no space"}), Outcome::qemu_died);
}

TEST(KnownFailures, SayAllThatIsWrongWithTheirFile) {
    try {
        read("[[known]]\ncell = '('\nreason = \"r\"\nexpires = \"2026-02-30\"\nuntil = 1\n");
        FAIL() << "the file was accepted";
    } catch (const Error& error) {
        const std::string text = error.what();
        for (const char* part : {"known.toml:2:", "'2026-02-30' is not a day", "unknown key 'until'"})
            EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

}  // namespace
}  // namespace lktest
