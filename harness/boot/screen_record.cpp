// SPDX-License-Identifier: MIT
#include "harness/boot/screen_record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/printable.hpp"

namespace lktest {

bool ScreenRecord::write(const std::vector<std::string>& rows, std::chrono::microseconds at) {
    if (rows == shown_ || written_ >= limit)
        return true;
    std::string text;
    for (const std::string& row : rows)
        if (row.find_first_not_of(' ') != std::string::npos && std::ranges::find(shown_, row) == shown_.end())
            text += fmt::format("[{:12.6f}] {}\n", std::chrono::duration<double>(at).count(), printable(row));
    shown_ = rows;
    if (text.empty())
        return true;
    if (!file_.is_open())
        file_.open(path_, std::ios::binary | std::ios::trunc);
    written_ += text.size();
    if (written_ >= limit)
        text += "[lktest: the limit is reached; later output is not recorded]\n";
    file_ << text << std::flush;
    return file_.good();
}

}  // namespace lktest
