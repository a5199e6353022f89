// SPDX-License-Identifier: MIT
// One libFuzzer program for every reader of foreign bytes; ci/fuzz runs them all.
//
//   build/fuzz/lktest-fuzz                       lists the readers
//   build/fuzz/lktest-fuzz READER --seeds DIR    writes a reader's seeds
//   build/fuzz/lktest-fuzz READER DIR -max_len=1048576 -max_total_time=600
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/fuzz/readers.hpp"

namespace lktest {
namespace {

std::optional<FuzzReader>& chosen() {
    static std::optional<FuzzReader> reader;
    return reader;
}

[[noreturn]] void list_and_exit() {
    for (const FuzzReader& reader : all_readers())
        fmt::print("{}\n", reader.name);
    std::exit(0);
}

[[noreturn]] void write_seeds_and_exit(const FuzzReader& reader, const std::filesystem::path& directory) {
    make_directories(directory);
    int number = 0;
    for (const std::string& seed : reader.seeds())
        write_file(directory / fmt::format("seed-{}", ++number), seed);
    std::exit(0);
}

}  // namespace
}  // namespace lktest

/// Takes the reader's name out of the arguments, which libFuzzer does not know.
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    using namespace lktest;
    if (*count < 2)
        list_and_exit();
    const std::vector<FuzzReader> all = all_readers();
    const auto found = std::ranges::find(all, std::string_view((*arguments)[1]), &FuzzReader::name);
    if (found == all.end()) {
        fmt::print(stderr, "lktest-fuzz: there is no reader '{}'\n", (*arguments)[1]);
        std::exit(2);
    }
    if (*count == 4 && std::string_view((*arguments)[2]) == "--seeds")
        write_seeds_and_exit(*found, (*arguments)[3]);
    chosen() = *found;
    (*arguments)[1] = (*arguments)[0];
    ++*arguments;
    --*count;
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        lktest::chosen()->read(std::string(reinterpret_cast<const char*>(data), size));
    } catch (const lktest::Error&) {
        // How bad input is reported.
    }
    return 0;
}
