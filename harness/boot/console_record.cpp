// SPDX-License-Identifier: MIT
#include "harness/boot/console_record.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

std::ofstream make(const std::filesystem::path& path) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file)
        throw system_error(fmt::format("cannot write {}", path.string()), errno);
    return file;
}

constexpr std::string_view cut_short = "[lktest: the limit is reached; later output is not recorded]\n";

}  // namespace

ConsoleRecord::ConsoleRecord(const std::filesystem::path& directory, std::uint64_t limit)
    : raw_(make(directory / "console.raw")), log_(make(directory / "console.log")), limit_(limit) {}

ConsoleRecord::~ConsoleRecord() {
    log(lines_.finish());
}

void ConsoleRecord::log(std::string_view text) {
    if (logged_ >= limit_)
        return;
    if (text.size() > limit_ - logged_) {
        text = text.substr(0, limit_ - logged_);
        text = text.substr(0, text.rfind('\n') + 1);  // whole lines only, possibly none
        logged_ = limit_;
        log_ << text << cut_short;
    } else {
        logged_ += text.size();
        log_ << text;
    }
}

bool ConsoleRecord::write(std::string_view bytes, std::chrono::microseconds at) {
    if (written_ >= limit_)
        return true;
    const std::string_view fits = bytes.substr(0, limit_ - written_);
    written_ += fits.size();
    // Flush at once, so that anyone who watches the files, or finds them after a crash, sees everything.
    raw_ << fits << std::flush;
    if (logged_ < limit_)
        log(lines_.feed(fits, at));
    if (written_ >= limit_ && logged_ < limit_) {
        log(lines_.finish());
        if (logged_ < limit_)
            log_ << cut_short;
        logged_ = limit_;
    }
    log_ << std::flush;
    return raw_.good() && log_.good();
}

}  // namespace lktest
