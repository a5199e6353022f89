// SPDX-License-Identifier: MIT
#include "harness/console/transcript.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

constexpr std::size_t longest_time = 20;  // "[4294967295.123456"

std::string log_line(const ConsolePiece& piece) {
    const std::string text = printable(piece.text);
    const auto seconds = std::chrono::duration<double>(piece.at).count();
    return text.empty() ? fmt::format("[{:12.6f}]\n", seconds)
                        : fmt::format("[{:12.6f}] {}\n", seconds, text);
}

/// The first record of a kernel: text that was unfinished before it never ends.
bool starts_a_kernel(const ConsolePiece& record) {
    return record.text.find("[    0.000000]") < record.message;
}

}  // namespace

void Transcript::feed(std::string_view bytes, std::chrono::microseconds at, const Sink& sink) {
    const std::size_t size_before = begun_.text.size() + begun_behind_records().size();
    bool ended = false;
    reader_.feed(bytes, at, [&](ConsolePiece&& piece) {
        ended = ended || (piece.message == 0 && piece.end != ConsolePiece::End::cut);
        take(std::move(piece), sink);
    });
    if (ended || begun_.text.size() + begun_behind_records().size() != size_before)
        still_since_ = at;
}

/// The part of the programs' line that the reader holds, without records or the start of one.
std::string_view Transcript::begun_behind_records() const {
    const ConsolePiece& rest = reader_.unfinished();
    if (rest.message > 0)
        return {};
    const std::string_view text = rest.text;
    const std::size_t window = text.size() - std::min(text.size(), longest_time);
    const std::size_t bracket = text.substr(window).rfind('[');
    if (bracket == text.npos || text.find_first_not_of(" .0123456789", window + bracket + 1) != text.npos)
        return text;
    return text.substr(0, window + bracket);
}

void Transcript::take(ConsolePiece&& piece, const Sink& sink) {
    if (piece.message > 0) {
        if (!begun_.text.empty() && starts_a_kernel(piece))
            sink(std::exchange(begun_, {}));
        return sink({piece.at, std::move(piece.text), piece.message});
    }
    if (begun_.text.empty())
        begun_.at = piece.at;
    begun_.text += piece.text;
    if (piece.end != ConsolePiece::End::cut || begun_.text.size() >= LineReader::longest_line)
        sink(std::exchange(begun_, {}));
}

std::string Transcript::unfinished() const {
    return begun_.text + std::string(begun_behind_records());
}

std::string TimedLog::feed(std::string_view bytes, std::chrono::microseconds at) {
    std::string text;
    reader_.feed(bytes, at, [&text](ConsolePiece&& piece) { text += log_line(piece); });
    return text;
}

std::string TimedLog::finish() {
    const ConsolePiece rest = reader_.unfinished();
    reader_ = LineReader(LineReader::Controls::show);
    return rest.text.empty() ? std::string() : log_line(rest);
}

}  // namespace lktest
