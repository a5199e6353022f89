// SPDX-License-Identifier: MIT
#include "harness/console/escapes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lktest {
namespace {

/// Tokens as one text: sequences as {[2J}, controls as <0a>.
class Reader {
public:
    Reader& feed(std::string_view bytes) {
        parser_.feed(bytes, [this](const Token& token) {
            if (token.kind == Token::Kind::sequence)
                text_ += '{' + std::string(token.text.substr(1)) + '}';
            else if (token.kind == Token::Kind::control)
                text_ += token.text == "\n" ? "<lf>" : token.text == "\r" ? "<cr>" : "<control>";
            else
                text_ += token.text;
        });
        return *this;
    }
    const std::string& text() const { return text_; }

private:
    EscapeParser parser_;
    std::string text_;
};

std::string read(std::string_view bytes) {
    return Reader().feed(bytes).text();
}

struct Escaped {
    std::string_view name;
    std::string_view bytes;
    std::string_view expected;
};
using namespace std::string_view_literals;

const Escaped escaped[] = {
    {"PlainText", "Linux version 6.1\r\n", "Linux version 6.1<cr><lf>"},
    {"OvmfClearsTheScreen", "\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe", "{[2J}{[01;01H}{[=3h}BdsDxe"},
    {"SeaBios",
     "\x1b"
     "c\x1b[?7l\x1b[2JSeaBIOS",
     "{c}{[?7l}{[2J}SeaBIOS"},
    {"CharsetDesignation", "\x1b(0lqk\x1b(B", "{(0}lqk{(B}"},
    {"EightBitCsi",
     "a\x9b"
     "1;31mb",
     "a{[1;31m}b"},
    {"OscEndedByBell",
     "a\x1b]0;title\x07"
     "b",
     "ab"},
    {"OscEndedByStringTerminator", "a\x1b]8;;http://x\x1b\\b", "ab"},
    {"OscEndedByC1StringTerminator",
     "a\x9dtitle\x9c"
     "b",
     "ab"},
    {"OscWithQuotationMarks",
     "a\x1b]0;\xe2\x80\x9cq\xe2\x80\x9d\x07"
     "b",
     "ab"},
    {"OscEndedByAnotherSequence", "a\x1b]0;title\x1b[1mb", "a{[1m}b"},
    {"Dcs", "a\x1bPq#0;1~\x1b\\b", "ab"},
    {"StringThatIsNotEndedInItsLine", "a\x1b]lost?\r\nb", "alost?<cr><lf>b"},
    {"Utf8WhoseBytesLookLikeC1", "\xc4\x9b\xc5\x9b\xe2\x94\x80", "\xc4\x9b\xc5\x9b\xe2\x94\x80"},
    {"InvalidUtf8", "a\xff\xc3(\xe2\x94z\xed\xa0\x80\xf5",
     "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"CodePage437Frame", "\xda\xc4\xc4x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
    {"NulInTheMiddle", "lk\0te\0st\0"sv, "lktest"},
    {"NulInASequence",
     "\x1b\0[\0"
     "3\0"
     "1m"sv,
     "{[31m}"},
    {"ControlsStayControls",
     "a\x07"
     "b\bc\x7f",
     "a<control>b<control>c<control>"},
    {"EscapeInASequenceBeginsAnother", "\x1b[1\x1b[2Jx", "{[2J}x"},
    {"CancelAbortsASequence", "\x1b[12\x18x\x1b[3\x1ay", "xy"},
    {"NewlineAbortsASequence", "\x1b[12\nx", "<lf>x"},
    {"EscapeBeforeNewline", "\x1b\nx", "<lf>x"},
    {"ASequenceWithAnIntermediateByte", "\x1b[2 qx\x1b[!py", "{[2 q}x{[!p}y"},
    {"AParameterBehindAnIntermediateByteIsNoSequence", "\x1b[    5x\n", "[    5x<lf>"},
    {"FunctionKeyEcho", "\x1b[[A\nnext", "[A<lf>next"},
};

TEST(EscapeParser, TellsTextFromSequences) {
    for (const Escaped& one : escaped)
        EXPECT_EQ(read(one.bytes), one.expected) << one.name;
}

TEST(EscapeParser, ReadsTheSameHoweverTheBytesAreCut) {
    for (const Escaped& one : escaped) {
        for (std::size_t cut = 0; cut <= one.bytes.size(); ++cut)
            EXPECT_EQ(Reader().feed(one.bytes.substr(0, cut)).feed(one.bytes.substr(cut)).text(),
                      one.expected)
                << one.name << " cut at " << cut;
        Reader one_by_one;
        for (const char& byte : one.bytes)
            one_by_one.feed({&byte, 1});
        EXPECT_EQ(one_by_one.text(), one.expected) << one.name << " byte by byte";
    }
}

/// A program's output, with a kernel record before its byte `at`.
std::string interrupted(std::string_view said, std::size_t at, std::string_view record) {
    return std::string(said.substr(0, at)) + std::string(record) + std::string(said.substr(at));
}

TEST(EscapeParser, GoesOnWithWhatAKernelRecordCutInTwo) {
    constexpr std::string_view said = "\x1b[1;32m\xc4\x9b\x1b]0;t\x07\xe2\x82\xac> \x1b[0m";
    const std::string whole = read(said);
    for (const std::string_view record :
         {"[    2.948528] scsi host0\r\n", "[12345.000001] x\r\n[12345.000002] y\r\n",
          "[    2.948528][    T1] scsi\n"})
        for (std::size_t at = 0; at <= said.size(); ++at) {
            std::string text = read(interrupted(said, at, record));
            const std::string kernel = read(record);
            const std::size_t found = text.find(kernel);
            ASSERT_NE(found, std::string::npos) << "the record is lost at byte " << at << ": " << text;
            EXPECT_EQ(text.erase(found, kernel.size()), whole) << "cut at byte " << at;
        }
}

TEST(EscapeParser, LosesNothingBehindWhatOnlyLooksLikeARecord) {
    EXPECT_EQ(read("\x1b[1[12] no record\nlktest: userspace: ready\n"),
              "[12] no record<lf>lktest: userspace: ready<lf>");
    EXPECT_EQ(read("\xc4[    2.9485] x\nlktest\n"), "\xef\xbf\xbd[    2.9485] x<lf>lktest<lf>");
}

TEST(EscapeParser, GivesBackAStringThatNeverEnds) {
    const std::string title(1'000'000, 'x');
    const std::string text = read("\x1b]0;" + title + "\nafter");
    EXPECT_EQ(text, "0;" + title + "<lf>after");
}

TEST(EscapeParser, TakesAnyBytes) {
    std::mt19937 random(1);
    constexpr std::string_view telling =
        "\x1b\x1b\x1b[[]]PX^_;?=0123456789.ABHJKm \r\n\x07\x18\x80\x90\x9b\x9c\x9d\xc4\xe2\xf0\xff[    "
        "1.234567] ";
    for (int round = 0; round < 2000; ++round) {
        std::string bytes;
        for (int i = 0; i < 200; ++i)
            bytes += telling[random() % telling.size()];
        const std::string whole = read(bytes);
        const std::size_t cut = random() % bytes.size();
        ASSERT_EQ(Reader()
                      .feed(std::string_view(bytes).substr(0, cut))
                      .feed(std::string_view(bytes).substr(cut))
                      .text(),
                  whole);
    }
}

TEST(WithoutEscapes, KeepsTextNewlinesAndTabs) {
    EXPECT_EQ(without_escapes("\x1b[1mbold\x1b[0m\ttext\r\n\x07"), "bold\ttext\n");
}

}  // namespace
}  // namespace lktest
