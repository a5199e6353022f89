// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// A reader of foreign bytes. lktest-fuzz feeds it with libFuzzer's inventions, and fuzz_test with its seeds
/// and mutations of them.
struct FuzzReader {
    std::string_view name;
    /// Returns, or throws an Error: that is how bad input is reported.
    void (*read)(const std::string& bytes);
    /// Small inputs that are valid, or nearly so.
    std::vector<std::string> (*seeds)();
    unsigned rounds = 400;  ///< mutations that fuzz_test tries: fewer of a slow reader
};

/// Readers of boot media and their content.
std::vector<FuzzReader> media_readers();
/// Readers of the files that an image is built from.
std::vector<FuzzReader> source_readers();

}  // namespace lktest
