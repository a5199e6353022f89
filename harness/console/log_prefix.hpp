// SPDX-License-Identifier: MIT
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_words.hpp"

namespace lktest {

/// Recognizes what a program put before a console line when it stored or printed it: clocks, hosts, container
/// names, quotes. Known forms come from the table of keepers. Others are learned from the log itself: the
/// same shape precedes several lines that only a kernel writes.
class LogPrefix {
public:
    /// A line without what its keeper added.
    struct Bare {
        std::string_view text;
        /// The writer of the line according to its keeper.
        enum class Writer { unsaid, kernel, program } writer = Writer::unsaid;
    };

    /// @param bytes  the log; its first lines show which prefixes it uses
    LogPrefix(std::string_view bytes, const LogWords& words);

    /// @param storage  holds the text if it is not a literal part of the line
    Bare peel(std::string_view line, std::string& storage) const;

private:
    struct Learned {
        std::unique_ptr<re2::RE2> expression;
        bool kernel = false;
    };

    void learn_shapes(const std::vector<std::string_view>& lines);
    void learn_stamped_keepers(const std::vector<std::string_view>& lines);
    void learn_host(const std::vector<std::string_view>& lines);
    std::vector<int> keepers_of(std::string_view text) const;
    bool take_keeper(Bare& bare, bool& clocked) const;
    bool take_learned(Bare& bare) const;
    bool take_tag(Bare& bare) const;
    void take_monotonic(Bare& bare, std::string& storage) const;

    const LogWords& words_;
    std::vector<bool> stamped_;  ///< for each keeper: its lines also have the kernel's stamp
    std::vector<Learned> learned_;
    std::string host_;  ///< the word after the clock on most lines
};

/// Where the kernel's text begins in a line that may have any prefix: at a printk stamp, or at the beginning
/// of a line that every kernel writes. npos if the line has neither.
std::size_t find_kernel_words(std::string_view line, const LogWords& words);

}  // namespace lktest
