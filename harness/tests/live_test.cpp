// SPDX-License-Identifier: MIT
#include "harness/report/live.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

const LiveClock::time_point start{1h};

std::vector<PlannedCell> sample_plan() {
    return {{sample_cell(Arch::x86_64, Firmware::bios), std::nullopt},
            {sample_cell(Arch::x86_64, Firmware::uefi), std::nullopt},
            {sample_cell(Arch::aarch64, Firmware::bios), "aarch64 machines have no BIOS"},
            {sample_cell(Arch::aarch64, Firmware::uefi), std::nullopt}};
}

Event milestone(std::chrono::microseconds at, std::string name, std::string text) {
    return {at, Event::Kind::milestone, Source::serial, std::move(name), std::move(text)};
}

TEST(LiveFrame, ShowsTheMilestoneAndTimeOfEachCell) {
    LiveState state = live_state(sample_plan(), start);
    apply(state.cells[0], milestone(4s, "kernel", "Linux version 6.1\x1b[2J 漢字 " + std::string(200, 'x')),
          start + 5s);
    state.cells[3].verdict = sample_verdict(Outcome::passed, 21s);
    state.cells[3].verdict->reached = "network";
    expect_golden("report/live.txt", frame(state, {}, start + 21500ms));
}

TEST(LiveFrame, NeverLeavesTheTerminal) {
    std::vector<PlannedCell> plan;
    for (int image = 0; image < 100; ++image)
        for (PlannedCell planned : sample_plan()) {
            planned.cell.image.name = "image-with-a-name-of-some-length-" + std::to_string(image);
            plan.push_back(planned);
        }
    LiveState state = live_state(plan, start);
    for (std::size_t i = 90; i < 130; ++i)
        apply(state.cells[i], milestone(1s, "kernel", std::string(300, 'y')), start);
    for (const std::size_t width : {1U, 20U, 40U, 80U, 200U})
        for (const std::size_t height : {1U, 5U, 24U, 100U}) {
            const std::string picture = frame(state, {.width = width, .height = height}, start + 2s);
            EXPECT_LT(std::ranges::count(picture, '\n'), std::max<std::ptrdiff_t>(height, 4));
            for (std::size_t at = 0; at < picture.size();) {
                const std::size_t end = picture.find('\n', at);
                EXPECT_LE(columns(std::string_view(picture).substr(at, end - at)), width);
                at = end + 1;
            }
        }
}

TEST(LiveFrame, ShowsTheRowsThatRunWhenNotAllFit) {
    std::vector<PlannedCell> plan;
    for (int image = 0; image < 100; ++image) {
        PlannedCell planned = sample_plan()[0];
        planned.cell.image.name = "image-" + std::to_string(image);
        plan.push_back(planned);
    }
    LiveState state = live_state(plan, start);
    apply(state.cells[77], milestone(1s, "kernel", "hello"), start + 1s);
    const std::string picture = frame(state, {}, start + 2s);
    EXPECT_NE(picture.find("image-77"), std::string::npos) << picture;
    EXPECT_EQ(picture.find("image-0 "), std::string::npos) << picture;
}

TEST(PlainLine, TellsOfMilestonesAndVerdicts) {
    EXPECT_EQ(plain_line("x86_64-uefi", milestone(12340ms, "kernel", "Linux"), false),
              "[  12.3s] x86_64-uefi  kernel");
    Verdict verdict = sample_verdict(Outcome::kernel_crash, 125s);
    verdict.reason = "it\rpanicked";
    EXPECT_EQ(plain_line("x86_64-uefi", verdict), "[ 2m 05s] x86_64-uefi  ✗ kernel-crash: it\\x0dpanicked");
}

TEST(PlainLine, KeepsDetailsForVerbose) {
    const Event event{1s, Event::Kind::lifecycle, Source::libvirt, "", "resumed"};
    EXPECT_EQ(plain_line("a", event, false), std::nullopt);
    EXPECT_EQ(plain_line("a", event, true), "[   1.0s] a  lifecycle: resumed");
}

/// Live's output to a file while `use` drives it.
template <typename Use>
std::string written(bool terminal, Use use) {
    const TempDir dir;
    const auto path = dir.path() / "out";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    {
        Live live(file.get(), sample_plan(), {.terminal = terminal, .style = [] { return Style{}; }});
        use(live);
    }
    return read_file(path);
}

