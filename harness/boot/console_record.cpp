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

}  // namespace

ConsoleRecord::ConsoleRecord(const std::filesystem::path& directory)
    : raw_(make(directory / "console.raw")), log_(make(directory / "console.log")) {}

ConsoleRecord::~ConsoleRecord() {
    log_ << lines_.finish();
}

bool ConsoleRecord::write(std::string_view bytes, std::chrono::microseconds at) {
    if (written_ >= limit)
        return true;
    const std::string_view fits = bytes.substr(0, limit - written_);
    written_ += fits.size();
    // Flushed as it comes: whoever watches the files, or finds them after a crash, sees all there was.
    raw_ << fits << std::flush;
    log_ << lines_.feed(fits, at);
    if (written_ >= limit)
        log_ << lines_.finish() << "[lktest: the guest said more than this; the rest is not recorded]\n";
    log_ << std::flush;
    return raw_.good() && log_.good();
}

}  // namespace lktest
