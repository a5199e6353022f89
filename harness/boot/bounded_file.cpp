// SPDX-License-Identifier: MIT
#include "harness/boot/bounded_file.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "builder/base/error.hpp"

namespace lktest {

BoundedFile::BoundedFile(const std::filesystem::path& path, std::uint64_t limit)
    : file_(path, std::ios::binary | std::ios::trunc), limit_(limit) {
    if (!file_)
        throw system_error(fmt::format("cannot write {}", path.string()), errno);
}

void BoundedFile::write(std::string_view bytes) {
    if (written_ >= limit_)
        return;
    const std::string_view fits = bytes.substr(0, limit_ - written_);
    written_ += fits.size();
    file_ << fits;
    if (written_ >= limit_)
        file_ << "\n[lktest: the limit is reached; later output is not recorded]\n";
    file_ << std::flush;
}

}  // namespace lktest