TEST(Live, PrintsALineForEachEventWhereNothingCanBeRepainted) {
    EXPECT_EQ(written(false,
                      [](Live& live) {
                          live.say("tcg: no /dev/kvm\x1b[2J");
                          live.event(sample_plan()[3].cell, milestone(1s, "firmware", "UEFI"));
                          live.ended(sample_plan()[3].cell, sample_verdict(Outcome::passed, 2s));
                          live.tick();
                      }),
              "tcg: no /dev/kvm\\x1b[2J\n"
              "[   1.0s] aarch64-uefi  firmware\n"
              "[   2.0s] aarch64-uefi  ✓ passed\n");
}

TEST(Live, WrapsANoticeThatIsWiderThanTheTerminal) {
    const std::string notice =
        "x86_64 guests are emulated, which is slow: the KVM probe printed nothing within 2 s, so that "
        "/dev/kvm/of/some/host/with-a-very-long-name-that-has-no-space-at-all-and-goes-on-and-on is "
        "distrusted";
    const std::string text = written(true, [&](Live& live) { live.say(notice); });
    std::string said;
    std::size_t rows = 0;
    for (std::size_t at = text.find("x86_64 guests"); rows < 3; ++rows) {
        const std::size_t end = text.find('\n', at);
        const std::string row = text.substr(at, end - at);
        EXPECT_LE(columns(row), 80U) << row;
        said += row;
        at = end + 1;
    }
    const auto letters = [](std::string words) {
        std::erase(words, ' ');
        return words;
    };
    EXPECT_EQ(letters(said), letters(notice));
}

TEST(LiveFrame, TellsImagesApartAndKeepsUnitsInEightyColumns) {
    std::vector<PlannedCell> plan;
    for (const char* image : {"debian-live-13.2.0-amd64-standard", "debian-live-13.2.0-amd64-cinnamon",
                              "debian-live-13.2.0-arm64-standard"})
        for (const Firmware firmware : {Firmware::bios, Firmware::uefi, Firmware::uefi_secure})
            for (const Medium medium : {Medium::cdrom, Medium::disk_512e}) {
                PlannedCell planned = sample_plan()[0];
                planned.cell.image.name = image;
                planned.cell.firmware = firmware;
                planned.cell.medium = medium;
                plan.push_back(planned);
            }
    LiveState state = live_state(plan, start);
    for (LiveCell& cell : state.cells) {
        apply(cell, milestone(4s, "initramfs", "x"), start);
        cell.news.clear();
    }
    expect_golden("report/live-wide.txt", frame(state, {.height = 60}, start + 99900ms));
}

TEST(LiveFrame, NamesTheAttempt) {
    LiveState state = live_state(sample_plan(), start);
    apply(state.cells[0], milestone(4s, "kernel", ""), start + 4s);
    apply(state.cells[0], {30s, Event::Kind::attempt, Source::harness, "attempt 2 of 3", ""}, start + 30s);
    const std::string begun = frame(state, {}, start + 31s);
    EXPECT_NE(begun.find("▸ power on  1.0s"), std::string::npos) << begun;
    EXPECT_NE(begun.find("attempt 2 of 3"), std::string::npos) << begun;
    apply(state.cells[0], milestone(4s, "kernel", ""), start + 34s);
    const std::string later = frame(state, {}, start + 35s);
    EXPECT_NE(later.find("▸ kernel"), std::string::npos) << later;
    EXPECT_NE(later.find("attempt 2 of 3"), std::string::npos) << later;
}

TEST(Live, NamesTheAttemptOfEachLine) {
    EXPECT_EQ(written(false,
                      [](Live& live) {
                          const BootCell cell = sample_plan()[3].cell;
                          live.event(cell, milestone(1s, "firmware", "UEFI"));
                          live.event(cell, {9s, Event::Kind::attempt, Source::harness, "attempt 2 of 2", ""});
                          live.event(cell, milestone(1s, "firmware", "UEFI"));
                      }),
              "[   1.0s] aarch64-uefi  firmware\n"
              "[   9.0s] aarch64-uefi  attempt 2 of 2\n"
              "[   1.0s] aarch64-uefi  firmware (attempt 2 of 2)\n");
}

TEST(Live, LeavesTheTerminalAsItWas) {
    const std::string text = written(true, [](Live& live) {
        live.tick();
        live.say("a line above");
        live.event(sample_plan()[0].cell, milestone(1s, "firmware", "SeaBIOS"));
    });
    EXPECT_TRUE(text.starts_with("\x1b[?25l\x1b[?7l")) << text;
    EXPECT_TRUE(text.ends_with("\x1b[6F\x1b[J\x1b[?7h\x1b[?25h") ||
                text.ends_with("\x1b[7F\x1b[J\x1b[?7h\x1b[?25h"))
        << text;
}

}  // namespace
}  // namespace lktest
