// SPDX-License-Identifier: MIT
#include "harness/console/transcript.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>

#include "harness/console/printk.hpp"

namespace lktest {
namespace {

using std::chrono::microseconds;
using namespace std::string_view_literals;

/// Lines as text: "K " before a kernel's message, "U " before a program's output; the unfinished line last,
/// before "…".
class Lines {
public:
    Lines& feed(std::string_view bytes, microseconds at = {}) {
        transcript_.feed(bytes, at, [this](const ConsoleLine& line) {
            text_ += (line.kernel() ? "K " : "U ") + std::string(line.said()) + "\n";
            times_.push_back(line.at);
        });
        return *this;
    }
    std::string text() const {
        const std::string rest = transcript_.unfinished();
        return rest.empty() ? text_ : text_ + rest + "…";
    }
    const std::vector<microseconds>& times() const { return times_; }
    const Transcript& transcript() const { return transcript_; }

private:
    Transcript transcript_;
    std::string text_;
    std::vector<microseconds> times_;
};

std::string lines(std::string_view bytes) {
    return Lines().feed(bytes).text();
}

TEST(FindPrintkPrefix, KnowsEveryFormOfThePrefix) {
    const auto message = [](std::string_view line) {
        const auto prefix = find_printk_prefix(line);
        return prefix ? std::string(line.substr(0, prefix->begin)) + "|" +
                            std::string(line.substr(prefix->message))
                      : "none";
    };
    EXPECT_EQ(message("[    2.948528] scsi"), "|scsi");
    EXPECT_EQ(message("[12345.948528] scsi"), "|scsi");
    EXPECT_EQ(message("[    2.948528][    T1] scsi"), "|scsi");
    EXPECT_EQ(message("[    2.948528][   C12] scsi"), "|scsi");
    EXPECT_EQ(message("<6>[    2.948528] scsi"), "|scsi");
    EXPECT_EQ(message("[    2.948528] c4 scsi"), "|scsi");
    EXPECT_EQ(message("[    2.948528] c4      1 scsi"), "|scsi");
    EXPECT_EQ(message("[    2.948528] c4 1 scsi"), "|1 scsi")
        << "one blank: a message that begins with a number";
    EXPECT_EQ(message("login: [    2.948528] scsi"), "login: |scsi");
    EXPECT_EQ(message("a<12>[    2.948528] [drm] b"), "a|[drm] b");
    EXPECT_EQ(message("[    2.948528]"), "|");
    EXPECT_EQ(message("[2.9] scsi"), "none");
    EXPECT_EQ(message("[    2.9485281] scsi"), "none");
    EXPECT_EQ(message("[       2.948528] scsi"), "none");
    EXPECT_EQ(message("[[[[.000000] [1.] ["), "none");
}

TEST(Transcript, EndsALineOnceForEveryKindOfNewline) {
    EXPECT_EQ(lines("a\nb\r\nc\r\r\nd\n\re\n"), "U a\nU b\nU c\nU d\nU e\n");
}

TEST(Transcript, MakesALineOfItsOwnOfWhatOverwritesALine) {
    EXPECT_EQ(lines("[*  ] starting\r\x1b[K[ OK ] started\n"), "U [*  ] starting\nU [ OK ] started\n");
}

TEST(Transcript, FollowsAnEditedLine) {
    EXPECT_EQ(lines("grub> x\b \b"), "grub> …");
    EXPECT_EQ(lines("abd\bc\n"), "U abc\n");
    EXPECT_EQ(lines("ab\x1b[2DAB\n"), "U AB\n");
    EXPECT_EQ(lines("ab\x1b[2CB\n"), "U ab  B\n");
    EXPECT_EQ(lines("\xc3\xa9\xc3\xa8\b\bab\n"), "U ab\n");
    EXPECT_EQ(lines("secret\b\b\x1b[Kx\n"), "U secrx\n");
    EXPECT_EQ(lines("\b\b\x1b[9999999999Da\n"), "U a\n");
}

TEST(Transcript, EndsPaintedTextWhereTheCursorLeavesIt) {
    EXPECT_EQ(lines("\x1b[2J\x1b[02;24HGNU GRUB  version "
                    "2.06\n\r\n\r\x1b[04;02H+-----+\x1b[05;02H|\x1b[06;03H*live \x1b[07;03H   "),
              "U GNU GRUB  version 2.06\nU \nU *live \n   …");
    EXPECT_EQ(lines("\x1b[2J\x1b[01;01HBdsDxe: loading\r\n"), "U BdsDxe: loading\n");
}

TEST(Transcript, KeepsAPromptUnfinishedThatTheCursorIsPutBehind) {
    EXPECT_EQ(lines("\x1b[15;01H\x1b[1m\x1b[33mShell> \x1b[0m\x1b[15;08H"), "Shell> …");
    EXPECT_EQ(lines("/ # \x1b[6n"), "/ # …");
}

TEST(Transcript, JoinsALineWhoseCursorIsPutWhereItIs) {
    // GRUB's terminal sends such moves in the middle of a line, when it prints slowly.
    EXPECT_EQ(lines("\x1b[01;01H\x1b[0m\x1b[2J\x1b[2Jread from \x1b[01;10H\x1b[01;11Hthe medium\r\n"),
              "U read from the medium\n");
    EXPECT_EQ(lines("\x1b[3;5Hbegin\x1b[4;1H\x1b[3;10Hend\r\n"), "U beginend\n");
    EXPECT_EQ(lines("\x1b[3;5Hbegin\x1b[3;11Hend\r\n"), "U begin\nU end\n") << "one place further";
    EXPECT_EQ(lines("\x1b[3;5Hbegin\x1b[4;10Hend\r\n"), "U begin\nU end\n") << "another row";
    EXPECT_EQ(lines("\x1b[2;1Ha\r\nerror: \x1b[3;8Hfile\r\n"), "U a\nU error: file\n");
    EXPECT_EQ(lines("begin\x1b[1;6Hend\r\n"), "U begin\nU end\n") << "where it began is unknown";
}

TEST(Transcript, JoinsALineAroundASavedCursor) {
    EXPECT_EQ(lines("a\x1b"
                    "7\x1b[r\x1b[999;999H\x1b[6n\x1b"
                    "8b\n"),
              "U ab\n");
}

TEST(Transcript, TakesRecordsOutOfAProgramsLineAtEveryPosition) {
    constexpr std::string_view said = "lktest: userspace: ready\r\n";
    constexpr std::string_view records = "[    2.948528] scsi host0\r\n[    2.950000][    T1] sda\r\n";
    for (std::size_t at = 1; at + 2 < said.size(); ++at) {
        std::string bytes(said);
        bytes.insert(at, records);
        EXPECT_EQ(lines(bytes), "K scsi host0\nK sda\nU lktest: userspace: ready\n") << at;
    }
}

TEST(Transcript, TakesRecordsOutOfAPromptAtEveryPosition) {
    constexpr std::string_view prompt = "Please enter passphrase for disk x: ";
    for (std::size_t at = 1; at <= prompt.size(); ++at) {
        std::string bytes(prompt);
        bytes.insert(at, "[    2.948528] scsi host0\r\n");
        EXPECT_EQ(lines(bytes), "K scsi host0\n" + std::string(prompt) + "…") << at;
    }
}

TEST(Transcript, RemembersACutPromptWhileRecordsFollowIt) {
    Lines console;
    console.feed("debian login: ", microseconds(10)).feed("[   60.000001] one\r\n", microseconds(20));
    EXPECT_EQ(console.transcript().still_since(), microseconds(10));
    console.feed("[   61.00", microseconds(30)).feed("0001] two\r\n", microseconds(40));
    EXPECT_EQ(console.text(), "K one\nK two\ndebian login: …");
    EXPECT_EQ(console.transcript().still_since(), microseconds(10));
    console.feed("root\r\n", microseconds(50));
    EXPECT_EQ(console.text(), "K one\nK two\nU debian login: root\n");
}

TEST(Transcript, EndsWhatTheLoaderBeganWhenAKernelStarts) {
    EXPECT_EQ(lines("Loading initrd... o[    0.000000] Linux version 6.1\r\nlktest: initramfs: started\n"),
              "U Loading initrd... o\nK Linux version 6.1\nU lktest: initramfs: started\n");
}

TEST(Transcript, GivesEachLineTheTimeOfItsFirstByte) {
    Lines console;
    console.feed("a", microseconds(1))
        .feed("b\nc", microseconds(2))
        .feed("[    5.000000] k\n", microseconds(3));
    console.feed("d\n", microseconds(4));
    EXPECT_EQ(console.text(), "U ab\nK k\nU cd\n");
    EXPECT_EQ(console.times(), (std::vector{microseconds(1), microseconds(3), microseconds(2)}));
}

TEST(Transcript, CutsALineThatIsTooLong) {
    std::size_t longest = 0, total = 0;
    Transcript transcript;
    const std::string flood(1'000'000, 'x');
    for (std::size_t at = 0; at < flood.size(); at += 7001)
        transcript.feed(std::string_view(flood).substr(at, 7001), {}, [&](const ConsoleLine& line) {
            longest = std::max(longest, line.text.size());
            total += line.text.size();
        });
    EXPECT_EQ(longest, LineReader::longest_line);
    EXPECT_EQ(total + transcript.unfinished().size(), flood.size());
}

TEST(Transcript, ReadsTheSameHoweverTheBytesAreCut) {
    std::mt19937 random(2);
    constexpr std::string_view pieces[] = {"lktest: ",
                                           "[    1.234567] ",
                                           "[    0.000000] ",
                                           "\r",
                                           "\n",
                                           "\r\n",
                                           "\b",
                                           " ",
                                           "]",
                                           "[",
                                           "\x1b[2J",
                                           "\x1b[3;4H",
                                           "\0337",
                                           "\0338",
                                           "\xc4\x9b",
                                           "\x80",
                                           "<4>",
                                           "\x1b[K",
                                           "1.2",
                                           "\x1b]0;x",
                                           "\x07",
                                           "\x1b[4C"};
    for (int round = 0; round < 3000; ++round) {
        std::string bytes;
        for (int i = 0; i < 30; ++i)
            bytes += pieces[random() % std::size(pieces)];
        const std::string whole = lines(bytes);
        Lines cut;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = 1 + random() % 5;
            cut.feed(std::string_view(bytes).substr(at, size));
            at += size;
        }
        ASSERT_EQ(cut.text(), whole);
    }
}

TEST(PrintkPrefix, HasSixDigitsOfMicroseconds) {
    EXPECT_TRUE(find_printk_prefix("[    1.123456] x"));
    EXPECT_FALSE(find_printk_prefix("[    1.123] x")) << "Xorg writes so";
    EXPECT_FALSE(find_printk_prefix("[    1.1234567] x"));
}

/// Processor time for a line of this many bytes that never ends.
double time_for_one_line(std::size_t bytes) {
    const std::string line(bytes, 'x');
    Transcript transcript;
    std::size_t pieces = 0;
    const std::clock_t begin = std::clock();
    transcript.feed(line, {}, [&pieces](const ConsoleLine&) { ++pieces; });
    EXPECT_EQ(pieces, bytes / LineReader::longest_line);
    return static_cast<double>(std::clock() - begin);
}

TEST(Transcript, ReadsALineWithoutEndInTimeThatGrowsAsTheLine) {
    constexpr std::size_t small = 2 << 20, factor = 32;
    double before = time_for_one_line(small);
    for (int tries = 0; tries < 4; ++tries)  // the least of several is what it really costs
        before = std::min(before, time_for_one_line(small));
    EXPECT_LT(time_for_one_line(factor * small), 4 * factor * std::max(before, 1000.0));
}

TEST(TimedLog, WritesOneLineForEachLineWithTheTimeOfItsFirstByte) {
    TimedLog log;
    std::string text = log.feed("SeaBIOS (version 1.16)\r\nboot:", microseconds(1'250'000));
    text += log.feed(" [    0.000000] Linux\x1b[1m version\r\n\n", microseconds(12'345'678));
    text += log.feed("bell\x07 nul\0 bad\xff end"sv, std::chrono::seconds(100'000));
    text += log.finish();
    EXPECT_EQ(text,
              "[    1.250000] SeaBIOS (version 1.16)\n"
              "[    1.250000] boot: \n"
              "[   12.345678] [    0.000000] Linux version\n"
              "[   12.345678]\n"
              "[100000.000000] bell\\x07 nul bad\xef\xbf\xbd end\n");
    EXPECT_EQ(log.finish(), "");
}

TEST(TimedLog, HoldsNoControlCharacterWhateverTheGuestSays) {
    std::mt19937 random(3);
    TimedLog log;
    std::string bytes;
    for (int i = 0; i < 100'000; ++i)
        bytes += static_cast<char>(random());
    for (const char c : log.feed(bytes, {}) + log.finish())
        ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
}

}  // namespace
}  // namespace lktest
