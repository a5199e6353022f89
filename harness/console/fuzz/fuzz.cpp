// SPDX-License-Identifier: MIT
// One libFuzzer program for each reader of guest output: LKTEST_FUZZED is the reader's name.
//
//   cmake --preset fuzz && cmake --build --preset fuzz
//   build/fuzz/fuzz_console_log CORPUS -max_total_time=600
//
// CORPUS is a directory; a few console logs in it, or a font of GRUB's, help a lot.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "builder/base/file.hpp"
#include "harness/console/bitmap_font.hpp"
#include "harness/console/check_log.hpp"
#include "harness/console/failures.hpp"
#include "harness/console/screen.hpp"

namespace {

using namespace lktest;

[[maybe_unused]] void log(std::string_view bytes) {
    static const std::vector<Failure> failures = read_failures(data_file("harness/console/failures.toml"));
    static const LogWords words = read_log_words(data_file("harness/console/saved_log.toml"));
    static_cast<void>(check_log(bytes, failures, words).stage());
}

/// Feeds the input in two parts, as a console would.
[[maybe_unused]] void screen(std::string_view bytes) {
    Screen screen;
    for (const std::string_view part : {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
        screen.feed(part);
        screen.paint([](std::string_view) {});
    }
    static_cast<void>(screen.rows());
    static_cast<void>(screen.picture());
}

[[maybe_unused]] void font(std::string_view bytes) {
    static_cast<void>(read_grub_font(bytes));
    static_cast<void>(find_vga_font(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    LKTEST_FUZZED(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
